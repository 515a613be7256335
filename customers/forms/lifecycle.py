"""The forms of stage changes, and what the stage report is asked for."""

from datetime import UTC, date, datetime
from datetime import time as clock_time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.forms import VersionedForm
from customers.choices import SUBSTEPS, LifecycleStage

FIRST, SECOND = "first", "second"


class MomentForm(VersionedForm):
    """A day and a time as the clocks of the business show them; `effective_at` among the cleaned data is the moment.

    A time that the clocks skip is refused, one that they show twice is asked about.
    """

    day = forms.DateField(label=gettext_lazy("Day"), widget=forms.DateInput(attrs={"type": "date"}))
    time = forms.TimeField(
        label=gettext_lazy("Time"), widget=forms.TimeInput(attrs={"type": "time", "step": "any"}, format="%H:%M:%S")
    )
    showing = forms.ChoiceField(
        label=gettext_lazy("Which of the two"),
        choices=[(FIRST, gettext_lazy("Before the clocks went back")), (SECOND, gettext_lazy("After the clocks went back"))],
        widget=forms.HiddenInput,
        required=False,
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        day, at, showing = (data.pop(name, None) for name in ("day", "time", "showing"))
        if "day" in self.errors or "time" in self.errors:
            return data
        data["effective_at"] = self._moment(day, at, showing) if day else None
        return data

    def _moment(self, day: date, at: clock_time | None, showing: str) -> datetime | None:
        if not 1900 <= day.year < 2200:
            self.add_error("day", _("Give a date between 1900 and 2199."))
            return None
        zone = ZoneInfo(self.business.time_zone)
        local = datetime.combine(day, at or clock_time())
        early, late = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
        if early.utcoffset() == late.utcoffset():
            return early
        if early.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local:
            self.add_error("time", _("The clocks were set forward that night: this time didn't exist."))
            return None
        if not showing:
            self.fields["showing"].widget = forms.RadioSelect(choices=self.fields["showing"].choices)  # type: ignore[attr-defined]
            self.add_error("showing", _("The clocks were set back that night and showed this time twice."))
            return None
        return late if showing == SECOND else early


class StageForm(MomentForm):
    """Entering a stage or step. The steps of all stages are offered, grouped by their stage."""

    fieldsets = [
        ("", ["stage", "substep", "reason"]),
        (gettext_lazy("Since when"), ["day", "time", "showing"]),
    ]
    stage = forms.ChoiceField(label=gettext_lazy("Stage"), choices=LifecycleStage.choices)
    substep = forms.ChoiceField(
        label=gettext_lazy("Step"),
        required=False,
        choices=[
            ("", gettext_lazy("No step")),
            *((stage.label, SUBSTEPS[stage]) for stage in LifecycleStage if SUBSTEPS[stage]),
        ],
        help_text=gettext_lazy("One of the steps of the chosen stage."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Why the customer is there now. Needed when somebody who had left is back."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, text in (("day", _("Empty: now.")), ("time", _("In the time zone of the business: %(zone)s."))):
            self.fields[name].required = False
            self.fields[name].help_text = text % {"zone": self.business.time_zone}

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if self.data.get("time") and not self.data.get("day"):
            self.add_error("day", _("Give the day of this time, or leave both empty."))
        return data


class StageDateForm(MomentForm):
    """Another date for a stage change."""


def inactive_field() -> forms.IntegerField:
    return forms.IntegerField(
        label=_("Inactive without an order of the last days"), min_value=1, max_value=3650,
        help_text=_("Who has ordered nothing for so many days is called inactive where programs ask for a status."),
    )  # fmt: skip


def loyal_field() -> forms.IntegerField:
    return forms.IntegerField(
        label=_("Loyal from so many orders on"), min_value=1, max_value=1000,
        help_text=_("Who has ordered so often is called loyal where programs ask for the stage of the relationship."),
    )  # fmt: skip


class ReportForm(forms.Form):
    """The two days that the stage report compares, as the address gives them; the second is today when it is left out."""

    as_of = forms.DateField(
        label=gettext_lazy("Compare"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(label=gettext_lazy("with"), required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for name in ("as_of", "until"):
            if (day := data.get(name)) and not date(1900, 1, 1) <= day <= self.today:
                self.add_error(name, _("Give a day that is over, or today."))
        if not self.errors and (data["as_of"] or self.today) > (data["until"] or self.today):
            self.add_error("until", _("The second day must not lie before the first."))
        return data


class StoodForm(ReportForm):
    """Which customers of the report are listed: by where they stood on the first day, on the second, or on both."""

    began = forms.ChoiceField(required=False, choices=[("none", ""), *LifecycleStage.choices])
    ended = forms.ChoiceField(required=False, choices=[("none", ""), *LifecycleStage.choices])


def faults_of(form: forms.Form) -> dict[str, list[str]]:
    """What is wrong with the form, by field."""
    found = {name: [str(word) for word in words] for name, words in form.errors.items()}
    unknown = [name for name in form.data if name not in form.fields]
    return found | {name: [_("There is no such parameter.")] for name in unknown}
