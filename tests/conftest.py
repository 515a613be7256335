"""The cast of the tests: two businesses that must never see each other, and people of every role."""

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test import Client

from crm import paging, service_mode
from crm.actor import Actor
from crm.models import Business, Membership
from crm.registry import ROLES
from crm.scope import scope
from tests.factories import make_business, make_membership

SLOWEST_FIRST = ("tests/journeys/", "tests/fuzz/", "tests/test_")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first, so that no process is left alone with it at the end."""
    items.sort(key=lambda item: not item.nodeid.startswith(SLOWEST_FIRST))


def pytest_collection_finish() -> None:
    """What is loaded by now stays until the end: the garbage collector needn't walk through it thousands of times."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Tests go one by one to whichever process is free; those that start installations stay in one, one after another."""
    from xdist.scheduler import LoadScopeScheduling

    class OneByOne(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "tests/setup/" if nodeid.startswith("tests/setup/") else nodeid

    return OneByOne(config, log)


@pytest.fixture(scope="session", autouse=True)
def _static_root() -> None:
    """WhiteNoise warns of a folder that collectstatic has not made yet."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


@pytest.fixture
def business(db: None) -> Business:
    return make_business(name="Acme Retail", slug="acme")


@pytest.fixture
def other_business(db: None) -> Business:
    return make_business(name="Globex", slug="globex", currency="USD", time_zone="America/New_York")


@pytest.fixture
def in_scope(business: Business) -> Iterator[Business]:
    """The business, open for queries of the test."""
    with scope(business):
        yield business


@pytest.fixture
def owner(business: Business) -> Membership:
    """Riley, who owns the business."""
    return make_membership(business, "owner")


@pytest.fixture
def other_owner(other_business: Business) -> Membership:
    return make_membership(other_business, "owner")


@pytest.fixture
def actor(owner: Membership) -> Actor:
    return Actor.for_user(owner.user)


@pytest.fixture
def system() -> Actor:
    return Actor.system("test")


@pytest.fixture
def members(business: Business) -> dict[str, Membership]:
    """One member of each role."""
    return {role: make_membership(business, role) for role in ROLES}


@pytest.fixture
def sign_in() -> Callable[[Membership], Client]:
    """A browser in which the member is signed in."""

    def signed_in(membership: Membership) -> Client:
        client = Client()
        client.force_login(membership.user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return signed_in


@pytest.fixture
def browser(owner: Membership, sign_in: Any) -> Client:
    """The owner's browser."""
    return sign_in(owner)


@pytest.fixture(autouse=True)
def _fresh_cache(request: pytest.FixtureRequest) -> None:
    """Rate limits that a committing test has used up don't reach into the next one."""
    if "transactional_db" in request.fixturenames or getattr(
        request.node.get_closest_marker("django_db"), "kwargs", {}
    ).get("transaction"):
        request.getfixturevalue("transactional_db")
        cache.clear()
        with connection.cursor() as cursor:
            cursor.execute("truncate crm_bucket")


@pytest.fixture(autouse=True)
def _own_files(settings: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Uploads of tests go into a folder of their own."""
    default = settings.STORAGES["default"]
    options = {**default["OPTIONS"], "location": tmp_path_factory.getbasetemp() / "files"}
    settings.STORAGES = {**settings.STORAGES, "default": {**default, "OPTIONS": options}}


@pytest.fixture(autouse=True)
def _fast_passwords(settings: Any) -> None:
    """Slow hashes protect stored passwords; here they would only make the suite slow."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _patient_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """How long a list may take is a promise to people; here only tests about that promise depend on how quick the machine is."""
    monkeypatch.setattr(paging, "LIMIT_MS", 30_000)


@pytest.fixture(autouse=True)
def _open_for_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether changes are allowed is asked every two seconds; here only by tests that forget what is known."""
    monkeypatch.setattr(service_mode, "FRESH_SECONDS", float("inf"))
    service_mode.remember(service_mode.Mode())
