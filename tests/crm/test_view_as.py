"""An owner looks through the eyes of another member: sees what they see, changes nothing, and leaves both names in the trail."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from crm import clock
from crm.actor import Actor
from crm.errors import NotAllowed, NotFound
from crm.models import AccessRecord, Activity, Business, Membership, Team
from crm.operations import OPEN, operations
from crm.scope import scope
from crm.services.view_as import LASTS, CantViewAs, view_as
from crm.viewing import KEY, Viewing
from customers.models import Customer
from tests import planted
from tests.crm.test_sessions import enter
from tests.factories import make_customer, make_membership, make_user

WRITES = [o for o in operations() if o.door == "page" and o.method == "POST" and o.permission != OPEN]


@pytest.fixture
def agent(business: Business) -> Membership:
    """Sam, an agent who sees the own customers only."""
    return make_membership(business, "agent", make_user(name="Sam Agent"), visibility="own")


def look(owner: Membership, member: Membership) -> Client:
    """The owner's browser, viewing as the member."""
    browser = enter(owner.user)
    answer = browser.post(f"/settings/people/{member.pk}/view-as")
    assert (answer.status_code, answer["Location"]) == (302, "/")
    return browser


def is_viewing(browser: Client) -> bool:
    return b"Leave the view" in browser.get("/customers").content


def test_the_member_s_role_and_customers_are_seen(owner: Membership, agent: Membership) -> None:
    own, other = make_customer(owner.business, owner=agent.user), make_customer(owner.business, owner=owner.user)
    browser = look(owner, agent)
    page = browser.get("/customers").content.decode()
    assert "You see this as Sam Agent does, as Agent" in page
    assert own.display_name in page
    assert other.display_name not in page
    assert browser.get(f"/customers/{own.pk}").status_code == 200
    assert browser.get(f"/customers/{other.pk}").status_code == 404
    assert browser.get("/settings/people").status_code == 403
    browser.post("/view-as/leave")
    assert other.display_name in browser.get("/customers").content.decode()
    assert browser.get("/settings/people").status_code == 200


def test_nobody_gains_a_right_by_looking(business: Business, agent: Membership) -> None:
    manager = make_membership(business, "manager")
    real = Actor.for_user(agent.user)
    looking = Viewing(manager, clock.now()).actor(real)
    assert looking.may("customers.view", business)
    for permission in ("crm.manage_teams", "crm.view_activity", "customers.import"):
        assert Actor.for_user(manager.user).may(permission, business)
        assert not looking.may(permission, business), permission


def test_a_team_is_seen_through_its_member(owner: Membership, in_scope: Business) -> None:
    team = Team.objects.create(business=in_scope, name="North")
    member = make_membership(in_scope, "manager", team=team, visibility="team")
    ours, theirs = make_customer(in_scope, team=team), make_customer(in_scope)
    page = look(owner, member).get("/customers").content.decode()
    assert ours.display_name in page
    assert theirs.display_name not in page


def test_nothing_can_be_changed(owner: Membership, agent: Membership) -> None:
    objects = planted.objects_of(owner.business)
    browser = look(owner, agent)
    before = planted.fingerprint(owner.business)
    wrong = []
    for operation in WRITES:
        if operation.name == "crm:view_as_leave":
            continue
        answer = browser.post(planted.address(operation, objects))
        if answer.status_code != 403 or b"change nothing" not in answer.content:
            wrong.append((operation.path, answer.status_code))
    for method in ("put", "patch", "delete"):
        assert getattr(browser, method)("/customers/new").status_code == 403
    for path in ("/account/password/change", "/account/re-authenticate", "/account/security/app/add"):
        assert browser.post(path).status_code == 403, path
    assert wrong == []
    assert planted.fingerprint(owner.business) == before
    assert is_viewing(browser)


def test_both_names_stand_in_the_trail(owner: Membership, agent: Membership) -> None:
    customer = make_customer(owner.business, owner=agent.user)
    browser = look(owner, agent)
    browser.get(f"/customers/{customer.pk}")
    label = f"{owner.user.name} viewing as Sam Agent"
    record = AccessRecord.unscoped.latest("id")
    assert (record.actor_id, record.actor_label, record.customer_ids) == (str(owner.user.pk), label, [customer.pk])
    browser.post("/view-as/leave")
    begun = Activity.unscoped.get(verb="crm.member.viewed_as")
    ended = Activity.unscoped.get(verb="crm.member.view_ended")
    assert (begun.actor_id, begun.actor_label, begun.subject_id) == (str(owner.user.pk), owner.user.name, str(agent.pk))
    assert (ended.actor_id, ended.actor_label, ended.subject_id) == (str(owner.user.pk), label, str(agent.pk))
    assert _reason() == "left"


def _reason() -> str:
    return str(Activity.unscoped.get(verb="crm.member.view_ended").detail.payload["reason"])


def test_it_ends_after_half_an_hour(owner: Membership, agent: Membership) -> None:
    browser = look(owner, agent)
    session = browser.session
    until = clock.now() + timedelta(seconds=20)
    session[KEY] = {**session[KEY], "until": until.isoformat()}
    session.save()
    assert is_viewing(browser)
    session[KEY] = {**session[KEY], "until": (clock.now() - timedelta(seconds=1)).isoformat()}
    session.save()
    assert not is_viewing(browser)
    assert _reason() == "time"
    assert browser.get("/settings/people").status_code == 200
    assert timedelta(minutes=30) == LASTS


def test_it_ends_with_the_sign_out(owner: Membership, agent: Membership) -> None:
    browser = look(owner, agent)
    browser.post("/account/sign-out")
    assert _reason() == "signed_out"
    assert not is_viewing(enter(owner.user))


@pytest.mark.parametrize("change", [{"role": "analyst"}, {"visibility": "all"}, {"is_active": False}])
def test_it_ends_when_the_member_s_place_changes(owner: Membership, agent: Membership, change: dict[str, Any]) -> None:
    browser = look(owner, agent)
    Membership.unscoped.filter(pk=agent.pk).update(**change)
    assert not is_viewing(browser)
    assert _reason() == "changed"


@pytest.mark.parametrize("change", [{"role": "manager"}, {"visibility": "own"}, {"is_active": False}])
def test_it_ends_when_one_s_own_place_changes(owner: Membership, agent: Membership, change: dict[str, Any]) -> None:
    browser = look(owner, agent)
    Membership.unscoped.filter(pk=owner.pk).update(**change)
    browser.get("/customers")
    assert _reason() == "changed"
    assert KEY not in browser.session


def test_it_ends_when_the_member_is_switched_off(owner: Membership, agent: Membership) -> None:
    browser = look(owner, agent)
    agent.user.is_active = False
    agent.user.save()
    assert not is_viewing(browser)


def test_it_stays_in_its_business(owner: Membership, agent: Membership, other_business: Business) -> None:
    make_membership(other_business, "owner", user=owner.user)
    there = make_customer(other_business)
    browser = enter(owner.user)
    browser.post("/switch-business", {"business": owner.business.slug})
    browser.post(f"/settings/people/{agent.pk}/view-as")
    assert browser.post("/switch-business", {"business": other_business.slug}).status_code == 403
    assert browser.get(f"/customers/{there.pk}").status_code == 404
    assert other_business.name not in browser.get("/customers").content.decode()


def test_owners_oneself_and_strangers_cannot_be_viewed_as(
    owner: Membership, other_business: Business, in_scope: Business
) -> None:
    actor = Actor.for_user(owner.user)
    for member in (make_membership(in_scope, "owner"), owner):
        with pytest.raises(CantViewAs):
            view_as(actor=actor, membership=member, at=clock.now())
    gone = make_membership(in_scope, "agent", is_active=False)
    for member in (gone, make_membership(other_business, "agent")):
        with pytest.raises(NotFound):
            view_as(actor=actor, membership=member, at=clock.now())
    browser = enter(owner.user)
    assert browser.post(f"/settings/people/{owner.pk}/view-as").status_code == 409
    assert KEY not in browser.session
    assert not Activity.unscoped.filter(verb="crm.member.viewed_as").exists()


@pytest.mark.parametrize("role", ["manager", "agent", "compliance", "analyst", "marketing"])
def test_other_roles_may_not(in_scope: Business, agent: Membership, role: str) -> None:
    member = make_membership(in_scope, role)
    with pytest.raises(NotAllowed):
        view_as(actor=Actor.for_user(member.user), membership=agent, at=clock.now())


def test_an_owner_who_sees_not_all_may_not(in_scope: Business, agent: Membership) -> None:
    narrow = make_membership(in_scope, "owner", visibility="team")
    assert enter(narrow.user).get(f"/settings/people/{agent.pk}/view-as").status_code == 403


def test_the_api_and_the_admin_are_untouched(owner: Membership, agent: Membership) -> None:
    from tests.crm.api.calling import Caller, sign_in

    owner.user.is_staff = owner.user.is_superuser = True
    owner.user.save()
    browser = look(owner, agent)
    assert browser.get("/admin/").status_code == 200
    made = Caller(sign_in(owner.user.email)["access_token"]).post("/customers", {"first_name": "Jo", "phone": "1"})
    assert made.status_code == 201
    with scope(owner.business):
        assert Customer.objects.count() == 1


def test_the_button_stands_where_it_may_be_used(owner: Membership, agent: Membership) -> None:
    page = enter(owner.user).get("/settings/people").content.decode()
    assert f"/settings/people/{agent.pk}/view-as" in page
    assert f"/settings/people/{owner.pk}/view-as" not in page


def test_leaving_without_a_view_does_nothing(owner: Membership) -> None:
    assert enter(owner.user).post("/view-as/leave").status_code == 302
    assert not Activity.unscoped.filter(verb="crm.member.view_ended").exists()
