"""The form of a customer: layout by kind, other customers by what is typed, private values, and marking as a customer."""

from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from crm.forms import version_of
from crm.models import AccessRecord, Business, Membership
from customers.forms import reference_to
from customers.models import Customer
from tests.factories import make_customer, make_membership


@pytest.fixture
def browser(sign_in: Any, owner: Membership) -> Client:
    return sign_in(owner)


def _add(browser: Client, **data: Any) -> Any:
    given = {"kind": "company", "display_name": "Acme Corp", "lifecycle_stage": "active", **data}
    return browser.post(reverse("customers:customer_create"), given)


def test_a_company_is_asked_for_the_company_first(browser: Client) -> None:
    page = browser.get(reverse("customers:customer_create") + "?kind=company").content.decode()
    assert page.index("The company</legend>") < page.index("How to reach them</legend>")
    page = browser.get(reverse("customers:customer_create") + "?kind=robot").content.decode()
    assert page.index("How to reach them</legend>") < page.index("The company</legend>")
    assert 'data-when="kind=company"' in page
    assert 'data-when="kind=person"' in page


def test_everything_that_is_typed_is_kept(browser: Client, in_scope: Business) -> None:
    parent, referrer = make_customer(in_scope, kind="company", external_id="P-1"), make_customer(in_scope)
    made = _add(
        browser, website="https://acme.example", parent=reference_to(parent), referred_by=referrer.email, arr_manual="48000.00",
        contract_start_on="2026-01-01", employee_count="12", date_of_birth="1984-02-29", telegram_id="@acme_corp",
        lifecycle_substep="adoption", size="large", industry="Software",
    )  # fmt: skip
    assert made.status_code == 302
    customer = Customer.objects.get(display_name="Acme Corp")
    assert (customer.parent, customer.referred_by, customer.domain) == (parent, referrer, "acme.example")
    assert (customer.arr_manual, customer.employee_count, customer.date_of_birth) == (48000, 12, date(1984, 2, 29))


@pytest.mark.parametrize("typed", ["name", "external id", "address", "id", "reference"])
def test_a_parent_is_found_by_what_people_know(browser: Client, in_scope: Business, typed: str) -> None:
    parent = make_customer(in_scope, kind="company", display_name="Ünique · Holding", external_id="P-1")
    words = {
        "name": "unique · holding", "external id": "P-1", "address": parent.email.upper(), "id": str(parent.pk),
        "reference": reference_to(parent),
    }  # fmt: skip
    assert _add(browser, parent=words[typed]).status_code == 302
    assert Customer.objects.get(display_name="Acme Corp").parent == parent


def test_a_parent_that_is_not_one_is_refused_at_the_field(
    browser: Client, in_scope: Business, other_business: Business
) -> None:
    for _ in range(2):
        make_customer(in_scope, kind="company", display_name="Twin Ltd")
    person, foreign = make_customer(in_scope), make_customer(other_business, kind="company")
    for typed in ("Twin Ltd", "Nobody Ltd", person.email, str(foreign.pk), foreign.email, "x" * 400, "\u202e"):
        refused = _add(browser, parent=typed)
        assert refused.status_code == 422
        assert "id_parent_error" in refused.content.decode()
    assert not Customer.objects.filter(display_name="Acme Corp").exists()


def test_customers_are_offered_while_typing_and_recorded(browser: Client, in_scope: Business) -> None:
    company = make_customer(in_scope, kind="company", display_name="Acme <Corp>", external_id="A-1")
    make_customer(in_scope, first_name="Acme", last_name="Person")
    page = browser.get(reverse("customers:customer_options"), {"of": "parent", "kind": "company", "parent": "acme"})
    assert page.content.decode().strip() == '<option value="Acme &lt;Corp&gt; · A-1"></option>'
    assert AccessRecord.objects.latest("id").customer_ids == [company.pk]
    assert browser.get(reverse("customers:customer_options")).content.decode().strip() == ""


def test_an_edited_customer_keeps_what_is_out_of_sight(sign_in: Any, in_scope: Business) -> None:
    member = make_membership(in_scope, "agent", visibility="own")
    hidden = make_customer(in_scope, kind="company", display_name="Secret Holding")
    own = make_customer(in_scope, kind="company", owner=member.user, parent=hidden)
    browser = sign_in(member)
    address = reverse("customers:customer_update", args=[own.pk])
    page = browser.get(address)
    assert "Secret Holding" not in page.content.decode()
    field = page.context["form"]["parent"].value()
    data = {
        "kind": "company",
        "display_name": "Own",
        "lifecycle_stage": "active",
        "owner": str(member.user_id),
        "parent": field,
    }
    assert browser.post(address, data | {"version": version_of(own)}).status_code == 302
    own.refresh_from_db()
    assert (own.display_name, own.parent_id) == ("Own", hidden.pk)


def test_private_values_are_neither_shown_to_nor_lost_by_those_who_may_not_see_them(
    sign_in: Any, in_scope: Business
) -> None:
    customer = make_customer(in_scope, date_of_birth=date(1984, 2, 29), telegram_id="@jordan")
    browser = sign_in(make_membership(in_scope, "marketing"))
    address = reverse("customers:customer_update", args=[customer.pk])
    page = browser.get(address).content.decode()
    assert "@jordan" not in page
    assert "date_of_birth" not in page
    data = {"kind": "person", "first_name": "Jo", "lifecycle_stage": "active", "date_of_birth": "2000-01-01"}
    assert browser.post(address, data | {"version": version_of(customer)}).status_code == 302
    customer.refresh_from_db()
    assert (customer.first_name, customer.date_of_birth, customer.telegram_id) == ("Jo", date(1984, 2, 29), "@jordan")


def test_a_value_whose_key_is_lost_is_left_alone_by_the_form(browser: Client, in_scope: Business) -> None:
    customer = make_customer(in_scope, telegram_id="@jordan")
    broken = bytes(customer.telegram_sealed or b"")[:-1] + b"x"
    Customer.objects.filter(pk=customer.pk).update(telegram_sealed=broken)
    address = reverse("customers:customer_update", args=[customer.pk])
    assert "telegram_id" not in browser.get(address).content.decode()
    data = {"kind": "person", "first_name": "Jo", "lifecycle_stage": "active", "version": version_of(customer)}
    assert browser.post(address, data).status_code == 302
    customer.refresh_from_db()
    assert bytes(customer.telegram_sealed or b"") == broken


def test_the_step_of_the_stage_before_does_not_stand_in_the_way(browser: Client, in_scope: Business) -> None:
    customer = make_customer(in_scope, lifecycle_stage="active", lifecycle_substep="adoption")
    data = {"kind": "person", "first_name": "Jo", "lifecycle_stage": "expansion", "lifecycle_substep": "adoption"}
    address = reverse("customers:customer_update", args=[customer.pk])
    assert browser.post(address, data | {"version": version_of(customer)}).status_code == 302
    customer.refresh_from_db()
    assert (customer.lifecycle_stage, customer.lifecycle_substep) == ("expansion", "")


def test_a_prospect_is_marked_as_a_customer_on_a_page(browser: Client, in_scope: Business) -> None:
    customer = make_customer(in_scope, lifecycle_stage="prospect")
    address = reverse("customers:customer_convert", args=[customer.pk])
    assert address in browser.get(reverse("customers:customer_detail", args=[customer.pk])).content.decode()
    assert browser.post(address, {"stage": "churned"}).status_code == 422
    assert browser.post(address, {"stage": "onboarding"}).status_code == 302
    customer.refresh_from_db()
    assert (customer.lifecycle_stage, customer.acquired_on is not None) == ("onboarding", True)
    assert browser.post(address, {"stage": "active"}).status_code == 409
    assert address not in browser.get(reverse("customers:customer_detail", args=[customer.pk])).content.decode()
