"""Log lines: one JSON object or one line of text each, with the id of the request or job, and without personal data or secrets.

Our own code logs ids and counts. What libraries and errors say may quote what people have typed: it is masked, addresses, numbers
of telephones, keys and tokens everywhere, quoted words in what others say. Of an error of the database only its code is kept.
"""

import json
import logging
import re
import sys
import threading
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from itertools import islice
from types import TracebackType
from typing import Any

import psycopg
from django.db import Error as DatabaseError

from crm.errors import DomainError

request_id: ContextVar[str] = ContextVar("request_id", default="-")
METHODS = frozenset(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
OWN = ("crm", "customers", "commerce")
LONGEST = 2000
"""Characters of a message; what is longer is cut."""
PLACES = 12
"""How many calls of a traceback are named, the innermost first."""
MASK = "…"
_requests = logging.getLogger("crm.requests")
_STATIC = "/static/"

_ID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_SECRETS = re.compile(
    r"(?P<id>\b" + _ID + r"\b)"
    r"|(?P<moment>\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)"
    r"|(?i:bearer|basic)\s+\S+"
    r"|\bcrm_[A-Za-z0-9]{8}_[\w-]{12,}"
    r"|\beyJ[\w-]+(?:\.[\w-]+)+"
    r"|(?P<name>(?i:password|passwd|secret|token|authorization|api[_-]?key|cookie|sessionid|csrf\w*)\w*)(?P<sign>[\"']?\s*[=:]\s*)(?:(?i:bearer|basic)\s+)?\S+"
    r"|(?<=://)[^\s/@]+(?=@)"
    r"|[^\s<>\"'(),;:=]+@[^\s<>\"'(),;:=]+"
    r"|(?<![\w-])(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[A-Za-z0-9_-]{24,}(?:\.[A-Za-z0-9_-]+)*"
    r"|(?<![\w.:-])\+?\(?\d[\d ()./-]{6,}\d(?![\w.:-])"
)
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|“[^”]*”|‘[^’]*’|«[^»]*»")
_NAMES = re.compile(r"[^\W\d_]*[^\W\d_a-z][^\W\d_]*")
_STANDARD = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {
    "message",
    "asctime",
    "request_id",
    "taskName",
}


def masked(text: str, *, strictly: bool = False) -> str:
    """The text without what looks like an address, a telephone number, a key or a token; `strictly` without quoted words too."""
    text = _SECRETS.sub(_mask, text[: LONGEST * 2])
    if strictly:
        text = _QUOTED.sub(MASK, text)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}{MASK}"


def _mask(found: re.Match[str]) -> str:
    if found["id"] or found["moment"]:
        return found[0]
    return f"{found['name']}{found['sign']}{MASK}" if found["name"] else MASK


def told(error: BaseException) -> str:
    """What an error says, as far as it is safe: the code of the database's errors, the words of others without values and names."""
    cause = error.__cause__ if isinstance(error.__cause__, psycopg.Error) else error
    if isinstance(cause, psycopg.Error) or isinstance(error, DatabaseError):
        code = getattr(cause, "sqlstate", None) or "no code"
        constraint = getattr(getattr(cause, "diag", None), "constraint_name", None)
        return f"database error {code}{f', constraint {constraint}' if constraint else ''}"
    if isinstance(error, DomainError):
        return f"refused: {error.code}"
    if isinstance(error, OSError):
        return error.strerror or ""
    words = next(iter(str(error).splitlines()), "")
    return _NAMES.sub(MASK, masked(words, strictly=True))


def places(trace: TracebackType | None) -> list[str]:
    """Where an error arose: `file:line function`, the innermost first."""
    frames = reversed(traceback.extract_tb(trace))
    return [
        f"{'/'.join(frame.filename.split('/')[-3:])}:{frame.lineno} {frame.name}" for frame in islice(frames, PLACES)
    ]


def _chain(error: BaseException | None) -> list[BaseException]:
    """The error and those that it arose from."""
    found: list[BaseException] = []
    while error is not None and error not in found and len(found) < 5:
        found.append(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return found


def _exception(error: BaseException) -> dict[str, Any]:
    first, *others = _chain(error)
    return {
        "type": type(first).__qualname__,
        "message": told(first),
        "place": places(first.__traceback__),
        **({"from": [f"{type(other).__qualname__}: {told(other)}" for other in others]} if others else {}),
    }


class RequestIdFilter(logging.Filter):
    """Gives every log line the id of the request or job that it belongs to."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        return True


def log_request(request: Any, status: int, seconds: float) -> None:
    """One line for a request: who did what with which outcome; no path, query or body, which may hold anything."""
    actor, business = getattr(request, "actor", None), getattr(request, "business", None)
    facts = {
        "method": request.method if request.method in METHODS else "OTHER",
        "route": route_of(request),
        "status": status,
        "ms": round(seconds * 1000, 1),
        "actor": f"{actor.kind} {actor.id}" if actor is not None else "-",
        "business": str(business.pk) if business is not None else "-",
    }
    level = logging.INFO if status < 500 else logging.WARNING if status == 503 else logging.ERROR
    _requests.log(level, "request", extra=facts)


def route_of(request: Any) -> str:
    """The name of the view that a request led to: `-` for none, `static` for a static file."""
    match = getattr(request, "resolver_match", None)
    if match is None:
        return "static" if request.path.startswith(_STATIC) else "-"
    return match.view_name or match.func.__name__


class SafeFormatter(logging.Formatter):
    """What every form of a line has in common: the facts of a record, masked."""

    def facts(self, record: logging.LogRecord) -> dict[str, Any]:
        own = record.name.partition(".")[0] in OWN
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        found = {
            "time": moment.replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "request_id": getattr(record, "request_id", "-"),
            "message": masked(_message(record), strictly=not own),
        }
        if own:
            extra = {name: value for name, value in vars(record).items() if name not in _STANDARD}
            found |= {name: masked(value) if isinstance(value, str) else value for name, value in extra.items()}
        error = record.exc_info[1] if record.exc_info else None
        return found | ({"exception": _exception(error)} if error is not None else {})


def _message(record: logging.LogRecord) -> str:
    """The message with errors among its arguments told safely, and without the address of a request, which may hold anything."""
    path = getattr(getattr(record, "request", None), "path", None)
    if not isinstance(record.args, tuple) or not record.args:
        return record.getMessage()
    safe = tuple(
        told(part)
        if isinstance(part, BaseException)
        else MASK
        if path and isinstance(part, str) and path in part
        else part
        for part in record.args
    )
    try:
        return str(record.msg) % safe
    except (TypeError, ValueError):
        return str(record.msg)


class JsonLines(SafeFormatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(self.facts(record), ensure_ascii=False, default=str)


class TextLines(SafeFormatter):
    """One line of text for people; an error has its places below."""

    def format(self, record: logging.LogRecord) -> str:
        facts = self.facts(record)
        error = facts.pop("exception", None)
        head = " ".join(str(facts.pop(name)) for name in ("time", "level", "logger", "request_id", "message"))
        line = " ".join([head, *(f"{name}={value}" for name, value in facts.items())])
        line = line.replace("\r", "\\r").replace("\n", "\\n")
        if error is None:
            return line
        origin = [f"  from {words}" for words in error.get("from", ())]
        return "\n".join(
            [line, f"  {error['type']}: {error['message']}", *(f"    {p}" for p in error["place"]), *origin]
        )


def log_uncaught() -> None:
    """What nobody catches, in this process or in one of its threads, becomes a log line too instead of a bare traceback."""
    log = logging.getLogger("crm.uncaught")

    def of_process(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
        else:
            log.critical("the process ends", exc_info=error)

    def of_thread(found: threading.ExceptHookArgs) -> None:
        if found.exc_value is not None and not isinstance(found.exc_value, SystemExit):
            log.error("a thread ends", exc_info=found.exc_value)

    sys.excepthook = of_process
    threading.excepthook = of_thread
