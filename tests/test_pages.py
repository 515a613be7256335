"""What holds for every page: who may open it, that it shows nothing of another business, and that rows don't cost queries."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.models import AccessRecord, Business, Membership
from crm.operations import OPEN, Operation, operations
from crm.registry import ROLES
from tests import planted
from tests.factories import make_customer, make_membership, make_order

PAGES = [o for o in operations() if o.door == "page"]
READS = [o for o in PAGES if o.method == "GET"]
LISTS = ["customers:customer_list", "customers:import_list", "commerce:order_list", "crm:home"]


def _ids(operation: Operation) -> str:
    return f"{operation.method} {operation.path}"


@pytest.mark.parametrize("operation", PAGES, ids=_ids)
def test_people_who_are_not_signed_in_are_sent_to_the_sign_in_page(owner: Membership, operation: Operation) -> None:
    if operation.permission == OPEN:
        pytest.skip("open to everybody")
    response = Client().generic(operation.method, planted.address(operation, uuid4()))
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize("role", ROLES)
def test_each_role_opens_what_the_table_says_and_nothing_else(
    members: dict[str, Membership], business: Business, sign_in: Any, role: str
) -> None:
    objects = planted.objects_of(business)
    browser = sign_in(members[role])
    wrong = []
    for operation in READS:
        status = planted.status_of(browser.get(planted.address(operation, objects)))
        allowed = operation.allows(role)
        if (status == 403) == allowed or status >= 500:
            wrong.append((operation.path, status, allowed))
    assert wrong == []


@pytest.mark.parametrize("role", ROLES)
def test_each_role_sends_what_the_table_says_and_what_is_refused_changes_nothing(
    members: dict[str, Membership], business: Business, sign_in: Any, role: str
) -> None:
    objects = planted.objects_of(business)
    browser = sign_in(members[role])
    before = planted.fingerprint(business)
    wrong = []
    for operation in PAGES:
        if operation.method == "GET" or operation.permission == OPEN:
            continue
        with transaction.atomic():
            status = browser.post(planted.address(operation, objects)).status_code
            changed = planted.fingerprint(business) != before
            transaction.set_rollback(True)
        if (status == 403) == operation.allows(role) or status >= 500 or (status == 403 and changed):
            wrong.append((operation.path, status, changed))
    assert wrong == []


@pytest.mark.parametrize("role", ROLES)
def test_no_role_reaches_an_object_of_another_business(
    members: dict[str, Membership], other_business: Business, sign_in: Any, role: str
) -> None:
    foreign = planted.objects_of(other_business)
    browser = sign_in(members[role])
    before = planted.fingerprint(other_business)
    wrong = []
    for operation in PAGES:
        if "<" not in operation.path or operation.permission == OPEN:
            continue
        response = browser.generic(operation.method, planted.address(operation, foreign))
        unknown = browser.generic(operation.method, planted.address(operation, uuid4()))
        expected = {404} if operation.allows(role) else {403}
        if {response.status_code, unknown.status_code} != expected or planted.MARKER.encode() in response.content:
            wrong.append((operation.method, operation.path, response.status_code, unknown.status_code))
    assert wrong == []
    assert planted.fingerprint(other_business) == before


def test_no_page_shows_anything_of_another_business(
    members: dict[str, Membership], business: Business, other_business: Business, sign_in: Any
) -> None:
    planted.objects_of(other_business)
    browser = sign_in(members["owner"])
    for operation in READS:
        if "<" in operation.path:
            continue
        for query in ("", f"?search={planted.MARKER}", "?sort=-created_at"):
            response = browser.get(operation.path + query)
            body = (
                response.content.decode(errors="replace")
                .replace(f"search={planted.MARKER}", "")
                .replace(f'value="{planted.MARKER}"', "")
            )
            assert planted.MARKER not in body, operation.path + query


def test_a_person_of_two_businesses_sees_one_at_a_time(
    owner: Membership, other_business: Business, sign_in: Any
) -> None:
    make_membership(other_business, "owner", owner.user)
    here, there = make_customer(owner.business, last_name="Here"), make_customer(other_business, last_name="There")
    browser = sign_in(owner)
    assert b"Here" in browser.get("/customers").content
    assert browser.get(f"/customers/{there.pk}").status_code == 404
    browser.post("/switch-business", {"business": other_business.slug})
    assert b"There" in browser.get("/customers").content
    assert browser.get(f"/customers/{here.pk}").status_code == 404
    browser.post("/switch-business", {"business": "no-such-business"})
    assert b"There" in browser.get("/customers").content


def test_rights_end_with_the_next_request(owner: Membership, sign_in: Any) -> None:
    browser = sign_in(owner)
    assert browser.get("/customers").status_code == 200
    owner.role = "analyst"
    owner.save()
    assert browser.get("/customers/new").status_code == 403
    owner.is_active = False
    owner.save()
    assert browser.get("/customers").status_code == 302


@pytest.mark.parametrize("name", LISTS)
def test_rows_cost_no_queries(owner: Membership, sign_in: Any, name: str) -> None:
    business, browser = owner.business, sign_in(owner)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(reverse(name)).status_code == 200
        return len(captured)

    planted.objects_of(business)
    queries()
    one = queries()
    for _ in range(3):
        planted.objects_of(business)
    assert queries() == one
    assert one <= 15


def test_the_profile_costs_no_more_than_fifteen_queries(owner: Membership, sign_in: Any) -> None:
    customer = make_customer(owner.business, owner=owner.user)
    for _ in range(12):
        make_order(customer)
    browser = sign_in(owner)
    browser.get(f"/customers/{customer.pk}")
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(f"/customers/{customer.pk}").status_code == 200
    assert len(captured) <= 15


def test_every_page_that_shows_customers_leaves_an_access_record(owner: Membership, sign_in: Any) -> None:
    customer = make_customer(owner.business)
    order = make_order(customer)
    browser = sign_in(owner)
    for path in (
        "/customers",
        f"/customers/{customer.pk}",
        f"/customers/{customer.pk}/history",
        f"/customers/{customer.pk}/edit",
        "/orders",
        f"/orders/{order.pk}",
    ):
        before = AccessRecord.unscoped.count()
        assert browser.get(path).status_code == 200
        record = AccessRecord.unscoped.order_by("-id").first()
        assert AccessRecord.unscoped.count() == before + 1, path
        assert (record.customer_ids, record.actor_id, record.door) == ([customer.pk], str(owner.user.pk), "page")
    assert browser.get("/customers?search=nobody").status_code == 200
    assert AccessRecord.unscoped.count() == before + 1


@pytest.mark.parametrize(
    "path",
    [
        "/customers?sort=password",
        "/customers?statsu=x",
        "/customers?cursor=xx",
        "/customers?kind=robot",
        "/orders?ordered_at__month=2026-13",
        "/orders?total__gte=abc",
        "/orders?customer=1",
        "/customers?created_at__gte=0000-01-01",
        "/customers?search=%00",
        "/orders?ordered_at__gte=99999-01-01",
    ],
)
def test_a_list_that_is_asked_nonsense_says_so(browser: Client, path: str) -> None:
    assert browser.get(path).status_code == 400


HEADERS = {
    "Content-Security-Policy": "default-src 'self'", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin", "X-Request-ID": "",
}  # fmt: skip


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/customers",
        "/nothing-here",
        "/customers/new",
        "/account/sign-in",
        "/admin/",
        "/api/v1/nothing",
        "/customers?sort=x",
    ],
)
def test_safe_headers_stand_on_every_answer(browser: Client, path: str) -> None:
    response = browser.get(path)
    for name, value in HEADERS.items():
        assert value in response.get(name, "-absent-"), (path, name)
    policy = response["Content-Security-Policy"]
    assert "unsafe-inline" not in policy
    assert "nonce-" not in policy
