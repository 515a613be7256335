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

from commerce.choices import OrderStatus
from commerce.filters import OrderFilterSet
from commerce.models import Order
from commerce.tables import order_badge, order_facts
from crm.access import saw
from crm.forms import version_of
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
        return order_href(row)

    def actions(self) -> list[dict[str, Any]]:
        return self.action(
            "commerce.add_orders", _("Add order"), reverse("commerce:order_create"), icon="plus", kind="primary"
        )

    def empty_state(self, narrowed: bool) -> dict[str, Any]:
        if narrowed:
            return super().empty_state(narrowed)
        return {
            "icon": "shopping-bag",
            "title": _("No orders yet"),
            "text": _("Orders tell what customers are worth. Import a file of orders, or send them through the API."),
            "action": import_link(self),
        }  # fmt: skip


def order_href(order: Order) -> str:
    """The address of the order's page."""
    return reverse("commerce:order_detail", args=[order.pk])


class OneOrder(Page):
    """A page about one order that the actor may see; 404 for any other."""

    abstract = True
    permission = ""

    @cached_property
    def order(self) -> Order:
        found: Order = self.one(
            Order.objects.visible_to(self.actor).select_related("business", "customer", "refund_of", "opportunity")
        )
        saw(self.request, [found.customer_id])
        return found

    def breadcrumbs(self) -> list[dict[str, str]]:
        crumbs = [{"label": _("Orders"), "href": reverse("commerce:order_list")}]
        if not isinstance(self, OrderDetail):
            crumbs.append({"label": self.order.number, "href": order_href(self.order)})
        return crumbs

    def initial(self) -> dict[str, Any]:
        return {"version": version_of(self.order)}

    def cancel_href(self) -> str:
        return order_href(self.order)

    def success_url(self, result: Any) -> str:
        return order_href(self.order)


class OrderDetail(OneOrder):
    """One order: its lines, its refunds and the way of its status."""

    permission = "commerce.view_orders"
    title = gettext_lazy("An order")
    template_name = "commerce/order_detail.html"

    def get_title(self) -> Any:
        return _("Order %(number)s") % {"number": self.order.number}

    def actions(self) -> list[dict[str, Any]]:
        def deed(permission: str, name: str, label: str, icon: str, kind: str = "secondary") -> list[dict[str, Any]]:
            href = reverse(f"commerce:order_{name}", args=[self.order.pk])
            return self.action(f"commerce.{permission}_orders", label, href, icon=icon, kind=kind)

        order = self.order
        may_be_refunded = order.status == OrderStatus.COMPLETED and not order.is_refunded and order.total > 0
        return [
            *deed("delete", "delete", _("Delete"), "trash-2", "ghost"),
            *(deed("add", "refund", _("Refund"), "undo-2") if may_be_refunded else []),
            *deed("change", "update", _("Edit"), "pencil", "primary"),
        ]

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
