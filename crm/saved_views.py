"""Saved views: which lists have them, which of them somebody sees, what an address with one stands for, what is kept of an address."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.http import QueryDict
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils.translation import gettext as _

from crm.actor import Actor
from crm.errors import InvalidInput, NotFound
from crm.models import Business, DefaultView, SavedView, SavedViewPin
from crm.models.saved_view import Audience
from crm.registry import permissions

if TYPE_CHECKING:
    from crm.pages import ListPage

NO_VIEW = "none"
"""`?view=none` opens a list as it is, also for somebody who begins it with a view."""
NOT_KEPT = frozenset({"view", "cursor", "page", "limit", "fields", "include", "filters"})
MAX_QUERY = 2000
MOST_PINNED = 12
"""How many pinned views the sidebar shows."""
_ORDER = {Audience.EVERYONE: 0, Audience.TEAM: 1, Audience.OWN: 2}
_UNCLEAN = re.compile(r"[\x00\ud800-\udfff]")


@dataclass(frozen=True)
class Opened:
    """A list as an address opens it: `query` is what counts, links are made from `address`; `kept` names what the view gives."""

    query: QueryDict
    address: QueryDict
    views: Sequence[SavedView] = ()
    view: SavedView | None = None
    kept: frozenset[str] = field(default_factory=frozenset)


@cache
def lists() -> dict[str, type["ListPage"]]:
    """The lists that have views, by the names of their addresses."""
    return dict(_lists(get_resolver().url_patterns, ""))


def _lists(patterns: list[Any], namespace: str) -> Iterator[tuple[str, type["ListPage"]]]:
    for entry in patterns:
        if isinstance(entry, URLResolver):
            yield from _lists(entry.url_patterns, f"{entry.namespace}:" if entry.namespace else namespace)
        elif isinstance(entry, URLPattern):
            page: Any = getattr(entry.callback, "view_class", None)
            if getattr(page, "has_views", False) and page.filterset_class is not None:
                yield f"{namespace}{entry.name}", page


def lists_of(actor: Actor, business: Business) -> list[str]:
    """Names of the lists with views that the actor may open."""
    return [name for name, page in lists().items() if _may_open(actor, business, page)]


def _may_open(actor: Actor, business: Business, page: type["ListPage"]) -> bool:
    return page.permission not in permissions or actor.may(page.permission, business)


def seen_by(actor: Actor, business: Business) -> QuerySet[SavedView]:
    """The views that the actor sees now: those for everyone, for the team it works in, and its own, of lists that it may open."""
    views = SavedView.objects.filter(page__in=lists_of(actor, business))
    if actor.everything:
        return views
    grant = actor.grant_in(business)
    seen = Q(audience=Audience.EVERYONE)
    if grant is not None and grant.team_id is not None:
        seen |= Q(audience=Audience.TEAM, team=grant.team_id)
    if actor.kind == "user":
        seen |= Q(owner=actor.eyes)
    return views.filter(seen)


def may_change(actor: Actor, business: Business, view: SavedView) -> bool:
    """Its owner may change a view; one of a team also who may share views with everyone, who alone may change what everyone sees."""
    may_share = actor.may("crm.share_views", business)
    if view.audience == Audience.EVERYONE:
        return may_share
    is_owner = actor.kind == "user" and str(view.owner_id) == actor.id
    return is_owner or (view.audience == Audience.TEAM and may_share)


def audiences_for(actor: Actor, business: Business) -> list[tuple[str, Any]]:
    """With whom the actor may share, as choices."""
    grant = actor.grant_in(business)
    allowed = {
        Audience.OWN: True,
        Audience.TEAM: grant is not None and grant.team_id is not None,
        Audience.EVERYONE: actor.may("crm.share_views", business),
    }
    return [(audience.value, audience.label) for audience in Audience if allowed[audience]]


def open_list(name: str, asked: QueryDict, actor: Actor, business: Business) -> Opened:
    """What `asked` opens: the view that it names or, when it is bare, the one that the actor begins with; its own
    parameters replace those of the view. Raises NotFound for a view of another list or one that the actor doesn't see."""
    rows = seen_by(actor, business).filter(page=name).select_related("owner")
    if actor.kind == "user":
        own = {"user": actor.eyes, "view": OuterRef("pk")}
        rows = with_pins(rows, actor).annotate(is_default=Exists(DefaultView.objects.filter(**own)))
    views = sorted(rows, key=_place)
    default = next((view for view in views if getattr(view, "is_default", False)), None)
    address = asked.copy()
    view = None
    named = str(asked.get("view", NO_VIEW))
    if named != NO_VIEW:
        view = next((view for view in views if str(view.pk) == named.lower()), None)
        if view is None:
            raise NotFound
    elif default is not None and not asked:
        view = default
        address["view"] = str(default.pk)
    elif default is not None:
        address["view"] = NO_VIEW
    if view is None:
        return Opened(asked, address, views)
    query = QueryDict(view.query, mutable=True)
    kept = frozenset(query)
    for parameter, values in asked.lists():
        query.setlist(parameter, values)
        if parameter in kept and not any(values):
            del query[parameter]
    return Opened(query, address, views, view, kept)


def _place(view: SavedView) -> tuple[Any, ...]:
    """Where a view stands above its list: pinned ones first."""
    return (not getattr(view, "is_pinned", False), _ORDER[Audience(view.audience)], view.name.casefold(), view.pk)


def with_pins(rows: QuerySet[Any], actor: Actor) -> QuerySet[Any]:
    """The views with `is_pinned`: whether the actor has pinned them."""
    if actor.kind != "user":
        return rows.annotate(is_pinned=Value(False))
    return rows.annotate(is_pinned=Exists(SavedViewPin.objects.filter(user=actor.eyes, view=OuterRef("pk"))))


def pinned(actor: Actor, business: Business) -> list[SavedView]:
    """The views that the actor has pinned and still sees, in the order of their names. One query while there is no pin, else two."""
    if actor.kind != "user":
        return []
    pins = list(SavedViewPin.objects.filter(user=actor.eyes).values_list("view_id", flat=True))
    return list(seen_by(actor, business).filter(pk__in=pins).order_by("name", "pk")[:MOST_PINNED]) if pins else []


def canonical(query: QueryDict, default_sort: str = "") -> str:
    """What is kept of a query: its filled parameters in a fixed order, without place and view, and the order only if it is another one."""
    pairs = [
        (name, value.strip())
        for name, values in query.lists()
        if name not in NOT_KEPT
        for value in values
        if value.strip() and (name, value) != ("sort", default_sort)
    ]
    return urlencode(sorted(set(pairs)))


def clean_query(*, actor: Actor, business: Business, list_name: str, query: str) -> str:
    """The query as it is kept. Raises InvalidInput for a list without views, and for what the list itself would refuse."""
    page_class = lists().get(list_name)
    if page_class is None or not _may_open(actor, business, page_class):
        raise InvalidInput({"list_name": [_("There is no such list.")]})
    if len(query) > MAX_QUERY:
        raise InvalidInput({"query": [_("A view can hold at most %(count)d characters.") % {"count": MAX_QUERY}]})
    asked = QueryDict(query.removeprefix("?"), mutable=True)
    for name in NOT_KEPT & set(asked):
        del asked[name]
    if any(_UNCLEAN.search(text) for name, values in asked.lists() for text in (name, *values)):
        raise InvalidInput({"query": [_("The query holds characters that can't be stored.")]})
    opened = page_class()
    opened.request = SimpleNamespace(actor=actor, business=business, GET=asked, htmx=None)
    try:
        opened.check(asked)
    except InvalidInput as refusal:
        faults = [f"{name}: {' '.join(texts)}" for name, texts in refusal.errors.items()]
        raise InvalidInput({"query": faults}) from refusal
    return canonical(asked, page_class.default_sort)


def href_of(view: SavedView) -> str:
    """The address that opens the view."""
    return f"{reverse(view.page)}?view={view.pk}"


def title_of(page: str) -> Any:
    """The title of a list."""
    known = lists().get(page)
    return known.title if known else page
