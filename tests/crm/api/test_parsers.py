"""Reading JSON strictly, and writing it."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import ParseError

from crm.api.parsers import loads
from crm.api.renderers import dumps
from crm.api.representation import amount, plain_decimal
from crm.api.views import Doc, Endpoint
from tests.timing import swiftly


def test_what_is_right_is_read_exactly() -> None:
    text = '{"a": 1234.5000000000000000001, "b": "Zoë 👩‍👩‍👧 \\ud83d\\ude00", "c": [1, -0, null, true], "": {}}'
    assert loads(text.encode()) == {
        "a": Decimal("1234.5000000000000000001"), "b": "Zoë 👩‍👩‍👧 😀", "c": [1, 0, None, True], "": {},
    }  # fmt: skip


def test_depth_counts_brackets_outside_of_strings() -> None:
    assert loads(b"[" * 32 + b"]" * 32)
    assert loads(b'{"a": "' + b"[" * 100 + b'\\"{{{"}')
    with pytest.raises(ParseError):
        loads(b"[" * 33 + b"]" * 33)


def test_answers() -> None:
    value = {
        "money": Decimal("1234.50"), "small": Decimal("1E-7"), "id": UUID(int=5), "lazy": gettext_lazy("Customers"),
        "at": datetime(2026, 1, 31, 14, 5, tzinfo=UTC),
    }  # fmt: skip
    assert dumps(value) == (
        b'{"money":"1234.50","small":"0.0000001","id":"00000000-0000-0000-0000-000000000005","lazy":"Customers",'
        b'"at":"2026-01-31T14:05:00Z"}'
    )


def test_amounts_follow_their_currency() -> None:
    assert amount(Decimal("1234.5000"), "GBP") == "1234.50"
    assert amount(Decimal("0.005"), "GBP") == "0.01"
    assert amount(Decimal("1234.5"), "JPY") == "1235"
    assert amount(Decimal("-1.2345"), "KWD") == "-1.235"
    assert plain_decimal(Decimal("2.5500")) == "2.55"
    assert plain_decimal(Decimal("100.000")) == "100"
    assert plain_decimal(Decimal("1E+2")) == "100"


def test_times_of_other_zones_stay_the_same_moment() -> None:
    assert dumps(datetime(2026, 1, 31, 14, 5, tzinfo=timezone(timedelta(hours=2)))) == b'"2026-01-31T14:05:00+02:00"'


def test_endpoint_without_permission_can_not_be_declared() -> None:
    with pytest.raises(ImproperlyConfigured, match="no registered permission for POST"):
        type("Open", (Endpoint,), {"post": lambda self, request: None})
    with pytest.raises(ImproperlyConfigured, match="no registered permission for GET"):
        type("Mistyped", (Endpoint,), {"get": lambda self, request: None, "permissions": {"GET": "customers.veiw"}})
    with pytest.raises(ImproperlyConfigured, match="does not say what GET does"):
        type(
            "Silent",
            (Endpoint,),
            {"get": lambda self, request: None, "permissions": {"GET": "customers.view"}, "docs": {}},
        )
    assert type(
        "Said",
        (Endpoint,),
        {"get": lambda self, request: None, "permissions": {"GET": "member"}, "docs": {"GET": Doc("x", "X")}},
    )


@pytest.mark.parametrize(
    "body",
    [
        b'"' + b'\\"' * 500_000,
        b'"' + b'\\"' * 500_000 + b"\\",
        b'["' + b"[" * 1_000_000,
        ("{" + ",".join(f'"{n}":0' for n in range(90_000)) + ',"89999":1}').encode(),
    ],
    ids=["never closed", "cut off in an escape", "brackets in a string", "a key that comes twice late"],
)
def test_no_body_keeps_a_process_busy(body: bytes) -> None:
    """What grows with the square of the length would take more than an hour here."""

    def refused() -> None:
        with pytest.raises(ParseError):
            loads(body)

    swiftly(refused, 2)
