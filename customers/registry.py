"""Sockets of the customers app: the fields of a customer, panels of the profile, and kinds of files that can be imported."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from crm.paging import Sort
from crm.registry import Socket, Text


@dataclass(frozen=True)
class Field:
    """A fact of a customer, declared by the app that owns it; the list, its filters and sorts, the API and exports are made from it.

    `path` is the column seen from Customer; `type` one of text, choice, money, number, date, datetime, user, team;
    `filters` the lookups offered (exact, in, gte, lte, isnull); `how` says in words how a computed figure comes about,
    `figure` shows it on top of the profile, `rows_url(customer)` leads to the rows it was computed from.
    """

    key: str
    label: Text
    type: str
    path: str
    choices: Sequence[tuple[str, Text]] = ()
    filters: tuple[str, ...] = ()
    sort: Sort | None = None
    column: bool = False
    privacy: str = "P0"
    how: Text = ""
    figure: bool = False
    rows_url: Callable[[Any], str] | None = None
    order: int = 100


fields: Socket[Field] = Socket("customer_fields", "Facts of a customer.", lambda f: f.key, order=lambda f: f.order)


@dataclass(frozen=True)
class ProfilePanel:
    """A box on the customer's profile; `render(actor, customer, at)` returns template and context, or None to leave it out."""

    key: str
    permission: str
    render: Callable[..., tuple[str, dict[str, Any]] | None]
    wide: bool = True
    order: int = 100


profile_panels: Socket[ProfilePanel] = Socket(
    "profile_panels", "Boxes of a customer's profile.", lambda p: p.key, order=lambda p: p.order
)


@dataclass(frozen=True)
class ProfileTab:
    """A tab of the profile: a page below the customer's address, for those who hold `permission`, at customers of these kinds."""

    key: str
    label: Text
    url_name: str
    permission: str
    kinds: tuple[str, ...] = ("person", "company")
    order: int = 100


profile_tabs: Socket[ProfileTab] = Socket(
    "profile_tabs", "Tabs of a customer's profile.", lambda t: t.key, order=lambda t: t.order
)


@dataclass(frozen=True)
class TimelineEntry:
    """Something that happened with a customer: when, a key that is unique within its source, what, by whom, and where to read more.

    `text` is plain text, or safe HTML marked as such; `amount` is shown as it is given.
    """

    at: datetime
    key: str
    title: str
    text: str = ""
    by: str = ""
    amount: str = ""
    href: str = ""
    customer_id: UUID | None = None


@dataclass(frozen=True)
class TimelineSource:
    """What an app adds to the timeline: `read(actor, customer_ids, before, limit)` gives its latest entries older than `before`
    (at, key) or from the start, newest first by (at, key)."""

    key: str
    label: Text
    icon: str
    permission: str
    read: Callable[..., list[TimelineEntry]]
    order: int = 100


timeline_sources: Socket[TimelineSource] = Socket(
    "timeline_sources", "What happened with a customer.", lambda s: s.key, order=lambda s: s.order
)


@dataclass(frozen=True)
class RiskReason:
    """A sign that a customer may leave: `find(actor, customer, at)` says it in words, or "" while it is not true."""

    key: str
    label: Text
    find: Callable[..., str]
    order: int = 100


risk_reasons: Socket[RiskReason] = Socket(
    "risk_reasons", "Signs that a customer may leave.", lambda r: r.key, order=lambda r: r.order
)


@dataclass(frozen=True)
class ImportColumn:
    """A column of a file: its names in headers (compared without case, spaces and underscores) and what its values must be.

    `type` is one of text, integer, decimal, datetime, choice; of a decimal, `digits` are the digits it may have before and behind
    the point. Where a file has several of the names, the one that stands first in `names` is meant.
    """

    name: str
    label: Text
    type: str = "text"
    required: bool = False
    aliases: tuple[str, ...] = ()
    max_length: int = 200
    choices: tuple[str, ...] = ()
    digits: tuple[int, int] = (12, 10)

    def names(self) -> list[str]:
        return [header_key(name) for name in (self.name, *self.aliases)]


@dataclass(frozen=True)
class ImportCheck:
    """A rule over the staged rows: `sql` selects (line, value) of the rows that break it."""

    column: str
    sql: str
    reason: Text


@dataclass(frozen=True)
class ImportResource:
    """A kind of file: its columns, rules over the staged rows, and the set-based statements that take them over.

    `apply(business, actor)` reads the temporary table `import_stage` inside the import's transaction and returns counts by name.
    """

    key: str
    label: Text
    text: Text
    permission: str
    columns: tuple[ImportColumn, ...]
    apply: Callable[..., dict[str, int]]
    checks: tuple[ImportCheck, ...] = field(default=())
    order: int = 100

    def required(self) -> list[ImportColumn]:
        return [column for column in self.columns if column.required]


import_resources: Socket[ImportResource] = Socket(
    "import_resources", "Kinds of files that can be imported.", lambda r: r.key, order=lambda r: r.order
)


def header_key(name: str) -> str:
    """A header's name as it is compared: letters and digits only, lower case."""
    return "".join(c for c in name.lower() if c.isalnum())
