"""Refusals as problem details (RFC 9457): one form for every error, with the names of the fields at fault."""

import logging
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from itertools import islice
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DataError, IntegrityError
from django.http import Http404
from django.http.request import UnreadablePostError
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response

from crm import service_mode
from crm.access import saw
from crm.api.parsers import printable
from crm.errors import DomainError, InvalidInput, NotAllowed, NotFound, from_integrity_error
from crm.errors_pages import is_away, problem_code

log = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"
MOST_FAULTS = 1000
"""How many faults of a body an answer names."""
# What is wrong with the form of a body rather than with its values: answered 400, where values are answered 422.
MALFORMED = frozenset({"type", "unknown", "read_only", "null", "empty_body", "not_a_list", "not_a_dict", "unreachable"})
Fault = dict[str, str]


def problem(
    request: Any,
    status: int,
    detail: Any = "",
    *,
    code: str = "",
    errors: Iterable[Fault] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer of a refused request."""
    document = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": str(detail),
        "code": code or problem_code(status),
        "errors": list(errors),
        "request_id": getattr(request, "id", ""),
    }
    response = Response(document, status=status, content_type=MEDIA_TYPE)
    for name, value in (headers or {}).items():
        response[name] = value
    return response


def problem_response(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """The problem that stands for `error`; None leaves a fault of ours to the server's own handler (500)."""
    request = context["request"]
    if isinstance(error, IntegrityError):
        error = _explained(error)
    if service_mode.refuses_changes(error):
        log.error("the database takes no changes")
        words, seconds = service_mode.Mode(is_read_only=True).words, str(service_mode.RETRY_SECONDS)
        return problem(request, 503, words, code=service_mode.CODE, headers={"Retry-After": seconds})
    if is_away(error):
        log.error("database unavailable: %s", type(error).__name__)
        return problem(request, 503, _("The service is not available at the moment."), headers={"Retry-After": "5"})
    if isinstance(error, DomainError):
        return _domain_problem(request, error)
    if isinstance(error, exceptions.ValidationError):
        errors = list(islice(faults_of(error.detail), MOST_FAULTS))
        status = 400 if any(fault["code"] in MALFORMED for fault in errors) else 422
        return problem(request, status, _("Some values can't be accepted."), code="invalid", errors=errors)
    if isinstance(error, exceptions.APIException):
        return _framework_problem(request, error)
    if isinstance(error, Http404):
        return problem(request, 404, NotFound.message, code=NotFound.code)
    if isinstance(error, PermissionDenied):
        return problem(request, 403, NotAllowed.message, code=NotAllowed.code)
    if isinstance(error, RequestDataTooBig):
        return problem(request, 413, _("The body is larger than this endpoint takes."))
    if isinstance(error, SuspiciousOperation | UnreadablePostError):
        return problem(request, 400, _("The request can't be read."))
    if isinstance(error, DataError):
        return problem(request, 400, _("A value is outside of what can be stored."), code="out_of_range")
    return None


def _explained(error: IntegrityError) -> DomainError:
    refusal = from_integrity_error(error)
    if refusal is None:
        log.error("unexplained constraint: %s", error)
        refusal = DomainError(_("This contradicts what is stored already."))
        refusal.code = "conflict"
    return refusal


def _domain_problem(request: Any, refusal: DomainError) -> Response:
    if isinstance(refusal, InvalidInput):
        pairs = [(name, message) for name, messages in refusal.errors.items() for message in messages]
        errors = [{"field": name, "code": "invalid", "message": str(message)} for name, message in pairs]
    else:
        errors = (
            [{"field": refusal.field, "code": refusal.code, "message": str(refusal.message)}] if refusal.field else []
        )
    errors = refusal.details.get("faults", errors)
    saw(request, refusal.details.get("shows", ()))
    wait = getattr(refusal, "retry_after", 5 if refusal.status == 503 else 0)
    headers = {"Retry-After": str(wait)} if wait else {}
    return problem(request, refusal.status, refusal.message, code=refusal.code, errors=errors, headers=headers)


def _framework_problem(request: Any, error: exceptions.APIException) -> Response:
    headers = {}
    if getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = error.auth_header  # type: ignore[attr-defined]
    if getattr(error, "wait", None):
        headers["Retry-After"] = str(int(error.wait) + 1)  # type: ignore[attr-defined]
    detail = error.detail if isinstance(error.detail, str) else error.default_detail
    code = getattr(error.detail, "code", "") or error.default_code
    return problem(request, error.status_code, detail, code=str(code), headers=headers)


def faults_of(detail: Any, path: str = "") -> Iterable[Fault]:
    """{field, code, message} of every fault in REST framework's nested lists and dictionaries."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            name = "" if name == "non_field_errors" else printable(str(name))
            yield from faults_of(inner, f"{path}.{name}".strip("."))
    elif isinstance(detail, list | tuple):
        for place, inner in enumerate(detail):
            yield from faults_of(inner, f"{path}.{place}".strip(".") if isinstance(inner, Mapping) else path)
    else:
        yield {"field": path, "code": getattr(detail, "code", "invalid"), "message": str(detail)}
