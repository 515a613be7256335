"""The customer list, the profile and what can be done there."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm import clock
from crm.access import saw
from crm.forms import version_of
from crm.models import Activity
from crm.pages import DeedPage, FormPage, ListPage, Page
from crm.paging import Sort
from crm.registry import verbs
from crm.tables import Column
from crm.templatetags import ui
from crm.trail import door_label
from customers import services
from customers.filters import customer_filterset
from customers.forms import CustomerForm, customer_initial
from customers.models import Customer
from customers.queries import matches_for, matching
from customers.registry import fields, profile_panels
from customers.tables import (
    change_texts,
    customer_columns,
    profile_badges,
    profile_details,
    profile_figures,
    profile_line,
)
from customers.views.imports import import_link


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


class OneCustomer(Page):
    """A page about one customer that the actor may see; 404 for any other."""

    abstract = True
    permission = ""

    @cached_property
    def customer(self) -> Customer:
        rows = Customer.objects.visible_to(self.actor).select_related("facts", "owner", "team", "business")
        found: Customer = self.one(rows)
        saw(self.request, [found.pk])
        return found

    def breadcrumbs(self) -> list[dict[str, str]]:
        return [
            {"label": _("Customers"), "href": reverse("customers:customer_list")},
            {"label": str(self.customer), "href": self.profile_href()},
        ]

    def profile_href(self) -> str:
        return reverse("customers:customer_detail", args=[self.kwargs["pk"]])

    def tabs(self, current: str) -> list[dict[str, Any]]:
        sides = [
            ("overview", _("Overview"), self.profile_href()),
            ("history", _("History"), reverse("customers:customer_history", args=[self.kwargs["pk"]])),
        ]
        return [{"label": label, "href": href, "current": key == current} for key, label, href in sides]

    def context(self, **extra: Any) -> dict[str, Any]:
        customer = self.customer
        return super().context(customer=customer, line=profile_line(customer), badges=profile_badges(customer), **extra)

    def cancel_href(self) -> str:
        return self.profile_href()

    def success_url(self, result: Any) -> str:
        return self.profile_href()


class CustomerDetail(OneCustomer):
    """The profile: who it is, the computed figures with how they came about, and the panels of the apps above."""

    permission = "customers.view"
    title = gettext_lazy("Profile of a customer")
    template_name = "customers/customer_detail.html"

    def get_title(self) -> Any:
        return str(self.customer)

    def breadcrumbs(self) -> list[dict[str, str]]:
        return super().breadcrumbs()[:1]

    def actions(self) -> list[dict[str, Any]]:
        pk = self.customer.pk
        seers = self.action(
            "crm.view_access", _("Who saw this"), reverse("crm:access_customer", args=[pk]), icon="eye", kind="ghost"
        )
        if self.customer.is_archived:
            return [
                *seers,
                *self.action(
                    "customers.archive",
                    _("Restore"),
                    reverse("customers:customer_restore", args=[pk]),
                    icon="archive-restore",
                    kind="primary",
                ),
            ]
        return [
            *seers,
            *self.action(
                "customers.archive", _("Archive"), reverse("customers:customer_archive", args=[pk]), icon="archive"
            ),
            *self.action(
                "customers.change",
                _("Edit"),
                reverse("customers:customer_update", args=[pk]),
                icon="pencil",
                kind="primary",
            ),
        ]

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        customer, at = self.customer, clock.now()
        panels = []
        for plug in profile_panels:
            rendered = plug.render(self.actor, customer, at) if self.actor.may(plug.permission, self.business) else None
            if rendered:
                template, context = rendered
                html = render_to_string(template, {**context, "business": self.business}, request)
                panels.append({"key": plug.key, "html": html, "wide": plug.wide})
        edit = self.actor.may("customers.change", self.business) and not customer.is_archived
        return self.show(
            panels=panels, tabs=self.tabs("overview"), figures=profile_figures(customer), facts_list=profile_details(customer),
            edit_href=reverse("customers:customer_update", args=[customer.pk]) if edit else "", edit_label=_("Edit"),
        )  # fmt: skip


class CustomerHistory(OneCustomer):
    """What was done to the customer: before, after, who, through what."""

    permission = "customers.view"
    title = gettext_lazy("History of a customer")
    template_name = "customers/customer_history.html"

    def get_title(self) -> Any:
        return str(self.customer)

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        rows = Activity.objects.filter(about=self.customer.pk).select_related("detail").order_by("-id")[:100]
        names = {verb.name: verb.label for verb in verbs}
        changes = change_texts([row.detail.changes if hasattr(row, "detail") else {} for row in rows])
        entries = [
            {
                "title": names.get(row.verb, row.verb), "at": row.at,
                "by": f"{row.actor_label} · {door_label(row.door)}", "changes": texts,
            }
            for row, texts in zip(rows, changes, strict=True)
        ]  # fmt: skip
        return self.show(entries=entries, tabs=self.tabs("history"))


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
