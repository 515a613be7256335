"""Two businesses side by side: no filter, no request before and no length of an answer tells one of the other."""

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
from django import forms
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import include, path, resolve
from rest_framework import serializers
from rest_framework.response import Response

from crm.api.views import Doc, Endpoint
from crm.filters import MomentField
from crm.models import Business, Membership
from crm.operations import operations
from crm.scope import ScopeError, open_businesses, scope
from customers.filters import customer_filterset
from customers.models import Customer
from tests import planted
from tests.crm.api.calling import Caller, make_key
from tests.crm.api.calling import sign_in as get_tokens
from tests.factories import make_customer, make_order


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


@dataclass
class Foreign:
    """What somebody could know of another business: ids of its objects, and texts that stand in them."""

    ids: list[str]
    texts: list[str]

    def values(self, field: Any) -> list[str]:
        """What is asked of a filter, by the kind of its field; ranges are left wide open."""
        if isinstance(field, forms.ChoiceField):
            choices: Any = field.choices
            return [*(str(value) for value, _label in choices if value), *self.ids]
        if isinstance(field, (forms.DecimalField, forms.IntegerField)):
            return ["0", "100"]
        if isinstance(field, (forms.DateField, MomentField)):
            return ["2000-01-01", "2099-01-01"]
        return self.ids if isinstance(field, forms.UUIDField) else [*self.ids, *self.texts]

    def leaked(self, answer: Any, used: str) -> list[str]:
        """What came back, but for the value that the question used."""
        body = answer.content.decode()
        return [known for known in self.ids + self.texts if known not in used and used not in known and known in body]


@pytest.fixture
def foreign(other_business: Business) -> Foreign:
    objects = planted.objects_of(other_business)
    customer = objects["customer"]
    texts = [customer.display_name, customer.external_id, customer.email, customer.city, objects["order"].number]
    ids = [
        customer.pk,
        objects["order"].pk,
        objects["team"].pk,
        objects["member"].user_id,
        objects["activity"].request_id,
    ]
    return Foreign([str(pk) for pk in ids if pk], texts)


@pytest.fixture
def own(owner: Membership) -> Membership:
    """The owner of a business that has rows of its own."""
    make_order(make_customer(owner.business, owner=owner.user))
    return owner


def _filters(door: str) -> Iterator[tuple[str, str, Any]]:
    """The filters of every list, and its search: address, name, field."""
    for operation in operations():
        if operation.door == door and operation.method == "GET" and "<" not in operation.path:
            view: Any = resolve(operation.path).func
            filters = getattr(getattr(view, "view_class", None), "filterset_class", None)
            filters = customer_filterset() if isinstance(filters, property) else filters
            yield operation.path, "search", forms.CharField()
            for name, found in filters.base_filters.items() if filters else ():
                yield operation.path, name, found.field


def test_no_filter_of_the_api_finds_anything_of_another_business(
    own: Membership, foreign: Foreign, unlimited: None
) -> None:
    caller = Caller(get_tokens(own.user.email)["access_token"])
    asked, wrong = 0, []
    with scope(own.business):
        questions = [(address, name, foreign.values(field)) for address, name, field in _filters("api")]
    for address, name, values in questions:
        for value in values:
            answer = caller.get(f"{address}?{urlencode({name: value})}")
            asked += answer.status_code == 200
            if answer.status_code not in (200, 400) or foreign.leaked(answer, value):
                wrong.append((address, name, value, answer.status_code, foreign.leaked(answer, value)))
    assert wrong == []
    assert asked > 100


def test_no_filter_of_a_page_finds_anything_of_another_business(
    own: Membership, foreign: Foreign, sign_in: Callable[[Membership], Client]
) -> None:
    browser = sign_in(own)
    asked, wrong = 0, []
    with scope(own.business):
        questions = [(address, name, foreign.values(field)) for address, name, field in _filters("page")]
    for address, name, values in questions:
        for value in values:
            answer = browser.get(address, {name: value})
            asked += answer.status_code == 200
            if answer.status_code >= 500 or foreign.leaked(answer, value):
                wrong.append((address, name, value, answer.status_code, foreign.leaked(answer, value)))
    assert wrong == []
    assert asked > 100


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
    for number in range(121):
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

    def apart(numbers: range) -> float:
        """Seconds between the quicker halves of both kinds: what disturbs the machine makes others slower still."""
        times: dict[str, list[float]] = {"known": [], "unknown": []}
        for number in numbers:
            for kind in ("known", "unknown") if number % 2 else ("unknown", "known"):
                began = time.perf_counter()
                add(f"{kind}{number}@example.com")
                times[kind].append(time.perf_counter() - began)
        known, unknown = (statistics.mean(sorted(found)[: len(found) // 2]) for found in times.values())
        return abs(known - unknown)

    assert any(apart(range(first, first + 40)) < 0.005 for first in (1, 41, 81))
