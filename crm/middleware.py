"""What happens around every request: its id, safe headers, clean text, the open business and the access record."""

import logging
import re
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, UnreadablePostError
from django.urls import resolve, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm import clock, metrics, service_mode, sessions, viewing
from crm.access import record_access
from crm.actor import Actor
from crm.admin_scope import answer_operator
from crm.attempts import TooManyAttempts
from crm.errors_pages import is_away, plain_error, read_only, unavailable
from crm.formats import region
from crm.limits import LimitsAway
from crm.log import log_request, request_id
from crm.models import Business
from crm.scope import scope
from crm.second_factors import must_set_up, operator_lacks_factor

log = logging.getLogger(__name__)
GetResponse = Callable[[HttpRequest], HttpResponse]
BUSINESS_KEY = "business"
REFUSED_FORMS = (409, 412, 422)
"""Statuses of pages that show the form of a record again."""
SERVICE_DOORS = ("/livez", "/readyz", "/metrics")
READING = ("GET", "HEAD", "OPTIONS")
WAYS_OUT = ("/view-as/leave", "/account/sign-out")
VIEWING_ONLY = _("You see this as another member does, and can look but change nothing. Leave the view first.")
SECRETS = ("token", "access_token", "refresh_token", "api_key", "apikey", "password", "secret")
"""Names of parameters that no address may hold: addresses are kept in histories and logs."""


class RequestIdentity:
    """Names each request, counts it and gives it a line in the log."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        request.id = str(uuid4())  # type: ignore[attr-defined]
        token = request_id.set(request.id)  # type: ignore[attr-defined]
        try:
            with metrics.timed_queries():
                response = self.get_response(request)
            seconds = time.perf_counter() - started
            metrics.count_request(request, response.status_code, seconds)
            log_request(request, response.status_code, seconds)
        finally:
            request_id.reset(token)
        response["X-Request-ID"] = request.id  # type: ignore[attr-defined]
        return response


class SecurityHeaders:
    """Headers that Django and django-csp don't set; nothing that somebody has signed in for is kept by caches."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if not request.path.startswith(f"/{settings.STATIC_URL.strip('/')}/"):
            response.setdefault("Cache-Control", "private, no-store")
        return response


_UNCLEAN = re.compile(r"[\x00\ud800-\udfff]")


class CleanRequest:
    """Refuses text that no field can hold (NUL, broken UTF-8) and secrets in the address with 400; answers 429 to too many
    attempts and 503 when the database is away."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            if _UNCLEAN.search(request.path) or "%00" in request.META.get("QUERY_STRING", ""):
                return plain_error(request, 400)
            named = [name for name in request.GET if name.lower() in SECRETS]
            if named:
                return plain_error(
                    request, 400, _("Secrets don't belong in an address: %(name)s.") % {"name": named[0]}
                )
            forms = ("application/x-www-form-urlencoded", "multipart/form-data")
            values = request.POST.lists() if request.method == "POST" and request.content_type in forms else []
            if any(_UNCLEAN.search(value) for _name, typed in values for value in typed):
                return plain_error(request, 400)
        except RequestDataTooBig:
            return plain_error(request, 413)
        except UnreadablePostError:
            return plain_error(request, 400)
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if is_away(exception):
            log.error("database unavailable: %s", type(exception).__name__)
            return unavailable(request, exception)
        if isinstance(exception, TooManyAttempts):
            return plain_error(request, 429, str(exception.message), retry_after=exception.retry_after)
        if isinstance(exception, LimitsAway):
            return plain_error(request, 503)
        return None


class ServiceDoors:
    """Answers what monitoring asks before anything asks the database; an operator's browser goes the usual way."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        if request.path not in SERVICE_DOORS or (
            request.path == "/readyz" and settings.SESSION_COOKIE_NAME in request.COOKIES
        ):
            return self.get_response(request)
        request.resolver_match = resolve(request.path_info)
        answer: HttpResponse = request.resolver_match.func(request)
        return answer


class ReadOnlyMode:
    """Refuses whatever would change something while nothing is to be changed."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: Any, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        if request.method in READING:
            return None
        mode = service_mode.current()
        if not mode.is_read_only or (mode.is_ours and request.resolver_match.view_name in service_mode.STAYS_OPEN):
            return None
        return read_only(request, mode)


class SessionUse:
    """Notes when a person signs in, and at most once a minute that the session is in use. What a page fetches by itself is no use."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        if request.path.startswith("/api/"):
            return self.get_response(request)
        if request.user.is_authenticated:
            request.session.begin()
        response = self.get_response(request)
        if not request.user.is_authenticated:
            return response
        request.session.begin()
        if not getattr(request, "is_background", False):
            try:
                sessions.note_use(request)
            except DatabaseError as error:
                log.warning("the use of a session could not be noted: %s", type(error).__name__)
        return response


class BusinessScope:
    """Opens the business that the signed-in user works in, with the actor; writes the access record before the response leaves."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        request.actor, request.business, request.businesses, request.viewing = None, None, [], None
        if request.path.startswith("/api/") or not request.user.is_authenticated:
            return self.get_response(request)
        if request.path.startswith("/admin/") and request.user.is_staff:
            if operator_lacks_factor(request.user):
                return HttpResponseRedirect(reverse("mfa_index"))
            return answer_operator(request, self.get_response)
        actor = Actor.for_user(request.user, ip=request.META.get("REMOTE_ADDR"), request_id=request.id)
        businesses: list[Business] = [grant.business for grant in actor.grants]
        chosen = request.session.get(BUSINESS_KEY)
        business = next((b for b in businesses if str(b.pk) == chosen), businesses[0] if businesses else None)
        request.viewing = viewing.resume(request, actor, clock.now())
        if request.viewing:
            actor = request.viewing.actor(actor)
            business = next(b for b in businesses if b.pk == request.viewing.membership.business_id)
            businesses = [business]
        request.actor, request.business, request.businesses = actor, business, businesses
        if request.viewing and request.method not in READING and request.path not in WAYS_OUT:
            return plain_error(request, 403, str(VIEWING_ONLY))
        if business is None:
            return self.get_response(request)
        with scope(business), region(business.locale), timezone.override(ZoneInfo(business.time_zone)):
            response = self.get_response(request)
            try:
                record_response_access(request, response)
            except DatabaseError:
                log.exception("an access record could not be written; the response is withheld")
                return plain_error(request, 503)
        return response

    def process_view(self, request: Any, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """Where the business asks for a second factor, lead whoever has none to setting one up."""
        if not must_set_up(request):
            return None
        if request.htmx:
            return HttpResponse(status=204)
        return HttpResponseRedirect(reverse("mfa_index"))


def record_response_access(request: Any, response: HttpResponse) -> None:
    """Write the access record of a response that showed customers; one that can't be recorded doesn't leave."""
    seen = getattr(request, "seen_customers", None)
    if seen and (response.status_code < 400 or response.status_code in REFUSED_FORMS):
        match = request.resolver_match
        record_access(
            actor=request.actor,
            business=request.business,
            what=match.view_name if match else request.path,
            customer_ids=seen,
        )
