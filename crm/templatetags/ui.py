"""Components of the pages, as template tags and filters; each has a template in templates/ui/.

The functions may be called from Python too: `ui.badge("New", "good")`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

import lucide
from django import template
from django.forms import BaseForm, BoundField
from django.template.loader import get_template
from django.utils.html import conditional_escape, escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from crm import charts, formats
from crm.tables import Table

register = template.Library()

KINDS = ("neutral", "accent", "good", "warn", "bad")
KIND_ICONS = {
    "neutral": "info",
    "accent": "info",
    "info": "info",
    "good": "circle-check",
    "warn": "triangle-alert",
    "bad": "circle-alert",
}
Number = int | float | Decimal
Text = Any
"""A text for people: str, lazy translation or safe HTML."""


def _render(name: str, /, **context: Any) -> SafeString:
    return SafeString(get_template(f"ui/{name}.html").render(context))


@lru_cache(maxsize=512)
def _icon(name: str, size: int) -> SafeString:
    return mark_safe(lucide._render_icon(name, size, **{"class": "icon", "aria-hidden": "true", "focusable": "false"}))  # noqa: S308 - the package's own drawing


@register.simple_tag
def icon(name: str, size: int = 16) -> SafeString:
    """A drawing beside a word; it says nothing to a screen reader."""
    return _icon(str(name), int(size)) if name else mark_safe("")


@register.simple_tag
def kind_icon(kind: str, size: int = 16) -> SafeString:
    """The icon that goes with a message of this kind, so that color never speaks alone."""
    return _icon(KIND_ICONS.get(str(kind), "info"), size)


@register.simple_tag
def button(
    label: Text,
    href: str = "",
    type: str = "button",
    kind: str = "secondary",
    icon: str = "",
    name: str = "",
    value: str = "",
    dialog: str = "",
) -> SafeString:
    """A link that looks like a button when `href` is given; `dialog` is the id of a dialog to open."""
    return _render(
        "button", label=label, href=href, type=type, kind=kind, icon=icon, name=name, value=value, dialog=dialog
    )


@register.simple_tag
def badge(label: Text, kind: str = "neutral", icon: str = "") -> SafeString:
    """A short state, never told by its color alone."""
    return _badge(conditional_escape(label), kind if kind in KINDS else "neutral", icon)


@lru_cache(maxsize=512)
def _badge(label: SafeString, kind: str, icon: str) -> SafeString:
    return _render("badge", label=label, kind=kind, icon=icon)


@register.simple_tag
def chip(label: Text, remove_href: str = "") -> SafeString:
    return _render("chip", label=label, remove_href=remove_href)


@register.simple_tag
def avatar(name: str, size: str = "m") -> SafeString:
    """Initials on a quiet ground; decoration, the name stands beside it. `size` is s, m or l."""
    letters = initials(name)
    return format_html(
        '<span class="avatar avatar-{}" data-tint="{}" aria-hidden="true">{}</span>',
        size,
        sum(map(ord, letters)) % 6,
        letters,
    )


def initials(name: str) -> str:
    """The first letters of the first and the last word."""
    words = re.findall(r"\w+", str(name or ""))
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper() if words else "?"


@register.simple_block_tag
def page_head(
    content: str, title: Text, description: Text = "", count: Text = "", avatar: str = "", badges: Text = ""
) -> SafeString:
    """The title row of a page; the block holds its buttons."""
    return _render(
        "page_head",
        content=content,
        title=title,
        description=description,
        count=count,
        avatar_name=avatar,
        badges=badges,
    )


@register.simple_block_tag
def panel(
    content: str,
    title: Text = "",
    hint: Text = "",
    id: str = "",
    kind: str = "",
    href: str = "",
    link: Text = "",
    icon: str = "",
) -> SafeString:
    """A titled box; `href` with `link` stands on the right.

    `kind`: "", "wide" (all columns of a grid) or "flush" (no padding, for tables).
    """
    return _render("panel", content=content, title=title, hint=hint, id=id, kind=kind, href=href, link=link, icon=icon)


@register.simple_tag
def stat(
    label: Text,
    value: Text,
    hint: Text = "",
    href: str = "",
    trend: Number | None = None,
    trend_good: bool = True,
    how: Text = "",
    kind: str = "",
) -> SafeString:
    """A figure. `trend` is a change in percent; `trend_good`: rising is good; `how` tells the source."""
    direction = "" if trend is None else "flat" if not trend else "up" if trend > 0 else "down"
    mood = "" if direction in ("", "flat") else "good" if (direction == "up") == bool(trend_good) else "bad"
    shown = "" if trend is None else formats.percent(trend if trend > 0 else -trend)
    return _render(
        "stat",
        label=label,
        value=value,
        hint=hint,
        href=href,
        direction=direction,
        mood=mood,
        trend=shown,
        how=how,
        kind=kind,
    )


@register.simple_tag
def gauge(value: Number | None, maximum: Number = 100, label: Text = "", kind: str = "accent") -> SafeString:
    """A half ring with the figure inside; `kind` tells its band."""
    return charts.gauge(value, title=str(label), maximum=maximum, kind=kind).svg


@register.simple_tag
def sparkline(values: Sequence[Number | None], label: Text = "", kind: str = "accent") -> SafeString:
    return charts.sparkline(values, title=str(label), kind=kind).svg


@register.simple_tag
def chart(drawing: charts.Chart) -> SafeString:
    """A chart with its figures in a table that can be opened."""
    return _render("chart", chart=drawing)


@register.simple_tag
def meter(
    value: Number | None, maximum: Number = 100, label: Text = "", kind: str = "accent", text: Text = ""
) -> SafeString:
    """A thin bar with its figure, or with `text`, for scores in rows."""
    return _render(
        "meter",
        value=value,
        maximum=maximum,
        label=label,
        kind=kind if kind in KINDS else "accent",
        text=text or formats.number(value),
    )


@register.simple_tag
def progress(value: int, total: int, label: Text = "", kind: str = "accent", hint: Text = "") -> SafeString:
    """How far a job is. An unknown total (0) shows that it runs without saying how far."""
    share = formats.percent(100 * min(value, total) / total, 0) if total else ""
    return _render("progress", value=min(value, total), total=total, label=label, kind=kind, share=share, hint=hint)


@register.simple_tag
def stepper(steps: Sequence[Text], current: int) -> SafeString:
    """`steps` are labels, `current` counts from 1; past the last one all are done."""
    return _render(
        "stepper",
        steps=[
            (label, "done" if n < current else "current" if n == current else "todo")
            for n, label in enumerate(steps, 1)
        ],
    )


@register.simple_tag
def path(steps: Sequence[dict[str, Any]], label: Text = "") -> SafeString:
    """Where something stands on its way: {label, state ("past", "current", "ahead"), kind, href} of each step."""
    return _render("path", steps=steps, label=label)


@register.simple_tag
def definitions(pairs: Iterable[tuple[Text, Text]]) -> SafeString:
    """A list of (label, value); an empty value shows as a dash."""
    return _render(
        "definitions",
        pairs=[(label, formats.NOTHING if value is None or value == "" else value) for label, value in pairs],
    )


@register.simple_block_tag
def empty_state(content: str, title: Text, text: Text = "", icon: str = "inbox") -> SafeString:
    """What this is and what to do first; the block holds one action."""
    return _render("empty_state", content=content, title=title, text=text, icon=icon)


@register.simple_tag
def toasts(messages: Iterable[Any] = ()) -> SafeString:
    """The place of toasts, with Django's messages in it."""
    return _render(
        "toasts",
        kinds=KINDS,
        messages=[{"text": m, "kind": getattr(m, "level_tag", "") or "neutral"} for m in messages or ()],
    )


@register.simple_block_tag
def dialog(content: str, id: str, title: Text, kind: str = "") -> SafeString:
    """A modal box, opened by any button with `data-dialog="<id>"`; `kind` "drawer" puts it at the side."""
    return _render("dialog", content=content, id=id, title=title, kind=kind or "box")


@register.simple_block_tag
def drawer(content: str, id: str, title: Text) -> SafeString:
    return _render("dialog", content=content, id=id, title=title, kind="drawer")


@register.simple_tag
def tabs(items: Sequence[dict[str, Any]], label: Text = "") -> SafeString:
    """Links to sides of one thing: {label, href, current, count}."""
    return _render("tabs", items=items, label=label)


@register.simple_block_tag
def timeline_item(
    content: str,
    title: Text,
    at: datetime | date | None = None,
    icon: str = "circle-dot",
    kind: str = "neutral",
    href: str = "",
    by: Text = "",
) -> SafeString:
    """One happening; put it into `<ol class="timeline">`."""
    return _render(
        "timeline_item", content=SafeString(content.strip()), title=title, at=at, icon=icon, kind=kind, href=href, by=by
    )


@register.simple_tag
def diff(before: Text, after: Text, label: Text = "") -> SafeString:
    """One value before and after; an empty one shows as a dash."""
    return _render("diff", before=_or_dash(before), after=_or_dash(after), label=label)


@register.simple_tag
def explain(text: Text, label: Text = "") -> SafeString:
    """How a figure came about, behind a small button."""
    return _render("explain", text=text, label=label)


@register.simple_tag
def copy(text: Text, label: Text = "") -> SafeString:
    """A button that copies `text`."""
    return _render("copy", text=text, label=label)


@register.simple_tag
def field(bound: BoundField) -> SafeString:
    """A form field with label, mark, help and errors."""
    widget = bound.field.widget
    kind = getattr(widget, "input_type", "")
    return _render(
        "field",
        field=bound,
        errors=bound.errors,
        is_group=widget.use_fieldset,
        is_check=kind == "checkbox" and not widget.use_fieldset,
        is_marked=bound.field.required,
        kind=kind,
    )


@register.simple_tag
def form_errors(form: BaseForm) -> SafeString:
    """What is wrong with the form, on top, with links to the fields."""
    if not form.is_bound or not form.errors:
        return mark_safe("")
    named = [(form[name], errors) for name, errors in form.errors.items() if name in form.fields]
    shown = [(bound, errors) for bound, errors in named if not bound.is_hidden]
    hidden = [error for bound, errors in named if bound.is_hidden for error in errors]
    return _render("form_errors", errors=shown, general=[*form.non_field_errors(), *hidden])


@register.simple_tag
def form_fields(form: BaseForm) -> SafeString:
    """All fields of a form, grouped as its `fieldsets` say; what they don't name comes last."""
    groups: list[tuple[Any, list[BoundField]]] = []
    left = {bound.name: bound for bound in form.visible_fields()}
    for legend, names in getattr(form, "fieldsets", None) or []:
        groups.append((legend, [left.pop(name) for name in names if name in left]))
    if left:
        groups.append(("", list(left.values())))
    return _render("form_fields", groups=[group for group in groups if group[1]], hidden=form.hidden_fields())


@register.simple_tag
def table(table: Table) -> SafeString:
    """A table of crm/tables.py. The first cell of a row carries its link; rows are written in one pass, as they are most of a page."""
    return _render("table", table=table, body=SafeString("".join(_rows_of(table))))


def _rows_of(table: Table) -> Iterator[str]:
    starts = [f'<td class="{column.align}" data-label="{escape(column.label)}">' for column in table.columns]
    select = escape(_("Select %(name)s"))
    for row in table.rows:
        href = escape(row.href)
        yield f'\n    <tr data-href="{href}">' if href else "\n    <tr>"
        if table.picks:
            label = select % {"name": escape(row.label)}
            yield (
                f'<td class="pick-cell"><input type="checkbox" name="ids" value="{row.id}" form="{table.picks}" '
                f'aria-label="{label}" autocomplete="off" data-pick></td>'
            )
        for place, (start, cell) in enumerate(zip(starts, row.cells, strict=True)):
            if not place and href and "<a " not in cell.html:
                yield f'{start}<a class="row-link" href="{href}">{cell.html}</a></td>'
            else:
                yield f"{start}{cell.html}</td>"
        yield f'<td class="row-tools">{row.tools}</td></tr>' if table.has_tools else "</tr>"


@register.simple_tag
def pager(paging: dict[str, Any]) -> SafeString:
    return _render("pager", paging=paging)


@register.filter
def money(amount: Any, currency: Any = "") -> str:
    """`{{ order.total|money:order.currency }}`"""
    return formats.money(_number(amount), str(currency or ""))


@register.filter
def unit_price(amount: Any, currency: Any = "") -> str:
    """A price with all its digits: it is not rounded before it is multiplied."""
    return formats.money(_number(amount), str(currency or ""), exact=True)


@register.filter
def number(value: Any, decimals: int | None = None) -> str:
    return formats.number(_number(value), decimals)


@register.filter
def percent(value: Any, decimals: int = 1) -> str:
    """`value` in hundredths, as columns named `_pct` hold it."""
    return formats.percent(_number(value), int(decimals))


@register.filter(is_safe=True, expects_localtime=True)
def when(value: datetime | date | None, form: str = "ago") -> str:
    """A moment: "ago" in words, "day" or "full" as a date; the other form is in its tooltip."""
    if not value:
        return formats.NOTHING
    texts = {"ago": formats.ago, "day": formats.day, "full": formats.moment}
    tip = formats.ago(value) if form == "full" else formats.moment(value)
    return format_html('<time datetime="{}" title="{}">{}</time>', value.isoformat(), tip, texts[form](value))


@register.filter(is_safe=True)
def user_text(value: Any) -> str:
    """Text that somebody has typed, kept apart from the direction of what surrounds it."""
    return formats.NOTHING if value in (None, "") else format_html("<bdi>{}</bdi>", value)


def _number(value: Any) -> Number | None:
    if value is None or value == "":
        return None
    if isinstance(value, int | float | Decimal):
        return value
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def _or_dash(value: Any) -> Any:
    return formats.NOTHING if value is None or value == "" else conditional_escape(value)
