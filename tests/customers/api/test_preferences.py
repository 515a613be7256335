"""Preferences, consents, the gate and requests for erasure by the API."""

from typing import Any

import pytest

from crm.models import Business
from customers.models import Customer
from tests.crm.api.calling import Caller, assert_problem, fields_at_fault, make_key
from tests.factories import make_customer


@pytest.fixture
def caller(business: Business) -> Caller:
    return Caller(make_key(business))


@pytest.fixture
def customer(business: Business) -> Customer:
    return make_customer(business)


def test_preferences_are_read_changed_and_versioned(caller: Caller, customer: Customer) -> None:
    path = f"/customers/{customer.pk}/preferences"
    first = caller.get(path)
    assert first.status_code == 200
    data = first.json()
    assert data["customer"] == str(customer.pk)
    assert (data["transaction_receipts"], data["email_marketing"], data["digest_at"]) == (True, False, "09:00")
    assert caller.get(path, headers={"if-none-match": first["ETag"]}).status_code == 304
    wanted = {
        "frequency": "DAILY_DIGEST",
        "preferred_channel": "SMS",
        "quiet_hours_start": "22:00",
        "quiet_hours_end": "08:00",
    }
    changed = caller.call("PUT", path, wanted, headers={"if-match": first["ETag"]})
    assert changed.status_code == 200, changed.content
    body = changed.json()
    assert (body["frequency"], body["preferred_channel"], body["quiet_hours_end"]) == ("daily_digest", "sms", "08:00")
    assert_problem(caller.patch(path, {"frequency": "immediate"}, headers={"if-match": first["ETag"]}), 412)
    assert caller.patch(path, {"paused_until": "2190-01-01T00:00:00Z"}).json()["paused_until"] == "2190-01-01T00:00:00Z"
    assert [row["customer"] for row in caller.get("/preferences").json()["data"]] == [str(customer.pk)]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"email_marketing": True}, "evidence"),
        ({"email_marketing": "yes"}, "email_marketing"),
        ({"quiet_hours_start": "25:00"}, "quiet_hours_start"),
        ({"quiet_hours_start": "22:00+01:00"}, "quiet_hours_start"),
        ({"quiet_hours_start": "22:00"}, "quiet_hours_end"),
        ({"quiet_hours_start": "08:00", "quiet_hours_end": "08:00"}, "quiet_hours_end"),
        ({"paused_until": "2020-01-01T00:00:00Z"}, "paused_until"),
        ({"paused_until": "2030-01-01"}, "paused_until"),
        ({"paused_until": "2030-02-30T00:00:00Z"}, "paused_until"),
        ({"time_zone": "Mars/Phobos"}, "time_zone"),
        ({"digest_weekday": 8}, "digest_weekday"),
        ({"digest_weekday": True}, "digest_weekday"),
        ({"frequency": "hourly"}, "frequency"),
        ({"link_number": 5}, "link_number"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_can_not_be_is_named(caller: Caller, customer: Customer, body: dict[str, Any], field: str) -> None:
    answer = caller.patch(f"/customers/{customer.pk}/preferences", body)
    assert answer.status_code in (400, 422)
    assert fields_at_fault(answer.json()) == {field}


def test_turning_on_with_evidence_records_the_consent(caller: Caller, customer: Customer) -> None:
    body = {
        "newsletter_subscription": True,
        "evidence": "Ticked",
        "text_version": "form 4",
        "given_at": "2026-01-02T03:04:05Z",
    }
    assert caller.patch(f"/customers/{customer.pk}/preferences", body).status_code == 200
    (record,) = caller.get(f"/customers/{customer.pk}/consents").json()["data"]
    assert (record["purpose"], record["state"], record["source"], record["given_at"]) == (
        "newsletter", "given", "api", "2026-01-02T03:04:05Z",
    )  # fmt: skip


def test_consents_are_added_and_never_changed(caller: Caller, customer: Customer) -> None:
    path = f"/customers/{customer.pk}/consents"
    given = caller.post(path, {"purpose": "newsletter", "state": "given", "evidence": "Ticked"})
    assert given.status_code == 201, given.content
    assert caller.get(f"/customers/{customer.pk}/preferences").json()["newsletter_subscription"] is True
    assert caller.post(path, {"purpose": "newsletter", "state": "withdrawn"}).status_code == 201
    assert [row["state"] for row in caller.get(path).json()["data"]] == ["withdrawn", "given"]
    assert [row["state"] for row in caller.get("/consents?state=given").json()["data"]] == ["given"]
    for method in ("PUT", "PATCH", "DELETE"):
        assert_problem(caller.call(method, path, {}), 405)
    problem = assert_problem(caller.post(path, {"purpose": "newsletter", "state": "given"}), 422)
    assert fields_at_fault(problem) == {"evidence"}


def test_the_gate_answers_and_says_why(caller: Caller, customer: Customer) -> None:
    path = f"/customers/{customer.pk}/may-send"
    refused = caller.post(path, {"channel": "email", "category": "newsletter"})
    assert refused.status_code == 200
    data = refused.json()
    assert (data["outcome"], data["reason"], data["until"]) == ("suppress", "flag_off:newsletter_subscription", None)
    assert data["reason_text"].startswith("The customer doesn't want it.")
    allowed = caller.post(path, {"channel": "EMAIL", "category": "RECEIPT"}).json()
    assert (allowed["outcome"], allowed["reason"]) == ("allow", "receipt")
    assert fields_at_fault(assert_problem(caller.post(path, {"channel": "pigeon"}), 422)) == {"channel", "category"}


def test_the_link_is_given_out_and_replaced(caller: Caller, customer: Customer) -> None:
    path = f"/customers/{customer.pk}/preference-link"
    link = caller.post(path, {}).json()
    assert link["unsubscribe_url"] == link["url"] + "/unsubscribe"
    assert caller.post(path, {"renew": False}).json() == link
    assert caller.post(path, {"renew": True}).json()["url"] != link["url"]


def test_deleting_hides_and_answers_with_the_request(caller: Caller, customer: Customer) -> None:
    path = f"/customers/{customer.pk}"
    version = caller.get(path)["ETag"]
    assert_problem(caller.call("DELETE", path, headers={"if-match": '"2020-01-01T00:00:00+00:00"'}), 412)
    answer = caller.call("DELETE", path, headers={"if-match": version})
    assert answer.status_code == 202, answer.content
    request = answer.json()
    assert (request["kind"], request["state"], request["customer"]) == ("erasure", "received", str(customer.pk))
    assert_problem(caller.get(path), 404)
    assert_problem(caller.call("DELETE", path), 404)
    location = answer["Location"]
    assert caller.get(location).json() == request
    assert [row["id"] for row in caller.get("/privacy-requests?state=received").json()["data"]] == [request["id"]]
    declined = caller.post(f"/privacy-requests/{request['id']}/decline", {"reason": "Invoices"})
    assert (declined.status_code, declined.json()["state"]) == (200, "declined")
    assert caller.get(path).status_code == 200
    assert_problem(caller.post(f"/privacy-requests/{request['id']}/decline", {"reason": "Invoices"}), 409)


def test_the_time_zone_has_another_name(caller: Caller, customer: Customer) -> None:
    path = f"/customers/{customer.pk}/preferences"
    assert caller.call("PUT", path, {"timezone": "Asia/Tokyo"}).json()["time_zone"] == "Asia/Tokyo"
    both = {"timezone": "Europe/Paris", "time_zone": "Europe/Paris"}
    assert caller.patch(path, both).json()["time_zone"] == "Europe/Paris"
    for body in ({**both, "timezone": "Asia/Tokyo"}, {"timezone": "Mars/Phobos"}):
        assert fields_at_fault(assert_problem(caller.patch(path, body), 422)) == {"timezone"}
    assert caller.get(path).json()["time_zone"] == "Europe/Paris"
