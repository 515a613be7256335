"""Who calls the API: a program with an API key or a person with a token; and for which business."""

import hmac
from datetime import datetime, timedelta
from typing import Any

import cryptography.hazmat.primitives.serialization  # noqa: F401  allauth imports it at the first token: two threads would collide
from allauth.headless.tokens.strategies.jwt import internal
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed

from crm import clock, sessions
from crm.actor import Actor
from crm.errors import DomainError, NotAllowed
from crm.models import ApiKey, Business
from crm.second_factors import lacks_required_factor
from crm.services.api_keys import key_digest
from crm.statements import RecordsBy

AUDIENCE = "customer-desk-api"
HEADER = "X-Business"
_KEY = "crm_"
_NOTED_EVERY = timedelta(minutes=1)


class NoSuchBusiness(DomainError):
    status = 404
    code = "no_such_business"
    message = gettext_lazy("There is no such business, or you are no member of it.")


class BusinessNotNamed(DomainError):
    status = 400
    code = "business_needed"
    message = gettext_lazy("You work in several businesses: name one by its short name or id in the header X-Business.")


class SecondFactorRequired(DomainError):
    status = 403
    code = "second_factor_required"
    message = gettext_lazy("This business asks for a second factor. Sign in in the browser and set one up.")


class Bearer(BaseAuthentication):
    """`Authorization: Bearer …`."""

    def authenticate_header(self, request: Any) -> str:
        return 'Bearer realm="api"'

    def credential(self, request: Any) -> str | None:
        scheme, _space, value = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        return value.strip() if scheme.lower() == "bearer" else None

    def refuse(self) -> AuthenticationFailed:
        """One answer for every kind of bad credential."""
        return AuthenticationFailed(
            _("The key or token is not valid, has expired or was revoked."), code="invalid_credentials"
        )

    def acts(self, request: Any, actor: Actor) -> None:
        for holder in (request, request._request):
            holder.actor, holder.business = actor, None


class ApiKeyAuthentication(Bearer):
    """`crm_<8 characters>_<secret>`: found by its prefix, compared by the SHA-256 of the whole key."""

    def authenticate(self, request: Any) -> tuple[AnonymousUser, ApiKey] | None:
        value = self.credential(request)
        if value is None or not value.startswith(_KEY):
            return None
        prefix, _sign, secret = value.removeprefix(_KEY).partition("_")
        key = None
        if prefix.isascii() and prefix.isalnum() and len(prefix) == 8:
            key = next(iter(_keys(prefix)), None)
        now = clock.now()
        matches = _opens(key, key_digest(value), now)
        if key is None or not secret or not matches or key.revoked_at or (key.expires_at and key.expires_at <= now):
            raise self.refuse()
        if not key.business.is_active:
            raise self.refuse()
        self._note_use(key, now)
        self.acts(request, Actor.for_api_key(key, ip=request.META.get("REMOTE_ADDR"), request_id=request.id))
        return AnonymousUser(), key

    def _note_use(self, key: ApiKey, now: Any) -> None:
        stale = now - _NOTED_EVERY
        if key.last_used_at is None or key.last_used_at < stale:
            unused = Q(last_used_at__isnull=True) | Q(last_used_at__lt=stale)
            ApiKey.unscoped.filter(unused, pk=key.pk).update(last_used_at=now)


_keys = RecordsBy(lambda: ApiKey.unscoped.select_related("business").order_by(), "prefix")


def _opens(key: ApiKey | None, digest: bytes, now: datetime) -> bool:
    """Is it the digest of the key, or of the one from before a rotation while that still works?"""
    current = hmac.compare_digest(digest, bytes(key.digest) if key else bytes(32))
    former = hmac.compare_digest(digest, bytes(key.previous_digest or bytes(32)) if key else bytes(32))
    return current or (former and bool(key and key.previous_until and key.previous_until > now))


class TokenAuthentication(Bearer):
    """An access token of `/api/v1/auth/token`, valid while its session, the user and the user's token version are."""

    def authenticate(self, request: Any) -> tuple[Any, dict[str, Any]] | None:
        value = self.credential(request)
        if value is None or value.startswith(_KEY):
            return None
        found = internal.validate_access_token(value) if settings.HEADLESS_JWT_PRIVATE_KEY else None
        if found is None:
            raise self.refuse()
        user, claims = found
        if claims.get("aud") != AUDIENCE or "exp" not in claims or "iss" in claims:
            raise self.refuse()
        if claims.get("tv") != user.token_version or not user.is_active:
            raise self.refuse()
        actor = Actor.for_user(user, door="api", ip=request.META.get("REMOTE_ADDR"), request_id=request.id)
        self.acts(request, actor)
        return user, claims


def businesses_of(actor: Actor) -> list[Business]:
    """The businesses that the actor works in, in the order of its grants."""
    return [grant.business for grant in actor.grants]


def chosen_business(request: Any, *, needed: bool) -> Business | None:
    """The business that the header names, or the only one. Raises NoSuchBusiness, BusinessNotNamed, NotAllowed."""
    businesses = [request.auth.business] if isinstance(request.auth, ApiKey) else businesses_of(request.actor)
    named = request.headers.get(HEADER, "").strip()
    if named:
        business = next((b for b in businesses if named == b.slug or named.lower() == str(b.pk)), None)
        if business is None:
            raise NoSuchBusiness
        return business
    if len(businesses) == 1:
        return businesses[0]
    if not needed:
        return None
    if businesses:
        raise BusinessNotNamed
    raise NotAllowed(_("You are not a member of any business."))


class ReauthenticationRequired(DomainError):
    status = 403
    code = "reauthentication_required"
    message = gettext_lazy(
        "This needs a person who has signed in within the last minutes. Get a new token and try again."
    )


def refuse_stale_sign_in(request: Any) -> None:
    """Raise ReauthenticationRequired unless a person has lately signed in for this token; keys are no persons."""
    session = None if isinstance(request.auth, ApiKey) else internal.get_token_session(request.auth)
    if session is None or not sessions.is_fresh(session.get(sessions.STARTED, 0)):
        raise ReauthenticationRequired


def refuse_without_factor(request: Any, business: Business | None) -> None:
    """Raise SecondFactorRequired for a person who has none where the business asks for one; keys are no persons."""
    if not isinstance(request.auth, ApiKey) and lacks_required_factor(request.user, business):
        raise SecondFactorRequired
