"""What browsers and hostile visitors do to every page: redirects, hosts, origins, reading without effect, forms full of nonsense."""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from crm.models import Business, Membership
from crm.operations import OPEN, operations
from tests import planted
from tests.factories import make_customer, make_order
from tests.factories.crm import PASSWORD

READS = [o for o in operations() if o.door == "page" and o.method == "GET" and o.permission != OPEN]
WRITES = [o for o in operations() if o.door == "page" and o.method == "POST" and o.permission != OPEN]
OF_ACCOUNTS = [
    "account_login", "account_logout", "account_reset_password", "account_change_password", "account_reauthenticate",
]  # fmt: skip
ELSEWHERE = [
    "//evil.example", "https://evil.example", "https:evil.example", "/\\evil.example", "\t//evil.example", "http:///evil.example",
    "@evil.example", "javascript:alert(1)",
]  # fmt: skip


@pytest.mark.parametrize("target", ELSEWHERE)
def test_signing_in_and_switching_never_lead_elsewhere(owner: Membership, sign_in: Any, target: str) -> None:
    answers = [
        Client().post("/account/sign-in", {"login": owner.user.email, "password": PASSWORD, "next": target}),
        sign_in(owner).post("/switch-business", {"business": owner.business.slug, "next": target}),
    ]
    for answer in answers:
        assert answer.status_code == 302
        place = urlsplit(urljoin("http://testserver/account/sign-in", answer["Location"].replace("\\", "/")))
        assert (place.scheme, place.netloc) == ("http", "testserver"), answer["Location"]


@pytest.mark.parametrize("host", ["evil.example", "testserver.evil.example", "localhost:80@evil.example", "a_b", ""])
def test_a_foreign_host_is_refused_and_never_repeated(browser: Client, host: str) -> None:
    for path in ("/", "/customers", "/account/password/reset", "/api/v1/me"):
        answer = browser.get(path, headers={"host": host})
        assert answer.status_code == 400
        assert b"evil" not in answer.content


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_other_origins_are_told_nothing(browser: Client, origin: str) -> None:
    for path in ("/", "/customers", "/api/v1/customers", "/api/v1/schema"):
        for answer in (
            browser.get(path, headers={"origin": origin}),
            browser.options(path, headers={"origin": origin}),
        ):
            assert not [name for name in answer.headers if name.lower().startswith("access-control")]


def test_a_form_from_elsewhere_is_refused(owner: Membership) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    answer = client.post("/customers/new", {"kind": "person", "first_name": "x"})
    assert answer.status_code == 403
    assert "Content-Security-Policy" in answer


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ({}, False),
        ({"origin": "https://evil.example"}, True),
        ({"origin": "null"}, True),
    ],
    ids=["no token", "another origin", "no origin"],
)
@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "application/json", "text/plain"])
def test_no_form_is_taken_from_elsewhere(owner: Membership, headers: dict[str, str], token: bool, kind: str) -> None:
    objects = planted.objects_of(owner.business)
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(owner.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    found = re.search(r'csrfmiddlewaretoken" value="(\w+)"', browser.get("/account").content.decode())
    assert found
    sent = {**headers, "x-csrftoken": found[1]} if token else headers
    before = planted.fingerprint(owner.business)
    addresses = [planted.address(operation, objects) for operation in WRITES] + [reverse(name) for name in OF_ACCOUNTS]
    wrong = []
    for address in addresses:
        answer = browser.post(address, b"name=x&first_name=x", content_type=kind, headers=sent)
        if answer.status_code != 403:
            wrong.append((address, answer.status_code))
    assert wrong == []
    assert planted.fingerprint(owner.business) == before
    assert browser.get("/account").status_code == 200


def test_the_token_of_the_page_is_what_makes_the_difference(owner: Membership) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(owner.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    page = browser.get("/customers/new").content.decode()
    found = re.search(r'csrfmiddlewaretoken" value="(\w+)"', page)
    assert found
    sent = {"csrfmiddlewaretoken": found[1], "kind": "person", "first_name": "Jo", "lifecycle_stage": "lead"}
    assert browser.post("/customers/new", sent).status_code in (302, 422)
    assert browser.post("/customers/new", {**sent, "csrfmiddlewaretoken": "x" * 64}).status_code == 403


def test_reading_changes_nothing(owner: Membership, sign_in: Any) -> None:
    objects = planted.objects_of(owner.business)
    browser = sign_in(owner)
    before = planted.fingerprint(owner.business)
    for operation in READS:
        for _ in range(2):
            browser.get(planted.address(operation, objects))
    assert planted.fingerprint(owner.business) == before


NONSENSE: dict[str, Any] = {
    "empty": "", "long": "x" * 20_000, "unicode": "🧑🏽‍🚀\u202e\u200bİß", "nul": "a\0b", "number": "1e400", "negative": "-1",
    "markup": "<script>",
    "surrogate": "\udc80", "quote": "'\";--", "date": "9999-99-99", "uuid": "00000000-0000-7000-8000-000000000000",
    "several": ["120", "-1", "x"], "too many": ["120"] * 2_000,
}  # fmt: skip
"""What is sent for each field of a form; of a list, each value."""


def _form(names: Iterable[str], values: list[str]) -> bytes:
    """The body of a form that sends all values for each name, byte by byte: the test client writes no broken UTF-8."""
    parts = [
        f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}' for name in names for value in values
    ]
    return "\r\n".join([*parts, "--edge--", ""]).encode("utf-8", "surrogatepass")


@pytest.mark.parametrize("nonsense", NONSENSE)
def test_no_form_breaks_on_nonsense(owner: Membership, sign_in: Any, nonsense: str) -> None:
    objects = planted.objects_of(owner.business)
    browser = sign_in(owner)
    sent = NONSENSE[nonsense]
    values = sent if isinstance(sent, list) else [sent]
    wrong = []
    for operation in WRITES:
        path = planted.address(operation, objects)
        page = browser.get(path).content.decode()
        names = set(re.findall(r'name="([a-z_0-9]+)"', page)) - {"csrfmiddlewaretoken"}
        answer = browser.post(path, _form(names, values), content_type="multipart/form-data; boundary=edge")
        if answer.status_code >= 500:
            wrong.append((path, answer.status_code))
    assert wrong == []


def test_figures_of_one_business_do_not_move_with_another(
    owner: Membership, other_business: Business, sign_in: Any
) -> None:
    make_order(make_customer(owner.business))
    browser = sign_in(owner)

    def figures() -> list[str]:
        return re.findall(r'class="stat-value">([^<]*)<', browser.get("/").content.decode())

    before = figures()
    for _ in range(20):
        make_order(make_customer(other_business), currency="USD")
    assert before
    assert figures() == before
