"""Pages of deals: the list of all, one deal, and its forms."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from commerce import services
from commerce.choices import OPEN_STAGES, DealStage
from commerce.filters import DealFilterSet
from commerce.forms import DealForm, MoveForm, deal_initial
from commerce.models import Opportunity, Order
from commerce.queries.deal_search import MATCHES, deals_matching
from commerce.tables.deals import (
    deal_columns,
    deal_facts,
    deal_figures,
    deal_href,
    joined,
    kind_badge,
    signs,
    stage_badge,
    step_title,
    way_of,
)
from crm import clock, formats
from crm.access import saw
from crm.forms import DeedForm, version_of
from crm.pages import DeedPage, FormPage, ListPage, Page
from crm.tables import Column
from customers.models import Customer
from customers.views.imports import import_link

_ORDERS = 20


class DealList(ListPage):
    """All deals that the actor may see, as a table."""

    permission = "commerce.view_deals"
    title = gettext_lazy("Deals")
    description = gettext_lazy(
        "Chances to sell, open and closed: what they are about, how likely they are and what comes next."
    )
    default_sort = "-created_at"
    filterset_class = DealFilterSet
    searchable = True

    def search(self, rows: QuerySet, words: str) -> QuerySet:
        found = deals_matching(rows, words)
        self.is_cut = len(found) >= MATCHES
        return rows.filter(pk__in=found)

    def rows(self) -> QuerySet:
        return Opportunity.objects.visible_to(self.actor).select_related("customer", "owner")

    def columns(self) -> Sequence[Column]:
        return deal_columns(self.business, clock.now())

    def shown(self, rows: list[Any]) -> None:
        saw(self.request, (row.customer_id for row in rows if row.customer_id))

    def row_href(self, row: Any) -> str:
        return deal_href(row)

    def actions(self) -> list[dict[str, Any]]:
        return [
            {"label": _("Board"), "href": reverse("commerce:deal_board"), "icon": "square-kanban", "kind": "secondary"},
            *self.action("commerce.add_deals", _("Add deal"), reverse("commerce:deal_create"), icon="plus", kind="primary"),
        ]  # fmt: skip

    def empty_state(self, narrowed: bool) -> dict[str, Any]:
        if narrowed:
            return super().empty_state(narrowed)
        return {
            "icon": "handshake",
            "title": _("No deals yet"),
            "text": _("A deal is a chance to sell. Add the first, import a file of them, or send them through the API."),
            "action": import_link(self),
        }  # fmt: skip


class OneDeal(Page):
    """A page about one deal that the actor may see; 404 for any other."""

    abstract = True
    permission = ""

    @cached_property
    def deal(self) -> Opportunity:
        rows = Opportunity.objects.visible_to(self.actor)
        found: Opportunity = self.one(rows.select_related("business", "customer", "contact", "owner", "product"))
        if found.customer_id:
            saw(self.request, [found.customer_id])
        return found

    def breadcrumbs(self) -> list[dict[str, str]]:
        crumbs = [{"label": _("Deals"), "href": reverse("commerce:deal_list")}]
        if not isinstance(self, DealDetail):
            crumbs.append({"label": str(self.deal), "href": deal_href(self.deal)})
        return crumbs

    def initial(self) -> dict[str, Any]:
        return {"version": version_of(self.deal)}

    def cancel_href(self) -> str:
        return deal_href(self.deal)

    def success_url(self, result: Any) -> str:
        return href_if_seen(self, result)


def href_if_seen(page: Page, deal: Opportunity) -> str:
    """The deal's page; the list, when the deal belongs to somebody now whose customers the actor doesn't see."""
    seen = Opportunity.objects.visible_to(page.actor).filter(pk=deal.pk).exists()
    return deal_href(deal) if seen else reverse("commerce:deal_list")


class DealDetail(OneDeal):
    """One deal: what it is worth, where it stands, the way it went, and what belongs to it."""

    permission = "commerce.view_deals"
    title = gettext_lazy("A deal")
    template_name = "commerce/deal_detail.html"

    def get_title(self) -> Any:
        return str(self.deal)

    def actions(self) -> list[dict[str, Any]]:
        deal = self.deal

        def move(stage: str, label: str, icon: str, kind: str) -> list[dict[str, Any]]:
            href = f"{reverse('commerce:deal_move', args=[deal.pk])}?stage={stage}"
            return self.action("commerce.change_deals", label, href, icon=icon, kind=kind)

        edit = self.action(
            "commerce.change_deals", _("Edit"), reverse("commerce:deal_update", args=[deal.pk]), icon="pencil"
        )
        delete = self.action(
            "commerce.delete_deals", _("Delete"), reverse("commerce:deal_delete", args=[deal.pk]), icon="trash-2", kind="ghost"
        )  # fmt: skip
        if deal.stage not in OPEN_STAGES:
            return [*delete, *edit, *move(DealStage.NEGOTIATION, _("Open again"), "undo-2", "primary")]
        following = OPEN_STAGES[min(OPEN_STAGES.index(DealStage(deal.stage)) + 1, len(OPEN_STAGES) - 1)]
        return [
            *delete, *edit, *move(DealStage.LOST, _("Lost"), "circle-x", "secondary"),
            *(move(following, _("Next stage"), "arrow-right", "secondary") if following != deal.stage else []),
            *move(DealStage.WON, _("Won"), "trophy", "primary"),
        ]  # fmt: skip

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        deal, at = self.deal, clock.now()
        steps = [
            {"step": step, "title": step_title(step), "days": _days(step)}
            for step in deal.stage_changes.order_by("-id")[:200]
        ]
        orders = []
        if self.actor.may("commerce.view_orders", self.business):
            rows = Order.objects.visible_to(self.actor).filter(opportunity=deal)
            orders = list(rows.order_by("-ordered_at")[:_ORDERS])
            saw(request, [order.customer_id for order in orders])
        return self.show(
            deal=deal, steps=steps, orders=orders, way=way_of(deal), facts=deal_facts(deal), figures=deal_figures(deal, self.business, at),
            badges=joined([stage_badge(deal), kind_badge(deal), signs(deal, self.business, at)]),
            line=_("Deal with %(customer)s") % {"customer": deal.customer} if deal.customer else _("Deal of nobody yet"),
        )  # fmt: skip


def _days(step: Any) -> str:
    if step.days is None:
        return ""
    days = formats.number(step.days, 0 if step.days >= 10 else 1)
    return ngettext("after %(days)s day", "after %(days)s days", 1 if step.days == 1 else 2) % {"days": days}


class DealCreate(FormPage):
    permission = "commerce.add_deals"
    title = gettext_lazy("Add a deal")
    submit_label = gettext_lazy("Add deal")
    success_message = gettext_lazy("The deal was added.")
    form_class = DealForm

    @cached_property
    def customer(self) -> Customer | None:
        """The customer that the address names, if the actor sees it."""
        with suppress(ValueError):
            asked = UUID(self.request.GET.get("customer", ""))
            found: Customer | None = Customer.objects.live().visible_to(self.actor).filter(pk=asked).first()
            if found is not None:
                saw(self.request, [found.pk])
            return found
        return None

    def breadcrumbs(self) -> list[dict[str, str]]:
        return [{"label": _("Deals"), "href": reverse("commerce:deal_list")}]

    def initial(self) -> dict[str, Any]:
        asked = self.request.GET.get("stage", "")
        return {
            "customer": self.customer, "stage": asked if asked in OPEN_STAGES else DealStage.DISCOVERY, "currency": self.business.currency,
            "opened_on": clock.today(self.business.time_zone, clock.now()),
            "owner": self.actor.id if self.actor.kind == "user" else None,
        }  # fmt: skip

    def form(self, data: Any = None, files: Any = None) -> DeedForm:
        return DealForm(
            data, files, initial=self.initial(), actor=self.actor, business=self.business, customer=self.customer
        )

    def perform(self, version: str = "", **data: Any) -> Opportunity:
        deal, _created = services.create_deal(actor=self.actor, business=self.business, at=clock.now(), **data)
        return deal

    def success_url(self, result: Any) -> str:
        return href_if_seen(self, result)

    def cancel_href(self) -> str:
        return reverse("commerce:deal_list")


class DealUpdate(OneDeal, FormPage):
    permission = "commerce.change_deals"
    title = gettext_lazy("Edit a deal")
    form_class = DealForm
    success_message = gettext_lazy("Saved.")

    def get_title(self) -> Any:
        return _("Edit %(name)s") % {"name": self.deal}

    def initial(self) -> dict[str, Any]:
        return {**deal_initial(self.deal), **super().initial()}

    def form(self, data: Any = None, files: Any = None) -> DeedForm:
        return DealForm(
            data, files, initial=self.initial(), actor=self.actor, business=self.business, deal=self.deal
        )  # fmt: skip

    def perform(self, **data: Any) -> Opportunity:
        return services.update_deal(actor=self.actor, deal=self.deal, at=clock.now(), **data)


class DealMove(OneDeal, FormPage):
    """Move a deal by the form: to a stage, won, lost, or open again."""

    permission = "commerce.change_deals"
    title = gettext_lazy("Move a deal")
    form_class = MoveForm
    submit_label = gettext_lazy("Move")
    success_message = gettext_lazy("The deal was moved.")

    def get_title(self) -> Any:
        return _("Where does %(name)s go?") % {"name": self.deal}

    def initial(self) -> dict[str, Any]:
        asked = self.request.GET.get("stage", "")
        stage = asked if asked in DealStage.values else self.deal.stage
        return {"stage": stage, "amount": self.deal.amount, **super().initial()}

    def perform(self, **data: Any) -> Opportunity:
        return services.move_deal(actor=self.actor, deal=self.deal, at=clock.now(), **data)


class DealDelete(OneDeal, DeedPage):
    permission = "commerce.delete_deals"
    title = gettext_lazy("Delete a deal")
    submit_label = gettext_lazy("Delete deal")
    success_message = gettext_lazy("The deal was deleted.")
    danger = True

    def get_title(self) -> Any:
        return _("Delete %(name)s?") % {"name": self.deal}

    def text(self) -> Any:
        return _("The deal goes from lists, figures and reports, as if it had never been. This can't be undone.")

    def consequences(self) -> list[Any]:
        steps, orders = self.deal.stage_changes.count(), self.deal.orders.count()
        found = [ngettext("%(count)s step is deleted", "%(count)s steps are deleted", steps) % {"count": steps}]
        if orders:
            found.append(
                ngettext("%(count)s order stays, without the deal", "%(count)s orders stay, without the deal", orders)
                % {"count": orders}
            )
        return found

    def perform(self) -> Opportunity:
        services.delete_deal(actor=self.actor, deal=self.deal)
        return self.deal

    def success_url(self, result: Any) -> str:
        return reverse("commerce:deal_list")
