"""The page and the endpoint that say which role may do what."""

import json
from typing import Any

import pytest

from crm.models import Business, Membership
from crm.operations import operations
from crm.registry import ROLES
from tests.crm.api.calling import Caller, make_key


def _rows(answer: Any) -> int:
    return int(answer.content.decode().count("<tr>")) - 1


def test_every_operation_stands_on_the_page(browser: Any) -> None:
    page = browser.get("/settings/permissions")
    assert page.status_code == 200
    assert _rows(page) == len([o for o in operations() if not o.fragment])
    text = page.content.decode()
    assert "Archive a customer" in text
    assert "POST /api/v1/customers/{id}/archive" in text
    assert "Every member of the business" in text


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?door=api&search=archive+customer", {"POST /api/v1/customers/{id}/archive"}),
        ("?app=commerce&door=api", {"GET /api/v1/orders", "GET /api/v1/orders/{id}"}),
        ("?search=commerce.view_orders&door=api", {"GET /api/v1/orders", "GET /api/v1/orders/{id}"}),
    ],
)
def test_it_is_searched_and_narrowed(browser: Any, query: str, expected: set[str]) -> None:
    text = browser.get(f"/settings/permissions{query}").content.decode()
    assert {row for row in expected if f">{row}</code>" in text} == expected
    assert "/settings/business" not in text.partition('id="list"')[2]


def test_nothing_that_fits_is_said_so(browser: Any) -> None:
    assert b"Nothing fits" in browser.get("/settings/permissions?search=unicorn").content


@pytest.mark.parametrize(
    "query", ["?door=window", "?app=loyalty2", "?nonsense=1", "?search=" + "x" * 101, "?search=%00"]
)
def test_nonsense_is_refused(browser: Any, query: str) -> None:
    assert browser.get(f"/settings/permissions{query}").status_code == 400


def test_only_those_who_look_after_people_see_it(members: dict[str, Membership], sign_in: Any) -> None:
    answers = {role: sign_in(members[role]).get("/settings/permissions").status_code for role in ROLES}
    assert {role for role, status in answers.items() if status == 200} == {"owner", "manager", "compliance"}


def test_the_endpoint_gives_the_same_table(business: Business) -> None:
    answer = json.loads(Caller(make_key(business)).get("/permissions").content)
    assert answer["total"] == len(answer["data"]) == len([o for o in operations() if not o.fragment])
    archive = next(row for row in answer["data"] if row["operation"] == "api:customer_archive")
    assert archive["permission"] == "customers.archive"
    assert "owner" in archive["roles"]
    assert Caller(make_key(business, "agent")).get("/permissions").status_code == 403
