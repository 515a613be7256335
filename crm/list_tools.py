"""What people set about a list besides its filters: which columns it has and how dense it is, and which filters are in sight."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from crm.filters import StrictFilterSet
from crm.tables import Column
from crm.templatetags import ui

if TYPE_CHECKING:
    from crm.pages import ListPage

DENSITIES = ("comfortable", "compact")
COOKIE = "density"


def settled(request: HttpRequest) -> HttpResponse | None:
    """Where an address leads that sets something: chosen columns become one parameter in their order (`up=key` moves one to the
    left), a density is kept in the browser. None when there is nothing to settle."""
    query = request.GET.copy()
    density, moved = query.pop("density", [""])[-1], query.pop("up", [""])[-1]
    chosen = query.getlist("columns")
    if not density and not moved and len(chosen) < 2:
        return None
    keys = list(dict.fromkeys(key for value in chosen for key in value.split(",") if key))
    if moved in keys[1:]:
        place = keys.index(moved)
        keys[place - 1], keys[place] = keys[place], keys[place - 1]
    query.pop("columns", None)
    if keys:
        query["columns"] = ",".join(keys)
    response = HttpResponseRedirect(f"?{query.urlencode(safe=',')}" if query else request.path)
    if density in DENSITIES:
        response.set_cookie(
            COOKIE, density, max_age=365 * 86_400, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
        )
    return response


def is_compact(request: HttpRequest) -> bool:
    return request.COOKIES.get(COOKIE) == "compact"


def of(page: "ListPage", columns: Sequence[Column], address: QueryDict) -> dict[str, Any]:
    """The column chooser and the switch of the density, for pages/_tools.html."""
    usual = address.copy()
    for name in ("columns", "cursor"):
        usual.pop(name, None)
    compact = is_compact(page.request)
    dense = address.copy()
    dense["density"] = "comfortable" if compact else "compact"
    return {
        "path": page.request.path,
        "kept": [(name, value) for name, values in usual.lists() for value in values],
        "columns": _choices(columns, page.every_column()),
        "usual_href": f"?{usual.urlencode()}" if usual else page.request.path,
        "is_chosen": bool(address.get("columns")),
        "is_compact": compact,
        "density_href": f"?{dense.urlencode()}",
    }


def _choices(columns: Sequence[Column], every: Sequence[Column]) -> SafeString:
    """The lines of the column chooser: the shown columns in their order, then the others. In one pass: there are many."""
    shown = {column.key for column in columns}
    lines = []
    for place, column in enumerate([*columns, *(column for column in every if column.key not in shown)]):
        key, label = escape(column.key), escape(column.label)
        is_shown = column.key in shown
        up = ""
        if is_shown and place > 1:
            words = escape(_("Move %(column)s to the left") % {"column": column.label})
            up = (
                f'<button class="icon-button" name="up" value="{key}" aria-label="{words}" title="{words}">'
                f"{ui.icon('arrow-up', 14)}</button>"
            )
        state = " checked disabled" if not place else " checked" if is_shown else ""
        lines.append(
            f'<li><label class="check"><input type="checkbox" name="columns" value="{key}"{state} autocomplete="off">'
            f"<span>{label}</span></label>{up}</li>"
        )
    return SafeString("".join(lines))


def filters_href(address: QueryDict, is_open: bool) -> str:
    """The address with the filters in sight, or without."""
    query = address.copy()
    query.pop("filters", None)
    if not is_open:
        query["filters"] = "open"
    return f"?{query.urlencode()}"


def more_filters(filters: StrictFilterSet, extra: Sequence[str], address: QueryDict) -> list[dict[str, Any]]:
    """The filters that aren't in sight, each with the address that shows it too."""
    made = type(filters).base_filters
    there = set(filters.page_fields or ()) | set(extra)
    named = [name for name in extra if name in made]
    query = address.copy()
    found = []
    for name, item in made.items():
        if name not in there:
            query["filters"] = ",".join(["open", *named, name])
            found.append({"label": str(item.label or name), "href": f"?{query.urlencode(safe=',')}"})
    return sorted(found, key=lambda entry: entry["label"].casefold())


def too_wide(clear_href: str) -> dict[str, Any]:
    """What stands in place of rows that take too long to find."""
    return {
        "icon": "hourglass", "title": _("Please narrow the list"),
        "text": _("Finding these rows takes too long. Add a filter, or take away the one that fits most rows."),
        "action": {"label": _("Clear filters"), "href": clear_href},
    }  # fmt: skip
