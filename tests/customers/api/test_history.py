"""The history through the API."""

from typing import Any

import pytest
from django.core.files.base import ContentFile

from crm import clock
from crm.actor import Actor
from crm.models import AccessRecord, Business, Membership
from customers import services
from customers.models import BulkChange, BulkRun, Customer, ImportChange
from tests.crm.api.calling import Caller, assert_problem, fields_at_fault, make_key, sign_in
from tests.factories import make_customer, make_membership


@pytest.fixture
def caller(in_scope: Business) -> Caller:
    return Caller(make_key(in_scope))


def _change(actor: Actor, customer: Customer, **values: Any) -> None:
    services.update_customer(
        actor=actor, customer=Customer.objects.get(pk=customer.pk), at=clock.now(), version=None, **values
    )


def _changes(answer: Any) -> list[Any]:
    assert answer.status_code == 200, answer.content
    return [
        (change["field"], change["before"], change["after"])
        for row in answer.json()["data"]
        for change in row["changes"]
    ]


def test_changes_tell_before_after_who_when_and_through_what(
    caller: Caller, in_scope: Business, owner: Membership
) -> None:
    customer = make_customer(in_scope, city="London")
    agent = make_membership(in_scope, "agent")
    _change(Actor.for_user(agent.user), customer, city="Leeds", owner=owner.user)
    row = caller.get(f"/customers/{customer.pk}/history").json()["data"][0]
    assert sorted(row.pop("changes"), key=lambda change: change["field"]) == [
        {"field": "city", "before": "London", "after": "Leeds", "before_name": None, "after_name": None},
        {
            "field": "owner", "before": None, "after": str(owner.user_id), "before_name": None, "after_name": str(owner.user),
        },
    ]  # fmt: skip
    assert row.pop("at").endswith("Z")
    assert row == {
        "by": str(agent.user), "door": "page", "verb": "customers.customer.updated", "bulk_action": "", "import_file": "", "is_undo": False,
        "record": "customers.customer", "contact": "", "reason": "",
    }  # fmt: skip
    assert AccessRecord.unscoped.latest("pk").customer_ids == [customer.pk]


def test_lines_of_bulk_changes_stand_among_the_deeds(caller: Caller, in_scope: Business, owner: Membership) -> None:
    customer = make_customer(in_scope)
    run = BulkRun.objects.create(business=in_scope, action="owner", requested_by=owner.user)
    BulkChange.objects.create(
        business=in_scope, run=run, customer=customer, at=clock.now(), result="changed", before={"city": ""},
        after={"city": "York"},
    )  # fmt: skip
    row = caller.get(f"/customers/{customer.pk}/history?field=city").json()["data"][0]
    assert (row["verb"], row["bulk_action"], row["by"], row["door"]) == ("", "owner", str(owner.user), "job")
    assert [(change["field"], change["before"], change["after"]) for change in row["changes"]] == [("city", "", "York")]


def test_pages_follow_one_another_by_cursor(caller: Caller, in_scope: Business, actor: Actor) -> None:
    customer = make_customer(in_scope)
    for city in ("Leeds", "York", "Hull"):
        _change(actor, customer, city=city)
    address, cursor = f"/customers/{customer.pk}/history?field=city&limit=1", ""
    found: list[str] = []
    while not found or cursor:
        answer = caller.get(address + (f"&cursor={cursor}" if cursor else ""))
        found += [after for _field, _before, after in _changes(answer)]
        cursor = answer.json()["next"] or ""
        assert answer.json()["hasMore"] == bool(cursor)
    assert found[:3] == ["Hull", "York", "Leeds"]


def test_fields_that_one_may_not_see_are_left_out(in_scope: Business, actor: Actor) -> None:
    customer = make_customer(in_scope)
    _change(actor, customer, telegram_id="@jordan_smith", city="Leeds")
    path = f"/customers/{customer.pk}/history"
    fields = {
        role: {row[0] for row in _changes(Caller(make_key(in_scope, role)).get(path))} for role in ("owner", "analyst")
    }
    assert "telegram_id" in fields["owner"]
    assert fields["analyst"] == fields["owner"] - {"telegram_id"}
    for role in ("owner", "analyst"):
        problem = assert_problem(Caller(make_key(in_scope, role)).get(f"{path}?field=telegram_id"), 400)
        assert fields_at_fault(problem) == {"field"}


def test_customers_that_one_does_not_see_have_no_history(
    caller: Caller, in_scope: Business, other_business: Business
) -> None:
    hidden, theirs = make_customer(in_scope), make_customer(other_business)
    agent = make_membership(in_scope, "agent", visibility="own")
    services.request_erasure(actor=Actor.system("test"), customer=make_customer(in_scope), at=clock.now())
    gone = services.request_erasure(actor=Actor.system("test"), customer=make_customer(in_scope), at=clock.now())
    assert_problem(caller.get(f"/customers/{theirs.pk}/history"), 404)
    assert_problem(caller.get(f"/customers/{gone.customer_id}/history"), 404)
    assert_problem(Caller(sign_in(agent.user.email)["access_token"]).get(f"/customers/{hidden.pk}/history"), 404)


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=201", "limit=x", "cursor=", "cursor=x", "cursor=1.2.3.4.5", "nonsense=1", "limit=1&limit=2", "field=nothing"],
)  # fmt: skip
def test_odd_parameters_are_refused(caller: Caller, in_scope: Business, query: str) -> None:
    problem = assert_problem(caller.get(f"/customers/{make_customer(in_scope).pk}/history?{query}"), 400)
    assert fields_at_fault(problem) in ({query.partition("=")[0]}, set())


def test_an_import_is_named_by_its_file(caller: Caller, in_scope: Business, owner: Membership) -> None:
    customer = make_customer(in_scope)
    record = services.start_import(
        actor=Actor.for_user(owner.user), business=in_scope, requested_by=owner.user,
        file=ContentFile(b"external_id,first_name\n1,x\n", name="spring.csv"),
    )  # fmt: skip
    ImportChange.objects.create(
        business=in_scope, import_job=record, customer=customer, at=clock.now(),
        before={"city": "", "date_of_birth": None}, after={"city": "York", "date_of_birth": "set"},
    )  # fmt: skip
    for role, fields in (("owner", {"city", "date_of_birth"}), ("analyst", {"city"})):
        row = Caller(make_key(in_scope, role)).get(f"/customers/{customer.pk}/history?field=city").json()["data"][0]
        assert (row["door"], row["import_file"], row["verb"], row["by"]) == (
            "import",
            "spring.csv",
            "",
            str(owner.user),
        )
        assert {change["field"] for change in row["changes"]} == fields
