"""The tab Preferences & consent, and the page of privacy requests."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.models import AccessRecord, Membership
from crm.scope import scope
from customers import services
from customers.models import ConsentRecord, Customer, PrivacyRequest
from customers.queries.preferences import preference_of
from tests.customers.test_own_page import FORM, SYSTEM
from tests.factories import make_customer, make_membership


@pytest.fixture
def customer(owner: Membership) -> Customer:
    return make_customer(owner.business, phone="+44 20 7946 0018")


def test_the_tab_shows_wishes_gate_consents_and_decisions(customer: Customer, browser: Client) -> None:
    with scope(customer.business):
        services.record_consent(
            actor=SYSTEM,
            customer=customer,
            purpose="newsletter",
            state="given",
            at=customer.created_at,
            evidence="Form B 7",
        )
        for category in ("marketing", "newsletter"):
            services.may_send(
                actor=SYSTEM, customer=customer, channel="email", category=category, at=customer.created_at
            )
    page = browser.get(f"/customers/{customer.pk}/preferences").content.decode()
    for words in (
        "Could we send now?",
        "Form B 7",
        "Why was this not sent?",
        "Nothing speaks against it.",
        "/preferences/",
        "Request erasure",
    ):
        assert words in page
    record = AccessRecord.unscoped.latest("id")
    assert (record.what, record.customer_ids) == ("customers:customer_preferences", [customer.pk])


def test_the_tab_costs_no_more_than_fifteen_queries(customer: Customer, browser: Client) -> None:
    with scope(customer.business):
        for _ in range(30):
            services.may_send(
                actor=SYSTEM, customer=customer, channel="email", category="marketing", at=customer.created_at
            )
            services.record_consent(
                actor=SYSTEM, customer=customer, purpose="survey", state="withdrawn", at=customer.created_at
            )
    browser.get(f"/customers/{customer.pk}/preferences")
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(f"/customers/{customer.pk}/preferences").status_code == 200
    assert len(captured) <= 15


def test_who_may_not_change_sees_no_link(customer: Customer, sign_in: Any) -> None:
    page = sign_in(make_membership(customer.business, "analyst")).get(f"/customers/{customer.pk}/preferences")
    assert page.status_code == 200
    assert b"The customer's own page" not in page.content
    assert b'href="/preferences/' not in page.content


def test_staff_change_preferences_with_evidence(customer: Customer, browser: Client) -> None:
    path = f"/customers/{customer.pk}/preferences/edit"
    data = {**FORM, "email_marketing": "on", "basis": "consent", "paused_until": "2190-07-01"}
    refused = browser.post(path, data)
    assert refused.status_code == 422
    assert b"Say how you know of the consent" in refused.content
    assert browser.post(path, {**data, "evidence": "Signed form"}).status_code == 302
    with scope(customer.business):
        wishes = preference_of(customer)
        assert wishes.email_marketing
        assert wishes.paused_until is not None
        assert wishes.paused_until.isoformat() == "2190-06-30T23:00:00+00:00"
        assert ConsentRecord.objects.get().evidence == "Signed form"
    shown = browser.get(path).content.decode()
    assert 'value="2190-07-01"' in shown


def test_consent_is_recorded_and_refusals_stand_at_the_field(customer: Customer, browser: Client) -> None:
    path = f"/customers/{customer.pk}/consents/new"
    data = {"state": "given", "purpose": "survey", "basis": "consent"}
    assert browser.post(path, data).status_code == 422
    assert browser.post(path, {**data, "evidence": "Call", "given_at": "2199-01-01T10:00"}).status_code == 422
    assert browser.post(path, {**data, "evidence": "Call", "given_at": "2026-01-01T10:00"}).status_code == 302


def test_the_link_is_replaced_after_asking(customer: Customer, browser: Client) -> None:
    path = f"/customers/{customer.pk}/preferences/link"
    assert browser.get(path).status_code == 200
    assert browser.post(path).status_code == 302
    with scope(customer.business):
        assert preference_of(customer).link_number == 2


def test_erasure_needs_its_word_and_is_decided_on_its_page(customer: Customer, browser: Client) -> None:
    path = f"/customers/{customer.pk}/erase"
    assert "Nothing is erased yet" in browser.get(path).content.decode()
    assert browser.post(path, {"confirm": "yes"}).status_code == 422
    assert browser.post(path, {"confirm": "erase", "reason": "By letter"}).headers["Location"] == "/privacy-requests"
    page = browser.get("/privacy-requests").content.decode()
    assert customer.display_name in page
    assert "By letter" in page
    assert "Nothing is erased yet" in page
    with scope(customer.business):
        request = PrivacyRequest.objects.get()
    decline = f"/privacy-requests/{request.pk}/decline"
    assert browser.post(decline, {"reason": ""}).status_code == 422
    assert browser.post(decline, {"reason": "Invoices must be kept"}).headers["Location"] == f"/customers/{customer.pk}"
    assert "Invoices must be kept" in browser.get("/privacy-requests").content.decode()
    assert browser.get(f"/customers/{customer.pk}").status_code == 200
    assert browser.post(decline, {"reason": "again"}).status_code == 409


@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("owner", True),
        ("manager", True),
        ("compliance", True),
        ("agent", False),
        ("marketing", False),
        ("analyst", False),
    ],
)
def test_erasure_is_requested_from_the_menu_of_every_tab(
    customer: Customer, sign_in: Any, role: str, may: bool
) -> None:
    browser = sign_in(make_membership(customer.business, role))
    path = f"/customers/{customer.pk}"
    item = f'<a class="menu-item" href="{path}/erase">'
    for tab in ("", "/timeline", "/preferences", "/history"):
        page = browser.get(f"{path}{tab}").content.decode()
        assert page.count(item) == may, tab
        # the tab on which it is told of keeps its own button
        assert page.count(f'href="{path}/erase"') == (may + (may and tab == "/preferences")), tab
    assert browser.get(f"{path}/erase").status_code == (200 if may else 403)


def test_erasure_of_an_archived_customer_is_requested_from_the_menu_too(customer: Customer, browser: Client) -> None:
    assert browser.post(f"/customers/{customer.pk}/archive").status_code == 302
    assert (
        f'<a class="menu-item" href="/customers/{customer.pk}/erase">'
        in browser.get(f"/customers/{customer.pk}").content.decode()
    )
    assert browser.post(f"/customers/{customer.pk}/erase", {"confirm": "erase"}).status_code == 302
    assert browser.get(f"/customers/{customer.pk}").status_code == 404


def test_the_settings_of_the_business_are_checked(browser: Client, owner: Membership) -> None:
    page = browser.get("/settings/business")
    form = page.context["form"]
    data = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    data = {name: value for name, value in data.items() if value is not None}
    for name, value in (
        ("quiet_hours", "22:00"),
        ("quiet_hours", "08:00-08:00"),
        ("erasure_days", "0"),
        ("digest_at", "25:00"),
    ):
        assert browser.post("/settings/business", {**data, f"communication__{name}": value}).status_code == 422, (
            name,
            value,
        )
    saved = browser.post("/settings/business", {**data, "communication__quiet_hours": "22:00 – 08:00"})
    assert saved.status_code == 302
    owner.business.refresh_from_db()
    assert owner.business.settings["communication"]["quiet_hours"] == "22:00-08:00"
