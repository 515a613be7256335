"""The trail of second factors, resetting them, and the rule of a business."""

import pytest
from allauth.mfa.models import Authenticator

from crm.actor import Actor
from crm.errors import NotAllowed, StaleVersion
from crm.forms import version_of
from crm.models import Activity, ActivityDetail, Business, Membership
from crm.scope import scope
from crm.services import (
    note_recovery_codes_made,
    note_second_factor_added,
    note_second_factor_removed,
    require_second_factor,
    reset_second_factor,
    reset_second_factor_of_user,
)
from crm.services.second_factors import NothingToReset, OperatorsDecide, OwnFactor, OwnFactorFirst
from tests.factories import make_business, make_membership, make_user
from tests.factories.second_factors import make_app, make_passkey, make_recovery_codes

OPERATOR = Actor.system("Operator", door="admin")


def _verbs() -> list[tuple[str, str]]:
    return sorted(Activity.unscoped.values_list("verb", "business__slug"))


def test_each_business_of_a_person_is_told(business: Business, other_business: Business, owner: Membership) -> None:
    make_membership(other_business, "agent", owner.user)
    make_membership(make_business(slug="ended"), "agent", owner.user, is_active=False)
    make_membership(make_business(slug="closed", is_active=False), "agent", owner.user)
    actor = Actor.for_user(owner.user)
    note_second_factor_added(actor=actor, user=owner.user, kind="webauthn", name="Phone")
    note_second_factor_removed(actor=actor, user=owner.user, kind="totp")
    note_recovery_codes_made(actor=actor, user=owner.user)
    assert _verbs() == [
        (f"crm.user.{deed}", slug)
        for deed in ("recovery_codes_made", "second_factor_added", "second_factor_removed")
        for slug in ("acme", "globex")
    ]
    detail = ActivityDetail.unscoped.filter(activity__verb="crm.user.second_factor_added").first()
    assert detail.payload == {"kind": "webauthn", "name": "Phone"}
    assert {row.subject_id for row in Activity.unscoped.all()} == {str(owner.user.pk)}


def test_somebody_without_a_business_leaves_no_trail(db: None) -> None:
    loner = make_user()
    note_second_factor_added(actor=Actor.for_user(loner), user=loner, kind="totp")
    assert _verbs() == []


def test_an_owner_resets_the_factors_of_a_member(owner: Membership, business: Business) -> None:
    member = make_membership(business, "agent")
    make_app(member.user)
    make_passkey(member.user)
    make_recovery_codes(member.user)
    with scope(business):
        user = reset_second_factor(actor=Actor.for_user(owner.user), membership=member)
    assert not Authenticator.objects.filter(user=user).exists()
    assert user.token_version == member.user.token_version + 1
    detail = ActivityDetail.unscoped.get(activity__verb="crm.user.second_factor_reset")
    assert detail.payload == {"kinds": ["recovery_codes", "totp", "webauthn"]}


def test_only_owners_reset_and_not_for_themselves(owner: Membership, business: Business) -> None:
    manager = make_membership(business, "manager")
    make_app(owner.user)
    make_app(manager.user)
    with scope(business):
        with pytest.raises(NotAllowed):
            reset_second_factor(actor=Actor.for_user(manager.user), membership=owner)
        with pytest.raises(OwnFactor):
            reset_second_factor(actor=Actor.for_user(owner.user), membership=owner)
    assert Authenticator.objects.count() == 2


@pytest.mark.parametrize("who", ["works elsewhere", "is an operator"])
def test_no_single_business_decides_about_others_sign_in(owner: Membership, business: Business, who: str) -> None:
    member = make_membership(business, "agent")
    make_app(member.user)
    if who == "works elsewhere":
        make_membership(make_business(), "agent", member.user)
    else:
        member.user.is_staff = True
        member.user.save()
    with scope(business), pytest.raises(OperatorsDecide):
        reset_second_factor(actor=Actor.for_user(owner.user), membership=member)
    assert Authenticator.objects.exists()
    reset_second_factor_of_user(actor=OPERATOR, user=member.user)
    assert not Authenticator.objects.exists()


def test_an_operator_resets_but_nobody_else_that_way(owner: Membership) -> None:
    make_app(owner.user)
    with pytest.raises(NotAllowed):
        reset_second_factor_of_user(actor=Actor.for_user(owner.user), user=owner.user)
    reset_second_factor_of_user(actor=OPERATOR, user=owner.user)
    with pytest.raises(NothingToReset):
        reset_second_factor_of_user(actor=OPERATOR, user=owner.user)


def test_the_rule_is_recorded_once(owner: Membership, business: Business) -> None:
    make_app(owner.user)
    actor = Actor.for_user(owner.user)
    for _again in range(2):
        assert require_second_factor(actor=actor, business=business, requires_second_factor=True).requires_second_factor
    detail = ActivityDetail.unscoped.get(activity__verb="crm.business.updated")
    assert detail.changes == {"requires_second_factor": [False, True]}
    Authenticator.objects.all().delete()
    assert not require_second_factor(
        actor=actor, business=business, requires_second_factor=False
    ).requires_second_factor


@pytest.mark.parametrize("has", ["nothing", "recovery codes alone"])
def test_an_owner_without_a_factor_would_lock_themself_out(owner: Membership, business: Business, has: str) -> None:
    if has == "recovery codes alone":
        make_recovery_codes(owner.user)
    with pytest.raises(OwnFactorFirst):
        require_second_factor(actor=Actor.for_user(owner.user), business=business, requires_second_factor=True)


def test_who_may_make_the_rule(owner: Membership, business: Business) -> None:
    manager = make_membership(business, "manager")
    make_app(manager.user)
    with pytest.raises(NotAllowed):
        require_second_factor(actor=Actor.for_user(manager.user), business=business, requires_second_factor=True)
    make_app(owner.user)
    seen = version_of(business)
    actor = Actor.for_user(owner.user)
    require_second_factor(actor=actor, business=business, requires_second_factor=True, version=seen)
    with pytest.raises(StaleVersion):
        require_second_factor(actor=actor, business=business, requires_second_factor=False, version=seen)
