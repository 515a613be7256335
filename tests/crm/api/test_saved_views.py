"""Saved views by the API."""

from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from crm.models import ActivityDetail, Business, Membership, SavedView, SavedViewPin
from crm.scope import scope
from tests.crm.api.calling import Caller, assert_problem, fields_at_fault, make_key, sign_in
from tests.factories import make_customer, make_membership

BODY = {"list_name": "customers:customer_list", "name": "Companies", "query": "kind=company"}


@pytest.fixture
def caller(owner: Membership) -> Caller:
    return Caller(sign_in(owner.user.email)["access_token"])


def test_a_view_is_saved_read_changed_and_deleted(caller: Caller, owner: Membership) -> None:
    made = caller.post("/saved-views", {**BODY, "query": "cursor=x&kind=company", "audience": "everyone"})
    assert made.status_code == 201, made.content
    view = made.json()
    assert made["Location"].endswith(f"/saved-views/{view['id']}")
    assert (view["query"], view["audience"], view["owner"]) == ("kind=company", "everyone", str(owner.user.pk))
    got = caller.get(f"/saved-views/{view['id']}")
    assert got.json() == view
    assert got["ETag"] == made["ETag"]
    changed = caller.patch(f"/saved-views/{view['id']}", {"name": "Firms"}, headers={"If-Match": got["ETag"]})
    assert changed.json()["name"] == "Firms"
    assert_problem(caller.patch(f"/saved-views/{view['id']}", {"name": "Late"}, headers={"If-Match": got["ETag"]}), 412)
    assert caller.call("DELETE", f"/saved-views/{view['id']}").status_code == 204
    assert_problem(caller.get(f"/saved-views/{view['id']}"), 404)


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"query": "colour=red"}, 422, "query"),
        ({"list_name": "customers:import_list"}, 422, "list_name"),
        ({"name": ""}, 422, "name"),
        ({"name": "x" * 81}, 422, "name"),
        ({"audience": "friends"}, 422, "audience"),
        ({"audience": "team"}, 422, "audience"),
        ({"owner": str(uuid4())}, 400, "owner"),
        ({"query": 5}, 400, "query"),
        ({"query": "search=%00"}, 422, "query"),
    ],
)
def test_a_faulty_view_is_refused_at_its_field(caller: Caller, change: dict[str, Any], status: int, field: str) -> None:
    assert fields_at_fault(assert_problem(caller.post("/saved-views", {**BODY, **change}), status)) == {field}


def test_a_name_that_is_taken_is_a_conflict(caller: Caller) -> None:
    assert caller.post("/saved-views", BODY).status_code == 201
    assert_problem(caller.post("/saved-views", BODY), 409, "duplicate")


def test_an_agent_shares_with_nobody_but_the_team(business: Business) -> None:
    agent = Caller(sign_in(make_membership(business, "agent").user.email)["access_token"])
    assert_problem(agent.post("/saved-views", {**BODY, "audience": "everyone"}), 403)
    assert agent.post("/saved-views", BODY).status_code == 201


def test_a_key_reads_what_is_for_everyone_and_saves_nothing(business: Business, owner: Membership) -> None:
    with scope(business):
        for name, audience in (("Mine", "own"), ("Ours", "everyone")):
            SavedView.objects.create(
                business=business, owner=owner.user, page=BODY["list_name"], name=name, audience=audience
            )
    key = Caller(make_key(business))
    assert [view["name"] for view in key.get("/saved-views?list_name=customers:customer_list").json()["data"]] == [
        "Ours"
    ]
    assert key.get("/saved-views?list_name=commerce:order_list").json()["data"] == []
    assert_problem(key.get("/saved-views?list_name=nothing"), 400)
    assert_problem(key.post("/saved-views", BODY), 403)


def test_a_view_of_somebody_else_is_not_found(caller: Caller, business: Business, other_business: Business) -> None:
    with scope(business):
        other = SavedView.objects.create(
            business=business, owner=make_membership(business, "agent").user, page=BODY["list_name"], name="Theirs"
        )
    for method in ("GET", "PATCH", "DELETE"):
        assert_problem(caller.call(method, f"/saved-views/{other.pk}", {"name": "x"}), 404)


def test_a_shared_view_lends_nobody_its_filter(business: Business, owner: Membership) -> None:
    """Whoever may not filter by birthdays reads what the view holds, and gets no rows by it."""
    born = make_customer(business, first_name="Born", date_of_birth=date(1990, 4, 12))
    view = SavedView.unscoped.create(
        business=business,
        owner=owner.user,
        page="customers:customer_list",
        name="Cakes",
        query="birthday=0412",
        audience="everyone",
    )
    for role, allowed in (("agent", True), ("marketing", False)):
        caller = Caller(make_key(business, role=role))
        read = caller.get(f"/saved-views/{view.pk}")
        assert (read.status_code, read.json()["query"]) == (200, "birthday=0412")
        answer = caller.get(f"/customers?{read.json()['query']}")
        assert answer.status_code == (200 if allowed else 400)
        assert (str(born.pk) in answer.content.decode()) == allowed
        if not allowed:
            assert [fault["field"] for fault in answer.json()["errors"]] == ["birthday"]
        answer = caller.get(f"/customers?view={view.pk}")  # views are of pages
        assert (answer.status_code, [fault["field"] for fault in answer.json()["errors"]]) == (400, ["view"])


def test_a_view_is_pinned_for_the_caller_alone(caller: Caller, owner: Membership, browser: Client) -> None:
    view = caller.post("/saved-views", {**BODY, "audience": "everyone"}).json()
    where, pin = f"/saved-views/{view['id']}", f"/saved-views/{view['id']}/pin"
    assert view["is_pinned"] is False
    for _n in range(2):
        assert caller.put(pin).status_code == 204
        assert caller.get(where).json()["is_pinned"] is True
    assert [row["is_pinned"] for row in caller.get("/saved-views").json()["data"]] == [True]
    assert caller.patch(where, {"name": "Firms"}).json()["is_pinned"] is True
    assert SavedViewPin.unscoped.get().user == owner.user
    assert f"?view={view['id']}" in browser.get("/orders").content.decode()
    colleague = Caller(sign_in(make_membership(owner.business).user.email)["access_token"])
    assert colleague.get(where).json()["is_pinned"] is False
    for _n in range(2):
        assert caller.call("DELETE", pin).status_code == 204
        assert caller.get(where).json()["is_pinned"] is False
    with scope(owner.business):
        done = ActivityDetail.objects.filter(activity__verb="crm.saved_view.updated", changes__has_key="pinned")
        assert [row.changes["pinned"] for row in done.order_by("pk")] == [[False, True], [True, False]]


def test_keys_pin_nothing_and_views_of_others_are_not_there(caller: Caller, owner: Membership) -> None:
    own, shared = (
        caller.post("/saved-views", {**BODY, "name": audience, "audience": audience}).json()["id"]
        for audience in ("own", "everyone")
    )
    program = Caller(make_key(owner.business))
    colleague = Caller(sign_in(make_membership(owner.business).user.email)["access_token"])
    for method in ("PUT", "DELETE"):
        assert_problem(program.call(method, f"/saved-views/{shared}/pin"), 403)
        assert_problem(colleague.call(method, f"/saved-views/{own}/pin"), 404)
    assert program.get(f"/saved-views/{shared}").json()["is_pinned"] is False
    assert not SavedViewPin.unscoped.exists()
