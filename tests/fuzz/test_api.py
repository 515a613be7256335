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
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.pytest._test_builder import build_operation_test
from schemathesis.python._constants.orchestrator import make_constants_value_source
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


OPERATIONS = [f"{method.upper()} {path}" for path, methods in document()["paths"].items() for method in methods]
READS = [operation for operation in OPERATIONS if operation.startswith("GET ")]


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


@pytest.fixture
def ask(request: pytest.FixtureRequest) -> Any:
    """All cases of one operation, thought up before the test opens its transaction: that may take a minute."""
    operation, phases = request.param
    method, path = operation.split(" ")
    schema = schemathesis.openapi.from_dict(document())
    schema.app = WSGIHandler()
    schema.config.phases.update(phases=list(phases))
    return build_operation_test(
        config=schema.config,
        operation=schema[path][method],
        test_func=_ask,
        given_kwargs={},
        feedback=FeedbackSources(constants_value_source=make_constants_value_source(schema)),
        explicit_settings=REPEATABLE,
    )


def _each(operations: list[str], *phases: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "ask", [(operation, phases) for operation in operations], ids=operations, indirect=True
    )


@_each(OPERATIONS, "examples", "coverage", "fuzzing")
def test_a_key_is_answered_as_the_schema_says(ask: Any, key: str) -> None:
    ask(credential=key)


@_each(READS, "fuzzing")
def test_a_person_with_a_token_reads_as_the_schema_says(ask: Any, token: str) -> None:
    ask(credential=token)
