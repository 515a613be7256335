"""The forms of bulk changes: what is asked before many customers change."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.forms import DeedForm
from customers.choices import SUBSTEPS, FieldType, LifecycleStage
from customers.filters import members, tags, teams
from customers.queries.custom_fields import custom_fields_of


class BulkForm(DeedForm):
    """Values of a bulk action; `values` are the arguments of its deed."""

    def values(self) -> dict[str, Any]:
        return dict(self.cleaned_data)


class BulkTagsForm(BulkForm):
    tags = forms.MultipleChoiceField(label=_("Tags"), choices=tags, widget=forms.CheckboxSelectMultiple)


class BulkOwnerForm(BulkForm):
    owner = forms.ChoiceField(label=_("Owner"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].choices = [("", _("Nobody")), *members()]  # type: ignore[attr-defined]


class BulkTeamForm(BulkForm):
    team = forms.ChoiceField(label=_("Team"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"].choices = [("", _("No team")), *teams()]  # type: ignore[attr-defined]


class BulkStageForm(BulkForm):
    stage = forms.ChoiceField(label=_("Stage"))
    reason = forms.CharField(
        label=_("Reason"), max_length=500, required=False, help_text=_("Needed for customers who had left.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices: list[tuple[str, Any]] = []
        for stage in LifecycleStage:
            choices.append((stage.value, stage.label))
            steps = SUBSTEPS[stage] if len(SUBSTEPS[stage]) > 1 else ()
            choices += [(f"{stage.value}/{step}", f"{stage.label}, {label}") for step, label in steps]
        self.fields["stage"].choices = choices  # type: ignore[attr-defined]

    def values(self) -> dict[str, Any]:
        stage, _slash, substep = self.cleaned_data["stage"].partition("/")
        return {"stage": stage, "substep": substep, "reason": self.cleaned_data["reason"]}


class BulkReasonForm(BulkForm):
    reason = forms.CharField(label=_("Reason"), max_length=500, required=False)


class BulkCustomFieldForm(BulkForm):
    """A custom field and its value; several choices are separated by commas."""

    field = forms.ChoiceField(label=_("Field"))
    value = forms.CharField(
        label=_("Value"), max_length=500, required=False,
        help_text=_("Empty takes the value away. Days as 2026-01-31, numbers as 1234.50, yes or no, several choices with commas."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.known = {own.key: own for own in custom_fields_of(self.business) if not own.is_unique}
        self.fields["field"].choices = [(key, own.label) for key, own in self.known.items()]  # type: ignore[attr-defined]

    def values(self) -> dict[str, Any]:
        field, text = self.known[self.cleaned_data["field"]], self.cleaned_data["value"]
        value: Any = text
        if field.type == FieldType.BOOLEAN:
            words = {"yes": True, "true": True, str(_("yes")): True, "no": False, "false": False, str(_("no")): False}
            value = words.get(text.lower(), text)
        elif field.type == FieldType.CHOICES:
            value = [part.strip() for part in text.split(",") if part.strip()]
        elif field.type == FieldType.USER:
            value = next((pk for pk, name in members() if name == text), text)
        return {"field": field.key, "value": value}
