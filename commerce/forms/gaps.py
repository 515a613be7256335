"""Settings of order gaps."""

from decimal import Decimal

from django import forms
from django.utils.translation import gettext_lazy as _


def factor_field() -> forms.DecimalField:
    """The setting of a business: after how many times the usual days between orders a customer is overdue."""
    return forms.DecimalField(
        label=_("Overdue after times the days between orders"), min_value=Decimal(1), max_value=Decimal(10), max_digits=4,
        decimal_places=2,
        help_text=_("A customer who orders every 30 days is overdue to order after 45 days when this is 1.5."),
    )  # fmt: skip
