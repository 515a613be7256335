"""A POST that carries an `Idempotency-Key` has its effect once: asked again, it is given the stored answer.

The key's row is written in the transaction of the effect, so both are there or neither is; while that transaction is open,
the key is locked and a second request is sent away at once.
"""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.http import HttpResponse, QueryDict
from django.utils.translation import gettext_lazy as _

from crm.api.renderers import dumps
from crm.errors import DomainError, NotFound
from crm.models import IdempotentRequest

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
KEPT = timedelta(hours=24)
LONGEST = 255
PATTERN = r"^[\x21-\x7e]{1,255}$"
STORED_REFUSALS = (400, 422)
"""Refusals that lie in the request itself: asked again, it would be refused again. All others may turn out otherwise later."""
_HEADERS = ("Location", "ETag")


class BadKey(DomainError):
    status = 400
    code = "bad_idempotency_key"
    field = HEADER
    message = _("A key has 1 to 255 printable ASCII characters and no blanks; a random UUID will do.")


class InFlight(DomainError):
    code = "in_flight"
    message = _("The first request with this key is still under way. Ask again in a moment.")
    retry_after = 1


class KeyReused(DomainError):
    status = 422
    code = "idempotency_key_reused"
    field = HEADER
    message = _("This key was used for another request already. Take a new one for each deed.")


def key_of(request: Any) -> str:
    """The key that the request carries, "" for none. Raises BadKey."""
    key = request.headers.get(HEADER)
    if key is None:
        return ""
    if not re.fullmatch(PATTERN, key):
        raise BadKey
    return str(key)


def once(view: Any, key: str, act: Callable[[], HttpResponse]) -> HttpResponse:
    """The answer of `act`, or that of the request which had this key before. Raises InFlight, KeyReused, NotFound."""
    actor, business = view.actor, view.business
    principal = f"{actor.kind}:{actor.id}"
    fingerprint = _fingerprint(view.request)
    with transaction.atomic():
        if not _locked(f"idempotency:{business.pk}:{principal}:{key}"):
            raise InFlight
        kept = IdempotentRequest.objects.filter(business=business, principal=principal, key=key).first()
        if kept is not None:
            if bytes(kept.fingerprint) != fingerprint:
                raise KeyReused
            return _again(view, kept)
        response = _first(view, act)
        if response.status_code < 400 or response.status_code in STORED_REFUSALS:
            _keep(view, response, principal=principal, key=key, fingerprint=fingerprint)
        else:
            transaction.set_rollback(True)
    return response


def _locked(name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [name])
        return bool(cursor.fetchone()[0])


def _first(view: Any, act: Callable[[], HttpResponse]) -> HttpResponse:
    """Do it. A refusal leaves no effect behind but is an answer all the same; a fault of ours is raised."""
    try:
        with transaction.atomic():
            return act()
    except Exception as error:
        refused: HttpResponse = view.handle_exception(error)
        return refused


def _keep(view: Any, response: Any, *, principal: str, key: str, fingerprint: bytes) -> None:
    shown = [str(pk) for pk in getattr(view.request, "seen_customers", [])] if response.status_code < 400 else []
    IdempotentRequest.objects.create(
        business=view.business, principal=principal, key=key, fingerprint=fingerprint, status=response.status_code,
        headers={
            "headers": {name: response[name] for name in _HEADERS if name in response},
            "content_type": response.content_type or "application/json",
            "shown": shown,
        },
        body=b"" if response.data is None else dumps(response.data),
    )  # fmt: skip


def _again(view: Any, kept: IdempotentRequest) -> HttpResponse:
    """The stored answer, for a caller who may still see whom it shows."""
    shown = kept.headers["shown"]
    if not view.may_see_again(shown):
        raise NotFound
    view.request.seen_customers = shown
    response = HttpResponse(bytes(kept.body or b""), status=kept.status, content_type=kept.headers["content_type"])
    for name, value in {**kept.headers["headers"], REPLAYED: "true"}.items():
        response[name] = value
    return response


def _fingerprint(request: Any) -> bytes:
    """SHA-256 of method, address and the body's meaning: blanks, the order of names and the boundary of a form don't count."""
    data = request.data
    body = (
        [(name, [_part(value) for value in values]) for name, values in data.lists()]
        if isinstance(data, QueryDict)
        else data
    )
    text = json.dumps([request.method, request.get_full_path(), body], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).digest()


def _part(value: Any) -> Any:
    """A field of a form as the fingerprint counts it: of a file its name and digest."""
    if not hasattr(value, "chunks"):
        return value
    digest = hashlib.sha256()
    for chunk in value.chunks():
        digest.update(chunk)
    value.seek(0)
    return [value.name, digest.hexdigest()]


def purge(at: datetime) -> int:
    """Forget the answers that are older than a day; returns how many."""
    return int(IdempotentRequest.unscoped.filter(at__lt=at - KEPT).delete()[0])
