"""Many changes by one request, on customers."""

import time
from itertools import count
from typing import Any
from uuid import uuid4

import pytest

from crm.forms import version_of
from crm.models import AccessRecord, Activity, Business
from customers.api.profile import PROFILE_FIELDS
from customers.models import Customer
from tests import planted
from tests.crm.api.calling import Caller, assert_problem, fields_at_fault, make_key, sign_in
from tests.factories import make_customer, make_membership
from tests.timing import swiftly


@pytest.fixture
def caller(business: Business) -> Caller:
    return Caller(make_key(business))


def _bulk(caller: Caller, *operations: Any, **more: Any) -> Any:
    return caller.post("/customers/bulk", {"operations": list(operations), **more})


def _create(**data: Any) -> dict[str, Any]:
    return {"action": "create", "data": {"first_name": "Jo", "phone": "1", **data}}


def test_each_operation_has_its_result(caller: Caller, business: Business) -> None:
    change, leave, back = (make_customer(business) for _n in range(3))
    caller.post(f"/customers/{back.pk}/archive")
    answer = _bulk(
        caller,
        _create(email="jo@example.com"),
        {"action": "update", "id": str(change.pk), "data": {"city": "Leeds"}},
        {"action": "archive", "id": str(leave.pk), "data": {"reason": "Moved away"}},
        {"action": "restore", "id": str(back.pk)},
    )
    assert answer.status_code == 200
    found = answer.json()
    assert (found["succeeded"], found["failed"]) == (4, 0)
    assert [row["index"] for row in found["data"]] == [0, 1, 2, 3]
    assert [row["status"] for row in found["data"]] == [201, 200, 200, 200]
    assert [row["error"] for row in found["data"]] == [None] * 4
    for row in found["data"]:
        customer = caller.get(f"/customers/{row['id']}").json()
        assert row["customer"] == {name: value for name, value in customer.items() if name not in PROFILE_FIELDS}
    assert found["data"][1]["customer"]["city"] == "Leeds"
    assert found["data"][2]["customer"]["archived_at"]
    assert found["data"][3]["customer"]["archived_at"] is None
    done = Activity.unscoped.filter(about__in=[row["id"] for row in found["data"]]).values_list("verb", flat=True)
    stem = "customers.customer"
    assert list(done.order_by("id"))[-4:] == [
        f"{stem}.created",
        f"{stem}.updated",
        f"{stem}.archived",
        f"{stem}.restored",
    ]


def test_one_that_is_refused_leaves_the_others(caller: Caller, business: Business) -> None:
    make_customer(business, email="taken@example.com")
    archived = make_customer(business)
    caller.post(f"/customers/{archived.pk}/archive")
    operations = [
        (_create(email="one@example.com"), 201, None),
        (_create(email="taken@example.com"), 409, "duplicate"),
        (_create(email="no address"), 422, "invalid"),
        (_create(nonsense=1), 400, "invalid"),
        (_create(total_spent="5"), 400, "invalid"),
        ({"action": "create", "data": {}}, 400, "invalid"),
        (_create(phone=""), 400, "invalid"),
        (_create(kind="company", display_name="Acme", phone=""), 201, None),
        ({"action": "create", "id": str(archived.pk), "data": {"first_name": "Jo"}}, 400, "invalid"),
        ({"action": "update", "data": {"city": "Leeds"}}, 422, "invalid"),
        ({"action": "update", "id": str(archived.pk), "data": {}}, 400, "invalid"),
        ({"action": "update", "id": str(archived.pk)}, 400, "invalid"),
        ({"action": "update", "id": str(uuid4()), "data": {"city": "Leeds"}}, 404, "not_found"),
        ({"action": "archive", "id": str(archived.pk)}, 409, "already_archived"),
        (_create(email="two@example.com"), 201, None),
        (_create(email="two@example.com"), 409, "duplicate"),
    ]
    found = _bulk(caller, *(operation for operation, _status, _code in operations)).json()
    assert [row["status"] for row in found["data"]] == [status for _operation, status, _code in operations]
    assert [row["error"] and row["error"]["code"] for row in found["data"]] == [code for _o, _s, code in operations]
    assert (found["succeeded"], found["failed"]) == (3, 13)
    assert fields_at_fault(found["data"][2]["error"]) == {"email"}
    assert Customer.unscoped.filter(email__in=["one@example.com", "two@example.com"]).count() == 2
    assert all(row["customer"] is None for row in found["data"] if row["error"])


def test_atomic_is_all_or_nothing(caller: Caller, business: Business) -> None:
    kept = make_customer(business, city="London")
    caller.get("/me")
    before = planted.fingerprint(business)
    refused = _bulk(
        caller,
        _create(),
        {"action": "update", "id": str(kept.pk), "data": {"city": "Leeds"}},
        _create(email="no address"),
        {"action": "archive", "id": str(uuid4())},
        atomic=True,
    )
    problem = assert_problem(refused, 422, "bulk_refused")
    assert [(fault["field"], fault["code"]) for fault in problem["errors"]] == [
        ("operations.2.email", "invalid"),
        ("operations.3", "not_found"),
    ]
    assert planted.fingerprint(business) == before
    done = _bulk(caller, _create(), {"action": "update", "id": str(kept.pk), "data": {"city": "Leeds"}}, atomic=True)
    assert done.json()["succeeded"] == 2


def test_records_of_another_business_look_unknown(caller: Caller, business: Business, other_business: Business) -> None:
    mine = [make_customer(business, city="London") for _n in range(50)]
    theirs = make_customer(other_business, display_name="CANARY")
    before = planted.fingerprint(other_business)

    def asked(foreign: Any) -> Any:
        change = {"city": "Leeds"}
        ids = [*(customer.pk for customer in mine), foreign]
        return _bulk(caller, *({"action": "update", "id": str(pk), "data": change} for pk in ids)).json()

    found, unknown = asked(theirs.pk), asked(uuid4())
    assert (found["succeeded"], found["failed"]) == (50, 1)
    assert {**found["data"][50], "id": "", "error": {**found["data"][50]["error"], "request_id": ""}} == {
        **unknown["data"][50],
        "id": "",
        "error": {**unknown["data"][50]["error"], "request_id": ""},
    }
    assert "CANARY" not in str(found)
    assert planted.fingerprint(other_business) == before
    assert Customer.unscoped.filter(city="Leeds").count() == 50


def test_each_action_needs_its_permission(business: Business) -> None:
    customer = make_customer(business)
    operations = [
        _create(),
        {"action": "update", "id": str(customer.pk), "data": {"city": "Leeds"}},
        {"action": "archive", "id": str(customer.pk)},
    ]
    for role, expected in (("analyst", [403, 403, 403]), ("agent", [201, 200, 403]), ("compliance", [403, 403, 200])):
        found = _bulk(Caller(make_key(business, role)), *operations).json()
        assert [row["status"] for row in found["data"]] == expected, role
    narrowed = Caller(make_key(business, scopes=["customers.change"]))
    assert [row["status"] for row in _bulk(narrowed, *operations).json()["data"]] == [403, 200, 403]


def test_who_sees_only_some_changes_only_those(business: Business) -> None:
    member = make_membership(business, "agent", visibility="own")
    caller = Caller(sign_in(member.user.email)["access_token"])
    own, other = make_customer(business, owner=member.user), make_customer(business)
    found = _bulk(
        caller, *({"action": "update", "id": str(c.pk), "data": {"city": "Leeds"}} for c in (own, other))
    ).json()
    assert [row["status"] for row in found["data"]] == [200, 404]


def test_versions(caller: Caller, business: Business) -> None:
    customer = make_customer(business)
    read = caller.get(f"/customers/{customer.pk}")["ETag"]

    def change(version: str, city: str) -> int:
        operation = {"action": "update", "id": str(customer.pk), "version": version, "data": {"city": city}}
        return int(_bulk(caller, operation).json()["data"][0]["status"])

    assert change(read, "Leeds") == 200
    assert change(read, "York") == 412
    customer.refresh_from_db()
    assert change(version_of(customer), "York") == 200


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 422, "operations"),
        ({"operations": []}, 422, "operations"),
        ({"operations": "all"}, 400, "operations"),
        ({"operations": {}}, 400, "operations"),
        ({"operations": ["x"]}, 400, "operations.0"),
        ({"operations": [{"action": "erase"}]}, 422, "operations.0.action"),
        ({"operations": [{"data": {}}]}, 422, "operations.0.action"),
        ({"operations": [{"action": 1}]}, 400, "operations.0.action"),
        ({"operations": [{"action": "create", "data": "x"}]}, 400, "operations.0.data"),
        ({"operations": [{"action": "create"}, {"action": "update", "id": "x"}]}, 422, "operations.1.id"),
        ({"operations": [{"action": "create", "more": 1}]}, 400, "operations.0.more"),
        ({"operations": [{"action": "create"}], "atomic": "yes"}, 400, "atomic"),
        ({"operations": [{"action": "create"}], "more": 1}, 400, "more"),
        ({"operations": [{"action": "create"}] * 1001}, 422, "operations"),
    ],
)
def test_requests_that_can_not_be_read_are_refused_whole(caller: Caller, body: Any, status: int, field: str) -> None:
    problem = assert_problem(caller.post("/customers/bulk", body), status)
    assert fields_at_fault(problem) == {field}
    assert not Customer.unscoped.exists()


def test_bodies_up_to_ten_megabytes(caller: Caller) -> None:
    filling = {"action": "create", "data": {"first_name": "x" * 5_000}}
    assert _bulk(caller, *([filling] * 300)).json()["failed"] == 300
    huge = b'{"operations": [' + b" " * (10 * 1_048_576) + b"]}"
    assert_problem(caller.call("POST", "/customers/bulk", raw=huge), 413)
    assert_problem(caller.call("POST", "/customers", raw=b"{" + b" " * 1_048_576 + b"}"), 413)


def test_whom_the_answer_shows_is_one_record(caller: Caller, business: Business) -> None:
    customer = make_customer(business)
    found = _bulk(caller, _create(), {"action": "update", "id": str(customer.pk), "data": {"city": "Leeds"}}).json()
    record = AccessRecord.unscoped.get()
    assert {str(pk) for pk in record.customer_ids} == {row["id"] for row in found["data"]}


def test_the_same_key_changes_once(caller: Caller) -> None:
    body = {"operations": [_create(email="jo@example.com"), _create(email="jo@example.com")]}
    first, second = (caller.post("/customers/bulk", body, headers={"idempotency-key": "k"}) for _n in range(2))
    assert [row["status"] for row in first.json()["data"]] == [201, 409]
    assert second.content == first.content
    assert second["Idempotent-Replayed"] == "true"
    assert Customer.unscoped.count() == 1


def test_a_thousand_at_once(caller: Caller) -> None:
    attempts = count()

    def add() -> Any:
        host = f"attempt{next(attempts)}.example.com"
        return _bulk(caller, *(_create(last_name=f"N{n}", email=f"n{n}@{host}") for n in range(1000)))

    assert swiftly(add, 30, time.perf_counter).json()["succeeded"] == 1000
