"""What is bought together: its report, suggestions, filters of customers, setting and tasks."""

from functools import partial

from django.utils.translation import gettext_lazy as _

from commerce import bench
from commerce.filters.cross_sell import SINCE, category_filter, product_filter, since_filter
from commerce.forms.cross_sell import window_field
from commerce.panels.cross_sell import suggestion_panel
from commerce.services.cross_sell import BLOCK, WINDOW_DAYS
from crm.hooks import EVERYBODY
from crm.registry import (
    Benchmark,
    Permission,
    RegularTask,
    SettingsBlock,
    SidebarItem,
    TaskKind,
    Verb,
    benchmarks,
    permissions,
    regular_tasks,
    settings_blocks,
    sidebar,
    task_kinds,
    verbs,
)
from customers.registry import CustomerFilter, ProfilePanel, customer_filters, profile_panels

permissions.plug(
    Permission("commerce.view_cross_sell", _("See what is bought together"), EVERYBODY, sees_all=True),
    Permission(
        "commerce.compute_cross_sell", _("Have what is bought together computed anew"), ("owner", "manager"), sees_all=True
    ),
)  # fmt: skip
verbs.plug(Verb("commerce.cross_sell.computed", _("What is bought together computed")))
sidebar.plug(
    SidebarItem(
        _("Reports"), _("Bought together"), "shopping-basket", "commerce:cross_sell_report", "commerce.view_cross_sell", order=630
    )
)  # fmt: skip
settings_blocks.plug(SettingsBlock(BLOCK, _("Bought together"), {"window_days": (window_field, WINDOW_DAYS)}))
profile_panels.plug(
    ProfilePanel("suggestions", "commerce.view_products", suggestion_panel, wide=False, order=125, tab="commerce")
)
customer_filters.plug(
    CustomerFilter("bought", partial(product_filter, has=True), "commerce.view_orders", order=50),
    CustomerFilter("not_bought", partial(product_filter, has=False), "commerce.view_orders", order=51),
    CustomerFilter("bought_category", partial(category_filter, has=True), "commerce.view_orders", order=52),
    CustomerFilter("not_bought_category", partial(category_filter, has=False), "commerce.view_orders", order=53),
    CustomerFilter(SINCE, since_filter, "commerce.view_orders", order=54),
)
task_kinds.plug(
    TaskKind(
        "commerce.tasks.compute_cross_sell", _("Compute what is bought together"), lane="slow", limit_seconds=3600, alert_seconds=1800
    ),
    TaskKind(
        "commerce.tasks.compute_all_cross_sell", _("Compute what is bought together in all businesses"), lane="slow", limit_seconds=60,
        hidden=True,
    ),
)  # fmt: skip
regular_tasks.plug(RegularTask("bought together", "commerce.tasks.compute_all_cross_sell", "23 * * * *"))
benchmarks.plug(
    Benchmark("product_page", _("Products, page"), 200, bench.product_page, order=56),
    Benchmark("cross_sell_report", _("Bought together, report"), 1_000, bench.cross_sell_report, order=57),
    Benchmark("suggestions", _("What to suggest to a customer"), 200, bench.suggestions, order=58),
)
