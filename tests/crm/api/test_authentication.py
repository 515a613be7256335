"""Keys, tokens and the choice of the business."""

import base64
import hmac
import json
import time
from datetime import timedelta
from typing import Any
from uuid import uuid4

import jwt
import pytest
from allauth.account.internal.userkit import user_id_to_str
from allauth.headless.tokens.strategies.jwt import internal
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from django.conf import settings
from django.contrib.sessions.models import Session

from crm import clock
from crm.actor import Actor
from crm.api.authentication import AUDIENCE
from crm.models import Activity, ApiKey, Business, Membership
from crm.scope import ScopeError, open_businesses, scope
from crm.services.api_keys import create_api_key, revoke_api_key
from tests.crm.api.calling import Caller, assert_problem, make_key, sign_in
from tests.factories import make_business, make_membership, make_user


def test_key_opens_its_business(business: Business) -> None:
    me = Caller(make_key(business, "analyst")).get("/me").json()
    assert me["actor"]["kind"] == "api_key"
    assert me["business"] == str(business.pk)
    assert [place["slug"] for place in me["businesses"]] == ["acme"]
    assert "customers.view" in me["permissions"]
    assert "customers.add" not in me["permissions"]


def test_key_made_in_the_settings_works_until_it_is_revoked(business: Business, actor: Actor) -> None:
    with scope(business):
        made = create_api_key(actor=actor, business=business, name="Shop", role="integration", at=clock.now())
    assert Caller(made.key).get("/customers").status_code == 200
    with scope(business):
        revoke_api_key(actor=actor, api_key=made.record, at=clock.now())
    assert_problem(Caller(made.key).get("/customers"), 401)


def test_scope_is_closed_after_every_answer(business: Business, monkeypatch: pytest.MonkeyPatch) -> None:
    caller = Caller(make_key(business))

    def broken(*args: Any) -> Any:
        raise RuntimeError("a fault of ours")

    assert caller.get("/customers").status_code == 200
    assert_problem(caller.get("/customers?x=1"), 400)
    monkeypatch.setattr("crm.paging.count", broken)
    caller.client.raise_request_exception = False
    problem = assert_problem(caller.get("/customers"), 500)
    assert "fault of ours" not in problem["detail"]
    with pytest.raises(ScopeError):
        open_businesses()


@pytest.mark.parametrize(
    "credential",
    ["", "crm_", "crm_12345678", "crm_12345678_", "crm_12345678_secret", "crm_ünïcödé_x", "x.y.z", "a" * 5000],
)
def test_bad_credentials_are_refused_alike(business: Business, credential: str) -> None:
    response = Caller(credential).call("GET", "/customers", headers={"authorization": f"Bearer {credential}"})
    assert_problem(response, 401)
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_other_schemes_and_no_header_are_not_signed_in(business: Business) -> None:
    assert_problem(Caller().get("/customers"), 401, "not_authenticated")
    assert_problem(Caller().get("/customers", headers={"authorization": "Basic YTpi"}), 401, "not_authenticated")


def test_session_cookie_does_not_open_the_api(browser: Any) -> None:
    assert browser.get("/api/v1/customers").status_code == 401


def test_wrong_secret_expired_revoked_and_closed_business(business: Business) -> None:
    key = make_key(business)
    assert_problem(Caller(key[:-1] + ("a" if key[-1] != "a" else "b")).get("/customers"), 401)
    assert_problem(Caller(make_key(business, expires_at=clock.now() - timedelta(seconds=1))).get("/customers"), 401)
    assert_problem(Caller(make_key(business, revoked_at=clock.now())).get("/customers"), 401)
    assert Caller(key).get("/customers").status_code == 200
    Business.objects.filter(pk=business.pk).update(is_active=False)
    assert_problem(Caller(key).get("/customers"), 401)


def test_use_of_a_key_is_noted_once_a_minute(business: Business) -> None:
    caller = Caller(make_key(business))
    caller.get("/me")
    first = ApiKey.unscoped.get().last_used_at
    assert first is not None
    caller.get("/me")
    assert ApiKey.unscoped.get().last_used_at == first
    ApiKey.unscoped.update(last_used_at=first - timedelta(minutes=2))
    caller.get("/me")
    assert ApiKey.unscoped.get().last_used_at > first - timedelta(minutes=1)


def test_scopes_narrow_the_role(business: Business) -> None:
    caller = Caller(make_key(business, "owner", scopes=["customers.view"]))
    assert caller.get("/customers").status_code == 200
    assert_problem(caller.post("/customers", {"first_name": "Jo"}), 403, "not_allowed")
    assert_problem(caller.get("/orders"), 403)


def test_roles_without_the_permission_are_refused(business: Business) -> None:
    caller = Caller(make_key(business, "analyst"))
    assert caller.get("/customers").status_code == 200
    assert_problem(caller.post("/customers", {"first_name": "Jo"}), 403, "not_allowed")


def test_business_header(business: Business, other_business: Business) -> None:
    key = make_key(business)
    for named in (business.slug, str(business.pk), str(business.pk).upper()):
        assert Caller(key, named).get("/customers").status_code == 200
    foreign = assert_problem(Caller(key, other_business.slug).get("/customers"), 404)
    unknown = assert_problem(Caller(key, "nowhere").get("/customers"), 404)
    assert {**foreign, "request_id": ""} == {**unknown, "request_id": ""}


def test_user_of_several_businesses_names_one(owner: Membership, other_business: Business) -> None:
    make_membership(other_business, "analyst", user=owner.user)
    token = sign_in(owner.user.email)["access_token"]
    problem = assert_problem(Caller(token).get("/customers"), 400, "business_needed")
    assert "X-Business" in problem["detail"]
    assert Caller(token, "globex").get("/customers").status_code == 200
    assert_problem(Caller(token, "globex").post("/customers", {"first_name": "Jo"}), 403)
    me = Caller(token).get("/me").json()
    assert {place["slug"]: place["role"] for place in me["businesses"]} == {"acme": "owner", "globex": "analyst"}
    assert me["business"] is None
    assert me["permissions"] == []
    make_business(slug="closed")
    assert_problem(Caller(token, "closed").get("/customers"), 404)


def test_user_without_business(db: None) -> None:
    user = make_user()
    token = sign_in(user.email)["access_token"]
    assert_problem(Caller(token).get("/customers"), 403)
    assert Caller(token).get("/me").json()["businesses"] == []


def test_membership_that_ends_shuts_at_once(owner: Membership) -> None:
    caller = Caller(sign_in(owner.user.email)["access_token"])
    assert caller.get("/customers").status_code == 200
    Membership.unscoped.update(is_active=False)
    assert_problem(caller.get("/customers"), 403)


def test_token_pair_refresh_and_revoke(owner: Membership) -> None:
    pair = sign_in(owner.user.email)
    assert pair["token_type"] == "Bearer"
    assert Caller(pair["access_token"]).get("/me").json()["actor"]["kind"] == "user"
    fresh = Caller().post("/auth/refresh", {"refresh_token": pair["refresh_token"]})
    assert fresh.status_code == 200
    assert fresh.json()["refresh_token"] != pair["refresh_token"]
    assert Caller(fresh.json()["access_token"]).get("/me").status_code == 200
    gone = Caller().post("/auth/revoke", {"refresh_token": fresh.json()["refresh_token"]})
    assert gone.status_code == 204
    assert gone.content == b""
    assert_problem(Caller(fresh.json()["access_token"]).get("/me"), 401)
    assert_problem(Caller().post("/auth/refresh", {"refresh_token": fresh.json()["refresh_token"]}), 401)
    assert Caller().post("/auth/revoke", {"refresh_token": "nothing"}).status_code == 204


def test_sign_in_ignores_what_the_request_carries(owner: Membership) -> None:
    body = {"email": owner.user.email, "password": "correct horse battery staple"}
    for headers in ({"x-session-token": "nothing"}, {"authorization": "Bearer x.y.z"}):
        assert Caller().post("/auth/token", body, headers=headers).status_code == 200
    first = sign_in(owner.user.email)
    again = Caller(first["access_token"]).post("/auth/token", body).json()
    Caller().post("/auth/revoke", {"refresh_token": first["refresh_token"]})
    assert Caller(again["access_token"]).get("/me").status_code == 200


def test_replay_of_a_refresh_token_ends_the_session(owner: Membership) -> None:
    pair = sign_in(owner.user.email)
    fresh = Caller().post("/auth/refresh", {"refresh_token": pair["refresh_token"]}).json()
    assert_problem(Caller().post("/auth/refresh", {"refresh_token": pair["refresh_token"]}), 401, "invalid_token")
    assert_problem(Caller().post("/auth/refresh", {"refresh_token": fresh["refresh_token"]}), 401)
    assert_problem(Caller(fresh["access_token"]).get("/me"), 401)
    assert not Session.objects.exists()
    noted = Activity.unscoped.get(verb="crm.user.token_reused")
    assert (noted.business_id, noted.subject_id, noted.door) == (owner.business_id, str(owner.user.pk), "api")


def test_a_token_that_has_ended_otherwise_was_not_reused(owner: Membership) -> None:
    pair = sign_in(owner.user.email)
    owner.user.token_version += 1
    owner.user.save()
    assert_problem(Caller().post("/auth/refresh", {"refresh_token": pair["refresh_token"]}), 401)
    pair = sign_in(owner.user.email)
    Caller().post("/auth/revoke", {"refresh_token": pair["refresh_token"]})
    assert_problem(Caller().post("/auth/refresh", {"refresh_token": pair["refresh_token"]}), 401)
    assert not Activity.unscoped.filter(verb="crm.user.token_reused").exists()


def test_access_and_refresh_tokens_are_not_interchangeable(owner: Membership) -> None:
    pair = sign_in(owner.user.email)
    assert_problem(Caller(pair["refresh_token"]).get("/me"), 401)
    assert_problem(Caller().post("/auth/refresh", {"refresh_token": pair["access_token"]}), 401)


def test_token_version_password_and_activity_end_tokens(owner: Membership) -> None:
    user = owner.user
    pair = sign_in(user.email)
    user.token_version += 1
    user.save()
    assert_problem(Caller(pair["access_token"]).get("/me"), 401)
    assert_problem(Caller().post("/auth/refresh", {"refresh_token": pair["refresh_token"]}), 401)
    pair = sign_in(user.email)
    user.is_active = False
    user.save()
    assert_problem(Caller(pair["access_token"]).get("/me"), 401)
    user.is_active = True
    user.set_password("another long password")
    user.save()
    assert_problem(Caller(pair["access_token"]).get("/me"), 401)


def _forged(
    pair: dict[str, Any], *, algorithm: str = "RS256", key: Any = None, header: Any = None, **claims: Any
) -> str:
    payload = jwt.decode(pair["access_token"], options={"verify_signature": False})
    return jwt.encode(
        {**payload, **claims}, settings.HEADLESS_JWT_PRIVATE_KEY if key is None else key, algorithm, header
    )


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": -10},
        {"aud": "another-api"},
        {"aud": None},
        {"aud": [AUDIENCE, "x"]},
        {"tv": 99},
        {"tv": "0"},
        {"token_use": "refresh"},
        {"sub": str(uuid4())},
        {"sid": "AAAA"},
        {"sid": 5},
        {"jti": None},
        {"iss": "another-issuer"},
        {"iat": 120},
        {"nbf": 120},
    ],
)
def test_tokens_with_other_claims_are_refused(owner: Membership, claims: dict[str, Any]) -> None:
    """Moments are given in seconds from now."""
    claims = {name: time.time() + value if name in ("exp", "iat", "nbf") else value for name, value in claims.items()}
    pair = sign_in(owner.user.email)
    assert Caller(_forged(pair)).get("/me").status_code == 200
    assert_problem(Caller(_forged(pair, **claims)).get("/me"), 401)


def test_tokens_without_an_end_are_refused(owner: Membership) -> None:
    pair = sign_in(owner.user.email)
    payload = jwt.decode(pair["access_token"], options={"verify_signature": False})
    del payload["exp"]
    assert_problem(Caller(jwt.encode(payload, settings.HEADLESS_JWT_PRIVATE_KEY, "RS256")).get("/me"), 401)


def _part(data: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")


@pytest.mark.parametrize("algorithm", ["none", "None", "nOnE", "HS256", "HS512", "ES256", "PS256", ""])
def test_a_token_does_not_choose_its_algorithm(owner: Membership, algorithm: str) -> None:
    """Signed by nobody, or with the text of the public key as if it were a secret both sides know."""
    pair = sign_in(owner.user.email)
    payload = jwt.decode(pair["access_token"], options={"verify_signature": False})
    public = load_pem_private_key(settings.HEADLESS_JWT_PRIVATE_KEY.encode(), None).public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signed = f"{_part({'alg': algorithm, 'typ': 'JWT'})}.{_part(payload)}"
    for text in (pem, pem.strip(), settings.SECRET_KEY.encode()):
        for digest in ("sha256", "sha512"):
            signature = base64.urlsafe_b64encode(hmac.digest(text, signed.encode(), digest)).decode().rstrip("=")
            assert_problem(Caller(f"{signed}.{signature}").get("/me"), 401)
    assert_problem(Caller(f"{signed}.").get("/me"), 401)
    assert_problem(Caller().post("/auth/refresh", {"refresh_token": f"{signed}."}), 401)


def test_a_new_signing_key_ends_the_tokens_of_the_old_one_alone(
    owner: Membership, business: Business, settings: Any
) -> None:
    old, key = sign_in(owner.user.email), make_key(business)
    made = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    settings.HEADLESS_JWT_PRIVATE_KEY = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    assert_problem(Caller(old["access_token"]).get("/me"), 401)
    assert_problem(Caller().post("/auth/refresh", {"refresh_token": old["refresh_token"]}), 401)
    assert Caller(sign_in(owner.user.email)["access_token"]).get("/me").status_code == 200
    assert Caller(key).get("/me").status_code == 200


def test_other_algorithms_and_keys_are_refused(owner: Membership) -> None:
    pair = sign_in(owner.user.email)
    assert_problem(Caller(_forged(pair, algorithm="none", key="")).get("/me"), 401)
    assert_problem(Caller(_forged(pair, algorithm="HS256", key="k" * 32)).get("/me"), 401)
    remote = {"jku": "https://example.com/keys", "kid": "../../etc/passwd"}
    assert_problem(Caller(_forged(pair, algorithm="HS256", key="k" * 32, header=remote)).get("/me"), 401)
    head, body, sign = pair["access_token"].split(".")
    assert_problem(Caller(f"{head}.{body}.").get("/me"), 401)
    assert_problem(Caller(f"{head}.{body}.{sign[:-4]}AAAA").get("/me"), 401)
    token, _claims = internal.create_token("access", sub=user_id_to_str(owner.user), sid="x", expires_in=60)
    assert_problem(Caller(token).get("/me"), 401)


def test_unknown_wrong_and_inactive_are_answered_alike(owner: Membership) -> None:
    inactive = make_user(email="gone@example.com", is_active=False)
    answers = [
        Caller().post("/auth/token", {"email": email, "password": password})
        for email, password in [
            ("nobody@example.com", "whatever it is"),
            (owner.user.email, "whatever it is"),
            (inactive.email, "correct horse battery staple"),
        ]
    ]
    problems = [{**assert_problem(answer, 401, "invalid_credentials"), "request_id": ""} for answer in answers]
    assert problems[0] == problems[1] == problems[2]
    assert not Session.objects.exists()


def test_failed_sign_ins_are_limited(owner: Membership) -> None:
    statuses = [
        Caller().post("/auth/token", {"email": owner.user.email, "password": f"wrong {n}"}).status_code
        for n in range(6)
    ]
    assert statuses == [401] * 5 + [429]
    response = Caller().post("/auth/token", {"email": owner.user.email, "password": "correct horse battery staple"})
    assert_problem(response, 429)
    assert int(response["Retry-After"]) > 0


def test_second_factor_is_not_skipped(owner: Membership) -> None:
    from allauth.mfa.models import Authenticator

    Authenticator.objects.create(user=owner.user, type=Authenticator.Type.TOTP, data={"secret": "x"})
    response = Caller().post("/auth/token", {"email": owner.user.email, "password": "correct horse battery staple"})
    assert_problem(response, 401, "mfa_required")
    assert b"eyJ" not in response.content


def test_without_signing_key_tokens_are_off_and_keys_work(owner: Membership, business: Business, settings: Any) -> None:
    settings.HEADLESS_JWT_PRIVATE_KEY = ""
    body = {"email": owner.user.email, "password": "correct horse battery staple"}
    assert_problem(Caller().post("/auth/token", body), 503, "no_signing_key")
    assert_problem(Caller("x.y.z").get("/me"), 401)
    assert Caller(make_key(business)).get("/me").status_code == 200


@pytest.mark.parametrize(
    "body", [{}, {"email": "a@example.com"}, {"email": "nope", "password": "x"}, {"email": 5, "password": "x"}]
)
def test_sign_in_bodies(db: None, body: Any) -> None:
    problem = assert_problem(Caller().post("/auth/token", body), 400 if body.get("email") == 5 else 422)
    assert problem["errors"]
