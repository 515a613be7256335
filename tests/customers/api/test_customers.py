"""Endpoints of customers."""

import time
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from crm.forms import version_of
from crm.models import AccessRecord, Activity, Business, Membership, Team
from customers.api.inputs import CustomerInput
from customers.forms import CustomerForm
from customers.models import Customer, CustomerFacts
from customers.services.values import FIELDS
from tests.crm.api.calling import Caller, assert_problem, fields_at_fault, make_key, sign_in
from tests.factories import make_customer, make_membership, make_order
from tests.timing import swiftly


@pytest.fixture
def caller(business: Business) -> Caller:
    return Caller(make_key(business))


def test_form_and_api_accept_the_fields_of_the_service() -> None:
    assert set(CustomerInput().fields) - {"tags", "custom_values"} == set(FIELDS)
    assert set(CustomerForm.base_fields) - {"version"} == set(FIELDS)


@pytest.mark.parametrize("name", FIELDS)
def test_every_writable_field_is_shown(caller: Caller, name: str) -> None:
    body = {"kind": "company", "display_name": "Acme Corp"}
    assert name in caller.post("/customers", body).json()


def test_create(caller: Caller, business: Business, owner: Membership) -> None:
    body = {
        "kind": "person",
        "first_name": "Zoë",
        "last_name": "O'Brien 👩‍👩‍👧",
        "email": "Zoe@Example.com",
        "phone": "+44 20 7946 0018",
        "lifecycle_stage": "prospect",
        "owner": str(owner.user_id),
        "team": None,
        "acquired_on": "2026-01-31",
        "external_id": "C-1",
    }
    response = caller.post("/customers", body)
    assert response.status_code == 201
    made = response.json()
    customer = Customer.unscoped.get()
    assert response["Location"] == f"/api/v1/customers/{customer.pk}"
    assert response["ETag"].startswith(f'"{version_of(customer)};')
    expected = {
        **body,
        "email": "zoe@example.com",
        "display_name": "Zoë O'Brien 👩‍👩‍👧",
        "total_spent": "0.00",
        "currency": "GBP",
    }
    assert {name: made[name] for name in expected} == expected
    assert made["created_at"].endswith("Z")
    activity = Activity.unscoped.get()
    assert (activity.verb, activity.actor_kind, activity.door) == ("customers.customer.created", "api_key", "api")
    assert activity.request_id == response["X-Request-ID"]
    read = caller.get(response["Location"])
    assert read.json() == made
    assert read["ETag"] == response["ETag"]


@pytest.mark.parametrize("given", [{}, {"email": ""}, {"phone": " "}, {"kind": "person", "email": "", "phone": ""}])
def test_a_new_person_can_be_reached(caller: Caller, given: dict[str, str]) -> None:
    problem = assert_problem(caller.post("/customers", {"first_name": "Jo", **given}), 400, "invalid")
    assert problem["errors"] == [
        {"field": "email", "code": "unreachable", "message": "Give an e-mail address or a phone number."}
    ]
    assert not Customer.unscoped.exists()


def test_either_will_do_and_companies_need_neither(caller: Caller) -> None:
    for given in ({"email": "jo@example.com"}, {"phone": "1"}, {"kind": "company"}):
        made = caller.post("/customers", {"display_name": "Jo", **given})
        assert made.status_code == 201
        changed = caller.patch(made["Location"], {"kind": "person", "email": "", "phone": ""})
        assert changed.status_code == 200


def test_duplicates_conflict(caller: Caller, business: Business) -> None:
    make_customer(business, email="jo@example.com", external_id="C-1")
    problem = assert_problem(
        caller.post("/customers", {"first_name": "Jo", "email": "JO@example.com"}), 409, "duplicate"
    )
    assert fields_at_fault(problem) == {"email"}
    assert fields_at_fault(
        assert_problem(caller.post("/customers", {"first_name": "Jo", "phone": "1", "external_id": "C-1"}), 409)
    ) == {"external_id"}


def test_address_of_another_business_is_free(caller: Caller, other_business: Business) -> None:
    make_customer(other_business, email="jo@example.com")
    assert caller.post("/customers", {"first_name": "Jo", "email": "jo@example.com"}).status_code == 201


def test_references_into_another_business_look_unknown(
    caller: Caller, business: Business, other_owner: Membership
) -> None:
    team = Team.unscoped.create(business=other_owner.business, name="Theirs")
    for name, foreign in (("owner", other_owner.user_id), ("team", team.pk)):
        problems = [
            assert_problem(caller.post("/customers", {"first_name": "Jo", "phone": "1", name: str(pk)}), 422)
            for pk in (foreign, uuid4())
        ]
        assert problems[0]["errors"] == problems[1]["errors"]
        assert fields_at_fault(problems[0]) == {name}
    assert not Customer.unscoped.exists()


@pytest.mark.parametrize("method", ["patch", "put"])
def test_change_is_partial(caller: Caller, business: Business, method: str) -> None:
    customer = make_customer(business, city="London", country="United Kingdom")
    response = getattr(caller, method)(f"/customers/{customer.pk}", {"city": "Leeds"})
    assert response.status_code == 200
    assert (response.json()["city"], response.json()["country"]) == ("Leeds", "United Kingdom")
    customer.refresh_from_db()
    assert response["ETag"].startswith(f'"{version_of(customer)};')
    assert_problem(getattr(caller, method)(f"/customers/{customer.pk}", {}), 400)


def test_if_match(caller: Caller, business: Business) -> None:
    one = f"/customers/{make_customer(business).pk}"
    read = caller.get(one)["ETag"]
    first = caller.patch(one, {"city": "Leeds"}, headers={"if-match": read})
    assert first.status_code == 200
    for stale in (read, '"nothing"', "nothing", f"W/{first['ETag']}", f'{read}, "other"'):
        assert_problem(caller.patch(one, {"city": "York"}, headers={"if-match": stale}), 412, "stale")
        assert_problem(caller.post(f"{one}/archive", headers={"if-match": stale}), 412)
    assert caller.get(one).json()["city"] == "Leeds"
    assert caller.patch(one, {"city": "York"}, headers={"if-match": f'"x", {first["ETag"]}'}).status_code == 200
    assert caller.patch(one, {"city": "Bath"}, headers={"if-match": "*"}).status_code == 200
    assert caller.patch(one, {"city": "Hull"}).status_code == 200


def test_if_match_takes_the_version_alone(caller: Caller, business: Business) -> None:
    customer = make_customer(business)
    one = f"/customers/{customer.pk}"
    before = caller.get(one)["ETag"]
    make_order(customer, "10.00")
    assert caller.get(one)["ETag"] != before
    assert caller.patch(one, {"city": "Leeds"}, headers={"if-match": before}).status_code == 200
    customer.refresh_from_db()
    alone = f'"{version_of(customer)}"'
    assert caller.patch(one, {"city": "York"}, headers={"if-match": alone}).status_code == 200


def test_if_none_match(caller: Caller, business: Business) -> None:
    customer = make_customer(business)
    one = f"/customers/{customer.pk}"
    tag = caller.get(one)["ETag"]
    for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        for method in ("GET", "HEAD"):
            answer = caller.call(method, one, headers={"if-none-match": known})
            assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", tag), known
    assert caller.get(one, headers={"if-none-match": '"x"'}).status_code == 200
    assert caller.patch(one, {"phone": "+44 20 7946 0018"}, headers={"if-none-match": tag}).status_code == 200
    assert caller.get(one, headers={"if-none-match": tag}).status_code == 200


def test_figures_that_changed_are_sent_anew(caller: Caller, business: Business) -> None:
    customer = make_customer(business)
    one = f"/customers/{customer.pk}"
    tag = caller.get(one)["ETag"]
    make_order(customer, "10.00")
    answer = caller.get(one, headers={"if-none-match": tag})
    assert (answer.status_code, answer.json()["total_spent"]) == (200, "10.00")


def test_related_resources_are_included(caller: Caller, business: Business, owner: Membership) -> None:
    team = Team.unscoped.create(business=business, name="North")
    kept, bare = make_customer(business, owner=owner.user, team=team), make_customer(business)
    person, group = {"id": str(owner.user_id), "name": owner.user.name}, {"id": str(team.pk), "name": "North"}
    for path in ("/customers?include=owner,team", "/customers?include=team,owner&fields=id"):
        rows = {row["id"]: row for row in caller.get(path).json()["data"]}
        assert rows[str(kept.pk)]["included"] == {"owner": person, "team": group}
        assert rows[str(bare.pk)]["included"] == {"owner": None, "team": None}
    assert caller.get(f"/customers/{kept.pk}?include=owner").json()["included"] == {"owner": person}
    assert "included" not in caller.get(f"/customers/{kept.pk}").json()


def test_including_costs_one_query_each(caller: Caller, business: Business, django_assert_num_queries: Any) -> None:
    def add() -> None:
        team = Team.unscoped.create(business=business, name=f"T{Team.unscoped.count()}")
        make_customer(business, owner=make_membership(business).user, team=team)

    add()
    caller.get("/customers?include=owner,team")
    with django_assert_num_queries(8) as one:
        caller.get("/customers?include=owner,team")
    for _n in range(4):
        add()
    with django_assert_num_queries(len(one.captured_queries)):
        assert len(caller.get("/customers?include=owner,team").json()["data"]) == 5


@pytest.mark.parametrize(
    "query", ["include=orders", "include=owner,", "include=", "include=owner&include=team", "includes=owner"]
)
def test_what_can_not_be_included_is_refused(caller: Caller, business: Business, query: str) -> None:
    name = query.partition("=")[0]
    for path in ("/customers", f"/customers/{make_customer(business).pk}"):
        assert fields_at_fault(assert_problem(caller.get(f"{path}?{query}"), 400)) == {name}, path
    assert_problem(caller.post("/customers?include=owner", {"first_name": "Jo"}), 400)


def test_parameters_of_any_size_are_answered_at_once(caller: Caller, business: Business) -> None:
    for _n in range(20):
        make_customer(business)
    for query in (
        f"search={'+'.join(['jo'] * 2000)}",
        f"country__in={','.join(f'c{n}' for n in range(10_000))}",
        f"lifecycle_stage__in={','.join(['active'] * 5_000)}",
        "&".join(["lifecycle_stage__in=active"] * 900),
        f"fields={','.join(f'f{n}' for n in range(500))}",
        f"fields={','.join(['id'] * 500)}",
        "limit=1000000",
        f"sort={','.join(['name'] * 50)}",
        f"include={','.join(['owner'] * 500)}",
    ):
        assert_problem(swiftly(partial(caller.get, f"/customers?{query}"), 1, time.perf_counter), 400)


def test_archive_and_restore(caller: Caller, business: Business) -> None:
    one = f"/customers/{make_customer(business).pk}"
    archived = caller.post(f"{one}/archive", {"reason": "Moved away"})
    assert archived.status_code == 200
    assert archived.json()["archived_at"]
    assert caller.get("/customers").json()["data"] == []
    assert caller.get(one).status_code == 200
    assert_problem(caller.post(f"{one}/archive"), 409, "already_archived")
    assert caller.post(f"{one}/restore").json()["archived_at"] is None
    assert_problem(caller.post(f"{one}/restore"), 409, "not_archived")
    assert_problem(caller.post(f"{one}/restore", {"reason": "x"}), 400)


def test_envelope_and_rows(caller: Caller, business: Business) -> None:
    customer = make_customer(business, first_name="Jordan", last_name="Smith")
    make_order(customer, "1234.50", ordered_at=datetime(2026, 1, 15, 12, 0, tzinfo=UTC))
    listed = caller.get("/customers").json()
    assert set(listed) == {"data", "total", "total_is_estimate", "page", "limit", "hasMore", "next"}
    data = listed.pop("data")
    assert listed == {"total": 1, "total_is_estimate": False, "page": 1, "limit": 25, "hasMore": False, "next": None}
    assert data[0]["total_spent"] == "1234.50"
    assert data[0]["order_count"] == 1
    assert data[0]["last_order_at"] == "2026-01-15T12:00:00Z"
    private = {"date_of_birth": None, "telegram_id": "", "birthday": ""}
    alone = caller.get(f"/customers/{customer.pk}").json()
    assert alone.items() >= (data[0] | private).items()
    assert set(alone) - set(data[0] | private) == {"risks", "completeness", "staleness"}
    narrow = caller.get("/customers?fields=display_name,total_spent").json()["data"]
    assert narrow == [{"id": str(customer.pk), "display_name": "Jordan Smith", "total_spent": "1234.50"}]


@pytest.mark.parametrize(
    "sort",
    [
        "name",
        "-name",
        "total_spent",
        "-total_spent",
        "-created_at",
        "last_order_at",
        "-last_order_at",
        "icp_score",
        "-icp_score",
    ],
)
def test_walk_by_cursor_and_by_page_sees_every_row_once(caller: Caller, business: Business, sort: str) -> None:
    customers = [make_customer(business, first_name=f"N{n % 3}", last_name="") for n in range(11)]
    for number, customer in enumerate(customers[:7]):
        make_order(customer, f"{10 * (number % 3 + 1)}.00", ordered_at=datetime(2026, 1, 1 + number % 3, tzinfo=UTC))
        CustomerFacts.unscoped.filter(pk=customer.pk).update(icp_score=number % 3 * 40)
    everything = [row["id"] for row in caller.get(f"/customers?limit=200&sort={sort}").json()["data"]]
    assert sorted(everything) == sorted(str(customer.pk) for customer in customers)
    walked: list[str] = []
    following: str | None = ""
    steps = 0
    while following is not None:
        page = caller.get(f"/customers?limit=3&sort={sort}" + (f"&cursor={following}" if following else "")).json()
        assert page["total"] == 11
        assert page["hasMore"] == (page["next"] is not None)
        assert page["page"] == (None if following else 1)
        walked += [row["id"] for row in page["data"]]
        following, steps = page["next"], steps + 1
        assert steps < 10
    assert walked == everything
    numbered = [
        row["id"] for n in range(1, 6) for row in caller.get(f"/customers?limit=3&sort={sort}&page={n}").json()["data"]
    ]
    assert numbered == everything


def test_cursor_from_a_numbered_page_goes_on(caller: Caller, business: Business) -> None:
    for _n in range(7):
        make_customer(business)
    second = caller.get("/customers?limit=3&page=2&fields=id").json()
    third = caller.get(f"/customers?limit=3&fields=id&cursor={second['next']}").json()
    assert third["data"] == caller.get("/customers?limit=3&page=3&fields=id").json()["data"]
    assert third["hasMore"] is False


def test_filters(caller: Caller, business: Business, owner: Membership) -> None:
    acme = make_customer(
        business, kind="company", display_name="Acme Corp", country="Germany", lifecycle_stage="churned"
    )
    jordan = make_customer(business, country="France", owner=owner.user)
    riley = make_customer(business, first_name="Riley", country="Spain", lifecycle_stage="prospect")
    make_order(jordan, "50.00")

    def found(query: str) -> set[Any]:
        return {row["id"] for row in caller.get(f"/customers?{query}").json()["data"]}

    assert found("kind=company") == {str(acme.pk)}
    assert found("lifecycle_stage__in=churned,prospect") == {str(acme.pk), str(riley.pk)}
    assert found("lifecycle_stage__in=churned&lifecycle_stage__in=prospect") == {str(acme.pk), str(riley.pk)}
    assert found("country__in=Germany,Spain") == {str(acme.pk), str(riley.pk)}
    assert found(f"owner={owner.user_id}") == {str(jordan.pk)}
    assert found("owner__isnull=true&kind=person") == {str(riley.pk)}
    assert found("total_spent__gte=50") == {str(jordan.pk)}
    assert found("total_spent__lte=49.99") == {str(acme.pk), str(riley.pk)}
    assert found("last_order_at__isnull=false") == {str(jordan.pk)}
    assert found("search=riley") == {str(riley.pk)}
    assert found("search=acme&kind=person") == {str(jordan.pk), str(riley.pk)}
    assert found(f"email={jordan.email}") == {str(jordan.pk)}


BAD_PARAMETERS = {
    "statsu=churned": "statsu",
    "ordering=name": "ordering",
    "sort=password": "sort",
    "sort=-": "sort",
    "sort=name,-total_spent": "sort",
    "sort=--name": "sort",
    "kind=robot": "kind",
    "kind=person&kind=company": "kind",
    "kind=": "kind",
    "email=": "email",
    "lifecycle_stage__in=active,robot": "lifecycle_stage__in",
    "limit=0": "limit",
    "limit=201": "limit",
    "limit=abc": "limit",
    "limit=1000000000": "limit",
    "limit=-1": "limit",
    "limit=1.5": "limit",
    "limit=٣": "limit",
    "page=0": "page",
    "page=10000000000000000000000000000000000000000": "page",
    "page=401": "page",
    "page=1&cursor=x": "page",
    "cursor=nonsense": "cursor",
    "cursor=%F0%9F%98%80": "cursor",
    "cursor=W10": "cursor",
    "fields=nothing": "fields",
    "fields=id,password": "fields",
    "include=orders": "include",
    "view=x": "view",
    "owner=me": "owner",
    "total_spent__gte=much": "total_spent__gte",
    "total_spent__gte=NaN": "total_spent__gte",
    "total_spent__gte=Infinity": "total_spent__gte",
    "total_spent__gte=1e400": "total_spent__gte",
    "acquired_on__gte=2026-02-30": "acquired_on__gte",
    "acquired_on__gte=99999-01-01": "acquired_on__gte",
    "owner__isnull=maybe": "owner__isnull",
    "display_name__icontains=x": "display_name__icontains",
    "business=x": "business",
    "search=" + "x" * 101: "search",
    "search=a+b+c+d+e+f+g+h+i": "search",
}


@pytest.mark.parametrize("query", BAD_PARAMETERS)
def test_bad_parameters_are_refused_by_name(caller: Caller, business: Business, query: str) -> None:
    make_customer(business)
    problem = assert_problem(caller.get(f"/customers?{query}"), 400)
    assert fields_at_fault(problem) == {BAD_PARAMETERS[query]}
    assert all(len(fault["message"]) > 10 for fault in problem["errors"])


@pytest.mark.parametrize(
    "value", ["0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00", "0001-01-01", "9999-12-31T23:59:59Z"]
)
@pytest.mark.parametrize("name", ["created_at__gte", "created_at__lte", "last_order_at__gte"])
def test_moments_at_the_edge_of_time(caller: Caller, name: str, value: str) -> None:
    assert caller.get(f"/customers?{name}={value}").status_code in (200, 400)


def test_deep_pages_point_at_the_cursor(caller: Caller) -> None:
    assert "next" in assert_problem(caller.get("/customers?limit=200&page=51"), 400)["errors"][0]["message"]
    assert caller.get("/customers?limit=200&page=50").status_code == 200


def test_cost_does_not_grow_with_rows(caller: Caller, business: Business, django_assert_max_num_queries: Any) -> None:
    make_customer(business)
    caller.get("/customers?sort=-total_spent")
    with django_assert_max_num_queries(6) as one:
        caller.get("/customers?sort=-total_spent")
    for _n in range(4):
        make_order(make_customer(business))
    with django_assert_max_num_queries(len(one.captured_queries)):
        caller.get("/customers?sort=-total_spent")


def test_what_was_shown_is_recorded(caller: Caller, business: Business) -> None:
    customers = [make_customer(business) for _n in range(3)]
    caller.get("/customers?limit=2")
    record = AccessRecord.unscoped.get()
    assert len(record.customer_ids) == 2
    assert (record.actor_kind, record.door, record.what, record.business_id) == (
        "api_key",
        "api",
        "api:customer_list",
        business.pk,
    )
    caller.get(f"/customers/{customers[0].pk}")
    assert AccessRecord.unscoped.latest("pk").customer_ids == [customers[0].pk]
    before = AccessRecord.unscoped.count()
    caller.get(f"/customers/{uuid4()}")
    caller.get("/me")
    assert AccessRecord.unscoped.count() == before


def test_another_business_is_not_there(caller: Caller, other_business: Business) -> None:
    theirs = make_customer(other_business, email="canary@example.com")
    assert caller.get("/customers").json()["total"] == 0
    assert caller.get("/customers?search=canary").json()["data"] == []
    assert caller.get("/customers?email=canary@example.com").json()["data"] == []
    for method, suffix, body in [
        ("GET", "", None),
        ("HEAD", "", None),
        ("OPTIONS", "", None),
        ("PATCH", "", {"city": "X"}),
        ("PUT", "", {"city": "X"}),
        ("POST", "/archive", None),
        ("POST", "/restore", None),
    ]:
        foreign = caller.call(method, f"/customers/{theirs.pk}{suffix}", body)
        unknown = caller.call(method, f"/customers/{uuid4()}{suffix}", body)
        assert foreign.status_code == unknown.status_code == 404
        if method != "HEAD":
            assert {**foreign.json(), "request_id": ""} == {**unknown.json(), "request_id": ""}
    assert Customer.unscoped.get(pk=theirs.pk).updated_at == theirs.updated_at


def test_visibility_of_the_role(business: Business, owner: Membership) -> None:
    agent = make_membership(business, "agent", visibility="own")
    mine, other = make_customer(business, owner=agent.user), make_customer(business, owner=owner.user)
    caller = Caller(sign_in(agent.user.email)["access_token"])
    assert [row["id"] for row in caller.get("/customers").json()["data"]] == [str(mine.pk)]
    assert_problem(caller.get(f"/customers/{other.pk}"), 404)
    assert_problem(caller.patch(f"/customers/{other.pk}", {"city": "X"}), 404)
    handed_over = caller.patch(f"/customers/{mine.pk}", {"owner": str(owner.user_id)})
    assert handed_over.status_code == 200
    assert_problem(caller.get(f"/customers/{mine.pk}"), 404)
