"""Forms of what is found out about a customer: BANT, technologies, signals and competitors."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.forms import VersionedForm
from customers.choices import CompetitorStanding, SignalKind
from customers.models import Qualification
from customers.models.qualification import LEVELS
from customers.queries.qualification import PARTS
from customers.services.findings import BANT, BANT_FIELDS

_STRENGTHS = [(1, _("1, weak")), (2, "2"), (3, "3"), (4, "4"), (5, _("5, strong"))]
_QUESTIONS = {
    "budget": _("Is there money for it, and how much?"), "authority": _("Who decides, and do we speak to them?"),
    "need": _("Which problem is to be solved, and how badly?"), "timeline": _("By when do they want to decide or begin?"),
}  # fmt: skip


def _day(label: Any, help_text: Any = "") -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=False, widget=widget, help_text=help_text)


def _source() -> forms.CharField:
    return forms.CharField(label=_("Source"), max_length=120, help_text=_("Where it was seen, or who has said it."))


class BantForm(VersionedForm):
    """Budget, authority, need and timeline: a level and its evidence each."""

    fieldsets = [(label, [part, f"{part}_evidence"]) for part, label in PARTS.items()]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for part in BANT:
            self.fields[part] = forms.TypedChoiceField(
                label=_("Level"), choices=LEVELS, coerce=int, help_text=_QUESTIONS[part]
            )
            self.fields[f"{part}_evidence"] = forms.CharField(
                label=_("Evidence"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}),
                help_text=_("How that is known; needed from level 1 on."),
            )  # fmt: skip


def bant_initial(qualification: Qualification) -> dict[str, Any]:
    """What the form shows of an existing assessment."""
    return {name: getattr(qualification, name) for name in BANT_FIELDS}


class TechnologyForm(VersionedForm):
    """Something that a customer works with."""

    name = forms.CharField(label=_("Technology"), max_length=80)
    category = forms.CharField(
        label=_("Category"), max_length=80, required=False, help_text=_("Such as web shop, database or accounting.")
    )
    source = _source()
    first_seen_on = _day(_("First seen"), _("Empty: today."))
    last_seen_on = _day(_("Last seen"), _("Empty: today."))


class SignalForm(VersionedForm):
    """Something noticed at a customer."""

    kind = forms.ChoiceField(label=_("Kind"), choices=SignalKind.choices)
    strength = forms.TypedChoiceField(label=_("Strength"), choices=_STRENGTHS, coerce=int, initial=3)
    text = forms.CharField(label=_("What was noticed"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}))
    source = _source()
    seen_on = _day(_("Seen"), _("Empty: today."))


class SignalUpdateForm(SignalForm):
    closed_on = _day(_("No longer true since"), _("Empty while it is true."))


class SignalCloseForm(VersionedForm):
    """Since when a signal is no longer true."""

    on = _day(_("No longer true since"), _("Empty: today."))


class CompetitorForm(VersionedForm):
    """A competitor at a customer."""

    name = forms.CharField(label=_("Competitor"), max_length=120)
    standing = forms.ChoiceField(label=_("Standing"), choices=CompetitorStanding.choices)
    note = forms.CharField(label=_("Note"), max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 2}))
    source = _source()
    seen_on = _day(_("Seen"), _("Empty: today."))


def initial_of(form: type[VersionedForm], record: Any) -> dict[str, Any]:
    """What a form shows of an existing record."""
    return {name: getattr(record, name) for name in form.base_fields if name != "version"}
