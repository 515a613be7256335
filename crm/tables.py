"""Tables of list pages: declared columns, rows rendered from model objects."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString

from crm.paging import Sort


@dataclass(frozen=True)
class Column:
    """A column: `cell(row)` gives text (escaped) or safe HTML; `sort` makes its head a link."""

    key: str
    label: str | Promise
    cell: Callable[[Any], Any]
    align: str = "start"
    sort: Sort | None = None
    hint: str | Promise = ""


@dataclass(frozen=True)
class Head:
    key: str
    label: str | Promise
    align: str
    sort_href: str | None
    sorted: str
    hint: str | Promise


@dataclass(frozen=True)
class Cell:
    html: SafeString
    column: Column


@dataclass(frozen=True)
class Row:
    id: str
    href: str
    cells: list[Cell]


@dataclass(frozen=True)
class Table:
    """What templates/ui/table.html shows."""

    columns: list[Head]
    rows: list[Row]
    caption: str | Promise


def build_table(
    columns: Iterable[Column],
    objects: Iterable[Any],
    *,
    query: QueryDict,
    sort: str,
    caption: str | Promise,
    href: Callable[[Any], str],
) -> Table:
    """The table of `objects`; `sort` is the order shown now (`-total_spent`), heads link to the same page in their order."""
    columns = list(columns)
    rows = [
        Row(
            str(item.pk),
            href(item),
            [Cell(SafeString(conditional_escape(column.cell(item))), column) for column in columns],
        )
        for item in objects
    ]
    return Table([_head(column, query, sort) for column in columns], rows, caption)


def _head(column: Column, query: QueryDict, sort: str) -> Head:
    if column.sort is None:
        return Head(column.key, column.label, column.align, None, "", column.hint)
    key = column.sort.key
    shown = "ascending" if sort == key else "descending" if sort == f"-{key}" else ""
    following = key if shown == "descending" or (not shown and not column.sort.descending_first) else f"-{key}"
    target = query.copy()
    target.pop("cursor", None)
    target["sort"] = following
    return Head(column.key, column.label, column.align, f"?{target.urlencode()}", shown, column.hint)
