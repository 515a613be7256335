"""The customer list, and the forms and deeds of one customer."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm import clock
from crm.access import saw
from crm.forms import version_of
from crm.pages import DeedPage, FormPage, ListPage
from crm.paging import Sort
from crm.tables import Column
from crm.templatetags import ui
from customers import services
from customers.filters import customer_filterset
from customers.forms import CustomerForm, customer_initial
from customers.models import Customer
from customers.queries import matches_for, matching
from customers.registry import fields
from customers.tables import customer_columns
from customers.views.imports import import_link
from customers.views.profile import OneCustomer


class CustomerList(ListPage):
    """All live customers; `?kind=company` is the list of companies."""

    permission = "customers.view"
    title = gettext_lazy("Customers")
    description = gettext_lazy(
        "Manage customer profiles, track engagement, and segment your audience for personalized campaigns."
    )
    default_sort = "name"
    searchable = True

    @property
    def filterset_class(self) -> Any:  # type: ignore[override]
        return customer_filterset()

    def get_title(self) -> Any:
        return _("Companies") if self.request.GET.get("kind") == "company" else self.title

    def rows(self) -> QuerySet:
        return Customer.objects.live().visible_to(self.actor).with_facts().select_related("owner", "team")

    def columns(self) -> Sequence[Column]:
        return customer_columns(self.business)

    def sorts(self) -> dict[str, Sort]:
        return {field.sort.key: field.sort for field in fields if field.sort}

    def search(self, rows: QuerySet, words: str) -> QuerySet:
        limit = matches_for(self.actor)
        found = matching(words, limit)
        self.is_cut = len(found) >= limit
        return rows.filter(pk__in=found)

    def shown(self, rows: list[Any]) -> None:
        saw(self.request, (row.pk for row in rows))

    def row_href(self, row: Any) -> str:
        return reverse("customers:customer_detail", args=[row.pk])

    def actions(self) -> list[dict[str, Any]]:
        return [
            *self.action(
                "customers.archive",
                _("Archived"),
                reverse("customers:customer_archive_list"),
                icon="archive",
                kind="ghost",
            ),
            *self.action("customers.import", _("Import"), reverse("customers:import_create"), icon="upload"),
            *self.action(
                "customers.add", _("Add Customer"), reverse("customers:customer_create"), icon="plus", kind="primary"
            ),
        ]

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


class CustomerCreate(FormPage):
    permission = "customers.add"
    title = gettext_lazy("Add customer")
    form_class = CustomerForm
    submit_label = gettext_lazy("Add customer")
    success_message = gettext_lazy("The customer was added.")

    def breadcrumbs(self) -> list[dict[str, str]]:
        return [{"label": _("Customers"), "href": reverse("customers:customer_list")}]

    def initial(self) -> dict[str, Any]:
        data = {"kind": self.request.GET.get("kind", "person"), "lifecycle_stage": "active"}
        if not self.actor.sees_all(self.business):  # else the customer would be out of sight at once
            data["owner"] = self.actor.id
        return data

    def perform(self, **data: Any) -> Customer:
        data.pop("version", None)
        return services.create_customer(actor=self.actor, business=self.business, **data)

    def success_url(self, result: Customer) -> str:
        if not Customer.objects.visible_to(self.actor).filter(pk=result.pk).exists():
            return reverse("customers:customer_list")
        return reverse("customers:customer_detail", args=[result.pk])

    def cancel_href(self) -> str:
        return reverse("customers:customer_list")


class CustomerUpdate(OneCustomer, FormPage):
    permission = "customers.change"
    title = gettext_lazy("Edit a customer")
    form_class = CustomerForm
    success_message = gettext_lazy("Saved.")

    def get_title(self) -> Any:
        return _("Edit %(name)s") % {"name": self.customer}

    def initial(self) -> dict[str, Any]:
        return {**customer_initial(self.customer), "version": version_of(self.customer)}

    def perform(self, **data: Any) -> Customer:
        return services.update_customer(actor=self.actor, customer=self.customer, **data)

    def success_url(self, result: Customer) -> str:
        if not Customer.objects.visible_to(self.actor).filter(pk=result.pk).exists():  # handed over to somebody else
            return reverse("customers:customer_list")
        return self.profile_href()


class CustomerArchive(OneCustomer, DeedPage):
    permission = "customers.archive"
    title = gettext_lazy("Archive a customer")
    submit_label = gettext_lazy("Archive")
    success_message = gettext_lazy("The customer was archived.")

    def get_title(self) -> Any:
        return _("Archive %(name)s?") % {"name": self.customer}

    def text(self) -> Any:
        return _(
            "The customer leaves lists, counts and searches. Nothing is deleted, and you can restore it at any time."
        )

    def consequences(self) -> list[Any]:
        count = self.customer.facts.order_count
        text = ngettext("%(count)s order stays with the customer.", "%(count)s orders stay with the customer.", count)
        return [text % {"count": ui.number(count)}]

    def perform(self) -> Customer:
        return services.archive_customer(actor=self.actor, customer=self.customer, at=clock.now())


class CustomerRestore(OneCustomer, DeedPage):
    permission = "customers.archive"
    title = gettext_lazy("Restore a customer")
    submit_label = gettext_lazy("Restore")
    success_message = gettext_lazy("The customer is back.")

    def get_title(self) -> Any:
        return _("Restore %(name)s?") % {"name": self.customer}

    def text(self) -> Any:
        return _("The customer returns to lists, counts and searches.")

    def perform(self) -> Customer:
        return services.restore_customer(actor=self.actor, customer=self.customer)
