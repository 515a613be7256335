"""Hostile values in every field and parameter that the schema names: refused in words and quickly, or kept exactly."""

import time
from collections.abc import Iterator
from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest

from crm.actor import Actor
from crm.api.schema import document
from crm.models import Business, Membership
from crm.operations import operations
from crm.scope import scope
from customers.forms import CustomerForm
from customers.models import Customer
from tests import planted
from tests.crm.api.calling import Caller, assert_problem, make_key
from tests.timing import swiftly

SWIFT = 0.2
OWN = "/api/v1/saved-views/{id}"
"""Views are those of people; a key has none."""


@pytest.fixture
def caller(business: Business, settings: Any) -> Caller:
    settings.API_LIMITS = dict.fromkeys(settings.API_LIMITS, 1_000_000)
    return Caller(make_key(business))


def _shape(part: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document()
    if "$ref" in part:
        for name in part["$ref"].split("/")[1:]:
            found = found[name]
        return found
    return part


def _types(part: dict[str, Any]) -> list[str]:
    """The JSON types that a field takes; an amount may be written as a number."""
    shapes = [_shape(inner) for inner in part.get("oneOf", part.get("allOf", [part]))]
    kinds = {
        kind for shape in shapes for kind in ([shape["type"]] if isinstance(shape["type"], str) else shape["type"])
    }
    if any(shape.get("format") == "decimal" for shape in shapes):
        kinds.add("number")
    return sorted(kinds)


def _fields() -> Iterator[tuple[str, str, str, list[str]]]:
    """Every field of every JSON body: method, path, name, types."""
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if content and path != OWN:
                for name, part in _shape(content["schema"])["properties"].items():
                    yield method.upper(), path, name, _types(part)


WRONG: dict[str, Any] = {
    "null": None, "array": ["x"], "object": {"a": 1}, "boolean": True, "number": 5, "string": "x",
}  # fmt: skip
NAMES = {"integer": "number"}


@pytest.mark.parametrize(("method", "path", "name", "types"), list(_fields()), ids=lambda part: str(part))
def test_confused_types(
    caller: Caller, business: Business, method: str, path: str, name: str, types: list[str]
) -> None:
    address = _address(business, path)
    taken = {NAMES.get(kind, kind) for kind in types}
    for kind, value in WRONG.items():
        if kind not in taken:
            answer = caller.call(method, address, {name: value})
            assert answer.status_code in (400, 422), (kind, answer.content)
            faults = answer.json()["errors"]
            assert any(fault["field"].split(".")[0] == name for fault in faults), (kind, faults)
    assert caller.call(method, address, {f"{name}_": 1}).status_code == 400


def _address(business: Business, path: str) -> str:
    """The path with its ids filled in."""
    if "{" not in path:
        return path
    objects, parts = planted.objects_of(business), path.split("/")
    for place, part in enumerate(parts):
        if part.startswith("{"):
            parts[place] = str(objects[planted.KINDS[parts[place - 1]]].pk)
    return "/".join(parts)


UNICODE = (
    "Zoë 👩‍👩‍👧 Ω",
    "שלום עולם",
    "e\u0301 decomposed and \u00e9 composed",
    "𠮷野家",
    "İstanbul ıIiI",
    "Straße",
    "a\u200db\u200cc",
)


@pytest.mark.parametrize("text", UNICODE)
def test_text_comes_back_as_it_went_in(caller: Caller, browser: Any, text: str) -> None:
    made = caller.post("/customers", {"kind": "company", "display_name": text}).json()
    assert made["display_name"] == text
    assert caller.get(f"/customers/{made['id']}").json()["display_name"] == text
    assert text in browser.get(f"/customers/{made['id']}").content.decode()
    assert [row["id"] for row in caller.get(f"/customers?{urlencode({'search': text.split()[0]})}").json()["data"]] == [
        made["id"]
    ]


def test_length_is_counted_in_characters(caller: Caller) -> None:
    assert caller.post("/customers", {"kind": "company", "display_name": "𠮷" * 200}).status_code == 201
    for text in ("𠮷" * 201, "x" * 201, "x" * 10_000, "x" * 200 + " "):
        assert_problem(caller.post("/customers", {"kind": "company", "display_name": text}), 422)


EMAILS = {
    "jo@example.com": True,
    "jo.o'brien+tag@sub.example.co.uk": True,
    "jo@localhost": True,
    '"jo smith"@example.com': False,
    "jo@bücher.example": True,
    "jo@xn--bcher-kva.example": True,
    "a" * 64 + "@" + "b" * 63 + "." + "c" * 63 + "." + "d" * 57 + ".com": True,
    "a" * 64 + "@" + "b" * 63 + "." + "c" * 63 + "." + "d" * 58 + ".com": False,
    "jo@example": False,
    "jo@exam|ple.com": False,
    "jo": False,
    "@example.com": False,
    "jo@": False,
    "jo@example.com, al@example.com": False,
    "jo@example.com;al@example.com": False,
    "jo@example..com": False,
    "jo @example.com": False,
    "jo@example.com\nBcc: al@example.com": False,
}


@pytest.mark.parametrize("email", EMAILS, ids=lambda email: email[:40])
def test_the_api_and_the_form_take_the_same_addresses(caller: Caller, owner: Membership, email: str) -> None:
    with scope(owner.business):
        entered = {"kind": "person", "first_name": "Jo", "email": email, "lifecycle_stage": "active"}
        form = CustomerForm(entered, actor=Actor.for_user(owner.user), business=owner.business)
        form.is_valid()
        taken = "email" not in form.errors
    answer = caller.post("/customers", {"first_name": "Jo", "email": email})
    assert (answer.status_code == 201, taken) == (EMAILS[email], EMAILS[email]), answer.content
    if answer.status_code != 201:
        assert_problem(answer, 422)


ENDS = ("'", '"', "')", "'))", "\\'", "%27", "';", "1", "1)", "$$")
INJECTED = (
    " or 1=1--",
    " union select null,null,null--",
    " and pg_sleep(3)--",
    "; select pg_sleep(3);--",
    "||(select pg_sleep(3))||",
    " or (select 1 from pg_sleep(3)) is not null--",
    "; drop table customers_customer;--",
    " order by 99--",
    " and 1=cast((select version()) as int)--",
    "/**/or/**/1=1#",
)
CORPUS = [end + tail for end in ENDS for tail in INJECTED]


def _texts() -> list[tuple[str, str]]:
    """Every query parameter that is a text or a list of words."""
    return [
        (path, parameter["name"])
        for path, methods in document()["paths"].items()
        for parameter in methods.get("get", {}).get("parameters", [])
        if parameter["in"] == "query" and parameter["schema"]["type"] in ("string", "array") and "{" not in path
    ]


@pytest.mark.parametrize(("path", "name"), _texts())
def test_sql_in_a_parameter_is_only_text(caller: Caller, business: Business, path: str, name: str) -> None:
    planted.objects_of(business)
    for text in CORPUS[:: 1 if name == "search" else 7]:
        answer = swiftly(partial(caller.get, f"{path}?{urlencode({name: text})}"), 1.5, time.perf_counter)
        if answer.status_code == 200:
            assert answer.json()["data"] == [], text
        else:
            assert_problem(answer, 400)
    assert Customer.unscoped.exists()


SLOW = (
    "a" * 50_000,
    "@" * 50_000,
    "." * 50_000,
    "-" * 50_000,
    "a@" * 25_000,
    "a." * 25_000,
    "http://" + "a." * 25_000,
    "+1" * 25_000,
)


@pytest.mark.parametrize("name", ["email", "phone", "website", "external_id", "display_name", "owner", "acquired_on"])
def test_long_texts_are_refused_quickly(caller: Caller, name: str) -> None:
    caller.post("/customers", {"first_name": "Warm", "phone": "1"})
    for text in SLOW:
        answer = swiftly(partial(caller.post, "/customers", {"first_name": "Jo", name: text}), SWIFT)
        assert_problem(answer, 422 if name != "acquired_on" else answer.status_code)
        assert answer.status_code in (400, 422)


@pytest.mark.parametrize(("path", "name"), _texts())
def test_long_parameters_are_refused_quickly(caller: Caller, path: str, name: str) -> None:
    caller.get(path)
    for text in SLOW[:4]:
        assert_problem(swiftly(partial(caller.get, f"{path}?{urlencode({name: text})}"), SWIFT), 400)


def test_options_and_head_say_nothing_of_foreign_objects(
    caller: Caller, business: Business, other_business: Business
) -> None:
    foreign = planted.objects_of(other_business)
    for operation in operations():
        if operation.door == "api" and "<" in operation.path:
            for method in ("OPTIONS", "HEAD"):
                for accept in ("*/*", "text/html"):
                    addresses = (planted.address(operation, foreign), planted.address(operation, uuid4()))
                    found, unknown = (caller.call(method, a, headers={"accept": accept}) for a in addresses)
                    assert found.status_code == unknown.status_code, (method, operation.path)
                    assert found.status_code in (404, 405, 204 if method == "OPTIONS" else 404), (
                        method,
                        operation.path,
                    )
                    assert "html" not in found.get("Content-Type", "")
                    assert planted.MARKER not in found.content.decode()


@pytest.mark.parametrize("method", ["TRACE", "FOO", "PROPFIND", "CONNECT", "TRACK"])
def test_methods_that_nobody_offers(caller: Caller, browser: Any, method: str) -> None:
    answer = caller.call(method, "/customers")
    assert_problem(answer, 405)
    assert "GET" in answer["Allow"]
    for path in ("/", "/customers", "/settings"):
        assert browser.generic(method, path).status_code in (403, 405), path


@pytest.mark.parametrize(
    "path",
    ["/.env", "/.git/config", "/static/", "/media/", "/media/../.env", "/static/../manage.py", "/static/..%2f.env", "/files/",
     "/manage.py", "/var/postgres.json", "/static/%2e%2e/.env", "/requirements.lock"],
)  # fmt: skip
def test_files_that_are_none_of_the_web_s(browser: Any, path: str) -> None:
    answer = browser.get(path)
    assert answer.status_code == 404
    assert b"SECRET_KEY" not in answer.content


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "java\tscript:alert(1)", "data:text/html,x", "vbscript:x",
     "file:///etc/passwd", "//evil.example", "/relative", "http:/evil.example", "https://", "blob:https://a.example/1", "about:blank"],
)  # fmt: skip
def test_addresses_that_are_no_web_address(caller: Caller, address: str) -> None:
    assert_problem(caller.post("/customers", {"first_name": "Jo", "website": address}), 422)


def test_refusals_carry_the_safe_headers_too(caller: Caller, settings: Any) -> None:
    refused = {
        400: caller.post("/customers", raw=b"{"),
        401: Caller("crm_aaaaaaaa_x").get("/customers"),
        404: caller.get("/nothing"),
        405: caller.call("DELETE", "/customers"),
        413: caller.post("/customers", raw=b'"' + b"x" * 1_048_577 + b'"'),
        415: caller.post("/customers", raw=b"x", content_type="text/plain"),
        422: caller.post("/customers", {"email": "x"}),
    }
    settings.API_LIMITS = dict.fromkeys(settings.API_LIMITS, 1)
    refused[429] = [caller.get("/customers") for _number in range(5)][-1]
    for status, answer in refused.items():
        assert_problem(answer, status)
        assert answer["X-Content-Type-Options"] == "nosniff", status
        assert "default-src 'self'" in answer["Content-Security-Policy"], status
        assert answer["Cache-Control"] == "private, no-store", status
        assert answer["Referrer-Policy"] == "same-origin", status
    assert int(refused[429]["Retry-After"]) > 0


def test_a_body_of_unknown_fields_gets_a_short_answer(caller: Caller) -> None:
    unknown = {f"field{n}": 0 for n in range(50_000)}
    assert len(assert_problem(caller.post("/customers", unknown), 400, "invalid")["errors"]) == 50
    operations = [{f"field{n}": 0 for n in range(60)} for _operation in range(100)]
    answer = assert_problem(caller.post("/customers/bulk", {"operations": operations}), 400, "invalid")
    assert len(answer["errors"]) == 1000
