"""Dangerous deeds need a person who has proven lately who they are."""

from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import include, path
from rest_framework import serializers
from rest_framework.response import Response

from crm import service_mode
from crm.api.views import Doc, Endpoint
from crm.models import ApiKey, Business, Invitation, Membership
from crm.sessions import STARTED, SessionStore
from tests.crm.api.calling import Caller, assert_problem, make_key, sign_in
from tests.crm.test_sessions import enter, later
from tests.factories import make_membership
from tests.factories.crm import PASSWORD

AGAIN = "/account/re-authenticate"
KEY_PAGE = "/settings/api-keys/new"


class Dangerous(Endpoint):
    """An endpoint that only exists here."""

    tag = "Test"
    reauthenticate = True
    permissions = {"GET": "crm.manage_business", "POST": "crm.manage_business"}
    docs = {
        "GET": Doc("read", "Read", answer=serializers.Serializer),
        "POST": Doc("act", "Act", answer=serializers.Serializer),
    }

    def get(self, request: Any) -> Response:
        return Response({})

    def post(self, request: Any) -> Response:
        return Response({})


urlpatterns = [path("api/v1/dangerous", Dangerous.as_view()), path("", include("crm.urls"))]


def dangerous(business: Business) -> list[str]:
    member = make_membership(business, "agent")
    return [
        KEY_PAGE,
        "/settings/people/invite",
        f"/settings/people/{member.pk}",
        f"/settings/people/{member.pk}/end",
        f"/settings/people/{member.pk}/second-factor",
        "/settings/sign-in",
    ]


def test_a_fresh_sign_in_is_proof_enough(owner: Membership) -> None:
    browser = enter(owner.user)
    later(browser, minutes=9, seconds=50)
    for place in dangerous(owner.business):
        assert browser.get(place).status_code != 302, place


def test_an_older_one_leads_to_the_password_and_back(owner: Membership) -> None:
    browser = enter(owner.user)
    later(browser, minutes=10, seconds=1)
    for place in dangerous(owner.business):
        answer = browser.get(place)
        assert (answer.status_code, answer.get("Location")) == (302, f"{AGAIN}?next={quote(place, safe='')}"), place
    wrong = browser.post(AGAIN, {"password": "not this one", "next": KEY_PAGE})
    assert wrong.status_code == 200
    assert browser.get(KEY_PAGE).status_code == 302
    right = browser.post(AGAIN, {"password": PASSWORD, "next": KEY_PAGE})
    assert (right.status_code, right["Location"]) == (302, KEY_PAGE)
    assert browser.get(KEY_PAGE).status_code == 200
    later(browser, minutes=11)
    assert browser.get(KEY_PAGE).status_code == 302


def test_what_was_typed_is_carried_out_once_after_the_proof(owner: Membership, in_scope: Business) -> None:
    browser = enter(owner.user)
    later(browser, minutes=20)
    answer = browser.post(KEY_PAGE, {"name": "Web shop", "role": "integration"})
    assert answer.status_code == 302
    assert answer["Location"].startswith(AGAIN)
    assert not ApiKey.objects.exists()
    made = browser.post(AGAIN, {"password": PASSWORD, "next": KEY_PAGE})
    assert made.status_code == 200
    assert b"crm_" in made.content
    assert ApiKey.objects.get().name == "Web shop"
    browser.post(AGAIN, {"password": PASSWORD, "next": KEY_PAGE})
    assert ApiKey.objects.count() == 1


def kept(owner: Membership) -> Client:
    """A browser in which a key was asked for, whose owner has to prove first who it is."""
    browser = enter(owner.user)
    later(browser, minutes=20)
    assert browser.post(KEY_PAGE, {"name": "Web shop", "role": "integration"})["Location"].startswith(AGAIN)
    return browser


def prove(browser: Client) -> Any:
    return browser.post(AGAIN, {"password": PASSWORD, "next": KEY_PAGE})


def test_what_was_asked_for_in_one_business_is_not_done_in_another(owner: Membership, other_business: Business) -> None:
    make_membership(other_business, "owner", user=owner.user)
    browser = kept(owner)
    browser.post("/switch-business", {"business": other_business.slug})
    assert prove(browser)["Location"] == KEY_PAGE
    assert not ApiKey.unscoped.exists()


def test_the_proof_is_no_way_round_the_second_factor(owner: Membership, other_business: Business) -> None:
    make_membership(other_business, "owner", user=owner.user)
    browser = kept(owner)
    other_business.requires_second_factor = True
    other_business.save()
    browser.post("/switch-business", {"business": other_business.slug})
    assert prove(browser)["Location"] == KEY_PAGE
    assert browser.get(KEY_PAGE)["Location"] == "/account/security"
    assert not ApiKey.unscoped.exists()
    browser = kept(owner)
    Business.objects.update(requires_second_factor=True)
    assert prove(browser)["Location"] == KEY_PAGE
    assert not ApiKey.unscoped.exists()


def test_the_proof_is_no_way_round_the_read_only_mode(owner: Membership) -> None:
    browser = kept(owner)
    service_mode.remember(service_mode.Mode(is_read_only=True, is_ours=True))
    assert prove(browser)["Location"] == KEY_PAGE
    assert not ApiKey.unscoped.exists()
    service_mode.remember(service_mode.Mode())
    assert prove(browser)["Location"] == KEY_PAGE, "what was dropped stays dropped"
    assert not ApiKey.unscoped.exists()


def test_nobody_slips_past_with_a_post(owner: Membership, in_scope: Business) -> None:
    browser = enter(owner.user)
    later(browser, minutes=20)
    browser.post("/settings/people/invite", {"email": "new@example.com", "role": "agent"})
    assert not Invitation.objects.exists()
    member = make_membership(owner.business, "agent")
    browser.post(f"/settings/people/{member.pk}/end")
    member.refresh_from_db()
    assert member.is_active


def test_wrong_proofs_are_limited(owner: Membership) -> None:
    browser = enter(owner.user)
    answers = [browser.post(AGAIN, {"password": f"wrong {n}"}) for n in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert int(answers[-1]["Retry-After"]) > 0


def test_those_who_may_not_are_not_asked(business: Business) -> None:
    browser = enter(make_membership(business, "agent").user)
    later(browser, minutes=20)
    assert browser.get(KEY_PAGE).status_code == 403


def test_the_minutes_are_a_setting(owner: Membership, settings: Any) -> None:
    settings.REAUTHENTICATION_MINUTES = 1
    browser = enter(owner.user)
    later(browser, minutes=2)
    assert browser.get(KEY_PAGE).status_code == 302


@pytest.mark.urls(__name__)
def test_the_api_asks_for_a_token_of_a_fresh_sign_in(owner: Membership) -> None:
    caller = Caller(sign_in(owner.user.email)["access_token"])
    assert caller.post("/dangerous").status_code == 200
    row = Session.objects.get()
    data = row.get_decoded()
    data[STARTED] -= 601
    Session.objects.update(session_data=SessionStore().encode(data))
    assert_problem(caller.post("/dangerous"), 403, "reauthentication_required")
    assert caller.get("/dangerous").status_code == 200
    fresh = Caller(sign_in(owner.user.email)["access_token"])
    assert fresh.post("/dangerous").status_code == 200


@pytest.mark.urls(__name__)
def test_refreshing_a_token_is_no_proof(owner: Membership) -> None:
    pair = sign_in(owner.user.email)
    row = Session.objects.get()
    data = row.get_decoded()
    data[STARTED] -= 601
    Session.objects.update(session_data=SessionStore().encode(data))
    fresh = Caller().post("/auth/refresh", {"refresh_token": pair["refresh_token"]}).json()
    assert_problem(Caller(fresh["access_token"]).post("/dangerous"), 403, "reauthentication_required")


@pytest.mark.urls(__name__)
def test_keys_are_no_persons(business: Business) -> None:
    caller = Caller(make_key(business))
    assert_problem(caller.post("/dangerous"), 403, "reauthentication_required")
    assert caller.get("/dangerous").status_code == 200
    assert Client().post("/api/v1/dangerous").status_code == 401
