"""What all pages do with what they can't use: odd parameters, a database that is away, and visitors who have left."""

import base64
import json
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse

from crm.models import Business
from tests.factories import make_customer


def _cursor(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


ID = "01980a3e-5c1b-7e0a-9d3f-2b6f1c4d8e90"


@pytest.mark.parametrize(
    "query",
    [
        {"search": "a" * 5000},
        {"search": "@" + "a" * 3000 + ".b"},
        {"search": "'\\ & | ! <-> :* ()"},
        {"search": "1" * 400},
        {"total_spent__gte": "1e-999999999"},
        {"sort": "-total_spent", "cursor": _cursor("total_spent", "1E+999999", ID, False)},
        {"sort": "-total_spent", "cursor": _cursor("total_spent", "NaN", ID, False)},
        {"sort": "-total_spent", "cursor": _cursor("total_spent", "sNaN", ID, False)},
        {"sort": "-last_order_at", "cursor": _cursor("last_order_at", "0001-01-01T00:00:00+14:00", ID, False)},
        {"sort": "-last_order_at", "cursor": _cursor("last_order_at", "9999-12-31T23:59:59-14:00", ID, False)},
        {"sort": "-total_spent", "cursor": _cursor("name", "a", ID, False)},
        {"sort": "name", "cursor": _cursor("name", None, ID, False)},
        {"sort": "name", "cursor": _cursor("name", "\ud800", ID, False)},
        {"kind": ["person", "company"]},
        {"sort": ["name", "-name"]},
    ],
)
def test_odd_parameters_of_a_list_never_break_it(in_scope: Business, browser: Client, query: dict[str, Any]) -> None:
    make_customer(in_scope)
    assert browser.get(reverse("customers:customer_list"), query).status_code in (200, 400)


def test_a_parameter_that_takes_one_value_is_given_once(business: Business, browser: Client) -> None:
    address = reverse("customers:customer_list")
    assert browser.get(address, {"kind": ["person", "company"]}).status_code == 400
    assert browser.get(address, {"sort": ["name", "-name"]}).status_code == 400
    assert browser.get(address, {"lifecycle_stage__in": ["active", "churned"]}).status_code == 200


@pytest.mark.parametrize("cursor", [_cursor("recent", "9" * 40, "9" * 40, False), _cursor("recent", "-1", "x", False)])
def test_odd_cursors_of_the_trail_never_break_it(browser: Client, cursor: str) -> None:
    assert browser.get(reverse("crm:activity"), {"cursor": cursor}).status_code in (200, 400)


def _away(*args: Any, **kwargs: Any) -> None:
    raise OperationalError("the database is away: host secret-host")


@pytest.mark.parametrize("address", ["/", "/customers", "/account/sign-in", "/admin/", "/api/v1/me"])
@pytest.mark.parametrize(
    "broken",
    [
        "django.contrib.sessions.backends.db.SessionStore.load",
        "crm.actor.Actor.for_user",
        "django.contrib.auth.get_user",
        "django.contrib.sessions.backends.db.SessionStore.save",
    ],
)
def test_without_the_database_every_page_says_back_in_a_moment(
    browser: Client, monkeypatch: Any, address: str, broken: str
) -> None:
    browser.raise_request_exception = False
    browser.defaults["HTTP_AUTHORIZATION"] = "Bearer crm_abcdefgh_x"
    monkeypatch.setattr(broken, _away)
    answer = browser.get(address)
    assert answer.status_code in ((503,) if answer.status_code >= 500 else (200, 302, 401))
    assert b"secret-host" not in answer.content
    if answer.status_code == 503:
        assert answer["Retry-After"] == "5"
        assert answer["X-Request-ID"]
        assert "script-src 'self'" in answer["Content-Security-Policy"]


def test_a_fragment_sends_who_has_signed_out_to_the_sign_in_page(business: Business) -> None:
    """A login form must not be put into the middle of a page that was open when the session ended."""
    page = f"http://testserver{reverse('crm:job', args=[ID])}"
    answer = Client().get(
        reverse("crm:job_progress", args=[ID]), headers={"HX-Request": "true", "HX-Current-URL": page}
    )
    assert answer.status_code == 204
    assert answer["HX-Redirect"] == f"{reverse('account_login')}?next={reverse('crm:job', args=[ID])}"


@pytest.mark.parametrize("method", ["put", "patch", "delete", "trace", "options", "head"])
def test_other_methods_are_answered_without_a_fault(browser: Client, method: str) -> None:
    answer = getattr(browser, method)(reverse("customers:customer_list"))
    assert answer.status_code in (200, 405)
    assert answer["X-Request-ID"]


def test_a_form_of_too_many_fields_or_bytes_is_refused(browser: Client) -> None:
    address = reverse("customers:customer_create")
    assert browser.post(address, {f"f{n}": "x" for n in range(2100)}).status_code == 400
    assert (
        browser.post(address, "a=" + "x" * 3_000_000, content_type="application/x-www-form-urlencoded").status_code
        == 413
    )
    assert browser.post(address, {"first_name": "a\0b"}).status_code == 400
    assert (
        browser.post(address, "first_name=%ED%A0%80", content_type="application/x-www-form-urlencoded").status_code
        == 422
    )
    assert browser.post(address, b"--x\r\nbroken", content_type="multipart/form-data").status_code == 400
