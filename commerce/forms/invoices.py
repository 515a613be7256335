"""Forms of invoices and payments."""

from django import forms
from django.utils.translation import gettext as _t

from commerce.choices import LtvBasis


def ltv_basis_field() -> forms.ChoiceField:
    """The setting of a business: which of the three lifetime values is the headline."""
    return forms.ChoiceField(
        label=_t("Lifetime value is that of"), choices=LtvBasis.choices,
        help_text=_t("Lists and profiles show this one as “Lifetime value”; the three are never added together."),
    )  # fmt: skip
