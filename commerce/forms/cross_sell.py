"""The setting of what is bought together."""

from django import forms
from django.utils.translation import gettext_lazy as _


def window_field() -> forms.IntegerField:
    """The setting of a business: of how many days the orders are looked at."""
    return forms.IntegerField(
        label=_("Days of orders for what is bought together"), min_value=30, max_value=3650,
        help_text=_("Products' sales and pairs are reckoned from the orders of so many days up to yesterday."),
    )  # fmt: skip
