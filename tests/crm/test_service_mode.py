"""Read-only mode: no door lets a change through, reading goes on, and a database that takes no changes is never a 500."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from crm import service_mode, services
from crm.actor import Actor
from crm.errors import InvalidInput, NotAllowed
from crm.models import AccessRecord, Business, Membership, ServiceMode
from crm.operations import Operation, operations
from crm.service_mode import Mode
from customers.models import Customer
from tests import planted
from tests.crm.api.calling import make_key
from tests.factories import make_customer
from tests.factories.crm import PASSWORD, make_user

CHANGES = [o for o in operations() if o.method not in ("GET", "HEAD", "OPTIONS")]
SYSTEM = Actor.system("test", door="command")


def _ids(operation: Operation) -> str:
    return f"{operation.method} {operation.path}"


def switch(*, on: bool, reason: str = "") -> ServiceMode:
    found = services.set_service_mode(actor=SYSTEM, is_read_only=on, reason=reason, at=timezone.now())
    service_mode.forget()
    return found


@pytest.fixture
def read_only(db: None) -> ServiceMode:
    return switch(on=True, reason="We move to another machine until noon.")


@pytest.fixture
def refuse(transactional_db: None) -> Iterator[Callable[[], None]]:
    """Makes the database refuse every change from now on, as a standby does."""

    def begin() -> None:
        with connection.cursor() as cursor:
            cursor.execute("set default_transaction_read_only = on")

    yield begin
    with connection.cursor() as cursor:
        cursor.execute("set default_transaction_read_only = off")


@pytest.fixture
def key(owner: Membership) -> str:
    return make_key(owner.business)


@pytest.mark.django_db
def test_it_is_off_until_somebody_switches_it_on() -> None:
    service_mode.forget()
    assert service_mode.current() == Mode()
    assert not Mode().is_read_only


@pytest.mark.django_db
def test_switching_is_stored_and_followed_by_the_process() -> None:
    switch(on=True, reason=" We move. ")
    assert service_mode.current() == Mode(is_read_only=True, is_ours=True, reason="We move.")
    assert "We move." in service_mode.current().words
    stored = ServiceMode.objects.get()
    assert (stored.is_read_only, stored.reason, stored.changed_by) == (True, "We move.", "test")
    switch(on=False, reason="ignored")
    assert service_mode.current() == Mode()
    assert ServiceMode.objects.get().reason == ""


@pytest.mark.django_db
def test_only_operators_may_switch(owner: Membership) -> None:
    with pytest.raises(NotAllowed):
        services.set_service_mode(actor=Actor.for_user(owner.user), is_read_only=True, reason="", at=timezone.now())


@pytest.mark.django_db
def test_a_reason_has_at_most_two_hundred_characters() -> None:
    switch(on=True, reason="x" * 200)
    with pytest.raises(InvalidInput):
        switch(on=True, reason="x" * 201)


@pytest.mark.parametrize("operation", CHANGES, ids=_ids)
def test_every_change_is_refused(
    owner: Membership, browser: Client, key: str, read_only: ServiceMode, operation: Operation
) -> None:
    path = planted.address(operation, Business.objects.get().pk)
    if operation.name in service_mode.STAYS_OPEN:
        pytest.skip("writes a session only")
    if operation.door == "api":
        headers = {"Authorization": f"Bearer {key}"}
        response = Client().generic(operation.method, path, "{}", "application/json", headers=headers)
        assert response.json()["code"] == "read_only"
        assert response["Content-Type"] == "application/problem+json"
    else:
        response = browser.generic(operation.method, path)
        assert b"until noon" in response.content
    assert response.status_code == 503
    assert response["Retry-After"] == "30"


def test_reading_goes_on_and_is_recorded(owner: Membership, browser: Client, key: str, read_only: ServiceMode) -> None:
    customer = make_customer(owner.business)
    page = browser.get(f"/customers/{customer.pk}")
    assert page.status_code == 200
    assert b"We move to another machine until noon." in page.content
    answer = Client().get(f"/api/v1/customers/{customer.pk}", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 200
    assert AccessRecord.unscoped.count() == 2


def test_people_still_come_and_go(owner: Membership, client: Client, read_only: ServiceMode) -> None:
    response = client.post("/account/sign-in", {"login": owner.user.email, "password": PASSWORD})
    assert (response.status_code, response["Location"]) == (302, "/")
    assert client.get("/customers").status_code == 200
    assert client.post("/account/sign-out").status_code == 302
    tokens = client.post("/api/v1/auth/token", {"email": owner.user.email, "password": PASSWORD}, "application/json")
    assert tokens.status_code in (200, 503)
    assert tokens.json().get("code") != "read_only"


def test_an_operator_switches_it_off_in_the_admin(client: Client, read_only: ServiceMode, settings: Any) -> None:
    settings.OPERATORS_NEED_SECOND_FACTOR = False
    operator = make_user(is_staff=True, is_superuser=True)
    client.force_login(operator, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.post("/admin/crm/business/add/").status_code == 503
    assert client.get("/admin/crm/servicemode/").status_code == 200
    assert client.get("/admin/crm/servicemode/add/").status_code == 403
    assert client.post("/admin/crm/servicemode/1/change/", {"reason": ""}).status_code == 302
    assert not ServiceMode.objects.get().is_read_only
    assert (
        client.post("/admin/crm/servicemode/1/change/", {"is_read_only": "on", "reason": "Again."}).status_code == 302
    )
    assert ServiceMode.objects.get().reason == "Again."


@pytest.mark.django_db
def test_the_command_switches_and_tells(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("read_only", "status")
    assert capsys.readouterr().out == "Changes are allowed.\n"
    call_command("read_only", "on", reason="We move.")
    assert "by manage.py read_only: We move." in capsys.readouterr().out
    call_command("read_only", "off")
    assert capsys.readouterr().out == "Changes are allowed.\n"
    with pytest.raises(CommandError, match="reason"):
        call_command("read_only", "on", reason="x" * 201)


def test_a_database_that_refuses_changes_is_never_a_500(
    refuse: Callable[[], None], owner: Membership, browser: Client, key: str
) -> None:
    refuse()
    service_mode.forget()
    wrong = []
    for operation in CHANGES:
        path = planted.address(operation, owner.business.pk)
        if operation.door == "api":
            headers = {"Authorization": f"Bearer {key}"}
            response = Client().generic(operation.method, path, "{}", "application/json", headers=headers)
        else:
            response = browser.generic(operation.method, path)
        if response.status_code != 503 or response["Retry-After"] != "30":
            wrong.append((operation.path, response.status_code))
    assert wrong == []


@pytest.mark.parametrize("path", ["/settings/teams/new", "/switch-business"])
def test_a_change_that_meets_the_refusal_first_is_answered_alike(
    refuse: Callable[[], None], owner: Membership, browser: Client, path: str
) -> None:
    refuse()
    response = browser.post(path, {"name": "North", "business": owner.business.slug})
    assert (response.status_code, response["Retry-After"]) == (503, "30")
    assert service_mode.current() == Mode(is_read_only=True)


def test_a_program_that_meets_the_refusal_first_is_told_so(
    refuse: Callable[[], None], owner: Membership, key: str
) -> None:
    refuse()
    body, headers = '{"kind": "person", "last_name": "Quux", "phone": "1"}', {"Authorization": f"Bearer {key}"}
    answer = Client().post("/api/v1/customers", body, "application/json", headers=headers)
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (503, "read_only", "30")


def test_without_a_record_no_personal_data_leaves(
    refuse: Callable[[], None], owner: Membership, browser: Client
) -> None:
    customer = make_customer(owner.business, last_name="Hidden")
    browser.get("/settings/teams")
    refuse()
    service_mode.forget()
    for path in ("/customers", f"/customers/{customer.pk}"):
        response = browser.get(path)
        assert response.status_code == 503
        assert b"Hidden" not in response.content
    page = browser.get("/settings/teams")
    assert page.status_code == 200
    assert "can&#x27;t be saved" in page.content.decode()


def test_no_session_begins_while_the_database_refuses_changes(
    refuse: Callable[[], None], owner: Membership, client: Client
) -> None:
    refuse()
    service_mode.forget()
    assert client.get("/account/sign-in").status_code == 200
    response = client.post("/account/sign-in", {"login": owner.user.email, "password": PASSWORD})
    assert response.status_code == 503


def test_a_refusal_is_forgotten_after_a_while(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    error = Exception("wrapped")
    error.__cause__ = type("ReadOnly", (Exception,), {"sqlstate": "25006"})()
    assert service_mode.refuses_changes(error)
    assert service_mode.current().is_read_only
    monkeypatch.setattr(service_mode, "REFUSAL_SECONDS", 0.0)
    assert not service_mode.current().is_read_only
    assert not service_mode.refuses_changes(ValueError("x"))


def test_nothing_was_stored_meanwhile(owner: Membership, browser: Client, read_only: ServiceMode) -> None:
    before = planted.fingerprint(owner.business)
    browser.post("/customers/new", {"kind": "person", "last_name": "Quux"})
    assert planted.fingerprint(owner.business) == before
    assert not Customer.unscoped.exists()
