"""The profile of a customer: what every page about one customer shares, the overview and the history."""

from typing import Any

from django.http import HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import clock
from crm.access import saw
from crm.models import Activity
from crm.pages import Page
from crm.registry import verbs
from crm.trail import door_label
from customers.models import Customer
from customers.registry import profile_panels, profile_tabs
from customers.tables import change_texts, profile_badges, profile_details, profile_figures, profile_line


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
        """The tabs that apps have plugged, for this kind of customer and these rights; `current` is the key of the open one."""
        pk, kind = self.kwargs["pk"], self.customer.kind
        return [
            {"label": tab.label, "href": reverse(tab.url_name, args=[pk]), "current": tab.key == current}
            for tab in profile_tabs
            if kind in tab.kinds and self.actor.may(tab.permission, self.business)
        ]

    def context(self, **extra: Any) -> dict[str, Any]:
        customer = self.customer
        return super().context(customer=customer, line=profile_line(customer), badges=profile_badges(customer), **extra)

    def cancel_href(self) -> str:
        return self.profile_href()

    def success_url(self, result: Any) -> str:
        return self.profile_href()


class ProfilePage(OneCustomer):
    """A tab of the profile; `tab` is its key in the socket. Its template extends `customers/profile.html`."""

    abstract = True
    permission = ""
    tab = ""

    def get_title(self) -> Any:
        return str(self.customer)

    def context(self, **extra: Any) -> dict[str, Any]:
        return super().context(tabs=self.tabs(self.tab), **extra)


class CustomerDetail(ProfilePage):
    """The profile: who it is, the computed figures with how they came about, and the panels of the apps above."""

    permission = "customers.view"
    title = gettext_lazy("Profile of a customer")
    template_name = "customers/customer_detail.html"
    tab = "overview"

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
            panels=panels, figures=profile_figures(customer), facts_list=profile_details(customer),
            edit_href=reverse("customers:customer_update", args=[customer.pk]) if edit else "", edit_label=_("Edit"),
        )  # fmt: skip


class CustomerHistory(ProfilePage):
    """What was done to the customer: before, after, who, through what."""

    permission = "customers.view"
    title = gettext_lazy("History of a customer")
    template_name = "customers/customer_history.html"
    tab = "history"

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
        return self.show(entries=entries)
