"""API keys, teams and exchange rates."""

import hashlib
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from crm import clock
from crm.actor import Actor
from crm.errors import InvalidInput, NotAllowed, StaleVersion
from crm.models import Activity, ApiKey, Business, ExchangeRate, Team
from crm.registry import permissions
from crm.services import (
    add_rate,
    create_api_key,
    create_team,
    delete_rate,
    delete_team,
    rename_team,
    revoke_api_key,
    rotate_api_key,
    set_rate,
    update_rate,
)
from crm.services.api_keys import AlreadyRevoked, KeyExpired
from customers.models import Customer
from tests.crm.api.calling import Caller
from tests.factories import make_customer, make_membership

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = date(2026, 3, 1)


def _verbs() -> list[str]:
    return list(Activity.unscoped.filter(verb__startswith="crm.").order_by("id").values_list("verb", flat=True))


def test_a_key_is_known_once_and_kept_as_digest(in_scope: Business, actor: Actor) -> None:
    made = create_api_key(
        actor=actor, business=in_scope, name="Shop", role="integration", at=NOW, scopes=["customers.view"]
    )
    assert re.fullmatch(r"crm_[a-z0-9]{8}_[\w-]{43}", made.key)
    assert bytes(made.record.digest) == hashlib.sha256(made.key.encode()).digest()
    assert made.key.split("_")[1] == made.record.prefix
    secret = made.key[13:]
    with connection.cursor() as cursor:
        for table in ("crm_apikey", "crm_activity", "crm_activitydetail"):
            cursor.execute(f"select count(*) from {table} t where t::text like %s", [f"%{secret}%"])
            assert cursor.fetchone() == (0,)
    assert Actor.for_api_key(made.record).may("customers.view", in_scope)
    assert not Actor.for_api_key(made.record).may("customers.add", in_scope)


def test_a_key_never_holds_more_than_its_role(in_scope: Business, actor: Actor) -> None:
    beyond = next(p.name for p in permissions if "analyst" not in p.roles)
    for data in ({"scopes": [beyond]}, {"scopes": ["no.such"]}, {"expires_at": NOW}, {"name": " "}, {"role": "king"}):
        given: dict[str, Any] = {"name": "K", "role": "analyst", **data}
        with pytest.raises(InvalidInput):
            create_api_key(actor=actor, business=in_scope, at=NOW, **given)
    assert not ApiKey.objects.exists()


def test_a_name_is_free_again_when_its_key_is_revoked(in_scope: Business, actor: Actor) -> None:
    first = create_api_key(
        actor=actor, business=in_scope, name="Shop", role="analyst", at=NOW, expires_at=NOW + timedelta(days=1)
    ).record
    with pytest.raises(InvalidInput):
        create_api_key(actor=actor, business=in_scope, name="Shop", role="analyst", at=NOW)
    assert revoke_api_key(actor=actor, api_key=first, at=NOW).revoked_at == NOW
    with pytest.raises(AlreadyRevoked):
        revoke_api_key(actor=actor, api_key=first, at=NOW)
    create_api_key(actor=actor, business=in_scope, name="Shop", role="analyst", at=NOW)
    assert _verbs() == ["crm.api_key.created", "crm.api_key.revoked", "crm.api_key.created"]


def test_a_rotated_key_works_beside_its_successor_for_a_day(in_scope: Business, actor: Actor) -> None:
    first = create_api_key(actor=actor, business=in_scope, name="Shop", role="analyst", at=clock.now())
    second = rotate_api_key(actor=actor, api_key=first.record, at=clock.now())
    assert re.fullmatch(rf"crm_{first.record.prefix}_[\w-]{{43}}", second.key)
    assert second.key != first.key
    assert (second.record.pk, second.record.name, second.record.role) == (first.record.pk, "Shop", "analyst")

    def works(key: str) -> bool:
        return bool(Caller(key).get("/me").status_code == 200)

    assert works(first.key)
    assert works(second.key)
    third = rotate_api_key(actor=actor, api_key=second.record, at=clock.now())
    assert [works(made.key) for made in (first, second, third)] == [False, True, True]
    ApiKey.objects.update(previous_until=clock.now())
    assert [works(made.key) for made in (second, third)] == [False, True]
    assert third.record.previous_until is not None
    assert third.record.previous_until - clock.now() > timedelta(hours=23, minutes=59)
    assert _verbs() == ["crm.api_key.created", "crm.api_key.rotated", "crm.api_key.rotated"]
    with connection.cursor() as cursor:
        for table in ("crm_apikey", "crm_activity", "crm_activitydetail"):
            for made in (first, second, third):
                cursor.execute(f"select count(*) from {table} t where t::text like %s", [f"%{made.key[13:]}%"])
                assert cursor.fetchone() == (0,)


def test_revoking_ends_the_key_from_before_too(in_scope: Business, actor: Actor) -> None:
    first = create_api_key(actor=actor, business=in_scope, name="Shop", role="analyst", at=clock.now())
    second = rotate_api_key(actor=actor, api_key=first.record, at=clock.now())
    revoke_api_key(actor=actor, api_key=first.record, at=clock.now())
    assert [Caller(made.key).get("/me").status_code for made in (first, second)] == [401, 401]


def test_a_key_that_is_over_is_not_rotated(in_scope: Business, actor: Actor) -> None:
    until = NOW + timedelta(days=1)
    key = create_api_key(actor=actor, business=in_scope, name="Shop", role="analyst", at=NOW, expires_at=until).record
    manager = Actor.for_user(make_membership(in_scope, "manager").user)
    with pytest.raises(NotAllowed):
        rotate_api_key(actor=manager, api_key=key, at=NOW)
    with pytest.raises(KeyExpired):
        rotate_api_key(actor=actor, api_key=key, at=until)
    rotate_api_key(actor=actor, api_key=key, at=until - timedelta(microseconds=1))
    revoke_api_key(actor=actor, api_key=key, at=NOW)
    with pytest.raises(AlreadyRevoked):
        rotate_api_key(actor=actor, api_key=key, at=NOW)


def test_only_owners_make_keys(in_scope: Business) -> None:
    manager = Actor.for_user(make_membership(in_scope, "manager").user)
    with pytest.raises(NotAllowed):
        create_api_key(actor=manager, business=in_scope, name="K", role="owner", at=NOW)


def test_teams_come_change_and_go(in_scope: Business, actor: Actor) -> None:
    team = create_team(actor=actor, business=in_scope, name=" North ")
    assert team.name == "North"
    member = make_membership(in_scope, "agent", team=team)
    customer = make_customer(in_scope, team=team)
    with pytest.raises(IntegrityError), transaction.atomic():
        create_team(actor=actor, business=in_scope, name="NORTH")
    renamed = rename_team(actor=actor, team=team, name="South", version=team.updated_at.isoformat())
    with pytest.raises(StaleVersion):
        rename_team(actor=actor, team=team, name="East", version=team.updated_at.isoformat())
    with pytest.raises(InvalidInput):
        rename_team(actor=actor, team=team, name="  ")
    delete_team(actor=actor, team=renamed)
    member.refresh_from_db()
    assert member.team_id is None
    assert Customer.objects.get(pk=customer.pk).team_id is None
    assert not Team.objects.exists()
    assert _verbs() == ["crm.team.created", "crm.team.updated", "crm.team.deleted"]
    with pytest.raises(NotAllowed):
        create_team(actor=Actor.for_user(member.user), business=in_scope, name="Mine")


def test_rates_come_change_and_go(in_scope: Business, actor: Actor) -> None:
    ahead = add_rate(
        actor=actor, business=in_scope, currency="EUR", valid_on=DAY + timedelta(days=90), rate=Decimal("0.86")
    )
    now = set_rate(actor=actor, business=in_scope, currency="EUR", valid_on=DAY, rate=Decimal("0.85"))
    assert set_rate(actor=actor, business=in_scope, currency="EUR", valid_on=DAY, rate=Decimal("0.84")).pk == now.pk
    update_rate(actor=actor, record=now, rate=Decimal("0.83"))
    update_rate(actor=actor, record=now, rate=Decimal("0.83"))
    with pytest.raises(IntegrityError), transaction.atomic():
        add_rate(actor=actor, business=in_scope, currency="EUR", valid_on=DAY, rate=Decimal("0.85"))
    delete_rate(actor=actor, record=ahead)
    assert list(ExchangeRate.objects.values_list("valid_on", "rate")) == [(DAY, Decimal("0.83"))]
    stem = "crm.exchange_rate."
    assert _verbs() == [f"{stem}created", f"{stem}created", f"{stem}updated", f"{stem}updated", f"{stem}deleted"]


@pytest.mark.parametrize(
    "data",
    [
        {"currency": "GBP"},
        {"currency": "ABC"},
        {"rate": Decimal(0)},
        {"rate": Decimal("-1")},
        {"rate": Decimal("1.12345678901")},
    ],
)
def test_rates_that_make_no_sense(in_scope: Business, actor: Actor, data: dict[str, Any]) -> None:
    good: dict[str, Any] = {"currency": "EUR", "valid_on": DAY, "rate": Decimal("0.85")}
    with pytest.raises(InvalidInput):
        add_rate(actor=actor, business=in_scope, **{**good, **data})
    record = add_rate(actor=actor, business=in_scope, **good)
    with pytest.raises(InvalidInput):
        update_rate(actor=actor, record=record, **data)
    with pytest.raises(NotAllowed):
        delete_rate(actor=Actor.for_user(make_membership(in_scope, "analyst").user), record=record)
