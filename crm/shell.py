"""What the frame around every page shows: sidebar, businesses, user, quick actions, theme."""

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from crm import service_mode
from crm.live import pulse
from crm.registry import quick_actions, sidebar
from crm.saved_views import href_of, pinned
from crm.viewing import Viewing

THEMES = ("system", "light", "dark")


@dataclass
class Shell:
    """See templates/base.html."""

    product_name: str
    theme: str
    sidebar: Any = ()
    quick_actions: list[dict[str, Any]] = field(default_factory=list)
    businesses: list[Any] = field(default_factory=list)
    business: Any = None
    user: dict[str, str] | None = None
    banners: list[dict[str, Any]] = field(default_factory=list)
    is_operator: bool = False
    pulse: Any = None


def shell(request: Any) -> dict[str, Any]:
    """Context processor."""
    user = getattr(request, "user", None)
    theme = request.COOKIES.get("theme") or getattr(user, "theme", "system")
    frame = Shell(settings.PRODUCT_NAME, theme if theme in THEMES else "system")
    actor, business = getattr(request, "actor", None), getattr(request, "business", None)
    if actor is None:
        return {"shell": frame}
    user = request.user
    mode = service_mode.current()
    if mode.is_read_only:
        frame.banners.append({"kind": "warn", "text": mode.words})
    frame.user = {"name": user.name or user.email, "email": user.email, "initials": _initials(user.name or user.email)}
    frame.businesses, frame.business = request.businesses, business
    if getattr(request, "viewing", None):
        frame.banners.append(_viewing_banner(request.viewing))
    frame.is_operator = user.is_staff
    frame.pulse = SimpleLazyObject(lambda: pulse(actor=actor, business=business))
    if business is not None:
        frame.sidebar = SimpleLazyObject(lambda: _sidebar(request, actor, business))
        frame.quick_actions = [
            {"label": a.label, "icon": a.icon, "href": _href(a.url_name)}
            for a in quick_actions
            if actor.may(a.permission, business)
        ]
    return {"shell": frame}


@cache
def _href(url_name: str) -> str:
    """The address of a page without parameters, which stays what it is while the process lives."""
    return reverse(url_name)


def _sidebar(request: Any, actor: Any, business: Any) -> list[dict[str, Any]]:
    """The groups of the sidebar; below a list stand the views of it that the person has pinned."""
    path = request.get_full_path()
    views = pinned(actor, business)
    groups: dict[str, list[dict[str, Any]]] = {}
    for item in sidebar:
        if item.permission and not actor.may(item.permission, business):
            continue
        href = _href(item.url_name) + item.query
        is_current = path == href or (
            not item.query and "?" not in href and request.path.startswith(href) and href != "/"
        )
        below = [
            {
                "label": view.name,
                "icon": "star",
                "href": href_of(view),
                "current": request.GET.get("view") == str(view.pk),
            }
            for view in views
            if view.page == item.url_name and not item.query
        ]
        entry = {
            "label": item.label, "icon": item.icon, "href": href,
            "current": is_current and not any(view["current"] for view in below),
            "badge": item.badge(actor, business) if item.badge else None,
        }  # fmt: skip
        groups.setdefault(str(item.group), []).extend([entry, *below])
    for items in groups.values():
        if any(i["current"] and "?" in i["href"] for i in items):
            for i in items:
                i["current"] = i["current"] and "?" in i["href"]
    return [{"label": label, "items": items} for label, items in groups.items()]


def _viewing_banner(viewing: Viewing) -> dict[str, Any]:
    """Says whose eyes these are, with the way back."""
    words = _("You see this as %(name)s does, as %(role)s, and can change nothing. It ends at %(time)s.") % {
        "name": viewing.membership.user,
        "role": viewing.membership.get_role_display(),
        "time": timezone.localtime(viewing.until).strftime("%H:%M"),
    }
    return {"kind": "warn", "text": words, "action": reverse("crm:view_as_leave"), "action_label": _("Leave the view")}


def _initials(name: str) -> str:
    words = [word for word in name.replace("@", " ").split() if word]
    return (words[0][0] + (words[1][0] if len(words) > 1 else "")).upper() if words else "?"
