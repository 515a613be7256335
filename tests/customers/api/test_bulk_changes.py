"""Bulk changes by the API: preview, asking for one, following it, lines, undo."""

from typing import Any

import pytest

from crm import work
from crm.models import AccessRecord, Business
from customers.models import BulkRun, Customer, CustomerTag, Tag
from tests.crm.api.calling import Caller, make_key
from tests.factories import make_customer


@pytest.fixture
def program(in_scope: Business) -> Caller:
    return Caller(make_key(in_scope))


@pytest.fixture
def tag(in_scope: Business) -> Tag:
    made: Tag = Tag.objects.create(business=in_scope, name="VIP")
    return made


def do_all() -> None:
    for run in BulkRun.objects.filter(state="waiting"):
        work.run(str(run.job_id))


def test_a_change_is_asked_for_followed_and_taken_back(in_scope: Business, program: Caller, tag: Tag) -> None:
    companies = [make_customer(in_scope, kind="company") for _ in range(2)]
    make_customer(in_scope)
    body = {"action": "tag", "values": {"tags": [str(tag.pk)]}, "filter": "kind=company"}
    asked = program.post("/bulk-changes", body)
    assert (asked.status_code, asked.json()["state"]) == (202, "waiting")
    do_all()
    followed = program.get(asked["Location"]).json()
    assert (followed["state"], followed["total"], followed["counts"]) == ("done", 2, {"changed": 2})
    before = AccessRecord.unscoped.count()
    lines = program.get(f"/bulk-changes/{followed['id']}/lines?result=changed").json()
    assert {line["customer"] for line in lines["data"]} == {str(company.pk) for company in companies}
    assert AccessRecord.unscoped.count() == before + 1
    back = program.post(f"/bulk-changes/{followed['id']}/undo", {})
    assert (back.status_code, back.json()["undoes"]) == (202, followed["id"])
    do_all()
    assert not CustomerTag.objects.exists()
    again = program.post(f"/bulk-changes/{followed['id']}/undo", {})
    assert (again.status_code, again.json()["code"]) == (409, "already_undone")
    assert program.get("/bulk-changes").json()["total"] == 2


def test_a_dry_run_says_what_would_change(in_scope: Business, program: Caller) -> None:
    make_customer(in_scope, lifecycle_stage="churned")
    customer = make_customer(in_scope)
    answer = program.post(
        "/bulk-changes", {"action": "stage", "values": {"stage": "expansion"}, "filter": "", "dry_run": True}
    )
    assert answer.status_code == 200
    found = answer.json()
    assert (found["total"], found["would_change"], found["unchanged"]) == (2, 1, 0)
    assert [one["count"] for one in found["blocked"]] == [1]
    assert found["samples"] == [
        {"id": str(customer.pk), "name": customer.display_name, "before": "Active", "after": "Expansion"}
    ]
    assert not BulkRun.objects.exists()


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"action": "fly", "filter": ""}, 422, "action"), ({"action": "archive"}, 422, "ids"),
        ({"action": "archive", "ids": []}, 422, "ids"),
        ({"action": "archive", "ids": ["x"]}, 422, "ids.0"), ({"action": "archive", "filter": "nothing=1"}, 422, "filter.nothing"),
        ({"action": "archive", "filter": "kind=robot"}, 422, "filter.kind"), ({"action": "tag", "filter": ""}, 422, "values.tags"),
        ({"action": "owner", "values": {"owner": "x"}, "filter": ""}, 422, "values.owner"),
        ({"action": "archive", "values": {"speed": 1}, "filter": ""}, 422, "values.speed"),
        ({"action": "archive", "values": [], "filter": ""}, 400, "values"), ({"action": "archive", "filter": "", "x": 1}, 400, "x"),
    ],
)  # fmt: skip
def test_bad_bodies_are_named(in_scope: Business, program: Caller, body: Any, status: int, field: str) -> None:
    make_customer(in_scope)
    answer = program.post("/bulk-changes", body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (status, field)
    assert not BulkRun.objects.exists()


def test_somebody_elses_customers_are_not_there(in_scope: Business, other_business: Business, program: Caller) -> None:
    foreign = make_customer(other_business)
    answer = program.post(
        "/bulk-changes", {"action": "archive", "ids": [str(foreign.pk), str(make_customer(in_scope).pk)]}
    )
    assert answer.status_code == 404
    assert Customer.objects.live().exists()


def test_each_deed_needs_its_own_right(in_scope: Business) -> None:
    customer = make_customer(in_scope)
    agent = Caller(make_key(in_scope, role="agent"))
    assert agent.post("/bulk-changes", {"action": "archive", "ids": [str(customer.pk)]}).status_code == 403
    assert (
        agent.post(
            "/bulk-changes", {"action": "owner", "values": {"owner": None}, "ids": [str(customer.pk)]}
        ).status_code
        == 202
    )
    analyst = Caller(make_key(in_scope, role="analyst"))
    assert analyst.get("/bulk-changes").status_code == 403
