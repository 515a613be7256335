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
    label: str = ""
    tools: SafeString | str = ""


@dataclass(frozen=True)
class Table:
    """What templates/ui/table.html shows. `picks`: the id of the form that its rows can be picked for; `has_tools`: rows have links
    of their own at their end."""

    columns: list[Head]
    rows: list[Row]
    caption: str | Promise
    picks: str = ""
    has_tools: bool = False
    is_compact: bool = False


def build_table(
    columns: Iterable[Column],
    objects: Iterable[Any],
    *,
    query: QueryDict,
    sort: str,
    caption: str | Promise,
    href: Callable[[Any], str],
    picks: str = "",
    tools: Callable[[Any], SafeString] | None = None,
    is_compact: bool = False,
) -> Table:
    """The table of `objects`; `sort` is the order shown now (`-total_spent`), heads link to the same page in their order."""
    columns = list(columns)
    rows = [
        Row(
            str(item.pk),
            href(item),
            [Cell(SafeString(conditional_escape(column.cell(item))), column) for column in columns],
            str(item) if picks else "",
            tools(item) if tools else "",
        )
        for item in objects
    ]
    heads = [_head(column, query, sort) for column in columns]
    return Table(heads, rows, caption, picks, tools is not None, is_compact)


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
