"""The list of customers who are overdue to order."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commerce.queries.gaps import BY_EXPECTED, days_late, overdue
from crm import clock, formats
from crm.access import saw
from crm.pages import ListPage
from crm.tables import Column
from crm.templatetags import ui
from customers.models import Customer


class OrderGapList(ListPage):
    """Customers that the person may see whose next order is overdue, the latest to become so first."""

    permission = "commerce.view_orders"
    title = gettext_lazy("Overdue to order")
    description = gettext_lazy("Customers who have not ordered for longer than they usually do.")
    default_sort = "-next_order_on"

    @cached_property
    def at(self) -> Any:
        return clock.now()

    def rows(self) -> QuerySet:
        customers = Customer.objects.live().visible_to(self.actor).with_facts().select_related("owner")
        return overdue(customers, self.business, self.at)

    def columns(self) -> Sequence[Column]:
        today, currency = clock.today(self.business.time_zone, self.at), self.business.currency
        return [
            Column("customer", _("Customer"), lambda row: format_html("<bdi>{}</bdi>", row.display_name)),
            Column("last_order_at", _("Last order"), lambda row: ui.when(row.facts.last_order_at, "day")),
            Column(
                "cadence", _("Days between orders"), lambda row: formats.number(round(row.facts.days_between_orders)), align="end"
            ),
            Column("next_order_on", _("Expected"), lambda row: ui.when(row.facts.next_order_on, "day"), sort=BY_EXPECTED),
            Column(
                "days_late", _("Days late"), lambda row: formats.number(days_late(row.facts.next_order_on, today)), align="end"
            ),
            Column(
                "usual", _("Usual order"), lambda row: ui.money(row.facts.average_order_value, currency), align="end",
                hint=_("Total spent divided by the number of completed orders."),
            ),
            Column("owner", _("Owner"), lambda row: str(row.owner or "")),
        ]  # fmt: skip

    def actions(self) -> list[dict[str, Any]]:
        href = f"{reverse('customers:customer_list')}?overdue_to_order=true"
        return self.action("customers.view", _("In the list of customers"), href, icon="users", kind="ghost")

    def shown(self, rows: list[Any]) -> None:
        saw(self.request, (row.pk for row in rows))

    def row_href(self, row: Any) -> str:
        return reverse("commerce:customer_commerce", args=[row.pk])

    def empty_state(self, narrowed: bool) -> dict[str, Any]:
        return {
            "icon": "alarm-clock-check", "title": _("Nobody is overdue"),
            "text": _("Whoever orders regularly has done so in time. Customers with three orders or more are watched."),
        }  # fmt: skip
