"""The form that defines a custom field."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.errors import DomainError, InvalidInput
from crm.forms import VersionedForm
from customers.choices import FieldType, Kind
from customers.models import CustomField
from customers.services.field_definitions import DEFINED

_ASKED_AGAIN = {"choices", "is_required"}
"""What is done in spite of what customers have or lack, when the person says so."""


class CustomFieldForm(VersionedForm):
    """A custom field; its key is given once. Choices are typed one a line."""

    fieldsets = [
        (_("What it is"), ["label", "key", "type", "choices", "help_text"]),
        (_("What is asked"), ["kind", "is_required", "is_unique", "even_so"]),
        (_("Where it is shown"), ["in_form", "on_profile", "in_list", "order"]),
    ]

    label = forms.CharField(label=_("Label"), max_length=80)
    key = forms.RegexField(
        r"^[a-z][a-z0-9_]*$", label=_("Key"), max_length=40,
        help_text=_("Its name in addresses, files and the API, such as shoe_size; it can't be changed later."),
        error_messages={"invalid": _("Lower-case letters, digits and _; a letter first.")},
    )  # fmt: skip
    type = forms.ChoiceField(label=_("Type"), choices=FieldType.choices)
    choices = forms.CharField(
        label=_("Choices"), required=False, widget=forms.Textarea(attrs={"rows": 5}), max_length=10_000,
        help_text=_("One a line, in the order in which they are offered."),
    )  # fmt: skip
    help_text = forms.CharField(label=_("Help text"), max_length=200, required=False)
    kind = forms.ChoiceField(label=_("Asked of"), choices=[("", _("All customers")), *Kind.choices], required=False)
    is_required = forms.BooleanField(label=_("A value is needed"), required=False)
    is_unique = forms.BooleanField(
        label=_("Each value stands at one customer only"), required=False,
        help_text=_("For texts, numbers, dates and addresses; compared without case and accents."),
    )  # fmt: skip
    even_so = forms.BooleanField(label=_("Do it even so"), required=False, widget=forms.HiddenInput)
    in_form = forms.BooleanField(label=_("On the form"), required=False)
    on_profile = forms.BooleanField(label=_("On the profile"), required=False)
    in_list = forms.BooleanField(label=_("A column of the list by default"), required=False)
    order = forms.IntegerField(
        label=_("Order"), min_value=0, max_value=9999, help_text=_("Fields stand in the order of this number.")
    )

    def __init__(self, *args: Any, field: CustomField | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if field is not None:
            self.fields["key"].disabled = True

    def clean_choices(self) -> list[str]:
        return [line.strip() for line in self.cleaned_data["choices"].splitlines() if line.strip()]

    def refuse(self, refusal: DomainError) -> None:
        """Where customers stand against it, offer to do it even so."""
        super().refuse(refusal)
        if isinstance(refusal, InvalidInput) and _ASKED_AGAIN & set(refusal.errors):
            self.fields["even_so"].widget = forms.CheckboxInput()


def definition_initial(field: CustomField) -> dict[str, Any]:
    """What the form shows of an existing field."""
    return {name: getattr(field, name) for name in ("key", *DEFINED)} | {"choices": "\n".join(field.choices)}
