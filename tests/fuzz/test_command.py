"""`manage.py fuzz` and the check that it adds."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command

from crm.fuzz.checks import unexplained

ID = "01980a3e-5c1b-7e0a-9d3f-2b6f1c4d8e90"


@pytest.mark.parametrize("options", [{"seeds": "one"}, {"seeds": ""}, {"phases": "guessing"}])
def test_options_that_make_no_sense(options: dict[str, str]) -> None:
    with pytest.raises(CommandError, match=r"seeds|phases"):
        call_command("fuzz", **options)


def _faults(body: Any, code: str, field: str, word: str) -> int:
    return len(unexplained({"code": code, "errors": [{"field": field, "code": word}]}, {}, body))


@pytest.mark.parametrize(
    ("body", "code", "field", "word"),
    [
        ({}, "invalid", "email", "invalid"),
        ({}, "parse_error", "", "parse_error"),
        ({"owner": "nobody"}, "invalid", "owner", "invalid"),
        ({"operations": [{"key": "x"}]}, "invalid", "operations.0.key", "invalid"),
    ],
)
def test_what_the_schema_could_have_told_is_a_breach(body: Any, code: str, field: str, word: str) -> None:
    assert _faults(body, code, field, word) == 1


@pytest.mark.parametrize(
    ("body", "code", "field", "word"),
    [
        ({"owner": ID}, "invalid", "owner", "unknown_id"),
        ({"team": ID}, "invalid", "team", "invalid"),
        ({}, "bad_cursor", "cursor", "bad_cursor"),
        ({"first_name": "Jo"}, "invalid", "email", "unreachable"),
        ({"data": {"a\x00": [1]}}, "parse_error", "", "parse_error"),
        ({}, "bulk_refused", "operations.0", "not_found"),
        ({"custom_values": {"plan": "x"}}, "invalid", "custom_values.plan", "invalid"),
    ],
)
def test_what_no_schema_can_tell_is_none(body: Any, code: str, field: str, word: str) -> None:
    assert _faults(body, code, field, word) == 0


def test_a_refusal_without_faults_counts_as_one() -> None:
    assert unexplained({"code": "out_of_range", "errors": []}, {}, {}) == [{"field": "", "code": "out_of_range"}]
