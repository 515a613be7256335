"""The trail by the API: the same filters as on its pages."""

from typing import Any

import pytest

from crm.models import AccessRecord, Activity, Business
from tests.crm.api.calling import Caller, assert_problem, make_key
from tests.factories import make_customer, make_membership


@pytest.fixture
def caller(business: Business) -> Caller:
    return Caller(make_key(business, "compliance"))


def test_activity_is_filtered_as_on_its_page(caller: Caller, business: Business, sign_in: Any) -> None:
    manager = make_membership(business, "manager")
    first, second = make_customer(business), make_customer(business)
    sign_in(manager).post(f"/customers/{first.pk}/archive")
    row = Activity.unscoped.latest("id")

    def ids(query: str) -> list[int]:
        answer = caller.get(f"/activity?{query}")
        assert answer.status_code == 200, answer.content
        return [line["id"] for line in answer.json()["data"]]

    for query in (
        f"member={manager.user_id}", "verb=customers.customer.archived", f"request_id={row.request_id}", "door=page",
        f"customer={first.pk}&member={manager.user_id}", "actor_label=manager", f"search={row.request_id}",
    ):  # fmt: skip
        assert ids(query) == [row.pk], query
    assert len(ids(f"customer={second.pk}")) == 1
    assert len(ids("subject_type=customers.customer")) == 3
    assert ids("subject_type=crm.team") == []
    assert ids("until=2000-01-01") == []
    line = caller.get(f"/activity?member={manager.user_id}").json()["data"][0]
    assert (line["verb"], line["customer"], line["actor_name"]) == (
        "customers.customer.archived", str(first.pk), str(manager.user),
    )  # fmt: skip
    assert "changes" not in line


def test_access_is_filtered_by_customer_and_member(caller: Caller, business: Business, sign_in: Any) -> None:
    agent, customer = make_membership(business, "agent"), make_customer(business)
    sign_in(agent).get(f"/customers/{customer.pk}")
    record = AccessRecord.unscoped.get()
    for query in (f"customer={customer.pk}", f"member={agent.user_id}", f"request_id={record.request_id}"):
        data = caller.get(f"/access?{query}").json()["data"]
        assert [(line["what"], line["customers"]) for line in data] == [
            ("customers:customer_detail", [str(customer.pk)])
        ]
    assert caller.get(f"/access?customer={record.customer_ids[0]}&door=api").json()["data"] == []


def test_the_trail_is_paged_by_cursor(caller: Caller, business: Business) -> None:
    for _ in range(3):
        make_customer(business)
    first = caller.get("/activity?limit=2").json()
    second = caller.get(f"/activity?limit=2&cursor={first['next']}").json()
    assert (len(first["data"]), first["hasMore"], len(second["data"]), second["hasMore"]) == (2, True, 1, False)


@pytest.mark.parametrize(
    "query", ["verb=nothing", "subject_type=customers.robot", "member=x", "since=soon", "customer=1", "request_id=" + "x" * 37]
)  # fmt: skip
def test_odd_filters_are_refused_by_name(caller: Caller, query: str) -> None:
    problem = assert_problem(caller.get(f"/activity?{query}"), 400)
    assert {fault["field"] for fault in problem["errors"]} == {query.split("=")[0]}


@pytest.mark.parametrize("role", ["agent", "marketing", "analyst", "integration"])
def test_other_roles_read_no_trail(business: Business, role: str) -> None:
    caller = Caller(make_key(business, role))
    assert_problem(caller.get("/activity"), 403)
    assert_problem(caller.get("/access"), 403)
