"""The form of an upload."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.forms import DeedForm
from customers.registry import import_resources


class ImportForm(DeedForm):
    """An upload."""

    file = forms.FileField(
        label=_("CSV file"), allow_empty_file=False, widget=forms.ClearableFileInput(attrs={"accept": ".csv,text/csv"}),
        help_text=_("UTF-8 text with the columns' names in the first line. What the file holds is recognized by them."),
    )  # fmt: skip
    resource = forms.ChoiceField(label=_("It holds"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["resource"]
        field.choices = [("", _("Recognize it by its header")), *((r.key, r.label) for r in import_resources)]
