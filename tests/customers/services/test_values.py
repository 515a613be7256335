"""What may be entered of a customer: how values are written down, and which are refused."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from crm.actor import Actor
from crm.errors import InvalidInput, NotAllowed
from crm.models import ActivityDetail, Business, Membership
from customers import services
from customers.models import Customer, LifecycleChange
from customers.services.phones import international_form
from customers.services.values import host_of
from tests.factories import make_customer, make_membership

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)


def _company(business: Business, system: Actor, **data: Any) -> Customer:
    given = {"kind": "company", "display_name": "Acme Corp", **data}
    return services.create_customer(actor=system, business=business, at=AT, **given)


def _details(customer: Customer) -> list[ActivityDetail]:
    return list(ActivityDetail.objects.filter(activity__about=customer.pk).order_by("activity_id"))


def test_everything_that_is_entered_of_a_company_is_kept(in_scope: Business, system: Actor) -> None:
    parent = _company(in_scope, system, display_name="Acme Holding")
    referrer = make_customer(in_scope)
    data = {
        "legal_name": "Acme Corporation Ltd.", "street": "1 Main Street", "postal_code": "SW1A 1AA", "region": "Greater London",
        "linkedin_url": "https://linkedin.com/company/acme", "facebook_url": "https://facebook.com/acme",
        "instagram_url": "https://instagram.com/acme", "annual_revenue": Decimal("99999999999999.99"), "employee_count": 2_147_483_647,
        "parent": parent, "arr_manual": Decimal("0.01"), "contract_start_on": date(2026, 1, 1), "contract_end_on": date(2026, 1, 1),
        "renewal_on": date(2199, 12, 31), "contract_terms": "Net 30\nTwo years", "acquisition_source": "Fair",
        "acquisition_campaign": "Spring", "acquisition_cost": Decimal(0), "referred_by": referrer, "lifecycle_substep": "adoption",
    }  # fmt: skip
    made = Customer.objects.get(pk=_company(in_scope, system, **data).pk)
    assert {name: getattr(made, name) for name in data} == data
    changes = _details(made)[0].changes
    assert changes["annual_revenue"] == [None, "99999999999999.99"]
    assert changes["parent"] == [None, str(parent.pk)]


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"annual_revenue": Decimal("-0.01")}, "annual_revenue"),
        ({"annual_revenue": Decimal("100000000000000")}, "annual_revenue"),
        ({"arr_manual": Decimal("1.001")}, "arr_manual"),
        ({"acquisition_cost": Decimal("NaN")}, "acquisition_cost"),
        ({"employee_count": -1}, "employee_count"),
        ({"employee_count": 2_147_483_648}, "employee_count"),
        ({"domain": "not a domain"}, "domain"),
        ({"domain": "localhost"}, "domain"),
        ({"domain": f"{'a' * 64}.com"}, "domain"),
        ({"preferred_language": "English"}, "preferred_language"),
        ({"preferred_language": "E"}, "preferred_language"),
        ({"linkedin_url": "javascript:alert(1)"}, "linkedin_url"),
        ({"contract_start_on": date(1899, 12, 31)}, "contract_start_on"),
        ({"renewal_on": date(2200, 1, 1)}, "renewal_on"),
        ({"date_of_birth": date(1899, 12, 31)}, "date_of_birth"),
        ({"date_of_birth": date(2026, 11, 21)}, "date_of_birth"),
        ({"telegram_id": "jordan"}, "telegram_id"),
        ({"telegram_id": "@jo"}, "telegram_id"),
        ({"telegram_id": "1" * 20}, "telegram_id"),
        ({"lifecycle_stage": "prospect", "lifecycle_substep": "adoption"}, "lifecycle_substep"),
        ({"lifecycle_stage": "churned", "lifecycle_substep": "adoption"}, "lifecycle_substep"),
        ({"contract_terms": "x" * 2001}, "contract_terms"),
        ({"postal_code": "x" * 21}, "postal_code"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(
    in_scope: Business, system: Actor, data: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        _company(in_scope, system, **data)
    assert list(refusal.value.errors) == [field]
    assert not Customer.objects.exists()


def test_today_is_a_birth_date_in_the_zone_of_the_business(in_scope: Business, system: Actor) -> None:
    assert _company(in_scope, system, date_of_birth=date(2026, 11, 20)).birthday == "1120"


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://www.Example.com/about?x=1#y", "example.com"),
        ("http://example.com:8080", "example.com"),
        ("https://user:pass@shop.example.co.uk/", "shop.example.co.uk"),
        ("Example.COM.", "example.com"),
        ("https://www.münchen.example/straße", "münchen.example"),
        ("", ""),
    ],
)
def test_the_host_of_an_address(address: str, host: str) -> None:
    assert host_of(address) == host


def test_a_website_fills_the_domain_of_a_company_that_has_none(in_scope: Business, system: Actor) -> None:
    filled = _company(in_scope, system, website="https://www.acme.example/en")
    assert filled.domain == "acme.example"
    services.update_customer(actor=system, customer=filled, at=AT, website="https://other.example")
    filled.refresh_from_db()
    assert filled.domain == "acme.example"
    assert _company(in_scope, system, website="https://acme.example", domain="WWW.Acme.io").domain == "acme.io"
    assert _company(in_scope, system, website="http://127.0.0.1/").domain == ""
    person = make_customer(in_scope, website="https://blog.example")
    assert person.domain == ""
    emptied = services.update_customer(actor=system, customer=filled, at=AT, domain="")
    assert emptied.domain == ""


def test_a_language_is_a_code_in_capitals_and_english_unless_said(in_scope: Business, system: Actor) -> None:
    assert _company(in_scope, system).preferred_language == "EN"
    assert _company(in_scope, system, preferred_language=" pt-br ").preferred_language == "PT-BR"
    assert _company(in_scope, system, preferred_language="").preferred_language == ""


@pytest.mark.parametrize(
    ("phone", "number"),
    [
        ("+44 20 7946 0018", "+442079460018"),
        ("020 7946 0018", "+442079460018"),
        ("(0049) 30 901820", "+4930901820"),
        ("0049 30 901820", "+4930901820"),
        ("+49 (0)30 901820", "+4930901820"),
        ("tel:+1-201-555-0123", "+12015550123"),
        ("020 7946 0018 ext. 12", "+442079460018"),
        ("１２３", ""),
        ("call me", ""),
        ("+44 20 7946 00180", ""),
        ("", ""),
    ],
)
def test_a_phone_is_found_by_its_international_form(business: Business, phone: str, number: str) -> None:
    assert business.locale == "en-GB"
    assert international_form(phone, business) == number


def test_the_phone_stays_as_it_was_typed(in_scope: Business, system: Actor) -> None:
    customer = make_customer(in_scope, phone="020 7946 0018")
    assert (customer.phone, customer.phone_e164) == ("020 7946 0018", "+442079460018")
    services.update_customer(actor=system, customer=customer, at=AT, phone="call me")
    customer.refresh_from_db()
    assert (customer.phone, customer.phone_e164) == ("call me", "")


def test_a_locale_without_a_region_reads_only_international_numbers(business: Business) -> None:
    business.locale = "en"
    assert international_form("020 7946 0018", business) == ""
    assert international_form("+44 20 7946 0018", business) == "+442079460018"


def test_private_values_are_sealed_and_leave_no_trace(in_scope: Business, system: Actor) -> None:
    customer = make_customer(in_scope, date_of_birth=date(1984, 2, 29), telegram_id="@jordan_smith")
    stored = Customer.objects.get(pk=customer.pk)
    assert (stored.date_of_birth, stored.telegram_id, stored.birthday) == (date(1984, 2, 29), "@jordan_smith", "0229")
    services.update_customer(
        actor=system, customer=stored, at=AT, date_of_birth=date(1985, 3, 1), telegram_id="@jordan_smith"
    )
    services.update_customer(actor=system, customer=stored, at=AT, date_of_birth=None, telegram_id="")
    created, changed, removed = _details(customer)
    assert created.changes["date_of_birth"] == [None, "set"]
    assert changed.changes == {"date_of_birth": ["set", "changed"]}
    assert removed.changes == {"date_of_birth": ["set", None], "telegram_id": ["set", None]}
    everything = str([(row.changes, row.payload) for row in (created, changed, removed)])
    assert "1984" not in everything
    assert "jordan_smith" not in everything
    stored.refresh_from_db()
    assert (stored.birth_date_sealed, stored.birth_key, stored.birthday, stored.telegram_sealed) == (
        None,
        None,
        "",
        None,
    )


@pytest.mark.parametrize(("role", "allowed"), [("owner", True), ("agent", True), ("marketing", False)])
def test_private_values_are_entered_by_those_who_may_see_them(in_scope: Business, role: str, allowed: bool) -> None:
    member: Membership = make_membership(in_scope, role)
    actor = Actor.for_user(member.user)
    customer = make_customer(in_scope)
    services.update_customer(actor=actor, customer=customer, at=AT, city="York")
    if allowed:
        services.update_customer(actor=actor, customer=customer, at=AT, date_of_birth=date(1984, 2, 14))
    else:
        with pytest.raises(NotAllowed):
            services.update_customer(actor=actor, customer=customer, at=AT, date_of_birth=None)


def test_a_value_whose_key_is_lost_can_be_replaced(in_scope: Business, system: Actor, settings: Any) -> None:
    customer = make_customer(in_scope, telegram_id="@jordan")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another-key-" * 6, []
    services.update_customer(actor=system, customer=customer, at=AT, city="York")
    services.update_customer(actor=system, customer=customer, at=AT, telegram_id="@jordan")
    assert Customer.objects.get(pk=customer.pk).telegram_id == "@jordan"


def test_who_referred_a_customer_is_another_one_that_the_author_sees(
    in_scope: Business, other_business: Business, system: Actor
) -> None:
    customer, foreign = make_customer(in_scope), make_customer(other_business)
    for referrer in (customer, foreign):
        with pytest.raises(InvalidInput) as refusal:
            services.update_customer(actor=system, customer=customer, at=AT, referred_by=referrer)
        assert list(refusal.value.errors) == ["referred_by"]
    alone = Actor.for_user(make_membership(in_scope, "agent", visibility="own").user)
    with pytest.raises(InvalidInput):
        services.update_customer(actor=alone, customer=customer, at=AT, referred_by=make_customer(in_scope))


def test_a_new_customer_begins_its_way_and_a_changed_stage_continues_it(in_scope: Business, system: Actor) -> None:
    customer = make_customer(in_scope, lifecycle_stage="prospect", lifecycle_substep="research")
    later = datetime.now(UTC) + timedelta(days=1)
    services.update_customer(actor=system, customer=customer, at=later, lifecycle_stage="opportunity", city="York")
    services.update_customer(actor=system, customer=customer, at=later, lifecycle_substep="closing")
    services.update_customer(actor=system, customer=customer, at=later, lifecycle_stage="opportunity")
    way = LifecycleChange.objects.filter(customer=customer).order_by("effective_at", "id")
    assert [(row.stage, row.substep) for row in way] == [
        ("prospect", "research"), ("opportunity", ""), ("opportunity", "closing"),
    ]  # fmt: skip
    customer.refresh_from_db()
    assert (customer.city, customer.lifecycle_stage, customer.lifecycle_substep) == ("York", "opportunity", "closing")
    assert customer.facts.__class__.objects.get(pk=customer.pk).lifecycle_stage == "opportunity"


def test_a_step_of_another_stage_is_refused_at_its_field(in_scope: Business, system: Actor) -> None:
    customer = make_customer(in_scope)
    with pytest.raises(InvalidInput) as refusal:
        services.update_customer(actor=system, customer=customer, at=AT, lifecycle_substep="closing", city="York")
    assert list(refusal.value.errors) == ["lifecycle_substep"]
    with pytest.raises(InvalidInput) as refusal:
        services.update_customer(actor=system, customer=customer, at=AT, lifecycle_stage="gone")
    assert list(refusal.value.errors) == ["lifecycle_stage"]
