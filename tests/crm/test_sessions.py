"""Sessions end by themselves, by sign-out, by a new password and by hand; what belonged to them is refused at once."""

import os
import re
import subprocess
import sys
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client, override_settings
from django.urls import reverse

from crm import sessions
from crm.models import Activity, Membership, User
from crm.sessions import SessionStore, device
from crm.tasks import forget_old_sessions
from tests.crm.api.calling import Caller, assert_problem, sign_in
from tests.factories import make_membership, make_session, make_user
from tests.factories.crm import PASSWORD

HOME = "/customers"
NEW = "a fresh and lasting phrase"


def enter(user: Any, **more: Any) -> Client:
    """A browser whose user has signed in at the page."""
    client = Client(**more)
    answer = client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    assert answer.status_code == 302, answer.content
    assert client.get(HOME).status_code == 200
    return client


def later(client: Client, **time: int) -> None:
    """Let the time pass for the session of the browser, as if all of it had happened that much earlier."""
    delta = timedelta(**time)
    row = Session.objects.get(session_key=client.session.session_key)
    data = row.get_decoded()
    data[sessions.STARTED] -= int(delta.total_seconds())
    for record in data.get("account_authentication_methods", []):
        record["at"] -= delta.total_seconds()
    Session.objects.filter(pk=row.pk).update(
        session_data=SessionStore().encode(data), expire_date=row.expire_date - delta
    )
    for seen in UserSession.objects.filter(session_key=row.pk):
        seen.last_seen_at -= delta
        seen.save()


def is_in(client: Client) -> bool:
    return client.get(HOME).status_code == 200


def test_a_session_ends_after_half_an_hour_without_use(owner: Membership) -> None:
    browser = enter(owner.user)
    later(browser, minutes=29, seconds=50)
    assert is_in(browser)
    later(browser, minutes=30, seconds=1)
    answer = browser.get(HOME)
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("account_login"))


def test_use_puts_the_end_off_until_the_day_is_over(owner: Membership) -> None:
    browser = enter(owner.user)
    for _ in range(47):
        later(browser, minutes=15)
        assert is_in(browser)
    later(browser, minutes=14, seconds=50)
    assert is_in(browser)
    later(browser, seconds=20)
    assert not is_in(browser)


@override_settings(SESSION_IDLE_MINUTES=5, SESSION_HOURS=1)
def test_limits_are_settings(owner: Membership) -> None:
    browser = enter(owner.user)
    later(browser, minutes=4)
    assert is_in(browser)
    later(browser, minutes=6)
    assert not is_in(browser)


def test_writing_data_into_a_session_does_not_lengthen_the_day(owner: Membership) -> None:
    browser = enter(owner.user)
    for _ in range(48):
        later(browser, minutes=14, seconds=58)
        browser.post("/switch-business", {"business": owner.business.slug})
    later(browser, minutes=2)
    assert not is_in(browser)


def test_use_is_noted_once_a_minute(owner: Membership) -> None:
    browser = enter(owner.user)
    row = UserSession.objects.get(user=owner.user)
    later(browser, seconds=50)
    browser.get(HOME)
    assert UserSession.objects.get(pk=row.pk).last_seen_at < row.last_seen_at
    later(browser, seconds=15)
    browser.get(HOME, REMOTE_ADDR="198.51.100.9")
    seen = UserSession.objects.get(pk=row.pk)
    assert seen.last_seen_at > row.last_seen_at - timedelta(seconds=1)
    assert seen.ip == "198.51.100.9"


def test_what_a_page_fetches_by_itself_is_no_use(owner: Membership) -> None:
    browser = enter(owner.user)
    later(browser, minutes=20)
    before = Session.objects.get().expire_date
    assert browser.get(reverse("crm:live")).status_code < 400
    assert Session.objects.get().expire_date == before


def test_cookie_ends_with_the_browser(owner: Membership) -> None:
    browser = enter(owner.user)
    assert browser.cookies["session"]["max-age"] == ""
    assert browser.cookies["session"]["httponly"]
    assert browser.cookies["session"]["samesite"] == "Lax"


def test_signing_in_gives_the_session_a_new_id(owner: Membership) -> None:
    store = SessionStore()
    store["planted"] = True
    store.create()
    browser = Client()
    browser.cookies["session"] = store.session_key or ""
    browser.post(reverse("account_login"), {"login": owner.user.email, "password": PASSWORD})
    assert is_in(browser)
    assert browser.cookies["session"].value != store.session_key
    stranger = Client()
    stranger.cookies["session"] = store.session_key or ""
    assert not is_in(stranger)


def test_signing_out_ends_the_session_on_the_server(owner: Membership) -> None:
    browser = enter(owner.user)
    copy = Client()
    copy.cookies["session"] = browser.cookies["session"].value
    assert is_in(copy)
    browser.post(reverse("account_logout"))
    assert not is_in(copy)


def test_a_new_password_ends_all_else(owner: Membership, mailoutbox: Any) -> None:
    here, there, pair = enter(owner.user), enter(owner.user), sign_in(owner.user.email)
    form = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    assert here.post(reverse("account_change_password"), form).status_code == 302
    assert is_in(here)
    assert not is_in(there)
    assert_problem(Caller(pair["access_token"]).get("/me"), 401)
    assert_problem(Caller().post("/auth/refresh", {"refresh_token": pair["refresh_token"]}), 401)
    changed = Activity.unscoped.get(verb="crm.user.password_changed")
    assert (changed.business_id, changed.counts) == (owner.business_id, {"sessions": 2})
    owner.user.refresh_from_db()
    assert owner.user.token_version == 1
    assert [(one.to, one.subject) for one in mailoutbox] == [([owner.user.email], "Your password was changed")]
    assert "All other sessions and tokens have ended." in mailoutbox[0].body


def test_a_password_by_a_link_ends_all(owner: Membership, mailoutbox: Any) -> None:
    from crm.account_mail import send_reset_link

    there, pair = enter(owner.user), sign_in(owner.user.email)
    owner.user.refresh_from_db()
    send_reset_link(owner.user)
    link = re.search(r"https?://\S+(/account/password/reset/key/\S+)", mailoutbox[0].body)
    assert link
    browser = Client()
    page = browser.get(link[1], follow=True)
    answer = browser.post(page.redirect_chain[-1][0], {"password1": NEW, "password2": NEW})
    assert answer.status_code == 302
    assert not is_in(browser)
    assert not is_in(there)
    assert_problem(Caller(pair["access_token"]).get("/me"), 401)
    assert b"not valid any more" in Client().get(link[1], follow=True).content


def test_somebody_who_is_switched_off_is_refused_at_the_next_request(owner: Membership) -> None:
    browser, pair = enter(owner.user), sign_in(owner.user.email)
    assert Caller(pair["access_token"]).get("/me").status_code == 200
    owner.user.is_active = False
    owner.user.save()
    assert not is_in(browser)
    assert_problem(Caller(pair["access_token"]).get("/me"), 401)
    assert_problem(Caller().post("/auth/refresh", {"refresh_token": pair["refresh_token"]}), 401)


def test_a_role_that_is_taken_ends_with_the_next_request(owner: Membership) -> None:
    browser, caller = enter(owner.user), Caller(sign_in(owner.user.email)["access_token"])
    assert caller.get("/customers").status_code == 200
    Membership.unscoped.filter(pk=owner.pk).update(role="analyst")
    assert browser.get("/settings/people").status_code == 403
    assert_problem(caller.post("/customers", {"first_name": "Jo"}), 403)
    Membership.unscoped.filter(pk=owner.pk).update(is_active=False)
    assert browser.get(HOME).status_code == 302
    assert_problem(caller.get("/customers"), 403)


def test_the_list_says_where_one_is_signed_in(owner: Membership) -> None:
    here = enter(owner.user, headers={"user-agent": "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0"})
    make_session(owner.user, ip="203.0.113.5", user_agent="Mozilla/5.0 (iPhone) AppleWebKit Version/18 Safari/605")
    sign_in(owner.user.email)
    make_session(make_user(), ip="203.0.113.99")
    page = here.get(reverse("crm:sessions")).content.decode()
    assert "Firefox on Windows" in page
    assert "This one" in page
    assert "Safari on iPhone" in page
    assert "203.0.113.5" in page
    assert "A program, by a token of the API" in page
    assert "203.0.113.99" not in page


def test_one_session_is_ended_by_hand(owner: Membership) -> None:
    here, there = enter(owner.user), enter(owner.user)
    row = UserSession.objects.get(session_key=there.session.session_key)
    href = reverse("crm:session_end", args=[row.pk])
    assert href in here.get(reverse("crm:sessions")).content.decode()
    assert b"has to sign in again" in here.get(href).content
    assert here.post(href).status_code == 302
    assert not is_in(there)
    assert is_in(here)
    assert Activity.unscoped.get(verb="crm.user.sessions_ended").counts == {"sessions": 1}
    assert here.post(href).status_code == 404


def test_all_others_are_ended_tokens_included(owner: Membership, other_business: Any) -> None:
    make_membership(other_business, "agent", user=owner.user)
    here, there, pair = enter(owner.user), enter(owner.user), sign_in(owner.user.email)
    assert b"2 other devices or programs" in here.get(reverse("crm:sessions_end")).content
    here.post(reverse("crm:sessions_end"))
    assert is_in(here)
    assert not is_in(there)
    assert_problem(Caller(pair["access_token"]).get("/me"), 401)
    assert_problem(Caller().post("/auth/refresh", {"refresh_token": pair["refresh_token"]}), 401)
    rows = Activity.unscoped.filter(verb="crm.user.sessions_ended")
    assert {row.business_id for row in rows} == {owner.business_id, other_business.pk}
    assert "End all others" not in here.get(reverse("crm:sessions")).content.decode()


def test_nobody_ends_the_session_of_another(owner: Membership, members: dict[str, Membership]) -> None:
    foreign = make_session(members["agent"].user)
    assert enter(owner.user).post(reverse("crm:session_end", args=[foreign.pk])).status_code == 404
    assert Session.objects.filter(session_key=foreign.session_key).exists()


def test_a_session_of_tokens_lives_as_long_as_its_refresh_token(owner: Membership) -> None:
    sign_in(owner.user.email)
    ends_in = Session.objects.get().expire_date - UserSession.objects.get().created_at
    assert timedelta(days=13, hours=23) < ends_in <= timedelta(days=14, minutes=1)


def test_where_somebody_was_signed_in_is_forgotten_after_ninety_days(owner: Membership) -> None:
    old, recent, live = (make_session(owner.user) for _ in range(3))
    Session.objects.filter(session_key__in=[old.session_key, recent.session_key]).delete()
    UserSession.objects.exclude(pk=recent.pk).update(last_seen_at=old.last_seen_at - timedelta(days=91))
    assert forget_old_sessions(old.last_seen_at) == 1
    assert set(UserSession.objects.values_list("pk", flat=True)) == {recent.pk, live.pk}


BEHIND_HTTPS = """
import django
django.setup()
from django.test import Client
client = Client(headers={"host": "crm.example.com", "origin": "https://crm.example.com"})
page = client.get("/account/sign-in", secure=True)
entered = client.post("/account/sign-in", {"login": "riley@example.com", "password": %r}, secure=True)
client.get("/account", secure=True)
saved = client.post("/account", {"name": "Riley", "theme": "dark"}, secure=True)
for answer in (page, entered, saved):
    for cookie in answer.cookies.values():
        print(cookie.OutputString())
"""


@pytest.mark.django_db(transaction=True)
def test_cookies_behind_https_are_bound_to_the_host() -> None:
    hashed = PBKDF2PasswordHasher().encode(PASSWORD, "a salt", iterations=1000)
    User.objects.filter(pk=make_user(email="riley@example.com").pk).update(password=hashed)
    here = connection.settings_dict
    database = (
        f"postgres://{here['USER']}:{here['PASSWORD']}@{quote(here['HOST'], safe='')}:{here['PORT']}/{here['NAME']}"
    )
    environment = {
        **os.environ,
        "PUBLIC_URL": "https://crm.example.com",
        "DATABASE_URL": database,
        "DATABASE_OWNER_URL": "",
    }
    run = [sys.executable, "-c", BEHIND_HTTPS % PASSWORD]
    done = subprocess.run(run, env=environment, capture_output=True, text=True, timeout=60, cwd=settings.BASE_DIR)
    cookies = {line.partition("=")[0]: line for line in done.stdout.splitlines() if "=" in line}
    assert {"__Host-session", "__Host-csrf", "theme"} <= set(cookies), done.stdout + done.stderr[-2000:]
    for name, line in cookies.items():
        assert "; Secure" in line, line
        assert "SameSite=Lax" in line, line
        if name.startswith("__Host-"):
            assert "HttpOnly" in line, line
            assert "Path=/" in line, line
            assert "Domain" not in line, line


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/130.0 Safari/537.36 Edg/130.0", "Edge on Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15", "Safari on macOS"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        ("Mozilla/5.0 (iPad; CPU OS 18_0 like Mac OS X) CriOS/130 Mobile Safari/604", "Chrome on iPad"),
        ("curl/8", "Unknown device"),
        ("", "Unknown device"),
    ],
)  # fmt: skip
def test_devices_are_named_in_words(user_agent: str, words: str) -> None:
    assert device(user_agent) == words
