"""Signing in with a second factor in a real browser, whose device is a virtual one."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from axe_playwright_python.sync_playwright import Axe

from crm import clock
from crm.models import Membership
from tests.factories.crm import PASSWORD
from tests.factories.second_factors import code_of, make_app, make_passkey, make_recovery_codes
from tests.journeys.test_accessibility import RULES

pytestmark = pytest.mark.django_db(transaction=True)
DEVICE = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


def _with_device(visit: Any) -> tuple[Any, str]:
    """Give the tab a device that holds passkeys; returns the way to ask it, and its id."""
    device = visit.tab.context.new_cdp_session(visit.tab)
    device.send("WebAuthn.enable")
    made = device.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
    return device, made["authenticatorId"]


def _confirm(visit: Any) -> None:
    """Type the password once more where the page asks for it."""
    if "re-authenticate" in visit.tab.url:
        visit.tab.locator("input[type=password]").fill(PASSWORD)
        visit.tab.get_by_role("button", name="Go on").click()
        visit.tab.wait_for_url(re.compile("/account/security/"))


def _password_step(visit: Any, owner: Membership) -> None:
    visit.open("/account/sign-in")
    visit.tab.get_by_label("E-mail").fill(owner.user.email)
    visit.tab.get_by_label("Password", exact=True).fill(PASSWORD)
    visit.tab.get_by_role("button", name="Sign in", exact=True).click()


def _sign_out(visit: Any) -> None:
    visit.tab.locator(".avatar-button").click()
    visit.tab.get_by_role("button", name="Sign out").click()
    visit.tab.wait_for_url(re.compile("/account/sign-in"))


@pytest.mark.parametrize("alone", [True, False], ids=["alone", "second step"])
def test_a_passkey_is_added_and_signs_in(visit: Callable[..., Any], owner: Membership, alone: bool) -> None:
    it = visit()
    device, number = _with_device(it)
    it.sign_in(owner)
    it.open("/account/security/passkeys/add")
    _confirm(it)
    it.tab.get_by_label("Name").fill("Riley's phone")
    it.tab.get_by_label("Sign in with it alone").set_checked(alone)
    it.tab.get_by_role("button", name="Add", exact=True).click()
    it.tab.get_by_role("heading", name="Recovery codes").wait_for()
    assert it.tab.locator("[data-once] li").count() == 10
    it.tab.get_by_role("link", name="I have kept them").click()
    assert "Riley's phone" in it.tab.get_by_role("main").inner_text()
    assert len(device.send("WebAuthn.getCredentials", {"authenticatorId": number})["credentials"]) == 1
    _sign_out(it)
    if alone:
        it.tab.get_by_role("button", name="Use a passkey").click()
    else:
        _password_step(it, owner)
        it.tab.get_by_role("button", name="Use a passkey").click()
    it.tab.wait_for_url(f"{it.base}/")
    assert Authenticator.objects.get(type="webauthn").last_used_at is not None
    assert it.complaints == []


def test_a_passkey_of_the_second_step_does_not_sign_in_alone(visit: Callable[..., Any], owner: Membership) -> None:
    it = visit()
    _with_device(it)
    it.sign_in(owner)
    it.open("/account/security/passkeys/add")
    _confirm(it)
    it.tab.get_by_label("Sign in with it alone").set_checked(False)
    it.tab.get_by_role("button", name="Add", exact=True).click()
    it.tab.get_by_role("heading", name="Recovery codes").wait_for()
    it.open("/")
    _sign_out(it)
    it.tab.get_by_role("button", name="Use a passkey").click()
    it.tab.get_by_role("alert").filter(has_text="That didn't work").wait_for()
    assert "/account/sign-in" in it.tab.url


def test_an_app_is_set_up_and_its_codes_sign_in(visit: Callable[..., Any], owner: Membership) -> None:
    it = visit(width=390, height=844)
    it.sign_in(owner)
    it.open("/account/security/app/add")
    _confirm(it)
    secret = it.tab.locator("[data-secret]").inner_text()
    assert it.tab.evaluate("document.querySelector('.qr').naturalWidth") > 0
    it.tab.get_by_label("Code").fill(code_of(secret))
    it.tab.get_by_role("button", name="Switch on").click()
    it.tab.get_by_role("heading", name="Recovery codes").wait_for()
    codes = it.tab.locator("[data-once] li").all_inner_texts()
    with it.tab.expect_download() as started:
        it.tab.get_by_role("link", name="Download as text").click()
    with open(started.value.path(), encoding="utf-8") as file:  # noqa: PTH123
        assert file.read().split() == codes
    _sign_out(it)
    _password_step(it, owner)
    it.tab.get_by_label("Code").fill("000000")
    it.tab.get_by_role("button", name="Sign in", exact=True).click()
    assert "Incorrect code" in it.tab.get_by_role("main").inner_text()
    it.tab.get_by_label("Code").fill(code_of(secret, clock.now(), 1))
    it.tab.get_by_role("button", name="Sign in", exact=True).click()
    it.tab.wait_for_url(f"{it.base}/")
    assert it.complaints == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_pages_of_sign_in_security_are_accessible_and_fit_a_phone(
    visit: Callable[..., Any], owner: Membership, dark: bool
) -> None:
    it = visit(width=390, height=844, dark=dark)
    found: dict[str, Any] = {}

    def check(name: str) -> None:
        it.tab.wait_for_load_state("networkidle")
        violations = Axe().run(it.tab, options={"runOnly": RULES}).response["violations"]
        width = it.tab.evaluate("document.documentElement.scrollWidth")
        if violations or width > 390 or it.complaints:
            found[name] = [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in violations] + [width, *it.complaints]
        it.complaints.clear()

    it.sign_in(owner)
    it.open("/account/security")
    check("without")
    for page in ("app/add", "passkeys/add"):
        it.open(f"/account/security/{page}")
        _confirm(it)
        check(page)
    make_app(owner.user)
    key = make_passkey(owner.user)
    make_recovery_codes(owner.user)
    for page in (
        "", "/app/remove", f"/passkeys/{key.pk}/rename", f"/passkeys/{key.pk}/remove", "/recovery-codes/new",
        "/recovery-codes", "/recovery-codes",
    ):  # fmt: skip
        it.open(f"/account/security{page}")
        check(page or "with")
    Authenticator.objects.filter(pk=key.pk).delete()
    for page in ("/account/re-authenticate", "/account/re-authenticate/code"):
        it.open(page)
        check(page)
    it.open("/")
    _sign_out(it)
    _password_step(it, owner)
    it.tab.wait_for_url(re.compile("second-step"))
    check("second step")
    assert found == {}
