"""Sockets: how a higher app adds to a lower app's page or process without being imported by it.

An app plugs in its `hooks.py`, loaded by its `AppConfig.ready`; the first reading freezes a socket.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from uuid import UUID

from django.utils.functional import Promise

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from crm.actor import Actor
    from crm.demo.plan import DemoPlan
    from crm.models import Activity, Business, Job

Plug = TypeVar("Plug")
Answer = TypeVar("Answer")
Text = str | Promise
_sockets: dict[str, "Socket[Any]"] = {}


class Socket(Generic[Plug]):
    """A named, ordered collection that apps plug into at start; keys are unique."""

    def __init__(
        self, name: str, doc: str, key: Callable[[Plug], str], order: Callable[[Plug], Any] | None = None
    ) -> None:
        self.name, self.doc, self._key, self._order = name, doc, key, order
        self._plugs: dict[str, Plug] = {}
        self._sorted: list[Plug] | None = None
        _sockets[name] = self

    def plug(self, *plugs: Plug) -> None:
        if self._sorted is not None:
            raise RuntimeError(f"socket {self.name!r} is frozen: plug in an app's hooks.py, which is loaded at start")
        for plug in plugs:
            key = self._key(plug)
            if key in self._plugs:
                raise ValueError(f"{key!r} is plugged into socket {self.name!r} twice")
            self._plugs[key] = plug

    def __iter__(self) -> Iterator[Plug]:
        if self._sorted is None:
            plugs = list(self._plugs.values())
            self._sorted = sorted(plugs, key=self._order) if self._order else plugs
        return iter(self._sorted)

    def __len__(self) -> int:
        return len(self._plugs)

    def __getitem__(self, key: str) -> Plug:
        return self._plugs[key]

    def get(self, key: str) -> Plug | None:
        return self._plugs.get(key)

    def __contains__(self, key: str) -> bool:
        return key in self._plugs


def all_sockets() -> list[Socket[Any]]:
    return [_sockets[name] for name in sorted(_sockets)]


ROLES = ("owner", "manager", "agent", "marketing", "compliance", "analyst", "integration")


@dataclass(frozen=True)
class Permission:
    """A named right, `app.deed`, and the roles that hold it. What no permission allows is refused.

    `sees_all`: held only by those who see all customers of the business, as the deed may concern any of them.
    """

    name: str
    label: Text
    roles: tuple[str, ...]
    sees_all: bool = False

    def __post_init__(self) -> None:
        unknown = set(self.roles) - set(ROLES)
        if unknown:
            raise ValueError(f"permission {self.name}: unknown roles {sorted(unknown)}")


permissions: Socket[Permission] = Socket("permissions", "Named rights and the roles that hold them.", lambda p: p.name)


@dataclass(frozen=True)
class SidebarItem:
    """A line of the sidebar, shown to those who hold `permission` (empty: to every member)."""

    group: Text
    label: Text
    icon: str
    url_name: str
    permission: str = ""
    order: int = 100
    query: str = ""
    badge: Callable[["Actor", "Business"], int] | None = None


sidebar: Socket[SidebarItem] = Socket(
    "sidebar", "Lines of the sidebar.", lambda i: i.url_name + i.query, order=lambda i: i.order
)


@dataclass(frozen=True)
class QuickAction:
    """An entry of the "add" menu in the top bar."""

    label: Text
    icon: str
    url_name: str
    permission: str
    order: int = 100


quick_actions: Socket[QuickAction] = Socket(
    "quick_actions", "Entries of the quick-add menu.", lambda a: a.url_name, order=lambda a: a.order
)


@dataclass(frozen=True)
class HomeVisit:
    """One look at the home dashboard: who looks at which business, when, and what was asked for it already."""

    actor: "Actor"
    business: "Business"
    at: datetime
    _answers: dict[Any, Any] = field(default_factory=dict, repr=False)

    def ask(self, question: Callable[["Actor", "Business"], Answer]) -> Answer:
        """The answer to the question, asked once however many figures and boxes need it."""
        if question not in self._answers:
            self._answers[question] = question(self.actor, self.business)
        answer: Answer = self._answers[question]
        return answer


@dataclass(frozen=True)
class HomePanel:
    """A box of the home dashboard; `render(visit)` returns the template's name and its context, or None for nothing."""

    key: str
    render: Callable[[HomeVisit], tuple[str, dict[str, Any]] | None]
    permission: str
    order: int = 100
    wide: bool = False


home_panels: Socket[HomePanel] = Socket(
    "home_panels", "Boxes of the home dashboard.", lambda p: p.key, order=lambda p: p.order
)


@dataclass(frozen=True)
class HomeFigures:
    """Figures on top of the home dashboard; `figures(visit)` returns {label, value, hint, href, trend, trend_good, how} each."""

    key: str
    figures: Callable[[HomeVisit], list[dict[str, Any]]]
    permission: str
    order: int = 100


home_figures: Socket[HomeFigures] = Socket(
    "home_figures", "Figures of the home dashboard.", lambda f: f.key, order=lambda f: f.order
)


@dataclass(frozen=True)
class FirstStep:
    """A step into real use, shown on the home dashboard until all of them are done; `done(business)` asks the rows."""

    label: Text
    text: Text
    url_name: str
    permission: str
    done: Callable[["Business"], bool]
    order: int = 100


first_steps: Socket[FirstStep] = Socket(
    "first_steps", "Steps into real use, on the home dashboard.", lambda s: str(s.label), order=lambda s: s.order
)


@dataclass(frozen=True)
class SettingsPage:
    """A page of the settings area."""

    label: Text
    text: Text
    icon: str
    url_name: str
    permission: str
    order: int = 100


settings_pages: Socket[SettingsPage] = Socket(
    "settings_pages", "Pages of the settings area.", lambda p: p.url_name, order=lambda p: p.order
)


@dataclass(frozen=True)
class SettingsBlock:
    """Typed settings of a business that an app owns: field name -> (Django form field factory, default). Stored as JSON under `key`.

    `follow(business)` is called in the transaction that has changed them; it may refuse by InvalidInput, naming the setting.
    """

    key: str
    label: Text
    fields: dict[str, tuple[Callable[[], Any], Any]] = field(default_factory=dict)
    follow: Callable[[Any], None] | None = None


settings_blocks: Socket[SettingsBlock] = Socket(
    "settings_blocks", "Typed blocks of business settings.", lambda b: b.key
)


@dataclass(frozen=True)
class Verb:
    """A deed that activity rows name, `app.noun.past_participle`; also the name of the event."""

    name: str
    label: Text


verbs: Socket[Verb] = Socket("verbs", "Names of deeds; also of the events that they publish.", lambda v: v.name)


@dataclass(frozen=True)
class Listener:
    """Runs inside the transaction of a deed with the ids it touched; may only mark rows dirty or add one coalesced job."""

    verb: str
    key: str
    hear: Callable[["Activity", list[UUID]], None]


listeners: Socket[Listener] = Socket("listeners", "Reactions to verbs, inside the transaction.", lambda e: e.key)


@dataclass(frozen=True)
class DemoPart:
    """An app's share of the demo data; `fill(plan)` runs in order inside the scope and transaction of one demo business.

    `loads` names the models whose secondary indexes are built only after a very large number of rows is in.
    """

    key: str
    fill: Callable[["DemoPlan"], None]
    loads: tuple[str, ...] = ()
    order: int = 100


demo_parts: Socket[DemoPart] = Socket(
    "demo_parts", "Shares of the demo data.", lambda p: p.key, order=lambda p: p.order
)


@dataclass(frozen=True)
class Benchmark:
    """A measurement of `manage.py bench`: `run(business)` yields (what, seconds) samples, whose 95th percentile should be within
    `target_ms`."""

    key: str
    label: Text
    target_ms: float
    run: Callable[["Business"], Iterator[tuple[str, float]]]
    order: int = 100


benchmarks: Socket[Benchmark] = Socket(
    "benchmarks", "Measurements of `bench`.", lambda b: b.key, order=lambda b: b.order
)


@dataclass(frozen=True)
class ApiRoutes:
    """An app's endpoints under /api/v1/: the dotted path of its `urlpatterns` module."""

    module: str


api_routes: Socket[ApiRoutes] = Socket("api_routes", "URL modules below /api/v1/.", lambda r: r.module)


@dataclass(frozen=True)
class Emptied:
    """Tables of an app that hold a business's rows, children first; removing a demo business empties them in this order."""

    key: str
    models: tuple[str, ...]
    order: int = 100


business_tables: Socket[Emptied] = Socket(
    "business_tables", "Tables that hold a business's rows, children first.", lambda e: e.key, order=lambda e: e.order
)


@dataclass(frozen=True)
class TaskKind:
    """What the queue knows of a task (dotted path): its name for people, lane, seconds it may take, how often it is tried,
    after how many seconds somebody is told that it takes long, and who may start a given-up one again."""

    task: str
    label: Text
    lane: str = "fast"
    limit_seconds: int = 60
    max_attempts: int = 3
    alert_seconds: int = 0
    hidden: bool = False
    """The product's own upkeep, shown to operators only."""
    page: Callable[["Job"], str] | None = None
    """The address where people see what comes of it; by default the job's own page."""
    outcome: Callable[["Job"], Text] | None = None
    """What came of a job that is done, in words for its page."""


task_kinds: Socket[TaskKind] = Socket("task_kinds", "What the queue knows of each task.", lambda k: k.task)


@dataclass(frozen=True)
class RegularTask:
    """A task that the product asks for by itself: `cron` (five or six fields, seconds first when six) in `time_zone`."""

    key: str
    task: str
    cron: str
    time_zone: str = "UTC"


regular_tasks: Socket[RegularTask] = Socket("regular_tasks", "Tasks that are due again and again.", lambda t: t.key)


@dataclass(frozen=True)
class NotificationKind:
    """Something that people may be told; each switches kinds off and on for themselves, unless it is `always` told."""

    name: str
    label: Text
    text: Text = ""
    wanted: bool = True
    always: bool = False
    operators: bool = False
    """Told to those who operate the installation, and to nobody else."""


notification_kinds: Socket[NotificationKind] = Socket(
    "notification_kinds", "What people may be told at the bell.", lambda k: k.name
)


@dataclass(frozen=True)
class Gauge:
    """A figure for `/metrics`, asked of the database at each scrape: `read()` gives (labels, value) pairs."""

    name: str
    text: str
    read: Callable[[], list[tuple[dict[str, str], float]]]
    labels: tuple[str, ...] = ()


gauges: Socket[Gauge] = Socket("gauges", "Figures for monitoring, read at each scrape.", lambda g: g.name)


@dataclass(frozen=True)
class PaletteEntries:
    """A source of the search palette: `find(actor, business, words, limit)` gives {label, hint, href, icon} each, best first; without
    words what is offered at once. `shows` is the id of a customer whose data stand in the entry, `theme` one to switch to.

    Entries with a `record` (kind, id) are records: the API's search gives them too, with `matched`, the name of what fits.
    """

    key: str
    label: Text
    permission: str
    find: Callable[["Actor", "Business", str, int], list[dict[str, Any]]]
    order: int = 100


palette_entries: Socket[PaletteEntries] = Socket(
    "palette_entries", "Sources of the search palette.", lambda e: e.key, order=lambda e: e.order
)


@dataclass(frozen=True)
class Examined:
    """What a check has looked at: rows, how many of them break the rule, and the first of those in words without personal data."""

    rows: int
    broken: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class RecordPage:
    """Where records of a kind (`type`, as activities name it) have their page: `url_name` takes the id; for those who hold `permission`."""

    type: str
    url_name: str
    permission: str


record_pages: Socket[RecordPage] = Socket(
    "record_pages", "Pages of the records that activities name.", lambda r: r.type
)


@dataclass(frozen=True)
class DataSubjects:
    """Whose ids stand in access records: `named(actor, ids)` gives the names of those that the actor may see, `find(actor, words,
    limit)` id, name and a hint of those that fit, best first; `url_name` takes the id. `withheld(actor, business)` asks for the ids
    of those whose values the trail keeps from the actor, and `withheld_text` says why."""

    key: str
    named: Callable[["Actor", set[UUID]], dict[UUID, str]]
    find: Callable[["Actor", str, int], list[tuple[UUID, str, str]]]
    url_name: str
    withheld: Callable[["Actor", "Business"], "QuerySet[Any, Any]"]
    withheld_text: Text


data_subjects: Socket[DataSubjects] = Socket(
    "data_subjects", "Whose personal data access records are about.", lambda s: s.key
)


@dataclass(frozen=True)
class IntegrityCheck:
    """A rule about stored rows that no constraint of the database holds, proven every night: `examine()` looks at all of them."""

    key: str
    label: Text
    examine: Callable[[], Examined]
    order: int = 100


integrity_checks: Socket[IntegrityCheck] = Socket(
    "integrity_checks", "Rules about stored rows, proven every night.", lambda c: c.key, order=lambda c: c.order
)
