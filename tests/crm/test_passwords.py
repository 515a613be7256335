"""Which passwords are taken, and that they are used exactly as they were typed."""

from typing import Any

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client

from crm.models import Membership
from crm.services.people import _new_user
from tests.crm.api.calling import Caller
from tests.crm.test_sessions import enter
from tests.factories import make_business, make_membership, make_user
from tests.factories.crm import PASSWORD

GOOD = [
    "twelve signs",
    "x7" * 32,
    "a long phrase " * 14 + "end",
    "m" + "n" * 999,
    "🐎🔋📎✨🐎🔋📎✨🐎🔋📎✨",
    "   leading and trailing   ",
    "tab\tand ünïcödé",
    "acme retail has very long days",
]  # fmt: skip
BAD = {
    "7 signs": "x7k2m9q", "11 signs": "elevensigns", "too long": "x" * 1001, "a common one": "1234567890123",
    "another": "1q2w3e4r5t6y", "digits": "314159265358979", "product": "Customer desk", "product and a year": "customerdesk2026",
    "business": "Acme Retail Ltd.", "business and more": "acme-retail-ltd-123", "address": "riley.owner@example",
    "name": "Riley Owner-Smith",
}  # fmt: skip


@pytest.fixture
def riley() -> Membership:
    business = make_business(name="Acme Retail Ltd", slug="acme")
    return make_membership(business, "owner", make_user(email="riley.owner@example.com", name="Riley Owner-Smith"))


@pytest.mark.django_db
@pytest.mark.parametrize("password", BAD.values(), ids=BAD)
def test_weak_passwords_are_refused(riley: Membership, password: str) -> None:
    with pytest.raises(ValidationError):
        validate_password(password, riley.user)


@pytest.mark.django_db
@pytest.mark.parametrize("password", GOOD, ids=range(len(GOOD)))
def test_others_work_exactly_as_typed(riley: Membership, password: str) -> None:
    form = {"oldpassword": PASSWORD, "password1": password, "password2": password}
    answer = enter(riley.user).post("/account/password/change", form)
    assert answer.status_code == 302, answer.content.decode()
    email = riley.user.email

    def page(typed: str) -> int:
        return Client().post("/account/sign-in", {"login": email, "password": typed}).status_code

    def api(typed: str) -> int:
        return int(Caller().post("/auth/token", {"email": email, "password": typed}).status_code)

    assert page(password) == 302
    assert api(password) == 200
    others = {password[:-1], password.strip(), password.lower(), f" {password}"} - {password}
    for typed in sorted(others)[:2]:
        assert page(typed) == 200
        assert api(typed) in (401, 422)


@pytest.mark.django_db
def test_refusals_come_back_at_the_form(riley: Membership) -> None:
    form = {"oldpassword": PASSWORD, "password1": "Acme Retail Ltd.", "password2": "Acme Retail Ltd."}
    answer = enter(riley.user).post("/account/password/change", form)
    assert b"too much like the name of the business" in answer.content


@pytest.mark.django_db
def test_who_is_invited_cannot_take_the_name_of_the_business(riley: Membership) -> None:
    from crm.errors import InvalidInput
    from crm.models import Invitation

    invitation = Invitation(business=riley.business, email="new@example.com", role="agent")
    with pytest.raises(InvalidInput):
        _new_user(invitation, "New", "Acme Retail Ltd 1")
    assert _new_user(invitation, "New", "a phrase of my own").pk


@pytest.mark.django_db
def test_first_run_refuses_the_name_of_the_new_business(settings: Any) -> None:
    form = {
        "name": "Bramble & Bean", "currency": "GBP", "time_zone": "Europe/London", "locale": "en-GB", "owner_name": "Riley",
        "email": "riley@example.com", "password": "Bramble&Bean1",
    }  # fmt: skip
    answer = Client().post("/welcome", form)
    assert answer.status_code == 422
    assert b"too much like the name" in answer.content
