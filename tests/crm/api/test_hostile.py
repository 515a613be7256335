"""What the API is sent by mistake or malice: always a problem document, never a fault of ours, never a page."""

import time
from functools import partial
from typing import Any

import pytest
from django.db import OperationalError

from crm.models import Business
from customers.models import Customer
from tests.crm.api.calling import Caller, assert_problem, make_key
from tests.timing import swiftly


@pytest.fixture
def caller(business: Business) -> Caller:
    return Caller(make_key(business))


BODIES: dict[str, tuple[bytes, int]] = {
    "not JSON": (b"{first_name: 1}", 400),
    "cut off": (b'{"first_name": "Jo', 400),
    "two documents": (b'{"first_name": "Jo"}{"a": 1}', 400),
    "a key twice": (b'{"first_name": "a", "first_name": "b"}', 400),
    "NaN": (b'{"first_name": NaN}', 400),
    "Infinity": (b'{"first_name": -Infinity}', 400),
    "endless number": (b'{"first_name": ' + b"9" * 5000 + b"}", 400),
    "great exponent": (b'{"first_name": 1e1000000000}', 400),
    "NUL in a value": (b'{"first_name": "a\\u0000b"}', 400),
    "NUL in a key": (b'{"first\\u0000_name": "a"}', 400),
    "half a pair": (b'{"first_name": "\\ud800"}', 400),
    "half a pair in a list": (b'{"first_name": ["\\udc00"]}', 400),
    "half a pair in a key": (b'{"\\ud800": 1}', 400),
    "not UTF-8": (b'{"first_name": "\xff\xfe"}', 400),
    "UTF-16": ('{"first_name": "Jo"}'.encode("utf-16"), 400),
    "byte order mark": (b'\xef\xbb\xbf{"first_name": "Jo"}', 400),
    "deep lists": (b"[" * 100_000, 400),
    "deep objects": (b'{"a":' * 50_000, 400),
    "33 levels": (b"[" * 33 + b"]" * 33, 400),
    "a list": (b"[]", 400),
    "null": (b"null", 400),
    "a string": (b'"first_name"', 400),
    "unknown field": (b'{"nmae": "Jo"}', 400),
    "null for a text": (b'{"first_name": null}', 400),
    "list for a text": (b'{"first_name": ["Jo"]}', 400),
    "object for a text": (b'{"first_name": {"a": 1}}', 400),
    "number for a text": (b'{"first_name": 5}', 400),
    "bool for a text": (b'{"first_name": true}', 400),
    "list for a choice": (b'{"first_name": "Jo", "kind": ["person"]}', 400),
    "number for an id": (b'{"first_name": "Jo", "owner": 5}', 400),
    "number for a day": (b'{"first_name": "Jo", "acquired_on": 20260131}', 400),
    "no such choice": (b'{"first_name": "Jo", "kind": "robot"}', 422),
    "no id": (b'{"first_name": "Jo", "owner": "me"}', 422),
    "no day": (b'{"first_name": "Jo", "acquired_on": "2026-02-30"}', 422),
    "year 0": (b'{"first_name": "Jo", "acquired_on": "0000-01-01"}', 422),
    "year 1": (b'{"first_name": "Jo", "acquired_on": "0001-01-01"}', 422),
    "year 9999": (b'{"first_name": "Jo", "acquired_on": "9999-12-31"}', 422),
    "year 99999": (b'{"first_name": "Jo", "acquired_on": "99999-01-01"}', 422),
    "too long": (b'{"first_name": "' + b"x" * 101 + b'"}', 422),
    "no address": (b'{"first_name": "Jo", "email": "jo at example"}', 422),
    "script address": (b'{"first_name": "Jo", "website": "javascript:alert(1)"}', 422),
    "nobody": (b"{}", 400),
    "unreachable": (b'{"first_name": "Jo", "email": "", "phone": " "}', 400),
    "blank name": (b'{"first_name": "  ", "phone": "1"}', 422),
}


@pytest.mark.parametrize("name", BODIES)
def test_hostile_bodies(caller: Caller, name: str) -> None:
    body, status = BODIES[name]
    answer = swiftly(partial(caller.post, "/customers", raw=body), 1, time.perf_counter)
    problem = assert_problem(answer, status)
    assert problem["detail"] or problem["errors"]
    assert not Customer.unscoped.exists()


COMPUTED = (
    "id",
    "business",
    "business_id",
    "created_at",
    "updated_at",
    "archived_at",
    "is_unidentified",
    "is_live",
    "sort_name",
    "total_spent",
    "order_count",
    "facts",
    "is_superuser",
    "role",
    "currency",
)


@pytest.mark.parametrize("name", COMPUTED)
def test_computed_and_internal_fields_are_refused_by_name(caller: Caller, name: str) -> None:
    problem = assert_problem(caller.post("/customers", {"first_name": "Jo", name: "x"}), 400)
    assert {fault["field"] for fault in problem["errors"]} == {name}


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("text/plain", 415),
        ("application/xml", 415),
        ("application/x-yaml", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
        ("application/json; charset=foo", 415),
        ("application/json; charset=utf-16", 415),
        ("application/problem+json", 415),
        ("", 415),
        ("json", 415),
        ("application/json; charset=UTF-8", 201),
        ("APPLICATION/JSON", 201),
    ],
)
def test_content_types(caller: Caller, content_type: str, status: int) -> None:
    response = caller.post("/customers", raw=b'{"first_name": "Jo", "phone": "1"}', content_type=content_type)
    if status == 415:
        assert_problem(response, 415)
    assert response.status_code == status


def test_multipart_without_boundary(caller: Caller) -> None:
    for path in ("/customers", "/imports"):
        assert_problem(caller.post(path, raw=b"x", content_type="multipart/form-data"), 400)


def test_large_bodies(caller: Caller) -> None:
    body = b'{"first_name": "' + b"x" * 1_048_577 + b'"}'
    assert_problem(caller.post("/customers", raw=body), 413, "too_large")
    form = b"--x\r\nContent-Disposition: form-data; name=resource\r\n\r\n" + b"y" * 3_000_000 + b"\r\n--x--\r\n"
    assert_problem(caller.post("/imports", raw=form, content_type="multipart/form-data; boundary=x"), 413, "too_large")


@pytest.mark.parametrize("path", ["/customers", "/orders", "/imports", "/me", "/schema"])
@pytest.mark.parametrize("query", ["a%00=1", "search=%00", "search=a%00b", "nonsense=1", "%ff=1"])
def test_queries(caller: Caller, path: str, query: str) -> None:
    assert_problem(caller.get(f"{path}?{query}"), 400)


@pytest.mark.parametrize(
    "path", ["/customers/%00", "/nothing", "/customers/", "/customers/5", "/customers/%ff", "/", "/docs/", "/../x"]
)
def test_paths_that_lead_nowhere(caller: Caller, path: str) -> None:
    response = caller.get(path)
    assert_problem(response, 400 if "%00" in path else 404)


def test_paths_beside_the_version(db: None) -> None:
    assert_problem(Caller().get("/api/nothing"), 404)
    assert_problem(Caller().get("/api/v2/customers"), 404)
    assert_problem(Caller().get("/api/v1"), 404)
    assert_problem(Caller().get("/api/"), 404)


def test_methods_that_are_not_offered(caller: Caller, business: Business) -> None:
    for method, path in [
        ("DELETE", "/customers"),
        ("PUT", "/customers"),
        ("DELETE", "/orders"),
        ("POST", "/me"),
        ("TRACE", "/customers"),
    ]:
        response = caller.call(method, path)
        assert_problem(response, 405)
        assert "GET" in response["Allow"]
    assert_problem(caller.call("DELETE", "/imports/01980a3e-5c1b-7e0a-9d3f-2b6f1c4d8e90"), 405)
    assert_problem(caller.get("/auth/token"), 405)
    assert_problem(caller.post("/docs"), 405)


def test_options_and_head(caller: Caller) -> None:
    options = caller.call("OPTIONS", "/customers")
    assert options.status_code == 204
    assert options.content == b""
    assert set(options["Allow"].split(", ")) == {"GET", "POST", "HEAD", "OPTIONS"}
    assert_problem(caller.call("OPTIONS", "/customers/01980a3e-5c1b-7e0a-9d3f-2b6f1c4d8e90"), 404)
    assert_problem(Caller().call("OPTIONS", "/customers"), 401)
    head = caller.call("HEAD", "/customers")
    assert head.status_code == 200
    assert head.content == b""


@pytest.mark.parametrize(
    "accept", ["text/html", "application/xml", "*/*", "image/png", "application/json;q=0", "nonsense"]
)
def test_answers_are_json_whatever_is_accepted(caller: Caller, accept: str) -> None:
    for path in ("/customers", "/customers?format=api"):
        response = caller.get(path, headers={"accept": accept})
        assert "html" not in response["Content-Type"]
        assert response.json()


def test_database_away(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: Any) -> Any:
        raise OperationalError("server closed the connection")

    monkeypatch.setattr("crm.paging.count", away)
    response = caller.get("/customers")
    assert_problem(response, 503)
    assert response["Retry-After"]
    assert b"closed" not in response.content
