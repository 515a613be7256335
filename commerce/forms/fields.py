"""Fields that the forms of commerce have in common, and what they offer."""

from contextlib import suppress
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms

from commerce.models import Product
from crm.money import CURRENCIES

MOST_OFFERED = 500
"""How many records a form offers to choose from."""


def day_field(label: Any, help_text: Any = "", *, required: bool = False) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=required, widget=widget, help_text=help_text)


def amount_field(label: Any, help_text: Any = "", *, required: bool = True) -> forms.DecimalField:
    return forms.DecimalField(
        label=label, required=required, min_value=Decimal(0), max_digits=16, decimal_places=4, help_text=help_text
    )


def currency_field(label: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=[(code, code) for code in CURRENCIES])


def id_of(text: Any) -> UUID | None:
    """The text as an id; None when it is none."""
    with suppress(ValueError):
        return UUID(str(text))
    return None


def products(current: UUID | None) -> Any:
    """The first products by code, and the one that is chosen now."""
    first = list(Product.objects.order_by("code").values_list("pk", flat=True)[:MOST_OFFERED])
    return Product.objects.filter(pk__in=[*first, *([current] if current else [])]).order_by("code")
