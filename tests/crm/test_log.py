"""The log: one line for everything, with ids, and nothing in it of what people type or of what opens doors."""

import io
import json
import logging
import re
import secrets
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.test import Client

from crm import jobs
from crm import log as module
from crm.actor import Actor
from crm.log import JsonLines, RequestIdFilter, TextLines, masked, request_id, told
from crm.models import Membership
from crm.work import JobRun, run
from tests.factories import make_customer
from tests.factories.crm import PASSWORD

ID = "0197a1b2-1111-7222-8333-444455556666"
KEY = "crm_ab12cd34_" + secrets.token_urlsafe(32)
# Planted in requests, files and errors; none of it may be found.
CANARIES = [
    "Zoltan",
    "Quux",
    "zoltan@quux.example",
    "+44 20 7946 0999",
    "1980-05-05",
    "7 Canary Lane",
    KEY,
    "s3cret-canary",
]


class Lines:
    """What was logged, as the lines of a file."""

    def __init__(self, formatter: logging.Formatter) -> None:
        self.stream = io.StringIO()
        self.handler = logging.StreamHandler(self.stream)
        self.handler.setFormatter(formatter)
        self.handler.addFilter(RequestIdFilter())

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    def requests(self) -> list[dict[str, Any]]:
        return [record for record in self.records if record["logger"] == "crm.requests"]


@pytest.fixture(params=[JsonLines, TextLines])
def any_lines(request: pytest.FixtureRequest) -> Iterator[Lines]:
    yield from _listening(Lines(request.param()))


@pytest.fixture
def lines() -> Iterator[Lines]:
    yield from _listening(Lines(JsonLines()))


def _listening(found: Lines) -> Iterator[Lines]:
    root = logging.getLogger()
    root.addHandler(found.handler)
    try:
        yield found
    finally:
        root.removeHandler(found.handler)


def test_a_line_is_one_json_object_with_the_time_in_utc_and_the_id_of_the_request(lines: Lines) -> None:
    token = request_id.set(ID)
    try:
        logging.getLogger("crm.test").warning("two\nlines of %s", "text")
    finally:
        request_id.reset(token)
    (record,) = lines.records
    assert record["message"] == "two\nlines of text"
    assert (record["level"], record["logger"], record["request_id"]) == ("WARNING", "crm.test", ID)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record["time"])


def test_text_stays_on_one_line(any_lines: Lines) -> None:
    logging.getLogger("crm.test").warning("first\r\n2026-01-01 ERROR crm.forged - second")
    assert any_lines.text.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Mail a.b+c@quux.example now", "Mail … now"),
        ("<zoltan@quux.example>", "<…>"),
        ("Ring +44 20 7946 0999 or (020) 7946-0999", "Ring … or …"),
        ("born 1980-05-05", "born …"),
        ("card 4242 4242 4242 4242", "card …"),
        ("Authorization: Bearer abc.def", "Authorization: …"),
        ("bearer abc.def sent", "… sent"),
        ("password=hunter2 token: abc", "password=… token: …"),
        ("{'csrfmiddlewaretoken': 'abc', 'x': 1}", "{'csrfmiddlewaretoken': … 'x': 1}"),
        pytest.param(f"key {KEY} used", "key … used", id="key"),
        ("eyJhbGciOi.eyJzdWIi.c2ln end", "… end"),
        ("postgres://crm:pass@db/crm", "postgres://…@db/crm"),
        ("session 8d2k3j4h5g6f7d8s9a0q1w2e3r4t5y6u", "session …"),
    ],
)
def test_what_identifies_people_or_opens_doors_is_masked(text: str, left: str) -> None:
    assert masked(text) == left


@pytest.mark.parametrize(
    "text",
    [
        f"job {ID} (customers.tasks.import_file) failed",
        "at 2026-11-21T12:30:00.123Z and 2026-11-21 12:30:00+00:00",
        "took 12345 ms for 1,234,567 rows",
        "127.0.0.1:8000",
        "crm_activity_recent",
        "version 18.1",
    ],
)
def test_ids_times_and_counts_stay(text: str) -> None:
    assert masked(text) == text


def test_a_very_long_message_is_cut() -> None:
    assert len(masked("word " * 10_000)) <= module.LONGEST + 1


def test_quoted_words_of_others_are_masked(lines: Lines) -> None:
    logging.getLogger("weasyprint").warning("Ignored %r in %s", "Zoltan Quux", '"7 Canary Lane"')
    (record,) = lines.records
    assert record["message"] == "Ignored … in …"


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ValueError("invalid literal for int() with base 10: 'Zoltan'"), "invalid literal for int() with base 10: …"),
        (ValueError("can't take Zoltan Quux"), "can't take … …"),
        (KeyError("zoltan@quux.example"), "…"),
        (FileNotFoundError(2, "No such file or directory", "/files/Zoltan.csv"), "No such file or directory"),
        (RuntimeError("Émile Ölmez, lower case words stay"), "… …, lower case words stay"),
        (RuntimeError(""), ""),
    ],
)
def test_an_error_keeps_its_words_without_values_and_names(error: Exception, says: str) -> None:
    assert told(error) == says


@pytest.mark.django_db
def test_of_an_error_of_the_database_only_code_and_constraint_are_told(owner: Membership) -> None:
    make_customer(owner.business, email="zoltan@quux.example", first_name="Zoltan")
    with pytest.raises(IntegrityError) as caught:
        make_customer(owner.business, email="zoltan@quux.example", first_name="Zoltan")
    assert "zoltan" in str(caught.value)
    assert re.fullmatch(r"database error 23505, constraint \w+", told(caught.value))


def test_an_error_is_logged_with_its_type_its_place_and_what_it_arose_from(any_lines: Lines) -> None:
    def fail() -> None:
        try:
            int("Zoltan")
        except ValueError as error:
            raise RuntimeError("Zoltan Quux, zoltan@quux.example") from error

    try:
        fail()
    except RuntimeError as error:
        logging.getLogger("crm.test").exception("broken: %s", error)
    text = any_lines.text
    assert "RuntimeError" in text
    assert "ValueError: invalid literal" in text
    assert re.search(r"tests/crm/test_log\.py:\d+ fail", text)
    assert "oltan" not in text
    assert "uux" not in text


def test_what_nobody_catches_becomes_a_line_too(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr("sys.excepthook", lambda *found: None)
    module.log_uncaught()
    thread = threading.Thread(target=lambda: int("Zoltan"))
    thread.start()
    thread.join()
    (record,) = lines.records
    assert (record["logger"], record["exception"]["type"]) == ("crm.uncaught", "ValueError")
    assert "Zoltan" not in lines.text


def test_every_request_has_one_line_without_path_query_or_body(
    owner: Membership, browser: Client, lines: Lines
) -> None:
    customer = make_customer(owner.business)
    response = browser.get(f"/customers/{customer.pk}", {"tab": "Zoltan"})
    (record,) = lines.requests()
    assert record["request_id"] == response["X-Request-ID"]
    assert (record["method"], record["route"], record["status"]) == (
        "GET",
        "customers:customer_detail",
        response.status_code,
    )
    assert record["actor"] == f"user {owner.user.pk}"
    assert record["business"] == str(owner.business.pk)
    assert record["ms"] > 0
    assert str(customer.pk) not in lines.text
    assert "Zoltan" not in lines.text


@pytest.mark.django_db
def test_an_unknown_address_and_method_leave_no_trace_of_their_words(client: Client, lines: Lines) -> None:
    client.generic("ZOLTAN", "/zoltan@quux.example/Quux")
    client.get("/invitation/" + "s3cret-canary" * 3)
    routes = [(record["method"], record["route"], record["actor"]) for record in lines.requests()]
    assert routes == [("OTHER", "-", "-"), ("GET", "crm:invitation", "-")]
    assert "anary" not in lines.text
    assert "oltan" not in lines.text.lower()


@pytest.mark.django_db
def test_nothing_of_what_people_type_or_of_secrets_gets_into_the_log(
    owner: Membership, browser: Client, any_lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = {
        "kind": "person", "first_name": "Zoltan", "last_name": "Quux", "email": "zoltan@quux.example",
        "phone": "+44 20 7946 0999", "birth_date": "1980-05-05", "street": "7 Canary Lane",
    }  # fmt: skip
    browser.post("/customers/new", person)
    browser.post("/customers/new", person)
    browser.get("/customers", {"search": "Zoltan Quux"})
    browser.get("/customers", {"search": "x", "password": "s3cret-canary"})
    anonymous = Client()
    anonymous.post("/account/sign-in", {"login": "zoltan@quux.example", "password": "s3cret-canary"})
    anonymous.post("/account/sign-in", {"login": owner.user.email, "password": PASSWORD})
    for credential in (KEY, "s3cret-canary"):
        anonymous.get("/api/v1/me", headers={"Authorization": f"Bearer {credential}"})
    body = json.dumps({**person, "first_name": ["Zoltan"]})
    anonymous.post("/api/v1/customers", body, content_type="application/json")
    anonymous.post(
        "/api/v1/auth/token", {"email": "zoltan@quux.example", "password": "s3cret-canary"}, "application/json"
    )
    anonymous.get("/", headers={"Host": "zoltan.quux.example"})

    def broken(*args: Any, **kwargs: Any) -> None:
        raise ValueError("Zoltan Quux <zoltan@quux.example> lives at '7 Canary Lane'")

    monkeypatch.setattr("customers.views.lists.CustomerList.get", broken)
    browser.raise_request_exception = False
    assert browser.get("/customers").status_code == 500
    assert "ValueError" in any_lines.text
    for canary in [*CANARIES, owner.user.email, PASSWORD, browser.cookies["session"].value]:
        assert canary not in any_lines.text, canary


def fail_with_a_name(work: JobRun) -> None:
    """A task whose error quotes a customer."""
    raise ValueError("Zoltan Quux <zoltan@quux.example>")


@pytest.mark.django_db(transaction=True)
def test_a_job_that_fails_is_logged_under_its_id_without_what_its_error_says(any_lines: Lines) -> None:
    job = jobs.enqueue("tests.crm.test_log.fail_with_a_name", actor=Actor.system("test"), business=None)
    assert job is not None
    run(str(job.pk))
    (line,) = (line for line in any_lines.text.splitlines() if "failed" in line)
    assert line.count(str(job.pk)) == 2
    assert "ValueError" in any_lines.text
    assert "oltan" not in any_lines.text


@pytest.mark.django_db
def test_libraries_log_no_statements_even_at_the_lowest_level() -> None:
    assert logging.getLogger("django.db.backends").getEffectiveLevel() >= logging.INFO
    with connection.cursor() as cursor:
        cursor.execute("select 1")
