"""Every operation that the product offers, on pages and by API, with the permission that it needs: the source of docs/permissions.csv."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.translation import gettext_lazy as _

from crm.pages import MEMBER, SIGNED_IN, Page
from crm.registry import ROLES, permissions

OPEN = "anyone"
"""Permission of operations for callers who aren't signed in."""
EVERYBODY = {
    OPEN: _("Everybody, without signing in"),
    SIGNED_IN: _("Everybody who is signed in"),
    MEMBER: _("Every member of the business"),
}


@dataclass(frozen=True)
class Operation:
    """One method of one address. `permission` is a registered name, or member, signed in, anyone; `title` says
    what it is in words."""

    door: str
    name: str
    path: str
    method: str
    permission: str
    fragment: bool = False
    title: Any = ""

    def allows(self, role: str) -> bool:
        known = permissions.get(self.permission)
        return role in known.roles if known else True

    @property
    def app(self) -> str:
        """The app whose permission it needs; the kernel's where any member may."""
        return self.permission.partition(".")[0] if self.permission in permissions else "crm"

    @property
    def words(self) -> str:
        """What a search looks through."""
        return (
            f"{self.title} {self.name} {self.method} {self.path} {self.permission} {permission_label(self.permission)}"
        )


def operations() -> list[Operation]:
    """All operations of our own pages and endpoints, by path and method; Django admin and the account pages have doors of their own."""
    return sorted(_walk(get_resolver().url_patterns, "/", ""), key=lambda o: (o.door, o.path, o.method))


def offered() -> list[Operation]:
    """The operations that people and programs know of: parts of pages are left out."""
    return [operation for operation in operations() if not operation.fragment]


def permission_label(name: str) -> str:
    """A permission in words."""
    known = permissions.get(name)
    return str(known.label if known else EVERYBODY.get(name, name))


def table() -> list[list[str]]:
    """The role × operation table: a header, then a line per operation with yes or no for each role."""
    head = ["door", "operation", "path", "method", "permission", *ROLES]
    return [
        head,
        *(
            [o.door, o.name, o.path, o.method, o.permission, *("yes" if o.allows(r) else "no" for r in ROLES)]
            for o in operations()
        ),
    ]


def _walk(patterns: list[Any], prefix: str, namespace: str) -> Iterator[Operation]:
    for entry in patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            if entry.namespace != "admin":
                yield from _walk(entry.url_patterns, path, f"{entry.namespace}:" if entry.namespace else namespace)
        elif isinstance(entry, URLPattern):
            view = getattr(entry.callback, "view_class", None) or getattr(entry.callback, "cls", None)
            name = f"{namespace}{entry.name}"
            if entry.name in (None, "unrouted"):
                continue
            if view is not None and issubclass(view, Page):
                for method in ("get", "post"):
                    if hasattr(view, method) and method in view.http_method_names:
                        yield Operation("page", name, path, method.upper(), view.permission, view.fragment, view.title)
            elif view is not None and hasattr(view, "permissions"):
                for method, permission in view.permissions.items():
                    doc = view.docs.get(method)
                    title = doc.summary if doc else ""
                    yield Operation("api", name, path, method.upper(), permission, title=title)
