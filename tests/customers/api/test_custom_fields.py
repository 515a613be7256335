"""Endpoints of custom fields, and their values on customers."""

from typing import Any

import pytest

from crm.models import Business
from customers.models import Customer
from tests.crm.api.calling import PROBLEM, Caller, make_key
from tests.factories import make_custom_field, make_customer

PLAN = {"key": "plan", "label": "Plan", "type": "choice", "choices": ["Free", "Pro"]}


@pytest.fixture
def caller(business: Business) -> Caller:
    return Caller(make_key(business))


def test_a_field_is_defined_changed_archived_and_restored(caller: Caller) -> None:
    made = caller.post("/custom-fields", PLAN)
    assert made.status_code == 201
    body = made.json()
    assert {name: body[name] for name in PLAN} == PLAN
    assert (body["in_form"], body["is_unique"], body["archived_at"]) == (True, False, None)
    where = f"/custom-fields/{body['id']}"
    assert made["Location"] == f"/api/v1{where}"
    changed = caller.patch(where, {"label": "Tariff"}, headers={"If-Match": made["ETag"]})
    assert changed.json()["label"] == "Tariff"
    assert caller.patch(where, {"label": "x"}, headers={"If-Match": made["ETag"]}).status_code == 412
    assert caller.post(f"{where}/archive").json()["archived_at"]
    assert caller.post(f"{where}/archive").status_code == 409
    assert caller.get("/custom-fields?archived=false").json()["total"] == 0
    assert caller.get("/custom-fields?archived=true").json()["total"] == 1
    assert caller.post(f"{where}/restore").json()["archived_at"] is None


@pytest.mark.parametrize(
    ("change", "field", "status"),
    [
        ({"key": "Plan"}, "key", 422), ({"key": 5}, "key", 422), ({"label": ""}, "label", 422), ({"type": "json"}, "type", 422),
        ({"type": 1}, "type", 400), ({"choices": "Free"}, "choices", 400), ({"choices": []}, "choices", 422),
        ({"order": "x"}, "order", 422),
        ({"order": 10_000}, "order", 422), ({"is_required": "yes"}, "is_required", 400), ({"archived_at": None}, "archived_at", 400),
        ({"is_unique": True}, "is_unique", 422), ({"kind": "robot"}, "kind", 422), ({"shape": 1}, "shape", 400),
    ],
)  # fmt: skip
def test_a_faulty_definition_is_refused_by_field(
    caller: Caller, change: dict[str, Any], field: str, status: int
) -> None:
    answer = caller.post("/custom-fields", PLAN | change)
    assert answer["Content-Type"] == PROBLEM
    assert answer.json()["errors"][0]["field"].partition(".")[0] == field
    assert answer.status_code in (status, 400, 422)


def test_the_key_stands(caller: Caller, business: Business) -> None:
    field = make_custom_field(business, key="plan")
    assert caller.patch(f"/custom-fields/{field.pk}", {"key": "tariff"}).status_code == 400
    assert caller.post("/custom-fields", PLAN).status_code == 409


def test_what_customers_have_is_overruled_when_said_so(caller: Caller, business: Business) -> None:
    field = make_custom_field(business, key="plan", type="choice")
    customer = make_customer(business, custom_values={"plan": "a"})
    where = f"/custom-fields/{field.pk}"
    refused = caller.patch(where, {"choices": ["b"]})
    assert refused.status_code == 422
    assert "1 customer" in refused.json()["errors"][0]["message"]
    assert caller.patch(where, {"choices": ["b"], "even_so": True}).status_code == 200
    assert caller.get(f"/customers/{customer.pk}").json()["custom_values"] == {}


def test_values_come_and_go_with_the_customer(caller: Caller, business: Business) -> None:
    for key, type in (("plan", "choice"), ("seats", "number"), ("uses", "choices"), ("live", "boolean")):
        make_custom_field(business, key=key, type=type)
    values = {"plan": "a", "seats": 25, "uses": ["c", "a"], "live": False}
    made = caller.post("/customers", {"first_name": "Jo", "email": "jo@example.com", "custom_values": values}).json()
    stored = {"plan": "a", "seats": "25", "uses": ["a", "c"], "live": False}
    assert made["custom_values"] == stored
    where = f"/customers/{made['id']}"
    changed = caller.patch(where, {"custom_values": {"plan": None, "seats": "1.50"}}).json()["custom_values"]
    assert changed == {"seats": "1.5", "uses": ["a", "c"], "live": False}
    assert caller.patch(where, {"custom_values": changed}).json()["custom_values"] == changed
    assert caller.get("/customers?fields=custom_values").json()["data"][0]["custom_values"] == changed


@pytest.mark.parametrize("value", [None, [], "x", 5, True])
def test_values_are_an_object(caller: Caller, value: Any) -> None:
    answer = caller.post("/customers", {"first_name": "Jo", "email": "jo@example.com", "custom_values": value})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "custom_values")


@pytest.mark.parametrize(
    "values",
    [
        {"nowhere": 1}, {"seats": "many"}, {"seats": {"a": 1}}, {"seats": [[]]}, {"": 1}, {"a" * 1000: 1}, {"__class__": "x"},
        {f"k{n}": n for n in range(500)},
    ],
)  # fmt: skip
def test_faulty_values_are_refused_by_key(caller: Caller, business: Business, values: dict[str, Any]) -> None:
    make_custom_field(business, key="seats", type="number")
    answer = caller.post("/customers", {"first_name": "Jo", "email": "jo@example.com", "custom_values": values})
    assert answer.status_code == 422
    assert all(fault["field"].startswith("custom_values.") for fault in answer.json()["errors"])
    assert not Customer.unscoped.exists()


def test_a_taken_value_is_a_conflict_that_names_nobody(caller: Caller, business: Business) -> None:
    make_custom_field(business, key="card", is_unique=True)
    holder = make_customer(business, custom_values={"card": "C-1"})
    answer = caller.post(
        "/customers", {"first_name": "Jo", "email": "jo@example.com", "custom_values": {"card": "c-1"}}
    )
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (409, "custom_values.card")
    assert str(holder.pk) not in answer.content.decode()
    assert holder.display_name not in answer.content.decode()


def test_many_customers_take_their_values_by_one_request(caller: Caller, business: Business) -> None:
    make_custom_field(business, key="plan")
    data = {"first_name": "Jo", "phone": "1", "custom_values": {"plan": "Pro"}, "tags": ["VIP"]}
    answer = caller.post("/customers/bulk", {"operations": [{"action": "create", "data": data}]}).json()
    assert answer["data"][0]["customer"]["custom_values"] == {"plan": "Pro"}
    assert answer["data"][0]["customer"]["tags"] == ["VIP"]
