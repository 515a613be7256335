"""Orders: figures of customers, panels, files of orders, revenue by day."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from commerce import bench, queries, services
from commerce.demo import fill_orders
from commerce.models import Order
from commerce.panels import dormant_risk, order_entries, order_panel, revenue_figures, revenue_panel
from commerce.resources import ORDER_LINES, ORDERS
from crm.hooks import EVERYBODY
from crm.paging import Sort
from crm.registry import (
    ApiRoutes,
    Benchmark,
    DemoPart,
    Emptied,
    FirstStep,
    HomeFigures,
    HomePanel,
    IntegrityCheck,
    Listener,
    PaletteEntries,
    Permission,
    QuickAction,
    SidebarItem,
    TaskKind,
    Verb,
    api_routes,
    benchmarks,
    business_tables,
    demo_parts,
    first_steps,
    home_figures,
    home_panels,
    integrity_checks,
    listeners,
    palette_entries,
    permissions,
    quick_actions,
    sidebar,
    task_kinds,
    verbs,
)
from customers.querysets import led_by_facts
from customers.registry import (
    Field,
    ProfilePanel,
    ProfileTab,
    RiskReason,
    TimelineSource,
    fields,
    import_resources,
    profile_panels,
    profile_tabs,
    risk_reasons,
    timeline_sources,
)


def _orders(customer: Any) -> str:
    return f"{reverse('commerce:order_list')}?customer={customer.pk}"


def _completed(customer: Any) -> str:
    return f"{_orders(customer)}&status=completed&is_refunded=false"


permissions.plug(
    Permission("commerce.view_orders", _("See orders"), EVERYBODY),
    Permission("commerce.add_orders", _("Take orders"), ("owner", "manager", "integration"), sees_all=True),
    Permission("commerce.change_orders", _("Correct orders"), ("owner", "manager", "integration"), sees_all=True),
    Permission("commerce.delete_orders", _("Delete orders"), ("owner", "manager"), sees_all=True),
    Permission("commerce.import", _("Import orders"), ("owner", "manager", "integration"), sees_all=True),
)
verbs.plug(
    Verb("commerce.order.created", _("Order taken")),
    Verb("commerce.order.updated", _("Order corrected")),
    Verb("commerce.order.deleted", _("Order deleted")),
    Verb("commerce.orders.taken", _("Orders taken")),
)
sidebar.plug(
    SidebarItem(_("Commerce"), _("Orders"), "shopping-bag", "commerce:order_list", "commerce.view_orders", order=300)
)
quick_actions.plug(
    QuickAction(_("Add order"), "shopping-bag", "commerce:order_create", "commerce.add_orders", order=28)
)
palette_entries.plug(PaletteEntries("orders", _("Orders"), "commerce.view_orders", order_entries, order=30))
api_routes.plug(ApiRoutes("commerce.api.urls"))
business_tables.plug(
    Emptied(
        "commerce",
        (
            "commerce.RevenueDay",
            "commerce.OrderStatusChange",
            "commerce.OrderLine",
            "commerce.Order",
            "commerce.Product",
            "commerce.ProductCategory",
        ),
        order=300,
    )
)
import_resources.plug(ORDERS, ORDER_LINES)
listeners.plug(Listener("crm.business.updated", "commerce.revenue", services.follow_time_zone))
demo_parts.plug(DemoPart("commerce", fill_orders, ("commerce.Order", "commerce.OrderLine"), order=300))
timeline_sources.plug(
    TimelineSource("orders", _("Orders"), "shopping-bag", "commerce.view_orders", queries.order_entries_of, order=30)
)
risk_reasons.plug(RiskReason("dormant_90d", _("No order for 90 days"), dormant_risk, order=20))
profile_tabs.plug(ProfileTab("commerce", _("Commerce"), "commerce:customer_commerce", "commerce.view_orders", order=30))
profile_panels.plug(ProfilePanel("orders", "commerce.view_orders", order_panel, order=100))
first_steps.plug(
    FirstStep(
        _("Bring their orders in"),
        _("Orders tell what each customer is worth. Import a file of orders or of order lines."),
        "customers:import_create",
        "commerce.import",
        lambda business: Order.objects.exists(),
        20,
    )
)
home_figures.plug(HomeFigures("revenue", revenue_figures, "commerce.view_orders", order=20))
home_panels.plug(HomePanel("revenue", revenue_panel, "commerce.view_orders", order=20, wide=True))

integrity_checks.plug(
    IntegrityCheck("commerce.facts", _("Order facts are the sums of the orders"), queries.ORDER_FACTS, order=300),
    IntegrityCheck("commerce.revenue", _("Revenue by day is the sum of the orders"), queries.REVENUE_DAYS, order=310),
)

fields.plug(
    Field(
        "total_spent", _("Total spent"), "money", "facts__total_spent", filters=("gte", "lte"), column=True, order=200,
        figure=True, rows_url=_orders, family="sum",
        sort=Sort("total_spent", "facts__total_spent", "facts__customer_id", descending_first=True, narrow=led_by_facts),
        how=_("Completed orders less refunds, in the reporting currency, all time."),
    ),
    Field(
        "order_count", _("Orders"), "number", "facts__order_count", filters=("gte", "lte"), column=True, order=210,
        figure=True, rows_url=_completed, family="sum",
        how=_("Completed orders, all time; refunds don't count."),
    ),
    Field(
        "average_order_value", _("Average order"), "money", "facts__average_order_value", filters=("gte", "lte", "isnull"), order=220,
        figure=True, rows_url=_orders,
        how=_("Total spent divided by the number of completed orders."),
    ),
    Field(
        "first_order_at", _("First order"), "datetime", "facts__first_order_at", filters=("gte", "lte", "isnull"), order=230,
        how=_("Date of the first completed order."),
    ),
    Field(
        "last_order_at", _("Last order"), "datetime", "facts__last_order_at", filters=("gte", "lte", "isnull"), column=True, order=240,
        figure=True, rows_url=_completed, family="latest",
        sort=Sort("last_order_at", "facts__last_order_at", "facts__customer_id", nullable=True, descending_first=True, narrow=led_by_facts),
        how=_("Date of the latest completed order."),
    ),
)  # fmt: skip
benchmarks.plug(
    Benchmark("order_page", _("Orders, page"), 80, bench.order_page, order=50),
    Benchmark("order_api", _("Orders, API"), 40, bench.order_api, order=51),
    Benchmark("order_figures", _("Figures after an order"), 40, bench.figures, order=52),
    Benchmark("order_write", _("Orders written by the API: one"), 25, bench.single_orders, order=90),
    Benchmark("order_batch", _("Orders written by the API: a thousand at once"), 5_000, bench.batches, order=91),
    Benchmark("order_file", _("A file of orders, per 50,000 of them"), 1_000, bench.order_file, order=92),
    Benchmark("work_slide", _("The daily slide of rolling figures"), 10_000, bench.slide, order=93),
    Benchmark("work_rebuild", _("All figures anew, and proven"), 30_000, bench.rebuild, order=94),
    Benchmark("work_prediction", _("Predicted values of everybody"), 30_000, bench.prediction, order=95),
)
task_kinds.plug(
    TaskKind(
        "commerce.tasks.rebuild_revenue", _("Sum revenue by day"), lane="slow", limit_seconds=900, alert_seconds=300
    )
)
