"""Every operation is asked hostile and well-formed things; each answer is what the schema says of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection
from hypothesis import HealthCheck, settings
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi.checks import positive_data_acceptance

from crm.api.schema import document
from crm.fuzz.checks import well_formed_is_accepted
from crm.models import Business, Membership
from tests import planted
from tests.crm.api.calling import Caller, make_key
from tests.factories.crm import PASSWORD

load_all_checks()
REPEATABLE = settings(
    max_examples=4, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


def _operations(*phases: str) -> Any:
    schema = schemathesis.openapi.from_dict(document())
    schema.app = WSGIHandler()
    schema.config.phases.update(phases=list(phases))
    return schema


ALL = _operations("examples", "coverage", "fuzzing")
READS = _operations("fuzzing").include(method="GET")


@contextmanager
def _kept_connection() -> Iterator[None]:
    """Requests leave the connection open, as the test's transaction is."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)


@pytest.fixture
def key(business: Business, settings: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """An owner's key in a business with one object of each kind, and limits that no run reaches.

    Each request has a savepoint of its own, so that a refused statement doesn't spoil the transaction of the test.
    """
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    settings.API_LIMITS = dict.fromkeys(settings.API_LIMITS, 1_000_000)
    planted.objects_of(business)
    return make_key(business)


@pytest.fixture
def token(key: str, owner: Membership) -> str:
    """What the owner of that business gets for signing in."""
    answer = Caller().post("/auth/token", {"email": owner.user.email, "password": PASSWORD})
    return str(answer.json()["access_token"])


def _ask(case: Any, credential: str) -> None:
    headers = {"Authorization": f"Bearer {credential}"}
    with _kept_connection():
        case.call_and_validate(
            headers=headers, excluded_checks=[positive_data_acceptance], additional_checks=[well_formed_is_accepted]
        )


@ALL.parametrize()
@REPEATABLE
def test_a_key_is_answered_as_the_schema_says(case: Any, key: str) -> None:
    _ask(case, key)


@READS.parametrize()
@REPEATABLE
def test_a_person_with_a_token_reads_as_the_schema_says(case: Any, token: str) -> None:
    _ask(case, token)
