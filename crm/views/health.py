"""Whether the service lives, whether it can serve, and its figures: for monitoring, answered before sessions are looked at."""

import hmac
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from crm import health, metrics
from crm.second_factors import operator_lacks_factor


@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Every check by name; what is behind it for operators and for those who know the token."""
    checks = health.examiner.examine()
    fit = health.is_fit(checks)
    told: dict[str, Any] = {"status": "ok" if fit else "not ok", "checks": {c.name: c.word for c in checks}}
    if knows_token(request) or is_operator(request):
        told["details"] = {check.name: check.detail for check in checks}
    response = JsonResponse(told, status=200 if fit else 503)
    if not fit:
        response["Retry-After"] = "5"
    return response


@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    """The figures for Prometheus; not there at all while no token is set."""
    if not settings.METRICS_TOKEN:
        return HttpResponse("Not found\n", status=404, content_type="text/plain")
    if not knows_token(request):
        headers = {"WWW-Authenticate": 'Bearer realm="metrics"'}
        return HttpResponse("Unauthorized\n", status=401, content_type="text/plain", headers=headers)
    return HttpResponse(metrics.exposition(), content_type=metrics.CONTENT_TYPE)


def knows_token(request: HttpRequest) -> bool:
    """Does the caller carry METRICS_TOKEN? Compared in constant time."""
    scheme, _space, value = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    expected = settings.METRICS_TOKEN.encode()
    given = value.strip().encode(errors="replace")
    return bool(expected) and scheme.lower() == "bearer" and hmac.compare_digest(given, expected)


def is_operator(request: Any) -> bool:
    """Is an operator signed in, with a second factor where operators need one?"""
    user = getattr(request, "user", None)
    return user is not None and user.is_authenticated and user.is_staff and not operator_lacks_factor(user)
