"""Pages of subscriptions: the list of all, one subscription with its ledger, and its forms."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commerce import services
from commerce.choices import Interval, SubscriptionStatus
from commerce.filters.subscriptions import SubscriptionFilterSet
from commerce.forms.subscriptions import (
    CancelForm,
    ChangeForm,
    FromDayForm,
    ReasonForm,
    SubscriptionForm,
    change_initial,
)
from commerce.models import Invoice, Subscription
from commerce.queries.subscriptions import change_title
from commerce.tables.invoices import invoice_badge
from commerce.tables.subscriptions import (
    subscription_badge,
    subscription_columns,
    subscription_facts,
    subscription_figures,
    subscription_href,
)
from crm import clock
from crm.access import saw
from crm.forms import DeedForm, version_of
from crm.pages import FormPage, ListPage, Page
from crm.tables import Column
from customers.models import Customer
from customers.views.imports import import_link

_INVOICES = 20


class SubscriptionList(ListPage):
    permission = "commerce.view_subscriptions"
    title = gettext_lazy("Subscriptions")
    description = gettext_lazy("What customers pay again and again, and what that brings per month.")
    default_sort = "-started_on"
    filterset_class = SubscriptionFilterSet

    def rows(self) -> QuerySet:
        return Subscription.objects.visible_to(self.actor).select_related("customer")

    def columns(self) -> Sequence[Column]:
        return subscription_columns(self.business)

    def shown(self, rows: list[Any]) -> None:
        saw(self.request, (row.customer_id for row in rows))

    def row_href(self, row: Any) -> str:
        return subscription_href(row)

    def actions(self) -> list[dict[str, Any]]:
        return self.action(
            "commerce.change_subscriptions", _("Add subscription"), reverse("commerce:subscription_create"),
            icon="plus", kind="primary",
        )  # fmt: skip

    def empty_state(self, narrowed: bool) -> dict[str, Any]:
        if narrowed:
            return super().empty_state(narrowed)
        return {
            "icon": "repeat",
            "title": _("No subscriptions yet"),
            "text": _("Recurring revenue follows from subscriptions. Add one, import a file, or send them through the API."),
            "action": import_link(self),
        }  # fmt: skip


class OneSubscription(Page):
    """A page about one subscription that the actor may see; 404 for any other."""

    abstract = True
    permission = ""

    @cached_property
    def subscription(self) -> Subscription:
        rows = Subscription.objects.visible_to(self.actor).select_related("business", "customer", "product")
        found: Subscription = self.one(rows)
        saw(self.request, [found.customer_id])
        return found

    def breadcrumbs(self) -> list[dict[str, str]]:
        crumbs = [{"label": _("Subscriptions"), "href": reverse("commerce:subscription_list")}]
        if not isinstance(self, SubscriptionDetail):
            crumbs.append({"label": str(self.subscription), "href": subscription_href(self.subscription)})
        return crumbs

    def initial(self) -> dict[str, Any]:
        return {"version": version_of(self.subscription)}

    def cancel_href(self) -> str:
        return subscription_href(self.subscription)

    def success_url(self, result: Any) -> str:
        return subscription_href(self.subscription)


class SubscriptionDetail(OneSubscription):
    """One subscription: what it brings, how that came about, and its invoices."""

    permission = "commerce.view_subscriptions"
    title = gettext_lazy("A subscription")
    template_name = "commerce/subscription_detail.html"

    def get_title(self) -> Any:
        return str(self.subscription)

    def actions(self) -> list[dict[str, Any]]:
        subscription = self.subscription

        def deed(name: str, label: str, icon: str, kind: str = "secondary") -> list[dict[str, Any]]:
            href = reverse(f"commerce:subscription_{name}", args=[subscription.pk])
            return self.action("commerce.change_subscriptions", label, href, icon=icon, kind=kind)

        if subscription.ended_on is not None:
            return [*deed("update", _("Edit"), "pencil"), *deed("reopen", _("Reopen"), "undo-2", "primary")]
        middle = {
            SubscriptionStatus.ACTIVE: deed("pause", _("Pause"), "pause"),
            SubscriptionStatus.PAUSED: deed("resume", _("Resume"), "play"),
            SubscriptionStatus.TRIAL: deed("resume", _("Start paying"), "play"),
        }[SubscriptionStatus(subscription.status)]
        return [
            *deed("cancel", _("Cancel subscription"), "circle-x", "ghost"), *middle,
            *deed("update", _("Change"), "pencil", "primary"),
        ]  # fmt: skip

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        subscription, at = self.subscription, clock.now()
        today = clock.today(self.business.time_zone, at)
        changes = [
            {"change": change, "title": change_title(change)}
            for change in subscription.changes.order_by("-on", "-id")[:200]
        ]
        invoices = []
        if self.actor.may("commerce.view_invoices", self.business):
            rows = Invoice.objects.visible_to(self.actor).filter(subscription=subscription)
            invoices = [(row, invoice_badge(row, today)) for row in rows.order_by("-issued_on", "-id")[:_INVOICES]]
        return self.show(
            subscription=subscription, changes=changes, invoices=invoices, facts=subscription_facts(subscription),
            figures=subscription_figures(subscription, self.business, at), badges=subscription_badge(subscription),
            line=_("Subscription of %(customer)s") % {"customer": subscription.customer},
            invoices_href=f"{reverse('commerce:invoice_list')}?subscription={subscription.pk}",
        )  # fmt: skip


def asked_customer(page: Page) -> Customer | None:
    """The customer that the address names, if the actor sees it."""
    with suppress(ValueError):
        asked = UUID(page.request.GET.get("customer", ""))
        found: Customer | None = Customer.objects.live().visible_to(page.actor).filter(pk=asked).first()
        if found is not None:
            saw(page.request, [found.pk])
        return found
    return None


class SubscriptionCreate(FormPage):
    permission = "commerce.change_subscriptions"
    title = gettext_lazy("Add a subscription")
    submit_label = gettext_lazy("Add subscription")
    success_message = gettext_lazy("The subscription was added.")
    form_class = SubscriptionForm

    @cached_property
    def customer(self) -> Customer | None:
        return asked_customer(self)

    def breadcrumbs(self) -> list[dict[str, str]]:
        return [{"label": _("Subscriptions"), "href": reverse("commerce:subscription_list")}]

    def initial(self) -> dict[str, Any]:
        return {
            "customer": self.customer, "status": SubscriptionStatus.ACTIVE, "currency": self.business.currency,
            "interval": Interval.MONTH, "auto_renews": True, "started_on": clock.today(self.business.time_zone, clock.now()),
        }  # fmt: skip

    def form(self, data: Any = None, files: Any = None) -> DeedForm:
        return SubscriptionForm(
            data, files, initial=self.initial(), actor=self.actor, business=self.business, customer=self.customer
        )

    def perform(self, version: str = "", **data: Any) -> Subscription:
        if data["renews_on"] is None:
            del data["renews_on"]
        found, _created = services.start_subscription(
            actor=self.actor, business=self.business, at=clock.now(), **data
        )  # fmt: skip
        return found

    def success_url(self, result: Any) -> str:
        return subscription_href(result)

    def cancel_href(self) -> str:
        return reverse("commerce:subscription_list")


class SubscriptionUpdate(OneSubscription, FormPage):
    permission = "commerce.change_subscriptions"
    title = gettext_lazy("Change a subscription")
    form_class = ChangeForm
    success_message = gettext_lazy("Saved.")

    def get_title(self) -> Any:
        return _("Change %(name)s") % {"name": self.subscription}

    def initial(self) -> dict[str, Any]:
        return {**change_initial(self.subscription), **super().initial()}

    def form(self, data: Any = None, files: Any = None) -> DeedForm:
        return ChangeForm(
            data, files, initial=self.initial(), actor=self.actor, business=self.business, subscription=self.subscription
        )  # fmt: skip

    def perform(self, **data: Any) -> Subscription:
        return services.change_subscription(
            actor=self.actor, subscription=self.subscription, at=clock.now(), **data
        )  # fmt: skip


class SubscriptionPause(OneSubscription, FormPage):
    permission = "commerce.change_subscriptions"
    title = gettext_lazy("Pause a subscription")
    description = gettext_lazy("Nothing is paid until it is resumed.")
    form_class = FromDayForm
    submit_label = gettext_lazy("Pause")
    success_message = gettext_lazy("The subscription was paused.")

    def perform(self, **data: Any) -> Subscription:
        return services.pause_subscription(actor=self.actor, subscription=self.subscription, at=clock.now(), **data)


class SubscriptionResume(OneSubscription, FormPage):
    permission = "commerce.change_subscriptions"
    title = gettext_lazy("Resume a subscription")
    description = gettext_lazy("It is paid from that day on.")
    form_class = FromDayForm
    submit_label = gettext_lazy("Resume")
    success_message = gettext_lazy("The subscription runs.")

    def perform(self, **data: Any) -> Subscription:
        return services.resume_subscription(actor=self.actor, subscription=self.subscription, at=clock.now(), **data)


class SubscriptionCancel(OneSubscription, FormPage):
    permission = "commerce.change_subscriptions"
    title = gettext_lazy("Cancel a subscription")
    description = gettext_lazy("It stays in lists and reports, and can be reopened.")
    form_class = CancelForm
    submit_label = gettext_lazy("Cancel subscription")
    success_message = gettext_lazy("The subscription was cancelled.")

    def perform(self, **data: Any) -> Subscription:
        return services.cancel_subscription(actor=self.actor, subscription=self.subscription, at=clock.now(), **data)


class SubscriptionReopen(OneSubscription, FormPage):
    permission = "commerce.change_subscriptions"
    title = gettext_lazy("Reopen a subscription")
    description = gettext_lazy(
        "A cancellation that is still to come is taken back; what has ended runs again from today."
    )
    form_class = ReasonForm
    submit_label = gettext_lazy("Reopen")
    success_message = gettext_lazy("The subscription was reopened.")

    def perform(self, **data: Any) -> Subscription:
        return services.reopen_subscription(actor=self.actor, subscription=self.subscription, at=clock.now(), **data)
