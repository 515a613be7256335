"""Error pages that need nothing: no database, no session."""

import sys
from http import HTTPStatus
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

DATABASE_AWAY = (OperationalError, InterfaceError)
TITLES = {
    400: _("This request can't be read"),
    403: _("You may not do this"),
    404: _("There is nothing here"),
    413: _("This is too large"),
    500: _("Something went wrong"),
    503: _("Back in a moment"),
}


def plain_error(request: HttpRequest, status: int, detail: str = "") -> HttpResponse:
    """The error page, or for the API the problem document, of `status`."""
    request_id = getattr(request, "id", "")
    if request.path.startswith("/api/"):
        problem: dict[str, Any] = {
            "type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail or str(TITLES[status]),
            "code": problem_code(status), "errors": [], "request_id": request_id,
        }  # fmt: skip
        response: HttpResponse = JsonResponse(problem, status=status, content_type="application/problem+json")
    else:
        context = {"status": status, "title": TITLES[status], "detail": detail, "request_id": request_id}
        response = HttpResponse(render_to_string(f"{status if status != 413 else 400}.html", context), status=status)
    if status == 503:
        response["Retry-After"] = "5"
    return response


def problem_code(status: int) -> str:
    """The stable word for a status, where no more precise one is known; names of `HTTPStatus` change with Python."""
    return {413: "too_large", 422: "invalid"}.get(status) or HTTPStatus(status).name.lower()


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    context = {"status": 403, "title": TITLES[403], "request_id": getattr(request, "id", "")}
    return HttpResponse(render_to_string("403_csrf.html", context), status=403)


def bad_request(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return plain_error(request, 400)


def permission_denied(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return plain_error(request, 403)


def not_found(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return plain_error(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Called while the fault is handled, wherever it arose: a database that is away is no fault of ours (503)."""
    if isinstance(sys.exc_info()[1], DATABASE_AWAY):
        return plain_error(request, 503)
    return plain_error(request, 500)
