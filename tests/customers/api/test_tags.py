"""Endpoints of tags: their definitions, and those on a customer."""

import pytest

from crm.models import AccessRecord, Activity, Business
from crm.scope import scope
from customers.models import CustomerTag, Tag
from tests.crm.api.calling import PROBLEM, Caller, make_key
from tests.factories import make_customer, make_tag


@pytest.fixture
def caller(business: Business) -> Caller:
    return Caller(make_key(business))


def test_a_tag_is_made_read_changed_and_deleted(caller: Caller, business: Business) -> None:
    made = caller.post("/tags", {"name": "VIP", "color": "#ABCDEF", "description": "Asked first"})
    assert made.status_code == 201
    body = made.json()
    assert (body["name"], body["color"], body["created_by"]) == ("VIP", "#abcdef", None)
    where = f"/tags/{body['id']}"
    assert made["Location"] == f"/api/v1{where}"
    assert caller.get(where).json() == body
    changed = caller.patch(where, {"name": "Key account"}, headers={"If-Match": made["ETag"]})
    assert changed.json()["name"] == "Key account"
    assert caller.patch(where, {"name": "x"}, headers={"If-Match": made["ETag"]}).status_code == 412
    assert [row["name"] for row in caller.get("/tags?sort=-name").json()["data"]] == ["Key account"]
    assert caller.call("DELETE", where).status_code == 204
    assert caller.get(where).status_code == 404


@pytest.mark.parametrize(
    ("body", "field", "status"),
    [
        ({}, "name", 422),
        ({"name": ""}, "name", 422),
        ({"name": 5}, "name", 400),
        ({"name": "x" * 61}, "name", 422),
        ({"name": "x", "color": "red;background:url(//x)"}, "color", 422),
        ({"name": "x", "color": "#12345"}, "color", 422),
        ({"name": "x", "id": "1"}, "id", 400),
        ({"name": "x", "size": 1}, "size", 400),
    ],
)
def test_a_faulty_body_is_refused_by_field(caller: Caller, body: dict[str, object], field: str, status: int) -> None:
    answer = caller.post("/tags", body)
    assert (answer.status_code, answer["Content-Type"]) == (status, PROBLEM)
    assert [fault["field"] for fault in answer.json()["errors"]] == [field]


def test_a_taken_name_is_a_conflict(caller: Caller, business: Business) -> None:
    make_tag(business, "VIP")
    answer = caller.post("/tags", {"name": "vip"})
    assert answer.status_code == 409
    assert answer.json()["errors"][0] | {"message": ""} == {"field": "name", "code": "duplicate", "message": ""}


def test_a_merged_tag_is_the_other_one(caller: Caller, business: Business, other_business: Business) -> None:
    vip, key, customer = make_tag(business, "VIP"), make_tag(business, "Key"), make_customer(business)
    caller.post(f"/customers/{customer.pk}/tags", {"tag": str(vip.pk)})
    assert caller.post(f"/tags/{vip.pk}/merge", {"into": str(make_tag(other_business).pk)}).status_code == 422
    assert caller.post(f"/tags/{vip.pk}/merge", {"into": str(vip.pk)}).status_code == 422
    assert caller.post(f"/tags/{vip.pk}/merge", {"into": str(key.pk)}).json()["name"] == "Key"
    assert caller.get(f"/customers/{customer.pk}").json()["tags"] == ["Key"]


def test_tags_are_put_on_a_customer_and_taken_away(caller: Caller, business: Business) -> None:
    customer, vip = make_customer(business), make_tag(business, "VIP")
    where = f"/customers/{customer.pk}/tags"
    assert caller.get(where).json() == {"data": []}
    shown = {"id": str(vip.pk), "name": "VIP", "color": vip.color}
    assert caller.post(where, {"tag": str(vip.pk)}).json() == {"data": [shown]}
    assert caller.post(where, {"name": "vip"}).json() == {"data": [shown]}
    names = [tag["name"] for tag in caller.post(where, {"name": "New"}).json()["data"]]
    assert names == ["New", "VIP"]
    assert caller.put(where, {"tags": [str(vip.pk)]}).json() == {"data": [shown]}
    assert caller.call("DELETE", f"{where}/{vip.pk}").status_code == 204
    assert caller.call("DELETE", f"{where}/{vip.pk}").status_code == 404
    with scope(business):
        assert Activity.objects.filter(verb="customers.customer.tagged").count() == 4
        assert AccessRecord.objects.filter(customer_ids=[customer.pk]).exists()


@pytest.mark.parametrize(
    "body",
    [{}, {"tag": "x"}, {"tag": "01980a3e-5c1b-7e0a-9d3f-2b6f1c4d8e91"}, {"name": ""}, {"tag": None}, {"names": "x"}],
)
def test_what_is_no_tag_is_refused(caller: Caller, business: Business, body: dict[str, object]) -> None:
    customer = make_customer(business)
    assert caller.post(f"/customers/{customer.pk}/tags", body).status_code in (400, 422)
    with scope(business):
        assert not CustomerTag.objects.exists()


def test_a_tag_and_a_name_are_one_too_many(caller: Caller, business: Business) -> None:
    customer, tag = make_customer(business), make_tag(business)
    body = {"tag": str(tag.pk), "name": "x"}
    assert caller.post(f"/customers/{customer.pk}/tags", body).status_code == 422


def test_an_integration_makes_no_tags(business: Business) -> None:
    caller, customer = Caller(make_key(business, "integration")), make_customer(business)
    assert caller.post("/tags", {"name": "VIP"}).status_code == 403
    assert caller.post(f"/customers/{customer.pk}/tags", {"name": "VIP"}).status_code == 422
    make_tag(business, "VIP")
    assert caller.post(f"/customers/{customer.pk}/tags", {"name": "VIP"}).status_code == 200


def test_tags_of_another_business_are_not_found(caller: Caller, business: Business, other_business: Business) -> None:
    customer, foreign = make_customer(business), make_tag(other_business)
    assert caller.get(f"/tags/{foreign.pk}").status_code == 404
    assert caller.call("DELETE", f"/customers/{customer.pk}/tags/{foreign.pk}").status_code == 404
    assert caller.put(f"/customers/{customer.pk}/tags", {"tags": [str(foreign.pk)]}).status_code == 422
    stranger = make_customer(other_business)
    assert caller.get(f"/customers/{stranger.pk}/tags").status_code == 404


def test_customers_bring_their_tags_along(caller: Caller, business: Business) -> None:
    body = {"first_name": "Jo", "phone": "1", "tags": ["VIP", "vip", "Fair"]}
    made = caller.post("/customers", body).json()
    assert made["tags"] == ["Fair", "VIP"]
    where = f"/customers/{made['id']}"
    assert caller.patch(where, {"tags": ["Fair"]}).json()["tags"] == ["Fair"]
    assert caller.get("/customers?fields=tags").json()["data"] == [{"id": made["id"], "tags": ["Fair"]}]
    assert caller.patch(where, {"city": "Leeds"}).json()["tags"] == ["Fair"]
    assert caller.patch(where, {"tags": []}).json()["tags"] == []
    refused = caller.patch(where, {"tags": ["x" * 61]})
    assert refused.status_code == 422
    with scope(business):
        assert Tag.objects.count() == 2
