"""Making businesses and changing their settings."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django import forms

from crm.actor import Actor
from crm.errors import InvalidInput, NotAllowed, StaleVersion
from crm.forms import version_of
from crm.models import Activity, ActivityDetail, Business, Membership
from crm.registry import SettingsBlock, settings_blocks
from crm.services import create_business, update_business
from tests.factories import make_membership, make_user


@pytest.fixture
def block() -> Iterator[SettingsBlock]:
    """A block of settings, as an app plugs it in."""
    plug = SettingsBlock(
        "tea",
        "Tea",
        {
            "grams": (lambda: forms.DecimalField(max_value=9, required=False), Decimal("2.5")),
            "milk": (lambda: forms.BooleanField(required=False), False),
        },
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings_blocks, "_plugs", {"tea": plug})
        patch.setattr(settings_blocks, "_sorted", None)
        yield plug


def test_an_app_follows_its_block_or_refuses(business: Business, actor: Actor, block: SettingsBlock) -> None:
    told: list[dict[str, Any]] = []

    def follow(changed: Business) -> None:
        told.append(changed.settings["tea"])
        if changed.settings["tea"]["milk"]:
            raise InvalidInput({"milk": ["There is none."]})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings_blocks, "_plugs", {"tea": replace(block, follow=follow)})
        patch.setattr(settings_blocks, "_sorted", None)
        for _n in range(2):
            update_business(actor=actor, business=business, settings={"tea": {"grams": "3"}})
        update_business(actor=actor, business=business, name="Other")
        assert told == [{"grams": "3", "milk": False}]
        with pytest.raises(InvalidInput) as refused:
            update_business(actor=actor, business=business, settings={"tea": {"milk": True}})
    assert refused.value.errors == {"tea__milk": ["There is none."]}
    business.refresh_from_db()
    assert business.settings == {"tea": {"grams": "3", "milk": False}}


def test_create_business_gives_it_an_owner_and_a_free_short_name(system: Actor, db: None) -> None:
    user = make_user()
    data: dict[str, Any] = {"owner": user, "currency": "EUR", "time_zone": "Europe/Berlin", "locale": "de-DE"}
    first = create_business(actor=system, name="Käse & Co.", **data)
    second = create_business(actor=system, name="Käse & Co.", **data)
    assert first.slug == "kase-co"
    assert second.slug.startswith("kase-co-")
    assert Membership.unscoped.get(business=first).role == "owner"
    assert set(Activity.unscoped.filter(business=first).values_list("verb", flat=True)) == {
        "crm.business.created",
        "crm.membership.created",
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " "),
        ("currency", "XXX"),
        ("time_zone", "Mars/Olympus"),
        ("time_zone", "posix/UTC"),
        ("locale", "xx-YY"),
        ("slug", "no spaces"),
        ("slug", "acme"),
    ],
)
def test_create_business_refuses_what_makes_no_sense(business: Business, system: Actor, field: str, value: str) -> None:
    data: dict[str, Any] = {"name": "New", "currency": "EUR", "time_zone": "UTC", "locale": "en-GB", field: value}
    with pytest.raises(InvalidInput) as refused:
        create_business(actor=system, owner=make_user(), **data)
    assert set(refused.value.errors) == {field}
    assert Business.objects.count() == 1


def test_update_business_changes_what_is_given_and_records_it(business: Business, actor: Actor) -> None:
    updated = update_business(
        actor=actor, business=business, name="Acme & Sons", slug="ACME-sons", version=version_of(business)
    )
    assert (updated.name, updated.slug, updated.time_zone) == ("Acme & Sons", "acme-sons", "Europe/London")
    assert ActivityDetail.unscoped.get().changes == {
        "name": ["Acme Retail", "Acme & Sons"],
        "slug": ["acme", "acme-sons"],
    }
    update_business(actor=actor, business=business, name="Acme & Sons")
    assert Activity.unscoped.count() == 1
    with pytest.raises(StaleVersion):
        update_business(actor=actor, business=business, name="X", version=version_of(business))


@pytest.mark.parametrize(
    "data",
    [{"currency": "USD"}, {"is_demo": True}, {"slug": "globex"}, {"time_zone": ""}, {"settings": {"nothing": {}}}],
)
def test_update_business_refuses(
    business: Business, other_business: Business, actor: Actor, data: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInput):
        update_business(actor=actor, business=business, **data)


@pytest.mark.parametrize("role", ["manager", "agent", "marketing", "compliance", "analyst", "integration"])
def test_only_owners_change_the_business(business: Business, role: str) -> None:
    with pytest.raises(NotAllowed):
        update_business(actor=Actor.for_user(make_membership(business, role).user), business=business, name="Mine")


def test_settings_are_cleaned_by_their_block(business: Business, actor: Actor, block: SettingsBlock) -> None:
    updated = update_business(actor=actor, business=business, settings={"tea": {"milk": "on"}})
    assert updated.settings == {"tea": {"grams": "2.5", "milk": True}}
    for given in ({"tea": {"grams": "12"}}, {"tea": {"sugar": 1}}):
        with pytest.raises(InvalidInput) as refused:
            update_business(actor=actor, business=business, settings=given)
        assert next(iter(refused.value.errors)).startswith("tea__")
