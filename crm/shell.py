"""What the frame around every page shows: sidebar, businesses, user, quick actions, theme."""

from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.urls import reverse

from crm.registry import quick_actions, sidebar

THEMES = ("system", "light", "dark")


@dataclass
class Shell:
    """See templates/base.html."""

    product_name: str
    theme: str
    sidebar: list[dict[str, Any]] = field(default_factory=list)
    quick_actions: list[dict[str, Any]] = field(default_factory=list)
    businesses: list[Any] = field(default_factory=list)
    business: Any = None
    user: dict[str, str] | None = None
    banners: list[dict[str, str]] = field(default_factory=list)


def shell(request: Any) -> dict[str, Any]:
    """Context processor."""
    user = getattr(request, "user", None)
    theme = request.COOKIES.get("theme") or getattr(user, "theme", "system")
    frame = Shell(settings.PRODUCT_NAME, theme if theme in THEMES else "system")
    actor, business = getattr(request, "actor", None), getattr(request, "business", None)
    if actor is None:
        return {"shell": frame}
    user = request.user
    frame.user = {"name": user.name or user.email, "email": user.email, "initials": _initials(user.name or user.email)}
    frame.businesses, frame.business = request.businesses, business
    if business is not None:
        path = request.get_full_path()
        groups: dict[str, list[dict[str, Any]]] = {}
        for item in sidebar:
            if item.permission and not actor.may(item.permission, business):
                continue
            href = reverse(item.url_name) + item.query
            groups.setdefault(str(item.group), []).append(
                {
                    "label": item.label,
                    "icon": item.icon,
                    "href": href,
                    "current": path == href
                    or (not item.query and "?" not in href and request.path.startswith(href) and href != "/"),
                    "badge": item.badge(actor, business) if item.badge else None,
                }
            )
        for items in groups.values():
            if any(i["current"] and "?" in i["href"] for i in items):
                for i in items:
                    i["current"] = i["current"] and "?" in i["href"]
        frame.sidebar = [{"label": label, "items": items} for label, items in groups.items()]
        frame.quick_actions = [
            {"label": a.label, "icon": a.icon, "href": reverse(a.url_name)}
            for a in quick_actions
            if actor.may(a.permission, business)
        ]
    return {"shell": frame}


def _initials(name: str) -> str:
    words = [word for word in name.replace("@", " ").split() if word]
    return (words[0][0] + (words[1][0] if len(words) > 1 else "")).upper() if words else "?"
