"""Access tokens of people, from allauth's sign-in, so that none skips a second factor; they end with their session."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import perform_password_login
from allauth.account.internal.userkit import str_to_user_id
from allauth.core.exceptions import ImmediateHttpResponse, RateLimited
from allauth.headless import app_settings
from allauth.headless.account.inputs import LoginInput
from allauth.headless.constants import Client
from allauth.headless.internal.authkit import AuthenticationStatus, authentication_context
from allauth.headless.internal.decorators import mark_request_as_headless
from allauth.headless.tokens.strategies.jwt import JWTTokenStrategy, internal
from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.stages import AuthenticateStage
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.forms import CharField
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.response import Response

from crm import clock, services, sessions
from crm.actor import Actor
from crm.api import fields
from crm.api.authentication import AUDIENCE, TokenAuthentication
from crm.api.permissions import ANYONE
from crm.api.views import Doc, Endpoint
from crm.attempts import TooManyAttempts
from crm.errors import DomainError
from crm.models import User
from crm.second_factors import count_try, has_second_factor, spend_code

VERSION = sessions.TOKENS
_JWT = "eyJhbGciOiJSUzI1NiJ9.…"
_SAMPLE = {
    "access_token": _JWT,
    "refresh_token": _JWT,
    "token_type": "Bearer",
    "expires_in": 600,
}


class NoSigningKey(DomainError):
    status = 503
    code = "no_signing_key"
    message = gettext_lazy("Tokens are switched off: the operator has set no JWT_PRIVATE_KEY. API keys work.")


class TokenStrategy(JWTTokenStrategy):
    """Tokens for this API only, which end with their session or when the user's token version is raised.
    A refresh token works once."""

    def get_session_token(self, request: Any) -> str | None:
        """None: every sign-in makes a session of its own, whatever the request carries."""
        return None

    def get_claims(self, user: Any) -> dict[str, Any]:
        return {"aud": AUDIENCE, "tv": user.token_version}

    def create_access_token_payload(self, request: Any) -> dict[str, Any] | None:
        request.session.set_expiry(app_settings.JWT_REFRESH_TOKEN_EXPIRES_IN)
        request.session[VERSION] = request.user.token_version
        request.session.begin()
        return super().create_access_token_payload(request)

    @transaction.atomic
    def refresh_token(self, refresh_token: str) -> tuple[str, str] | None:
        """A new pair for a token that was not used before; one that was used ends its session, whoever holds it."""
        payload = internal.decode_token(refresh_token, "refresh")
        key = internal.session_key_from_sid(payload["sid"]) if payload else None
        if not key or not Session.objects.select_for_update().filter(session_key=key).exists():
            return None
        found = internal.validate_refresh_token(refresh_token)
        if found is not None and found[1].get(VERSION) == found[0].token_version:
            UserSession.objects.filter(session_key=key).update(last_seen_at=timezone.now())
            return super().refresh_token(refresh_token)
        user = User.objects.filter(pk=str_to_user_id(payload["sub"]), is_active=True).first()
        if found is None and user is not None:
            services.end_reused_session(actor=Actor.system("Sign-in", door="api"), user=user, session_key=key)
        Session.objects.filter(session_key=key).delete()
        return None


class Credentials(LoginInput):
    """As allauth checks them, but with the password exactly as it is."""

    password = CharField(strip=False)


class SignIn(fields.Input):
    email = fields.Email(max_length=254)
    password = fields.Text(max_length=1000, trim_whitespace=False)
    code = fields.Text(
        max_length=40,
        required=False,
        help_text="For people with a second factor: what their authenticator app shows, or a recovery code.",
    )


class RefreshToken(fields.Input):
    refresh_token = fields.Text(max_length=4000)


class Tokens(serializers.Serializer):
    access_token = serializers.CharField()
    refresh_token = serializers.CharField()
    token_type = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="Seconds for which the access token is valid.")


class TokenEndpoint(Endpoint):
    """Needs no sign-in; ignores any `Authorization` header."""

    abstract = True
    tag = "Sign-in"
    limited_as = {"POST": "sign-in"}
    authentication_classes = ()
    permissions = {"POST": ANYONE}

    def get_authenticate_header(self, request: Any) -> str:
        return TokenAuthentication().authenticate_header(request)

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if not settings.HEADLESS_JWT_PRIVATE_KEY:
            raise NoSigningKey

    def pair(self, access: str, refresh: str) -> Response:
        return Response(
            {
                "access_token": access,
                "refresh_token": refresh,
                "token_type": "Bearer",
                "expires_in": app_settings.JWT_ACCESS_TOKEN_EXPIRES_IN,
            }
        )


class CreateToken(TokenEndpoint):
    """Signs a person in."""

    docs = {
        "POST": Doc(
            "create_token",
            gettext_lazy("Sign in and get a pair of tokens"),
            answer=Tokens,
            body=SignIn,
            answer_example=_SAMPLE,
            body_example={"email": "riley@example.com", "password": "correct horse battery staple"},
            problems=(401, 429),
            text=gettext_lazy(
                "Someone who signs in with a second factor is answered 401 with the code mfa_required, unless the body holds "
                "a code of the authenticator app or a recovery code. Each code works once. Who has only passkeys needs a "
                "recovery code, or an API key."
            ),
        )
    }

    def post(self, request: Any) -> Response:
        values = self.body(SignIn)
        browser = request._request
        mark_request_as_headless(browser, Client.APP)
        with authentication_context(browser):
            try:
                tokens = self._sign_in(browser, values)
            except TooManyAttempts as refusal:
                raise Throttled(wait=refusal.retry_after) from refusal
        return self.pair(tokens["access_token"], tokens["refresh_token"])

    def _sign_in(self, browser: Any, values: dict[str, Any]) -> dict[str, Any]:
        form = Credentials(values)
        if not form.is_valid():
            codes = {error.code for errors in form.errors.as_data().values() for error in errors}
            if "too_many_login_attempts" in codes:
                raise Throttled(wait=300)
            raise self._refusal()
        factor = self._second_factor(form.login.user, values.get("code", ""))
        try:
            perform_password_login(browser, form.cleaned_data, form.login)
        except RateLimited as error:
            raise Throttled(wait=300) from error
        except ImmediateHttpResponse as error:
            raise self._refusal() from error
        stage = AuthenticationStatus(browser).get_pending_stage()
        if stage is not None and stage.key == AuthenticateStage.key and factor is not None:
            post_authentication(browser, factor)
            stage.exit()
        if not browser.user.is_authenticated:
            raise self._refusal()
        return app_settings.TOKEN_STRATEGY.create_access_token_payload(browser)

    def _second_factor(self, user: Any, code: str) -> Authenticator | None:
        """What the code belongs to; None for somebody who signs in without. Raises AuthenticationFailed, Throttled."""
        if not user.is_active or not has_second_factor(user):
            return None
        if not code:
            message = _("A second factor is needed: send a code of the authenticator app, or use an API key.")
            raise AuthenticationFailed(message, code="mfa_required")
        taken = count_try(user)
        if not taken.allowed:
            raise Throttled(wait=taken.retry_after)
        factor = spend_code(user=user, code=code, at=clock.now())
        if factor is None:
            raise self._refusal()
        factor.user = user
        return factor

    def _refusal(self) -> AuthenticationFailed:
        """The same for a wrong password, an unknown address and a user who is switched off."""
        message = get_adapter().error_messages["email_password_mismatch"]
        return AuthenticationFailed(str(message), code="invalid_credentials")


class RefreshTokens(TokenEndpoint):
    """Changes a refresh token for a new pair."""

    docs = {
        "POST": Doc(
            "refresh_token",
            gettext_lazy("Change a refresh token for a new pair"),
            answer=Tokens,
            body=RefreshToken,
            answer_example=_SAMPLE,
            body_example={"refresh_token": _JWT},
            problems=(401,),
            text=gettext_lazy("A refresh token works once; using it again ends the session with all its tokens."),
        )
    }

    def post(self, request: Any) -> Response:
        pair = app_settings.TOKEN_STRATEGY.refresh_token(self.body(RefreshToken)["refresh_token"])
        if pair is None:
            raise AuthenticationFailed(
                _("The refresh token is not valid, has expired or was used before."), code="invalid_token"
            )
        return self.pair(*pair)


class RevokeTokens(TokenEndpoint):
    """Ends the session of a refresh token."""

    docs = {
        "POST": Doc(
            "revoke_token",
            gettext_lazy("End a session with all its tokens"),
            body=RefreshToken,
            status=204,
            body_example={"refresh_token": _JWT},
            text=gettext_lazy("Answers 204 for a token that is not valid, too."),
        )
    }

    def post(self, request: Any) -> Response:
        payload = internal.decode_token(self.body(RefreshToken)["refresh_token"], "refresh")
        key = internal.session_key_from_sid(payload["sid"]) if payload else None
        if key:
            Session.objects.filter(session_key=key).delete()
        return Response(status=204)
