"""The customer list, its preset of companies, and the archived ones."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet, prefetch_related_objects
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.access import saw
from crm.pages import ListPage, Page
from crm.paging import Reader, Sort
from crm.saved_views import canonical
from crm.tables import Column
from crm.templatetags import ui
from customers.choices import FieldType, Kind
from customers.filters import CUSTOM, filterset_of
from customers.models import Customer, CustomField
from customers.queries import matches_for, matching, named
from customers.queries.custom_fields import custom_fields_of, users_in
from customers.registry import bulk_actions, fields, hidden_fields, row_actions
from customers.tables import customer_columns, with_tags
from customers.views.imports import import_link
from customers.views.profile import OneCustomer

_ANYBODY = UUID(int=0)


class CustomerList(ListPage):
    """All live customers that the person may see."""

    permission = "customers.view"
    title = gettext_lazy("Customers")
    description = gettext_lazy(
        "Manage customer profiles, track engagement, and segment your audience for personalized campaigns."
    )
    default_sort = "name"
    searchable = True
    has_columns = True
    opens_filters = True

    @cached_property
    def custom_fields(self) -> list[CustomField]:
        return custom_fields_of(self.business)

    @property
    def filterset_class(self) -> Any:  # type: ignore[override]
        return filterset_of(self.actor, self.business, self.custom_fields)

    def rows(self) -> QuerySet:
        return Customer.objects.live().visible_to(self.actor).with_facts().select_related("owner", "team")

    def rows_by_keys(self) -> Reader:
        return lambda keys: Customer.objects.filter(pk__in=keys).with_facts().select_related("owner", "team")

    def columns(self) -> Sequence[Column]:
        """The usual ones; the kind can be chosen, as few lists mix both."""
        return [column for column in self._columns() if column.key != "kind"]

    def every_column(self) -> Sequence[Column]:
        return self._columns(every=True)

    def _columns(self, *, every: bool = False) -> list[Column]:
        hidden = hidden_fields(self.actor, self.business)
        return customer_columns(self.business, custom_fields=self.custom_fields, hidden=hidden, every=every)

    def sorts(self) -> dict[str, Sort]:
        return {field.sort.key: field.sort for field in fields if field.sort}

    def search(self, rows: QuerySet, words: str) -> QuerySet:
        limit = matches_for(self.actor)
        found = matching(words, limit)
        self.is_cut = len(found) >= limit
        return rows.filter(pk__in=found)

    def shown(self, rows: list[Any]) -> None:
        saw(self.request, (row.pk for row in rows))
        keys = {column.key for column in self.chosen_columns(self.opened.query)}
        others = [field.path for field in fields if field.type == "customer" and field.key in keys]
        if others:
            known = named(self.actor, {pk for row in rows for path in others if (pk := getattr(row, f"{path}_id"))})
            saw(self.request, known)
            for row in rows:
                row.shown_customers = known
        beside = {field.path.split("__")[0] for field in fields if field.key in keys and "__" in field.path} - {"facts"}
        prefetch_related_objects(rows, *sorted(beside))
        if "tags" in keys:
            with_tags(rows)
        people = [own for own in self.custom_fields if own.type == FieldType.USER and CUSTOM + own.key in keys]
        if people:
            names = users_in(people, [row.custom_values for row in rows])
            for row in rows:
                row.shown_people = names

    def row_href(self, row: Any) -> str:
        return self._profile.replace(str(_ANYBODY), str(row.pk))

    @cached_property
    def _profile(self) -> str:
        return reverse("customers:customer_detail", args=[_ANYBODY])

    def row_tools(self) -> Callable[[Any], SafeString] | None:
        """Links at the end of a row, made once and filled with each row's id and name."""
        links = []
        for action in row_actions:
            if not self.actor.may(action.permission, self.business):
                continue
            href, label = reverse(action.url_name, args=[_ANYBODY]), action.label
            links.append(
                format_html('<a class="icon-button" href="{}" title="{}" aria-label="{}: ', href, label, label)
                + "%(name)s"
                + format_html('">{}</a>', ui.icon(action.icon, 16))
            )
        if not links:
            return None
        made = "".join(links)
        return lambda row: SafeString(
            made.replace(str(_ANYBODY), str(row.pk)).replace("%(name)s", format_html("{}", row.display_name))
        )

    def bulk(self, total: int, query: QueryDict) -> dict[str, Any] | None:
        actions = [
            {"key": action.key, "label": action.label, "icon": action.icon}
            for action in bulk_actions
            if not action.on_archived
            and self.actor.may("customers.change_many", self.business)
            and self.actor.may(action.permission, self.business)
        ]
        if not actions:
            return None
        return {
            "href": reverse("customers:bulk_create"), "query": canonical(query), "total": total, "actions": actions,
            "list_name": self.request.resolver_match.view_name,
        }  # fmt: skip

    def actions(self) -> list[dict[str, Any]]:
        return [
            *self.action(
                "customers.archive",
                _("Archived"),
                reverse("customers:customer_archive_list"),
                icon="archive",
                kind="ghost",
            ),
            *self.action(
                "customers.change_many",
                _("Bulk changes"),
                reverse("customers:bulk_list"),
                icon="list-checks",
                kind="ghost",
            ),
            *self.action("customers.import", _("Import"), reverse("customers:import_create"), icon="upload"),
            *self.action("customers.add", self.add_label(), self.add_href(), icon="plus", kind="primary"),
        ]

    def add_label(self) -> str:
        return _("Add Customer")

    def add_href(self) -> str:
        return reverse("customers:customer_create")

    def empty_state(self, narrowed: bool) -> dict[str, Any]:
        if narrowed:
            return super().empty_state(narrowed)
        return {
            "icon": "users",
            "title": _("No customers yet"),
            "text": _(
                "Customers are the people and companies that your business serves. "
                "Import a file of them or of their orders, or add the first by hand."
            ),
            "action": import_link(self),
        }  # fmt: skip


class AccountList(CustomerList):
    """The customers that are companies."""

    permission = "customers.view"
    title = gettext_lazy("Companies")
    description = gettext_lazy("The companies that you serve, with the people behind them.")

    def rows(self) -> QuerySet:
        return super().rows().filter(kind=Kind.COMPANY)

    def add_label(self) -> str:
        return _("Add company")

    def add_href(self) -> str:
        return reverse("customers:customer_create") + "?kind=company"


class DashboardList(Page):
    """An address that other products use for the list leads to it, narrowed as it asks."""

    permission = "customers.view"
    title = gettext_lazy("Customers")
    url_name = "customers:customer_list"

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        asked = request.GET.urlencode()
        return HttpResponseRedirect(reverse(self.url_name) + (f"?{asked}" if asked else ""))


class DashboardCreate(Page):
    permission = "customers.add"
    title = gettext_lazy("Add company")

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        return HttpResponseRedirect(reverse("customers:customer_create") + "?kind=company")


class DashboardDetail(OneCustomer):
    permission = "customers.view"
    title = gettext_lazy("Profile of a company")

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        return HttpResponseRedirect(reverse("customers:customer_detail", args=[self.customer.pk]))


class DashboardUpdate(OneCustomer):
    permission = "customers.change"
    title = gettext_lazy("Edit a company")

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        return HttpResponseRedirect(reverse("customers:customer_update", args=[self.customer.pk]))


class CustomerArchiveList(ListPage):
    """Archived customers, latest first."""

    permission = "customers.archive"
    title = gettext_lazy("Archived customers")
    description = gettext_lazy("Out of lists, counts and searches; nothing of them is lost.")
    default_sort = "-archived_at"

    def rows(self) -> QuerySet:
        return (
            Customer.objects.filter(archived_at__isnull=False, is_unidentified=False)
            .visible_to(self.actor)
            .with_facts()
        )

    def columns(self) -> Sequence[Column]:
        archived = Column(
            "archived_at",
            _("Archived"),
            lambda row: ui.when(row.archived_at),
            sort=Sort("archived_at", "archived_at", descending_first=True),
        )
        return [*customer_columns(self.business, ["display_name", "kind", "total_spent"]), archived]

    def sorts(self) -> dict[str, Sort]:
        return {"archived_at": Sort("archived_at", "archived_at", descending_first=True)}

    def bulk(self, total: int, query: QueryDict) -> dict[str, Any] | None:
        actions = [
            {"key": action.key, "label": action.label, "icon": action.icon}
            for action in bulk_actions
            if action.on_archived
            and self.actor.may("customers.change_many", self.business)
            and self.actor.may(action.permission, self.business)
        ]
        href = reverse("customers:bulk_create")
        name = self.request.resolver_match.view_name
        return {"href": href, "query": "", "total": 0, "actions": actions, "list_name": name} if actions else None

    def shown(self, rows: list[Any]) -> None:
        saw(self.request, (row.pk for row in rows))

    def row_href(self, row: Any) -> str:
        return reverse("customers:customer_detail", args=[row.pk])

    def empty_state(self, narrowed: bool) -> dict[str, Any]:
        return {
            "icon": "archive",
            "title": _("Nothing is archived"),
            "text": _("A customer whom you archive moves here and can be restored at any time."),
        }
