"""Settings of predicted value."""

from django import forms
from django.utils.translation import gettext_lazy as _


def horizon_field() -> forms.IntegerField:
    """The setting of a business: how many months ahead values are predicted."""
    return forms.IntegerField(
        label=_("Months ahead of the predicted value"), min_value=1, max_value=60,
        help_text=_("How far the predicted value of a customer looks ahead."),
    )  # fmt: skip


def discount_field() -> forms.IntegerField:
    """The setting of a business: by how many percent a year money to come is worth less."""
    return forms.IntegerField(
        label=_("Rate of interest of the predicted value, percent a year"), min_value=0, max_value=100,
        help_text=_("By how much money to come is worth less today."),
    )  # fmt: skip
