"""The search palette: what its sources find for some words, and what the kernel itself offers in it."""

from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from crm import saved_views
from crm.actor import Actor
from crm.models import Business
from crm.registry import palette_entries, permissions, quick_actions, settings_pages, sidebar

LIMIT = 6
"""Entries of a source."""
THEMES = (("light", "sun"), ("dark", "moon"), ("system", "sun-moon"))


def answer(actor: Actor, business: Business, words: str, limit: int = LIMIT) -> list[dict[str, Any]]:
    """What each source that the actor may ask finds, as {key, label, entries}; sources that find nothing are left out."""
    groups = []
    for source in palette_entries:
        if source.permission in permissions and not actor.may(source.permission, business):
            continue
        entries = source.find(actor, business, words, limit)
        if entries:
            groups.append({"key": source.key, "label": source.label, "entries": entries})
    return groups


def pages(actor: Actor, business: Business, words: str, limit: int) -> list[dict[str, Any]]:
    """The pages of the sidebar and of the settings whose names the words fit."""
    if not words:
        return []
    offered: list[dict[str, Any]] = []
    for item in sidebar:
        if not item.permission or actor.may(item.permission, business):
            offered.append(_entry(item.label, item.group, reverse(item.url_name) + item.query, item.icon))
    for page in settings_pages:
        if actor.may(page.permission, business):
            offered.append(_entry(page.label, page.text, reverse(page.url_name), page.icon))
    return _fitting(offered, words)[:limit]


def actions(actor: Actor, business: Business, words: str, limit: int) -> list[dict[str, Any]]:
    """The quick actions and the themes; without words the quick actions alone."""
    offered = [
        _entry(action.label, "", reverse(action.url_name), action.icon)
        for action in quick_actions
        if actor.may(action.permission, business)
    ]
    if not words:
        return offered[:limit]
    names = {"light": _("Switch to light"), "dark": _("Switch to dark"), "system": _("Theme as the system")}
    offered += [{"label": names[theme], "hint": _("Theme"), "icon": icon, "theme": theme} for theme, icon in THEMES]
    return _fitting(offered, words)[:limit]


def views(actor: Actor, business: Business, words: str, limit: int) -> list[dict[str, Any]]:
    """The saved views that the actor sees and whose names the words fit; without words its own."""
    rows = saved_views.seen_by(actor, business)
    if not words:
        rows = rows.filter(owner=UUID(actor.eyes)) if actor.kind == "user" else rows.none()
    offered = [
        _entry(view.name, saved_views.title_of(view.page), saved_views.href_of(view), "bookmark")
        for view in rows.order_by("name", "pk")
    ]
    return (_fitting(offered, words) if words else offered)[:limit]


def _entry(label: Any, hint: Any, href: str, icon: str) -> dict[str, Any]:
    return {"label": str(label), "hint": str(hint), "href": href, "icon": icon}


def _fitting(entries: list[dict[str, Any]], words: str) -> list[dict[str, Any]]:
    """The entries in which each word begins a word of the label or of the hint; those whose label begins with the words first."""
    sought = words.casefold().split()

    def fits(entry: dict[str, Any]) -> bool:
        said = f"{entry['label']} {entry['hint']}".casefold().split()
        return all(any(part.startswith(word) for part in said) for word in sought)

    begins = " ".join(sought)
    return sorted(filter(fits, entries), key=lambda entry: not entry["label"].casefold().startswith(begins))
