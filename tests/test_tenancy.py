"""Two businesses side by side: no filter, no request before and no length of an answer tells one of the other."""

import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import include, path, resolve
from rest_framework import serializers
from rest_framework.response import Response

from crm.api.views import Doc, Endpoint
from crm.models import Business, Membership
from crm.operations import OPEN, operations
from crm.scope import ScopeError, open_businesses
from customers.filters import customer_filterset
from customers.models import Customer
from tests import planted
from tests.crm.api.calling import Caller, make_key
from tests.crm.api.calling import sign_in as get_tokens
from tests.factories import make_customer, make_order

OF_PAGES = {"search", "sort", "cursor", "q"}


class Names(Endpoint):
    """An endpoint that only exists here: reads customers, and breaks when it is asked to."""

    tag = "Test"
    permissions = {"GET": "customers.view", "DELETE": "customers.view"}
    docs = {
        "GET": Doc("read_names", "Read", answer=serializers.Serializer),
        "DELETE": Doc("break_down", "Break", answer=serializers.Serializer),
    }

    def get(self, request: Any) -> Response:
        return Response({"names": list(Customer.objects.values_list("display_name", flat=True))})

    def delete(self, request: Any) -> Response:
        raise RuntimeError(f"a fault after {Customer.objects.count()} customers were read")


urlpatterns = [path("api/v1/names", Names.as_view()), path("", include("crm.urls"))]


@pytest.fixture
def unlimited(settings: Any) -> None:
    settings.API_LIMITS = dict.fromkeys(settings.API_LIMITS, 1_000_000)


@pytest.fixture
def foreign(other_business: Business) -> list[str]:
    """What somebody could know of another business: ids, numbers, names and addresses of its objects."""
    objects = planted.objects_of(other_business)
    customer = objects["customer"]
    told = [
        customer.display_name, customer.email, customer.external_id, customer.city, customer.country, customer.phone,
        objects["order"].number, objects["team"].name, objects["view"].name, objects["job"].actor_label, other_business.name,
    ]  # fmt: skip
    return [*told, *(str(each.pk) for each in objects.values()), str(objects["member"].user_id)]


@pytest.fixture
def own(owner: Membership) -> Membership:
    """The owner of a business that has rows of every list, none of which carries the marker."""
    make_order(make_customer(owner.business, owner=owner.user))
    return owner


def _others(known: list[str], used: str) -> list[str]:
    """What must not come back from a question that used one of the known values."""
    return [value for value in known if value not in used and used not in value and len(value) > 6]


def _questions() -> Iterator[tuple[str, str]]:
    for operation in operations():
        if operation.door == "api" and operation.method == "GET" and "<" not in operation.path:
            view: Any = resolve(operation.path).func
            filters = getattr(view.view_class, "filterset_class", None)
            for name in sorted({*(filters.base_filters if filters else ()), "search", "sort", "cursor", "fields"}):
                yield operation.path, name


def test_no_filter_of_the_api_finds_anything_of_another_business(
    own: Membership, foreign: list[str], unlimited: None
) -> None:
    caller = Caller(get_tokens(own.user.email)["access_token"])
    found = []
    for address, name in _questions():
        for value in foreign:
            answer = caller.client.get(address, {name: value}, headers=caller.headers)
            body = answer.content.decode()
            leaked = [secret for secret in _others(foreign, value) if secret in body]
            if leaked or answer.status_code not in (200, 400):
                found.append((address, name, value, answer.status_code, leaked))
    assert found == []


def test_no_filter_of_a_page_finds_anything_of_another_business(
    own: Membership, foreign: list[str], sign_in: Callable[[Membership], Client]
) -> None:
    browser = sign_in(own)
    found = []
    for operation in operations():
        if (
            operation.door != "page"
            or operation.method != "GET"
            or "<" in operation.path
            or operation.permission == OPEN
        ):
            continue
        view: Any = resolve(operation.path).func
        filters = getattr(view.view_class, "filterset_class", None)
        filters = customer_filterset() if isinstance(filters, property) else filters
        for name in sorted({*(filters.base_filters if filters else ()), *OF_PAGES}):
            for value in foreign:
                answer = browser.get(operation.path, {name: value})
                body = answer.content.decode()
                leaked = [secret for secret in _others(foreign, value) if secret in body]
                if leaked or answer.status_code >= 500:
                    found.append((operation.path, name, value, answer.status_code, leaked))
    assert found == []


@pytest.mark.urls(__name__)
def test_requests_that_take_turns_on_one_connection_see_each_their_own(
    business: Business, other_business: Business, unlimited: None
) -> None:
    sides = []
    for place, name in ((business, "Here"), (other_business, "There")):
        make_customer(place, kind="company", display_name=name)
        caller = Caller(make_key(place))
        caller.client.raise_request_exception = False
        sides.append((caller, name))
    for number in range(400):
        caller, name = sides[number % 2]
        if number % 10 == 7:
            answer = caller.call("DELETE", "/names")
            assert answer.status_code == 500
            assert b"There" not in answer.content
        else:
            assert caller.get("/names").json() == {"names": [name]}
        with pytest.raises(ScopeError):
            open_businesses()


def _statements(act: Callable[[], Any]) -> tuple[Any, list[str]]:
    with CaptureQueriesContext(connection) as captured:
        answer = act()
    return answer, [query["sql"].split()[0] for query in captured]


def test_an_address_that_another_business_knows_is_taken_like_one_that_nobody_knows(
    business: Business, other_business: Business, unlimited: None
) -> None:
    """Status, body, headers, statements and the time of both are alike."""
    caller = Caller(make_key(business))
    for number in range(120):
        make_customer(other_business, email=f"known{number}@example.com")

    def add(email: str) -> Any:
        return caller.post("/customers", {"first_name": "Jo", "email": email})

    add("warm@example.com")
    known, knowing = _statements(lambda: add("known0@example.com"))
    unknown, unknowing = _statements(lambda: add("unknown0@example.com"))
    own = {"id", "email", "created_at", "updated_at"}
    shown = [{name: value for name, value in each.json().items() if name not in own} for each in (known, unknown)]
    assert known.status_code == unknown.status_code == 201
    assert shown[0] == shown[1]
    assert set(known.headers) == set(unknown.headers)
    assert knowing == unknowing
    times: dict[str, list[float]] = {"known": [], "unknown": []}
    for number in range(1, 120):
        for kind in ("known", "unknown") if number % 2 else ("unknown", "known"):
            began = time.perf_counter()
            add(f"{kind}{number}@example.com")
            times[kind].append(time.perf_counter() - began)
    assert abs(statistics.median(times["known"]) - statistics.median(times["unknown"])) < 0.005
