"""Endpoints of contacts."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from crm import clock
from crm.forms import version_of
from crm.models import AccessRecord, Activity, Business, Membership
from customers.api.contact_fields import ContactInput
from customers.forms import ContactForm
from customers.models import Contact, Customer
from customers.services.contacts import CONTACT_FIELDS
from tests.crm.api.calling import Caller, assert_problem, fields_at_fault, make_key, sign_in
from tests.factories import make_contact, make_customer, make_membership


@pytest.fixture
def caller(business: Business) -> Caller:
    return Caller(make_key(business))


@pytest.fixture
def company(business: Business) -> Customer:
    return make_customer(business, kind="company", display_name="Acme Corp")


def test_form_and_api_accept_the_fields_of_the_service() -> None:
    assert set(ContactInput().fields) == set(CONTACT_FIELDS)
    assert set(ContactForm.base_fields) - {"version"} == set(CONTACT_FIELDS)


def test_create_and_get(caller: Caller, company: Customer) -> None:
    boss = make_contact(company)
    body = {
        "customer": str(company.pk), "first_name": "Zoë", "last_name": "O'Brien 👩‍👩‍👧", "title": "CTO",
        "department": "IT", "email": "Zoe@Acme.example",
        "phone": "(5) 555-4729", "role": "decision_maker", "influence": 5, "sentiment": -2, "reports_to": str(boss.pk), "is_primary": True,
    }  # fmt: skip
    response = caller.post("/contacts", body)
    assert response.status_code == 201, response.content
    made = response.json()
    contact = Contact.unscoped.get(pk=made["id"])
    assert response["Location"] == f"/api/v1/contacts/{contact.pk}"
    assert response["ETag"].startswith(f'"{version_of(contact)};')
    expected = {
        **body,
        "email": "zoe@acme.example",
        "display_name": "Zoë O'Brien 👩‍👩‍👧",
        "last_touched_at": None,
        "archived_at": None,
    }
    assert {name: made[name] for name in expected} == expected
    assert caller.get(response["Location"]).json() == made
    deed = Activity.unscoped.latest("id")
    assert (deed.verb, deed.actor_kind, deed.about) == ("customers.contact.created", "api_key", company.pk)


def test_an_idempotency_key_makes_one_contact(caller: Caller, company: Customer) -> None:
    body = {"customer": str(company.pk), "first_name": "Dana"}
    answers = [caller.post("/contacts", body, headers={"idempotency-key": "k-1"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert Contact.unscoped.count() == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"first_name": "x", "influence": "5"}, "influence"),
        ({"first_name": "x", "influence": 6}, "influence"),
        ({"first_name": "x", "influence": True}, "influence"),
        ({"first_name": "x", "sentiment": 2.5}, "sentiment"),
        ({"first_name": "x", "sentiment": -3}, "sentiment"),
        ({"first_name": "x", "role": "boss"}, "role"),
        ({"first_name": "x", "email": "no"}, "email"),
        ({"first_name": "x", "is_primary": "yes"}, "is_primary"),
        ({"first_name": "x", "reports_to": str(uuid4())}, "reports_to"),
        ({"first_name": "x", "last_touched_at": "2026-01-01T00:00:00Z"}, "last_touched_at"),
        ({"first_name": "x", "customer": str(uuid4())}, "customer"),
        ({"first_name": "x", "salary": 1}, "salary"),
        ({"first_name": "x\0"}, "first_name"),
        ({"first_name": "\ud800"}, "first_name"),
        ({"first_name": "x" * 101}, "first_name"),
        ({"title": "x"}, "first_name"),
    ],
)
def test_bad_values_are_named(caller: Caller, company: Customer, body: dict[str, Any], field: str) -> None:
    response = caller.post("/contacts", {"customer": str(company.pk), **body})
    assert response.status_code in (400, 422), response.content
    assert field in fields_at_fault(response.json()) or response.status_code == 400
    assert not Contact.unscoped.exists()


def test_a_person_has_no_contacts(caller: Caller, business: Business) -> None:
    person = make_customer(business)
    assert_problem(caller.post("/contacts", {"customer": str(person.pk), "first_name": "x"}), 422, "not_a_company")
    assert_problem(caller.post(f"/customers/{person.pk}/contacts", {"first_name": "x"}), 422, "not_a_company")
    assert_problem(caller.get(f"/customers/{person.pk}/stakeholders"), 422, "not_a_company")
    assert caller.get(f"/customers/{person.pk}/contacts").json()["data"] == []


def test_change_and_stale_versions(caller: Caller, company: Customer) -> None:
    contact = make_contact(company)
    path = f"/contacts/{contact.pk}"
    first = caller.get(path)["ETag"]
    changed = caller.patch(path, {"sentiment": 2, "role": "champion"}, headers={"if-match": first})
    assert (changed.status_code, changed.json()["sentiment"]) == (200, 2)
    assert_problem(caller.put(path, {"sentiment": 1}, headers={"if-match": first}), 412, "stale")
    assert caller.put(path, {"sentiment": None}).json()["sentiment"] is None
    assert caller.get(path, headers={"if-none-match": caller.get(path)["ETag"]}).status_code == 304
    assert_problem(caller.patch(path, {}), 400)


def test_leaving_and_coming_back(caller: Caller, company: Customer) -> None:
    contact = make_contact(company)
    path = f"/contacts/{contact.pk}"
    assert caller.call("DELETE", path).status_code == 204
    assert caller.get("/contacts").json()["data"] == []
    assert caller.get(path).json()["archived_at"]
    assert_problem(caller.call("DELETE", path), 409, "contact_left")
    assert caller.post(f"{path}/restore").json()["archived_at"] is None
    assert_problem(caller.post(f"{path}/restore"), 409, "contact_has_not_left")


def test_touching(caller: Caller, company: Customer) -> None:
    path = f"/contacts/{make_contact(company).pk}/touch"
    assert caller.post(path, {"on": "2026-01-05"}).json()["last_touched_at"] == "2026-01-05T12:00:00Z"
    assert caller.post(path).json()["last_touched_at"][:10] == clock.now().date().isoformat()
    problem = assert_problem(caller.post(path, {"on": "2199-01-01"}), 422, "in_the_future")
    assert fields_at_fault(problem) <= {"on"}
    assert caller.post(path, {"on": "2026-02-30"}).status_code == 422


def test_becoming_a_customer(caller: Caller, company: Customer, business: Business) -> None:
    contact = make_contact(company, email="dana@acme.example")
    path = f"/contacts/{contact.pk}"
    made = caller.post(f"{path}/convert", {}).json()
    assert Customer.unscoped.get(pk=made["person_customer"]).email == "dana@acme.example"
    assert_problem(caller.post(f"{path}/convert", {}), 409, "customer_already")
    assert caller.post(f"{path}/unlink").json()["person_customer"] is None
    assert_problem(caller.post(f"{path}/convert", {}), 409, "duplicate")
    linked = caller.post(f"{path}/convert", {"customer": made["person_customer"]})
    assert linked.json()["person_customer"] == made["person_customer"]
    other = make_contact(company)
    for wrong in (str(company.pk), str(uuid4())):
        assert caller.post(f"/contacts/{other.pk}/convert", {"customer": wrong}).status_code in (400, 422)


def test_the_list_is_filtered_searched_sorted_and_paged(caller: Caller, company: Customer, business: Business) -> None:
    now = clock.now()
    zed = make_contact(
        company, first_name="Zed", last_name="A", role="user", influence=1, sentiment=-2, email="zed@acme.example"
    )
    amy = make_contact(
        company,
        first_name="Amy",
        last_name="B",
        role="champion",
        influence=5,
        sentiment=2,
        is_primary=True,
        last_touched_at=now,
    )
    other = make_contact(
        make_customer(business, kind="company"),
        first_name="Moe",
        last_name="C",
        last_touched_at=now - timedelta(days=61),
    )

    def names(query: str) -> list[str]:
        answer = caller.get(f"/contacts?{query}")
        assert answer.status_code == 200, answer.content
        return [row["first_name"] for row in answer.json()["data"]]

    assert names("") == ["Amy", "Moe", "Zed"]
    assert names("sort=-name") == ["Zed", "Moe", "Amy"]
    assert names("sort=-created_at") == ["Moe", "Amy", "Zed"]
    assert names("role=champion") == names("influence=5") == names("sentiment=2") == names("is_primary=true") == ["Amy"]
    assert names("is_primary=false") == ["Moe", "Zed"]
    assert names(f"customer={company.pk}") == ["Amy", "Zed"]
    assert names("untouched=true") == ["Moe", "Zed"]
    assert names("untouched=false") == ["Amy"]
    assert names("email=ZED@acme.example") == ["Zed"]
    assert names("search=moe") == ["Moe"]
    page = caller.get("/contacts?limit=2").json()
    assert (page["total"], page["hasMore"]) == (3, True)
    assert [row["id"] for row in caller.get(f"/contacts?limit=2&cursor={page['next']}").json()["data"]] == [str(zed.pk)]
    nested = caller.get(f"/customers/{company.pk}/contacts?sort=-name").json()
    assert [row["id"] for row in nested["data"]] == [str(zed.pk), str(amy.pk)]
    assert str(other.pk) not in str(nested)
    for query in ("untouched=maybe", "influence=9", "customer=1", "sort=email", "roll=user", "is_primary=1"):
        assert caller.get(f"/contacts?{query}").status_code == 400, query


def test_the_company_is_included_when_asked_for(caller: Caller, company: Customer) -> None:
    contact = make_contact(company)
    row = caller.get("/contacts?include=customer").json()["data"][0]
    assert row["included"]["customer"]["display_name"] == "Acme Corp"
    assert caller.get(f"/contacts/{contact.pk}?include=customer").json()["included"]["customer"]["id"] == str(
        company.pk
    )


def test_the_stakeholders_of_a_company(caller: Caller, company: Customer) -> None:
    now = clock.now()
    boss = make_contact(company, role="decision_maker", influence=5, sentiment=0)
    champion = make_contact(company, role="champion", influence=4, sentiment=1, reports_to=boss, last_touched_at=now)
    answer = caller.get(f"/customers/{company.pk}/stakeholders").json()
    assert [row["id"] for row in answer["contacts"]] == [str(boss.pk), str(champion.pk)]
    assert answer["contacts"][1] == {
        "id": str(champion.pk), "display_name": str(champion), "role": "champion", "influence": 4, "sentiment": 1,
        "reports_to": str(boss.pk), "days_since_touch": 0,
    }  # fmt: skip
    assert answer["missing_roles"] == ["executive_sponsor", "user"]
    assert (answer["untouched"], answer["engaged"]) == ([str(boss.pk)], [str(champion.pk)])
    assert (answer["single_threaded"], answer["champion"], answer["champion_strength"]) == (True, str(champion.pk), 60)
    assert answer["untouched_after_days"] == 60


def test_only_contacts_of_visible_companies_are_there(owner: Membership, company: Customer, business: Business) -> None:
    agent = make_membership(business, "agent", visibility="own")
    mine = make_customer(business, kind="company", owner=agent.user)
    seen, unseen = make_contact(mine), make_contact(company)
    caller = Caller(sign_in(agent.user.email)["access_token"])
    assert [row["id"] for row in caller.get("/contacts").json()["data"]] == [str(seen.pk)]
    for path in (
        f"/contacts/{unseen.pk}",
        f"/customers/{company.pk}/contacts",
        f"/customers/{company.pk}/stakeholders",
    ):
        assert caller.get(path).status_code == 404
    assert caller.patch(f"/contacts/{seen.pk}", {"reports_to": str(unseen.pk)}).status_code in (400, 422)
    assert caller.post("/contacts", {"customer": str(company.pk), "first_name": "x"}).status_code in (400, 422)


def test_who_was_shown_is_noted_as_the_company(caller: Caller, company: Customer) -> None:
    contact = make_contact(company)
    for path in (
        "/contacts",
        f"/contacts/{contact.pk}",
        f"/customers/{company.pk}/contacts",
        f"/customers/{company.pk}/stakeholders",
    ):
        before = AccessRecord.unscoped.count()
        assert caller.get(path).status_code == 200
        assert AccessRecord.unscoped.count() == before + 1, path
        assert AccessRecord.unscoped.latest("id").customer_ids == [company.pk]


def test_times_are_in_utc(caller: Caller, company: Customer) -> None:
    contact = make_contact(company, last_touched_at=datetime(2026, 7, 1, 12, tzinfo=UTC))
    assert caller.get(f"/contacts/{contact.pk}").json()["last_touched_at"] == "2026-07-01T12:00:00Z"
