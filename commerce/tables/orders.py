"""How orders are shown."""

from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from commerce.choices import OrderFlag, OrderStatus
from commerce.models import Order
from crm.templatetags import ui

_KINDS = {
    OrderStatus.COMPLETED: "good", OrderStatus.REFUND: "warn", OrderStatus.CANCELLED: "neutral", OrderStatus.PENDING: "accent",
}  # fmt: skip


def order_badge(order: Order) -> SafeString:
    if order.is_refunded:
        return ui.badge(_("Refunded"), "warn")
    return ui.badge(order.get_status_display(), _KINDS[OrderStatus(order.status)])


def order_facts(order: Order) -> list[tuple[str, Any]]:
    """What is known of the order, as (label, value)."""
    link = '<a href="{}"><bdi>{}</bdi></a>'
    pairs: list[tuple[str, Any]] = [
        (
            _("Customer"),
            format_html(link, reverse("customers:customer_detail", args=[order.customer_id]), order.customer),
        ),
        (_("Ordered"), ui.when(order.ordered_at, "full")),
        (_("Total"), ui.money(order.total, order.currency)),
    ]
    if order.total != order.total_base:
        pairs.append((_("In the reporting currency"), ui.money(order.total_base, order.business.currency)))
    if order.refund_of:
        pairs.append(
            (
                _("Refund of"),
                format_html(link, reverse("commerce:order_detail", args=[order.refund_of_id]), order.refund_of),
            )
        )
    elif order.status == OrderStatus.REFUND:
        waits = _("%(number)s, which has not come in") % {"number": order.refund_of_number}
        pairs.append((_("Refund of"), waits if order.refund_of_number else _("not named")))
    if order.flags:
        pairs.append((_("What is odd"), ", ".join(str(OrderFlag(flag).label) for flag in order.flags)))
    if order.opportunity_id:
        pairs.append(
            (
                _("Deal"),
                format_html(link, reverse("commerce:deal_detail", args=[order.opportunity_id]), order.opportunity),
            )
        )
    if order.channel:
        pairs.append((_("Channel"), order.channel))
    return pairs
