"""Requests for erasure: hidden at once and through every door; declined, the customer is back as it was."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from crm.actor import Actor
from crm.errors import InvalidInput, NotAllowed, NotFound, StaleVersion, from_integrity_error
from crm.forms import version_of
from crm.models import AccessRecord, Activity, Business, Membership
from customers import services
from customers.models import Customer, CustomerFacts, CustomerSearch, PrivacyRequest
from customers.services.privacy import AlreadyDecided
from tests.crm.api.calling import Caller, make_key
from tests.factories import make_customer, make_membership, make_order

AT = datetime(2026, 5, 4, 23, 30, tzinfo=UTC)  # the fifth of May in London


@pytest.fixture
def customer(in_scope: Business) -> Customer:
    return make_customer(in_scope, first_name="Vanishing", last_name="Person", email="gone@example.com")


def test_the_request_is_due_thirty_days_after_the_day_it_came(customer: Customer, actor: Actor) -> None:
    request = services.request_erasure(actor=actor, customer=customer, at=AT, reason=" by letter ")
    assert (request.kind, request.state, request.received_at, request.reason) == (
        "erasure",
        "received",
        AT,
        "by letter",
    )
    assert request.due_on == date(2026, 6, 4)
    assert str(request.requested_by_id) == actor.id
    activity = Activity.objects.latest("id")
    assert (activity.verb, activity.about) == ("customers.privacy_request.received", customer.pk)


def test_the_business_sets_the_days(customer: Customer, actor: Actor, in_scope: Business) -> None:
    in_scope.settings = {"communication": {"erasure_days": 7}}
    in_scope.save()
    assert services.request_erasure(actor=actor, customer=customer, at=AT).due_on == date(2026, 5, 12)


def test_the_customer_is_out_of_lists_and_search_rows_in_the_same_deed(customer: Customer, actor: Actor) -> None:
    services.request_erasure(actor=actor, customer=customer, at=AT)
    customer.refresh_from_db()
    assert (customer.hidden_at, customer.archived_at, customer.is_live) == (AT, AT, False)
    assert not CustomerSearch.objects.get(pk=customer.pk).is_live
    assert not CustomerFacts.objects.get(pk=customer.pk).is_live
    assert not Customer.objects.visible_to(actor).exists()


def test_a_second_request_finds_nobody(customer: Customer, actor: Actor) -> None:
    services.request_erasure(actor=actor, customer=customer, at=AT)
    with pytest.raises(NotFound):
        services.request_erasure(actor=actor, customer=customer, at=AT)
    assert PrivacyRequest.objects.count() == 1


def test_an_older_version_is_refused(customer: Customer, actor: Actor) -> None:
    with pytest.raises(StaleVersion):
        services.request_erasure(actor=actor, customer=customer, at=AT, version="2020-01-01T00:00:00+00:00")


@pytest.mark.parametrize(
    ("role", "may"), [("agent", False), ("marketing", False), ("analyst", False), ("compliance", True)]
)
def test_who_may_take_a_request_in(customer: Customer, in_scope: Business, role: str, may: bool) -> None:
    actor = Actor.for_user(make_membership(in_scope, role).user)
    if may:
        services.request_erasure(actor=actor, customer=customer, at=AT)
    else:
        with pytest.raises(NotAllowed):
            services.request_erasure(actor=actor, customer=customer, at=AT)


@pytest.mark.parametrize("was_archived", [False, True])
def test_declined_the_customer_is_back_as_it_was(customer: Customer, actor: Actor, was_archived: bool) -> None:
    archived_at = AT - timedelta(days=9) if was_archived else None
    if archived_at:
        services.archive_customer(actor=actor, customer=customer, at=archived_at)
    request = services.request_erasure(actor=actor, customer=customer, at=AT)
    later = AT + timedelta(days=1)
    services.decline_request(actor=actor, privacy_request=request, reason="Invoices must be kept", at=later)
    customer.refresh_from_db()
    request.refresh_from_db()
    assert (customer.hidden_at, customer.archived_at) == (None, archived_at)
    assert CustomerSearch.objects.get(pk=customer.pk).is_live == (not was_archived)
    assert (request.state, request.decided_at) == ("declined", later)
    activity = Activity.objects.select_related("detail").latest("id")
    assert (activity.verb, activity.detail.payload) == (
        "customers.privacy_request.declined",
        {"reason": "Invoices must be kept"},
    )
    again = services.request_erasure(actor=actor, customer=customer, at=later)
    assert again.pk != request.pk


def test_declining_needs_a_reason_and_can_be_done_once(customer: Customer, actor: Actor) -> None:
    request = services.request_erasure(actor=actor, customer=customer, at=AT)
    for reason in ("", "  ", "x" * 501):
        with pytest.raises(InvalidInput) as refused:
            services.decline_request(actor=actor, privacy_request=request, reason=reason, at=AT)
        assert set(refused.value.errors) == {"reason"}
    services.decline_request(actor=actor, privacy_request=request, reason="x", at=AT)
    with pytest.raises(AlreadyDecided):
        services.decline_request(actor=actor, privacy_request=request, reason="x", at=AT)


def test_an_older_version_of_the_request_is_refused(customer: Customer, actor: Actor) -> None:
    request = services.request_erasure(actor=actor, customer=customer, at=AT)
    seen = version_of(request)
    request.save()
    with pytest.raises(StaleVersion):
        services.decline_request(actor=actor, privacy_request=request, reason="x", at=AT, version=seen)


def test_declining_is_refused_while_somebody_else_has_the_address(customer: Customer, actor: Actor) -> None:
    request = services.request_erasure(actor=actor, customer=customer, at=AT)
    make_customer(customer.business, email="gone@example.com")
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        services.decline_request(actor=actor, privacy_request=request, reason="x", at=AT)
    refusal = from_integrity_error(refused.value)
    assert refusal is not None
    assert refusal.field == "email"


def test_a_manager_may_not_decide(customer: Customer, actor: Actor, in_scope: Business) -> None:
    request = services.request_erasure(actor=actor, customer=customer, at=AT)
    manager = Actor.for_user(make_membership(in_scope, "manager").user)
    with pytest.raises(NotAllowed):
        services.decline_request(actor=manager, privacy_request=request, reason="x", at=AT)


def test_no_door_shows_a_hidden_customer(owner: Membership, sign_in: Any) -> None:
    """Pages, palette, trail, orders and API: the name stands only where the request is decided."""
    business = owner.business
    gone = make_customer(business, first_name="Vanishing", last_name="Person", email="gone@example.com")
    order = make_order(gone, number="GONE-1")
    browser, caller = sign_in(owner), Caller(make_key(business))
    assert b"Vanishing" in browser.get("/orders").content
    assert browser.post(f"/customers/{gone.pk}/erase", {"confirm": "erase", "reason": "by phone"}).status_code == 302
    pages = (
        "/", "/customers", "/customers/archived", "/customers?search=vanishing", "/search?q=vanishing", "/search", "/orders",
        "/activity", "/access", f"/activity?customer={gone.pk}", "/access/customers?search=vanishing", "/jobs",
    )  # fmt: skip
    for path in pages:
        answer = browser.get(path)
        assert answer.status_code == 200, path
        assert b"Vanishing" not in answer.content.replace(b"vanishing", b""), path
        assert b"GONE-1" not in answer.content, path
    for path in (
        f"/customers/{gone.pk}", f"/customers/{gone.pk}/history", f"/customers/{gone.pk}/preferences", f"/customers/{gone.pk}/edit",
        f"/customers/{gone.pk}/restore", f"/customers/{gone.pk}/erase", f"/orders/{order.pk}",
    ):  # fmt: skip
        assert browser.get(path).status_code == 404, path
    for path in (
        f"/customers/{gone.pk}", f"/customers/{gone.pk}/preferences", f"/customers/{gone.pk}/consents", f"/orders/{order.pk}",
    ):  # fmt: skip
        assert caller.get(path).status_code == 404, path
    for path in ("/customers", "/customers?search=vanishing", "/orders?include=customer", "/preferences", "/consents"):
        answer = caller.get(path)
        assert answer.status_code == 200, path
        assert b"Vanishing" not in answer.content, path
        assert str(gone.pk).encode() not in answer.content, path
    assert b"Vanishing" in browser.get("/privacy-requests").content
    record = AccessRecord.unscoped.latest("id")
    assert (record.what, record.customer_ids) == ("customers:privacy_request_list", [gone.pk])
