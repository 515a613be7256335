"""Reading what programs send: JSON that means one thing only, and files."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import IO, Any

from django.core.exceptions import RequestDataTooBig
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.parsers import BaseParser, MultiPartParser

MAX_BYTES = 1_048_576
MAX_DEPTH = 32
# A string that isn't closed reaches to the end, and nothing is tried twice: else a body could keep a process busy for hours.
_TOKENS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)
_UNCLEAN = re.compile("[\x00\ud800-\udfff]")
_CHARSET = re.compile(r"charset\s*=\s*\"?([^\s;\"]+)", re.IGNORECASE)


class StrictJsonParser(BaseParser):
    """At most a megabyte of UTF-8, or the endpoint's `max_bytes`, and 32 levels; no key twice, no NaN, no NUL, no half of a
    surrogate pair."""

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        charset = _CHARSET.search(media_type or "")
        if charset and charset.group(1).lower() not in ("utf-8", "utf8"):
            raise UnsupportedMediaType(media_type or "")
        most = getattr((parser_context or {}).get("view"), "max_bytes", MAX_BYTES)
        body = stream.read(most + 1)
        if len(body) > most:
            raise RequestDataTooBig
        return loads(body)


class FileParser(MultiPartParser):
    """A form with a file."""


def loads(body: bytes) -> Any:
    """The value that `body` stands for; raises ParseError, saying what is wrong with it. Fractions come as Decimal."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ParseError(_("The body is not UTF-8 text.")) from error
    _refuse_depth(text)
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_constant, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise ParseError(_("The body is not JSON: %(fault)s.") % {"fault": _words(error)}) from error
    _refuse_unclean(value)
    return value


def _words(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg}, line {error.lineno} column {error.colno}"
    return _("a number has too many digits")


def _refuse_depth(text: str) -> None:
    depth = 0
    for token in _TOKENS.finditer(text):
        sign = token.group()[0]
        depth += (sign in "[{") - (sign in "]}")
        if depth > MAX_DEPTH:
            raise ParseError(_("The body is nested more than %(levels)d levels deep.") % {"levels": MAX_DEPTH})


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = Counter(name for name, _value in pairs).most_common(1)[0][0]
        raise ParseError(_("The key “%(key)s” stands twice in one object.") % {"key": printable(twice)})
    return found


def _constant(name: str) -> None:
    raise ParseError(_("%(name)s is not a JSON number.") % {"name": name})


def _refuse_unclean(value: Any) -> None:
    if isinstance(value, str):
        if _UNCLEAN.search(value):
            raise ParseError(_("The body holds a NUL character or half of a surrogate pair, which no text can hold."))
    elif isinstance(value, dict):
        for key, item in value.items():
            _refuse_unclean(key)
            _refuse_unclean(item)
    elif isinstance(value, list):
        for item in value:
            _refuse_unclean(item)


def printable(text: str, limit: int = 80) -> str:
    """What a caller sent, as a message may repeat it."""
    return _UNCLEAN.sub("\ufffd", text[:limit])
