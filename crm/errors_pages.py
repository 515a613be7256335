"""Error pages that need nothing: no database, no session."""

import sys
from http import HTTPStatus
from typing import Any

import psycopg
from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import InterfaceError, InternalError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from crm import service_mode

DATABASE_AWAY = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)
_SESSION_ENDED = "25P03"
"""The database has ended a session that was idle inside a transaction."""
TITLES = {
    400: _("This request can't be read"),
    403: _("You may not do this"),
    404: _("There is nothing here"),
    413: _("This is too large"),
    429: _("Too many attempts"),
    500: _("Something went wrong"),
    503: _("Back in a moment"),
}


def is_away(error: BaseException) -> bool:
    """Is this the database's state and no fault of ours: away, overloaded, or taking no changes?"""
    if service_mode.refuses_changes(error) or isinstance(error, DATABASE_AWAY):
        return True
    return isinstance(error, InternalError) and getattr(error.__cause__, "sqlstate", None) == _SESSION_ENDED


def unavailable(request: HttpRequest, error: BaseException) -> HttpResponse:
    """The answer while the database is away or takes no changes."""
    if service_mode.refuses_changes(error):
        return read_only(request, service_mode.Mode(is_read_only=True))
    return plain_error(request, 503)


def read_only(request: HttpRequest, mode: service_mode.Mode) -> HttpResponse:
    """The answer to what would change something while nothing can be changed."""
    wait = service_mode.RETRY_SECONDS
    return plain_error(request, 503, mode.words, retry_after=wait, code=service_mode.CODE)


def plain_error(
    request: HttpRequest, status: int, detail: str = "", *, retry_after: int = 5, code: str = ""
) -> HttpResponse:
    """The error page, or for the API the problem document, of `status`; `retry_after` (seconds) is told with 429 and 503."""
    request_id = getattr(request, "id", "")
    if request.path.startswith("/api/"):
        problem: dict[str, Any] = {
            "type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail or str(TITLES[status]),
            "code": code or problem_code(status), "errors": [], "request_id": request_id,
        }  # fmt: skip
        response: HttpResponse = JsonResponse(problem, status=status, content_type="application/problem+json")
    else:
        context = {"status": status, "title": TITLES[status], "detail": detail, "request_id": request_id}
        response = HttpResponse(render_to_string(f"{status if status != 413 else 400}.html", context), status=status)
    if status in (429, 503):
        response["Retry-After"] = str(retry_after)
    return response


def problem_code(status: int) -> str:
    """The stable word for a status, where no more precise one is known; names of `HTTPStatus` change with Python."""
    return {413: "too_large", 422: "invalid"}.get(status) or HTTPStatus(status).name.lower()


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    context = {"status": 403, "title": TITLES[403], "request_id": getattr(request, "id", "")}
    return HttpResponse(render_to_string("403_csrf.html", context), status=403)


def bad_request(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """Django says so too when a session couldn't be saved because the database was away."""
    if isinstance(exception, SessionInterrupted):
        error: BaseException | None = exception
        while error is not None:
            if is_away(error):
                return unavailable(request, error)
            error = error.__context__
    return plain_error(request, 400)


def permission_denied(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return plain_error(request, 403)


def not_found(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return plain_error(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Called while the fault is handled, wherever it arose: a database that is away is no fault of ours (503)."""
    error = sys.exc_info()[1]
    if error is not None and is_away(error):
        return unavailable(request, error)
    return plain_error(request, 500)
