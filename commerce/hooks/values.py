"""What predicted value plugs into the sockets: its report, panel and figure, how far ahead it looks, when it is reckoned."""

from django.utils.translation import gettext_lazy as _

from commerce.forms.values import discount_field, horizon_field
from commerce.panels.values import value_panel
from commerce.queries.values import ESTIMATES
from commerce.services.predictions import BLOCK, DISCOUNT_PERCENT, HORIZON_MONTHS
from crm.hooks import EVERYBODY
from crm.registry import (
    Emptied,
    IntegrityCheck,
    Permission,
    RegularTask,
    SettingsBlock,
    SidebarItem,
    TaskKind,
    Verb,
    business_tables,
    integrity_checks,
    permissions,
    regular_tasks,
    settings_blocks,
    sidebar,
    task_kinds,
    verbs,
)
from customers.registry import Field, ProfilePanel, fields, profile_panels

permissions.plug(
    Permission("commerce.view_values", _("See predicted values"), EVERYBODY),
    Permission("commerce.predict_values", _("Have values predicted anew"), ("owner", "manager"), sees_all=True),
)
verbs.plug(Verb("commerce.values.predicted", _("Values predicted")))
sidebar.plug(
    SidebarItem(
        _("Reports"), _("Predicted value"), "trending-up", "commerce:value_report", "commerce.view_values", order=620
    )
)
settings_blocks.plug(
    SettingsBlock(
        BLOCK,
        _("Predicted value"),
        {"horizon_months": (horizon_field, HORIZON_MONTHS), "discount_percent": (discount_field, DISCOUNT_PERCENT)},
    )
)
business_tables.plug(
    Emptied(
        "commerce.values", ("commerce.LifetimeValueEstimate", "commerce.ValueModel", "commerce.RollingDay"), order=310
    )
)
profile_panels.plug(
    ProfilePanel("predicted_value", "commerce.view_values", value_panel, wide=False, order=130, tab="commerce")
)
fields.plug(
    Field(
        "predicted_value", _("Predicted value"), "money", "value_estimate__predicted", filters=("gte", "lte", "isnull"), order=260,
        how=_("What the customer is expected to bring in the months ahead that the business has chosen, by the BG/NBD and Gamma-Gamma"
              " models or, where they don't fit, by the rate of orders so far; reckoned weekly."),
    ),
)  # fmt: skip
integrity_checks.plug(
    IntegrityCheck("commerce.predicted", _("Predicted values are of the latest model"), ESTIMATES, order=350)
)
task_kinds.plug(
    TaskKind("commerce.tasks.predict_values", _("Predict values"), lane="slow", limit_seconds=900, alert_seconds=300),
    TaskKind(
        "commerce.tasks.predict_all_values",
        _("Predict values of all businesses"),
        lane="slow",
        limit_seconds=60,
        hidden=True,
    ),
    TaskKind(
        "commerce.tasks.slide_windows",
        _("Let rolling figures go by the day"),
        lane="slow",
        limit_seconds=900,
        hidden=True,
    ),
)
regular_tasks.plug(
    RegularTask("predict values", "commerce.tasks.predict_all_values", "20 4 * * 0"),
    RegularTask("slide windows", "commerce.tasks.slide_windows", "7 * * * *"),
)
