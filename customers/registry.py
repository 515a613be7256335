"""Sockets of the customers app: the fields of a customer, panels of the profile, and kinds of files that can be imported."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.actor import Actor
from crm.models import Business
from crm.paging import Sort
from crm.registry import Socket, Text

FIELD_GROUPS: dict[str, Text] = {
    "identity": _("Who it is"),
    "company": _("The company"),
    "reach": _("How to reach them"),
    "relationship": _("How we work together"),
    "contract": _("Contract"),
    "acquisition": _("How they came to us"),
}
"""The groups of what people enter, in the order of forms and details."""


@dataclass(frozen=True)
class Field:
    """A fact of a customer, declared by the app that owns it; the list, its filters and sorts, the API and exports are made from it.

    `path` is the column seen from Customer; `type` one of text, choice, money, number, decimal, date, datetime, url, birthday (month
    and day), user, team, customer; `filters` the lookups offered (exact, in, contains, gte, lte, isnull); `folded` the column that holds
    the text folded, by which it is compared, and `equals(value)` how else an exact value is found; `group` is a key of FIELD_GROUPS, and
    `kinds` the customers that it is asked of; `how` says in words how a computed figure comes about, `figure` shows it on top of
    the profile, `rows_url(customer)` leads to the rows it was computed from; without the `permission` nobody sees it or filters by it.
    """

    key: str
    label: Text
    type: str
    path: str
    choices: Sequence[tuple[str, Text]] = ()
    filters: tuple[str, ...] = ()
    folded: str = ""
    equals: Callable[[str], Q] | None = None
    sort: Sort | None = None
    column: bool = False
    privacy: str = "P0"
    permission: str = ""
    how: Text = ""
    figure: bool = False
    rows_url: Callable[[Any], str] | None = None
    family: str = ""
    """How figures of a company and its subsidiaries make one: "sum", "latest", "earliest"; empty where they don't."""
    group: str = ""
    kinds: tuple[str, ...] = ("person", "company")
    order: int = 100


fields: Socket[Field] = Socket("customer_fields", "Facts of a customer.", lambda f: f.key, order=lambda f: f.order)


@dataclass(frozen=True)
class CustomerFilter:
    """A filter of customers by something that no column of theirs holds: `make()` gives the django-filter that list, API and exports
    share; nobody without the permission filters by it."""

    name: str
    make: Callable[[], Any]
    permission: str = ""
    order: int = 100


customer_filters: Socket[CustomerFilter] = Socket(
    "customer_filters", "Filters of customers that no column gives.", lambda f: f.name, order=lambda f: f.order
)


def hidden_fields(actor: Actor, business: Business) -> frozenset[str]:
    """Keys of the fields, and names of the filters, that the actor may not see."""
    guarded = [(f.key, f.permission) for f in fields] + [(f.name, f.permission) for f in customer_filters]
    return frozenset(name for name, permission in guarded if permission and not actor.may(permission, business))


@dataclass(frozen=True)
class ProfilePanel:
    """A box on a tab of the customer's profile; `render(actor, customer, at)` returns template and context, or None to leave it out.

    `tab` is the key of the tab; the overview is the first answer that people wait for, so what asks much stands on another.
    """

    key: str
    permission: str
    render: Callable[..., tuple[str, dict[str, Any]] | None]
    wide: bool = True
    order: int = 100
    tab: str = "overview"


profile_panels: Socket[ProfilePanel] = Socket(
    "profile_panels", "Boxes of a customer's profile.", lambda p: p.key, order=lambda p: p.order
)


@dataclass(frozen=True)
class DayPanel:
    """A box of “My day”; `render(actor, business, at)` returns template and context, or None while nothing waits there. `shows` of the
    context are the ids of the customers that it shows."""

    key: str
    permission: str
    render: Callable[..., tuple[str, dict[str, Any]] | None]
    order: int = 100


day_panels: Socket[DayPanel] = Socket(
    "day_panels", "Boxes of a member's own day.", lambda p: p.key, order=lambda p: p.order
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
class ProfileBadge:
    """A badge beside the name on every tab: `render(actor, customer, at)` gives safe HTML, or "" to leave it out."""

    key: str
    permission: str
    render: Callable[..., str]
    order: int = 100


profile_badges: Socket[ProfileBadge] = Socket(
    "profile_badges", "Badges beside a customer's name.", lambda b: b.key, order=lambda b: b.order
)


@dataclass(frozen=True)
class ProfileAction:
    """A deed that every tab of the profile offers to those who hold `permission`; the page takes the customer's id.

    `place` is "primary", "button", or "menu" behind the dots; `state` is of whom it is offered: "live", "archived" or "any";
    `stages` narrows that to customers in these stages.
    """

    key: str
    label: Text
    icon: str
    url_name: str
    permission: str
    place: str = "menu"
    state: str = "live"
    stages: tuple[str, ...] = ()
    order: int = 100


profile_actions: Socket[ProfileAction] = Socket(
    "profile_actions", "Deeds that a profile offers.", lambda a: a.key, order=lambda a: a.order
)


@dataclass(frozen=True)
class RowAction:
    """A deed that each row of the customer list offers to those who hold `permission`; the page takes the customer's id."""

    key: str
    label: Text
    icon: str
    url_name: str
    permission: str
    order: int = 100


row_actions: Socket[RowAction] = Socket(
    "row_actions", "Deeds that rows of the customer list offer.", lambda a: a.key, order=lambda a: a.order
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


class BulkDeed(ABC):
    """What a bulk action does, set-wise. A *state* is a small JSON object: those values of a customer that the deed may change."""

    @abstractmethod
    def clean(self, business: Any, values: dict[str, Any]) -> dict[str, Any]:
        """The values as they are stored with the run, in JSON. Raises InvalidInput."""

    @abstractmethod
    def read(self, customer_ids: Sequence[UUID], values: dict[str, Any]) -> dict[UUID, dict[str, Any]]:
        """The states of the customers now; those that the deed is not for are left out."""

    @abstractmethod
    def aim(self, state: dict[str, Any], values: dict[str, Any], at: datetime) -> dict[str, Any]:
        """The state that the deed brings about."""

    def blocked(
        self,
        business: Any,
        states: dict[UUID, dict[str, Any]],
        targets: dict[UUID, dict[str, Any]],
        values: dict[str, Any],
    ) -> dict[UUID, str]:
        """Those that can't reach their target, with the reason in words."""
        return {}

    @abstractmethod
    def write(
        self,
        actor: Any,
        business: Any,
        targets: dict[UUID, dict[str, Any]],
        values: dict[str, Any],
        at: datetime,
        *,
        is_undo: bool,
    ) -> None:
        """Bring locked customers into their target states; a few statements however many they are."""

    @abstractmethod
    def words(self, business: Any, states: Sequence[dict[str, Any]]) -> list[str]:
        """The states as people read them."""

    def summary(self, business: Any, values: dict[str, Any]) -> str:
        """What is done, in a few words: the tag, the new owner."""
        return ""


@dataclass(frozen=True)
class BulkAction:
    """A deed on many customers at once, with preview, line per customer and undo.

    `form` asks for its values, which are the arguments of `deed.clean`. `is_severe`: more than a thousand need a typed confirmation.
    `on_archived`: it is for archived customers.
    """

    key: str
    label: Text
    icon: str
    permission: str
    form: Any
    deed: BulkDeed
    is_severe: bool = False
    on_archived: bool = False
    order: int = 100


bulk_actions: Socket[BulkAction] = Socket(
    "bulk_actions", "Deeds on many customers at once.", lambda a: a.key, order=lambda a: a.order
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
    """A rule over the staged rows: `sql` selects (line, value) of the rows that break it. Who holds the permission `unless` is not
    bound by it."""

    column: str
    sql: str
    reason: Text
    unless: str = ""


@dataclass(frozen=True)
class ImportResource:
    """A kind of file: its columns, rules over the staged rows, and the set-based statements that take them over.

    `apply(business, actor, import_job)` reads the temporary table `import_stage` inside the import's transaction and returns counts by
    name; `complete(resource, business, header)` gives the kind of file with the columns that the business has added, as far as the header
    has them. By the column `known_by` the staged rows are found from stored ones.
    """

    key: str
    label: Text
    text: Text
    permission: str
    columns: tuple[ImportColumn, ...]
    apply: Callable[..., dict[str, int]]
    checks: tuple[ImportCheck, ...] = field(default=())
    complete: "Callable[[ImportResource, Any, list[str]], ImportResource] | None" = None
    known_by: str = ""
    order: int = 100

    def required(self) -> list[ImportColumn]:
        return [column for column in self.columns if column.required]


import_resources: Socket[ImportResource] = Socket(
    "import_resources", "Kinds of files that can be imported.", lambda r: r.key, order=lambda r: r.order
)


def header_key(name: str) -> str:
    """A header's name as it is compared: letters and digits only, lower case."""
    return "".join(c for c in name.lower() if c.isalnum())
