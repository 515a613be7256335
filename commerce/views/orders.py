"""Staff pages of orders."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commerce.filters import OrderFilterSet
from commerce.models import Order
from commerce.tables import order_badge, order_facts
from crm.access import saw
from crm.pages import ListPage, Page
from crm.paging import Sort
from crm.tables import Column
from crm.templatetags import ui
from customers.views.imports import import_link

_BY_DATE = Sort("ordered_at", "ordered_at", descending_first=True)


class OrderList(ListPage):
    permission = "commerce.view_orders"
    title = gettext_lazy("Orders")
    description = gettext_lazy("Purchases and refunds, newest first.")
    default_sort = "-ordered_at"
    filterset_class = OrderFilterSet

    def rows(self) -> QuerySet:
        return Order.objects.visible_to(self.actor).select_related("customer")

    def columns(self) -> Sequence[Column]:
        return [
            Column("number", _("Number"), lambda row: row.number),
            Column("customer", _("Customer"), lambda row: format_html("<bdi>{}</bdi>", row.customer.display_name)),
            Column("status", _("Status"), order_badge),
            Column("total", _("Total"), lambda row: ui.money(row.total, row.currency), align="end"),
            Column("ordered_at", _("Ordered"), lambda row: ui.when(row.ordered_at), sort=_BY_DATE),
        ]  # fmt: skip

    def shown(self, rows: list[Any]) -> None:
        saw(self.request, (row.customer_id for row in rows))

    def row_href(self, row: Any) -> str:
        return reverse("commerce:order_detail", args=[row.pk])

    def empty_state(self, narrowed: bool) -> dict[str, Any]:
        if narrowed:
            return super().empty_state(narrowed)
        return {
            "icon": "shopping-bag",
            "title": _("No orders yet"),
            "text": _("Orders tell what customers are worth. Import a file of orders, or send them through the API."),
            "action": import_link(self),
        }  # fmt: skip


class OrderDetail(Page):
    permission = "commerce.view_orders"
    title = gettext_lazy("An order")
    template_name = "commerce/order_detail.html"

    @cached_property
    def order(self) -> Order:
        found: Order = self.one(
            Order.objects.visible_to(self.actor).select_related("business", "customer", "refund_of", "opportunity")
        )
        saw(self.request, [found.customer_id])
        return found

    def get_title(self) -> Any:
        return _("Order %(number)s") % {"number": self.order.number}

    def breadcrumbs(self) -> list[dict[str, str]]:
        return [{"label": _("Orders"), "href": reverse("commerce:order_list")}]

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        lines = list(self.order.lines.select_related("product").order_by("position")[:500])
        refunds = [
            (refund, reverse("commerce:order_detail", args=[refund.pk]))
            for refund in self.order.refunds.order_by("ordered_at")[:100]
        ]
        steps = list(self.order.status_changes.order_by("id")[:100])
        return self.show(
            order=self.order,
            lines=lines,
            badges=order_badge(self.order),
            facts=order_facts(self.order),
            refunds=refunds,
            steps=steps,
        )
