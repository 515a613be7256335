"""Keyset paging: a page starts behind the last row of the page before, so the millionth row costs what the first does.

Empty values count as smallest: last when descending, first when ascending, in PostgreSQL's index order `… DESC NULLS LAST`.
"""

import base64
import binascii
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import psycopg
from django.core.exceptions import EmptyResultSet, ValidationError
from django.db import OperationalError, connection, transaction
from django.db.models import BooleanField, F, Func, QuerySet, Value
from django.utils.translation import gettext_lazy as _

from crm.errors import DomainError

COUNT_CAP = 10_000
FEW = 6_000
ESTIMATES_HOLD = 30.0
"""Seconds for which an estimate of a count is used again."""
_MOST_ESTIMATES, _MOST_PARAMETERS = 1_000, 50


class BadCursor(DomainError):
    status = 400
    field = "cursor"
    code = "bad_cursor"
    message = "This cursor is not one that a list has given out. Start again without it."


class TooWide(DomainError):
    """The rows can't be found in the time that a list may take."""

    status = 400
    code = "too_wide"
    message = _(
        "Finding these rows takes too long. Please narrow the list: add a filter, or take away the one that fits most rows."
    )


LIMIT_MS = 500
"""How long each statement of a narrowed list may take: finding its rows, and counting them."""
_is_limited: ContextVar[bool] = ContextVar("is_limited", default=False)


@contextmanager
def within(milliseconds: int) -> Iterator[None]:
    """Each statement inside may take this long; inside another limit, as long as that says. No limit when it is 0. Raises TooWide."""
    if not milliseconds and not _is_limited.get():
        yield
        return
    token = _is_limited.set(True)
    try:
        with _limit(0 if token.old_value is True else milliseconds):
            yield
    except OperationalError as error:
        if isinstance(error.__cause__, psycopg.errors.QueryCanceled):
            raise TooWide from error
        raise
    finally:
        _is_limited.reset(token)


@contextmanager
def _limit(milliseconds: int) -> Iterator[None]:
    """Sets the database's limit, unless it is 0. Inside a transaction a savepoint lets it go on after the limit was reached."""
    if connection.in_atomic_block:
        with transaction.atomic(), connection.cursor() as cursor:
            if milliseconds:
                cursor.execute(f"set local statement_timeout = {milliseconds}")
            yield
            if milliseconds:
                cursor.execute("set local statement_timeout to default")
        return
    if milliseconds:
        with connection.cursor() as cursor:
            cursor.execute(f"set statement_timeout = {milliseconds}")
    try:
        yield
    finally:
        if milliseconds:
            with connection.cursor() as cursor:
                cursor.execute("reset statement_timeout")


class RowCompare(Func):
    """`(a, b) < (x, y)`: one range of an index."""

    output_field = BooleanField()
    conditional = True

    def __init__(self, *expressions: Any, operator: str = "<") -> None:
        self.operator = operator
        super().__init__(*expressions)

    def as_sql(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, Sequence[Any]]:  # type: ignore[override]
        parts, params = [], []
        for expression in self.source_expressions:
            sql, values = compiler.compile(expression)
            parts.append(sql)
            params += values
        half = len(parts) // 2
        return f"({', '.join(parts[:half])}) {self.operator} ({', '.join(parts[half:])})", params


@dataclass(frozen=True)
class Sort:
    """An order that lists offer: a column path (`facts__total_spent`), its unique companion, and whether the column may be empty.

    `narrow` adds to the rows what lets the order's index lead, without taking any of them away.
    """

    key: str
    column: str
    tie: str = "id"
    nullable: bool = False
    descending_first: bool = False
    narrow: Callable[[QuerySet[Any]], QuerySet[Any]] | None = None


@dataclass(frozen=True)
class Slice:
    """One page of rows, with cursors to the neighboring pages ("" where there is none)."""

    rows: list[Any]
    next: str
    previous: str


Reader = Callable[[list[Any]], Iterable[Any]]
"""Rows by their keys, in any order; each row (or its entry) `pk` is its key."""


def page(
    queryset: QuerySet[Any],
    sort: Sort,
    *,
    descending: bool,
    cursor: str,
    limit: int,
    offset: int = 0,
    read: Reader | None = None,
    is_few: bool = False,
) -> Slice:
    """The page of `queryset` at `cursor`, in the order of `sort`; reads at most two index ranges.

    Without a cursor, `offset` rows are skipped first: for the few pages that are asked for by number. With `read`, only keys are
    found and put in order, and then it reads the rows of the page. `is_few` says that `queryset` leaves at most `FEW` rows.
    """
    if sort.narrow is not None:
        queryset = sort.narrow(_fenced(queryset) if is_few else queryset)
    place = _decode(cursor, queryset, sort) if cursor else None
    backwards = bool(place and place["back"])
    down = descending != backwards
    found: list[Any] = []
    skipped = 0 if place else offset
    for part in _parts(queryset, sort, down, place):
        ordered = part.values("pk", sort.column, sort.tie) if read else part
        found += ordered[skipped : skipped + limit + 1 - len(found)]
        if len(found) > limit:
            break
    more, rows = len(found) > limit, found[:limit]
    if backwards:
        rows.reverse()
    following = rows and (more if not backwards else True)
    preceding = rows and (bool(place) if not backwards else more)
    return Slice(
        _read(rows, read) if read else rows,
        _encode(rows[-1], sort, back=False) if following else "",
        _encode(rows[0], sort, back=True) if preceding else "",
    )


def _read(keys: list[dict[str, Any]], read: Reader) -> list[Any]:
    """The rows of the keys in their order; a row that has gone in between is left out."""
    asked = [key["pk"] for key in keys]
    rows = {_value(row, "pk"): row for row in (read(asked) if asked else ())}
    return [rows[pk] for pk in asked if pk in rows]


def _fenced(queryset: QuerySet[Any]) -> QuerySet[Any]:
    """Few rows are found first and ordered afterwards: walking another table's index would pass most rows before it met them."""
    return queryset.filter(pk__in=queryset.order_by().values("pk")[: FEW + 1])


def _parts(queryset: QuerySet[Any], sort: Sort, down: bool, place: dict[str, Any] | None) -> list[QuerySet[Any]]:
    """The index ranges behind `place`, in reading order: the filled values and the empty ones."""
    sign = "-" if down else ""
    operator = "<" if down else ">"
    filled = queryset.order_by(
        F(sort.column).desc(nulls_last=True)
        if down and sort.nullable
        else (F(sort.column).asc(nulls_first=True) if sort.nullable else sign + sort.column),
        sign + sort.tie,
    )
    if not sort.nullable:
        return [_behind(filled, sort, operator, place) if place else filled]
    # Ordered by the empty column too, since only then the index on it is known to have them in order.
    empty = filled.filter(**{f"{sort.column}__isnull": True})
    if place is None:
        return [filled]
    in_empty = place["value"] is None
    if in_empty:
        empty = empty.filter(**{f"{sort.tie}__{'lt' if down else 'gt'}": place["tie"]})
        return [empty] if down else [empty, filled.filter(**{f"{sort.column}__isnull": False})]
    behind = _behind(filled.filter(**{f"{sort.column}__isnull": False}), sort, operator, place)
    return [behind, empty] if down else [behind]


def _behind(queryset: QuerySet[Any], sort: Sort, operator: str, place: dict[str, Any]) -> QuerySet[Any]:
    column, tie = _field(queryset, sort.column), _field(queryset, sort.tie)
    return queryset.filter(
        RowCompare(
            F(sort.column), F(sort.tie), Value(place["value"], column), Value(place["tie"], tie), operator=operator
        )
    )


def _field(queryset: QuerySet[Any], path: str) -> Any:
    model: Any = queryset.model
    *relations, last = path.split("__")
    for relation in relations:
        model = model._meta.get_field(relation).related_model
    return model._meta.pk if last == "pk" else model._meta.get_field(last)


def _value(row: Any, path: str) -> Any:
    if isinstance(row, dict):
        return row[path]
    for name in path.split("__"):
        row = getattr(row, name)
    return row


def _encode(row: Any, sort: Sort, *, back: bool) -> str:
    value = _value(row, sort.column)
    text = json.dumps([sort.key, None if value is None else str(value), str(_value(row, sort.tie)), back])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(cursor: str, queryset: QuerySet[Any], sort: Sort) -> dict[str, Any]:
    try:
        key, value, tie, back = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if (
            key != sort.key
            or not isinstance(back, bool)
            or not isinstance(tie, str)
            or not isinstance(value, str | None)
        ):
            raise BadCursor
        (value or "").encode()
        if "\0" in (value or ""):
            raise BadCursor
        return {
            "value": None if value is None else _field(queryset, sort.column).to_python(value),
            "tie": _field(queryset, sort.tie).to_python(tie),
            "back": back,
        }
    except (ValueError, TypeError, ValidationError, binascii.Error, RecursionError) as error:
        raise BadCursor from error


def count(queryset: QuerySet[Any], cap: int = COUNT_CAP) -> tuple[int, bool]:
    """(rows, is_estimate): exact up to `cap`, beyond it, or when counting takes longer than a limit allows, the planner's estimate.

    An estimate holds for half a minute: meanwhile nobody counts up to the cap again to learn that there are more.
    """
    try:
        sql, params = queryset.order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:
        return 0, False
    question = (sql, repr(params), cap) if len(params) <= _MOST_PARAMETERS else None
    held, until = _estimates.get(question, (0, 0.0))
    if until > time.monotonic():
        return held, True
    try:
        with within(0), connection.cursor() as cursor:
            cursor.execute(f"select count(*) from ({sql} limit %s) counted", [*params, cap + 1])  # noqa: S608  (Django's own SQL)
            capped = cursor.fetchone()[0]
        if capped <= cap:
            return capped, False
        found = max(_estimated(sql, params), cap + 1)
    except TooWide:
        found = max(_estimated(sql, params), 1)
    if question:
        _hold(question, found)
    return found, True


_Question = tuple[str, str, int]
_estimates: dict[_Question | None, tuple[int, float]] = {}


def _hold(question: _Question, found: int) -> None:
    if len(_estimates) >= _MOST_ESTIMATES:
        _estimates.clear()
    _estimates[question] = found, time.monotonic() + ESTIMATES_HOLD


def _estimated(sql: str, params: Sequence[Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"explain (format json) {sql}", params)
        plan = cursor.fetchone()[0]
    if isinstance(plan, str):
        plan = json.loads(plan)
    return int(plan[0]["Plan"]["Plan Rows"])


Counter = Callable[[QuerySet[Any]], tuple[int, bool]]
