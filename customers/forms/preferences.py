"""Forms of preferences, consents and requests for erasure, and the settings that a business makes for them."""

from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.forms import DeedForm, VersionedForm, version_of
from crm.registry import SettingsBlock
from crm.settings_forms import time_zone_choices
from customers.choices import Channel, ConsentBasis, ConsentState, Frequency, MessageCategory
from customers.models import CommunicationPreference
from customers.queries.preferences import (
    BLOCK,
    DEFAULTS,
    FLAGS,
    OPT_IN,
    SOURCE_DEFAULTS,
    flag_label,
    needs_consent,
    parse_hours,
)
from customers.queries.quiet_hours import moment_of
from customers.services.preferences import Proof

WEEKDAYS = [
    (1, gettext_lazy("Monday")), (2, gettext_lazy("Tuesday")), (3, gettext_lazy("Wednesday")), (4, gettext_lazy("Thursday")),
    (5, gettext_lazy("Friday")), (6, gettext_lazy("Saturday")), (7, gettext_lazy("Sunday")),
]  # fmt: skip
PURPOSES = [(category.value, category.label) for category in MessageCategory if needs_consent(category, OPT_IN)]
_SCHEDULE = [
    "frequency", "preferred_channel", "quiet_hours_start", "quiet_hours_end", "digest_at", "digest_weekday", "time_zone", "paused_until",
]  # fmt: skip


class QuietHoursField(forms.CharField):
    """ "22:00-08:00", or nothing."""

    def clean(self, value: Any) -> str:
        text = str(super().clean(value) or "").replace("–", "-").replace(" ", "")
        try:
            start, end = parse_hours(text)
        except ValueError:
            raise ValidationError(_("Write a beginning and an end, as in 22:00-08:00.")) from None
        if start is None or end is None:
            return ""
        if start == end or start.tzinfo or end.tzinfo:
            raise ValidationError(_("Quiet hours can't end when they begin; they may cross midnight."))
        return f"{start:%H:%M}-{end:%H:%M}"


def _time_field(**options: Any) -> forms.TimeField:
    return forms.TimeField(widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"), **options)


COMMUNICATION = SettingsBlock(
    BLOCK,
    gettext_lazy("Communication and privacy"),
    {
        "consent_mode": (
            lambda: forms.ChoiceField(
                label=gettext_lazy("New customers"),
                choices=[
                    (OPT_IN, gettext_lazy("want nothing but receipts until their consent is recorded")),
                    (SOURCE_DEFAULTS, gettext_lazy("want what your former system assumed; advertising still needs consent")),
                ],
            ),
            DEFAULTS["consent_mode"],
        ),
        "quiet_hours": (
            lambda: QuietHoursField(
                label=gettext_lazy("Quiet hours"), required=False, max_length=20,
                help_text=gettext_lazy("Of customers who have chosen none, as in 22:00-08:00. Empty: none."),
            ),
            DEFAULTS["quiet_hours"],
        ),
        "digest_at": (lambda: _time_field(label=gettext_lazy("Digests go out at")), DEFAULTS["digest_at"]),
        "digest_weekday": (
            lambda: forms.ChoiceField(label=gettext_lazy("Weekly digests on"), choices=[(str(n), day) for n, day in WEEKDAYS]),
            DEFAULTS["digest_weekday"],
        ),
        "erasure_days": (
            lambda: forms.IntegerField(
                label=gettext_lazy("Days to carry out a request for erasure"), min_value=1, max_value=90
            ),
            DEFAULTS["erasure_days"],
        ),
    },
)  # fmt: skip


class _Wishes(VersionedForm):
    """The flags, and when and how messages come."""

    frequency = forms.ChoiceField(label=gettext_lazy("How often"), choices=Frequency.choices)
    preferred_channel = forms.ChoiceField(label=gettext_lazy("Preferred channel"), choices=Channel.choices)
    quiet_hours_start = _time_field(label=gettext_lazy("Quiet from"), required=False)
    quiet_hours_end = _time_field(
        label=gettext_lazy("Quiet until"), required=False, help_text=gettext_lazy("It may be the next morning.")
    )
    digest_at = _time_field(label=gettext_lazy("Digest at"))
    digest_weekday = forms.TypedChoiceField(label=gettext_lazy("Weekly digest on"), choices=WEEKDAYS, coerce=int)
    time_zone = forms.ChoiceField(label=gettext_lazy("Time zone"), choices=time_zone_choices)
    paused_until = forms.DateField(
        label=gettext_lazy("Paused until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy("The first day on which messages go out again."),
    )

    def __init__(self, *args: Any, preference: CommunicationPreference, **kwargs: Any) -> None:
        self.preference = preference
        super().__init__(*args, **kwargs)
        zones: Any = self.fields["time_zone"]
        if preference.time_zone not in dict(zones.choices):
            zones.choices = [(preference.time_zone, preference.time_zone), *zones.choices]

    def clean(self) -> dict[str, Any]:
        """The day of a pause becomes the moment at which that day begins for the customer; an unchanged one stays as it is."""
        data = super().clean() or {}
        day, stored = data.get("paused_until"), self.preference.paused_until
        if day is not None and day == _day(self.preference):
            data["paused_until"] = stored
        elif day is not None and "time_zone" in data:
            data["paused_until"] = moment_of(day, time(), ZoneInfo(data["time_zone"]))
        return data


def _day(preference: CommunicationPreference) -> Any:
    moment: datetime | None = preference.paused_until
    return moment.astimezone(ZoneInfo(preference.time_zone)).date() if moment else None


def preference_initial(preference: CommunicationPreference) -> dict[str, Any]:
    names = (*FLAGS, *_SCHEDULE)
    return {
        **{name: getattr(preference, name) for name in names}, "paused_until": _day(preference), "version": version_of(preference)
    }  # fmt: skip


class PreferenceForm(_Wishes):
    """What staff enter for a customer, with the evidence for what they turn on."""

    fieldsets = [
        (gettext_lazy("What may be sent"), list(FLAGS)),
        (gettext_lazy("When and how"), _SCHEDULE),
        (
            gettext_lazy("How you know of the consent to what you turn on"),
            ["evidence", "basis", "text_version", "given_at"],
        ),
    ]

    basis = forms.ChoiceField(label=gettext_lazy("Legal basis"), choices=ConsentBasis.choices, required=False)
    evidence = forms.CharField(
        label=gettext_lazy("Evidence"), max_length=500, required=False,
        help_text=gettext_lazy("As in: signed form of 3 May, kept in folder B."),
    )  # fmt: skip
    text_version = forms.CharField(label=gettext_lazy("Version of the words shown"), max_length=80, required=False)
    given_at = forms.DateTimeField(
        label=gettext_lazy("Given"), required=False, help_text=gettext_lazy("Empty: now."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in FLAGS:
            self.fields[name] = forms.BooleanField(label=capfirst(flag_label(name)), required=False)

    def clean(self) -> dict[str, Any]:
        """Gathers what proves the consent."""
        data = super().clean()
        given = {name: data.pop(name) for name in ("evidence", "text_version", "given_at") if name in data}
        data["proof"] = Proof(**given, basis=data.pop("basis", "") or ConsentBasis.CONSENT)
        return data


class OwnForm(_Wishes):
    """What the customer ticks on its own page, in plain words."""

    fieldsets = [
        (gettext_lazy("What may we send you?"), list(FLAGS)),
        (gettext_lazy("When?"), _SCHEDULE),
    ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for flag in FLAGS.values():
            self.fields[flag.name] = forms.BooleanField(label=flag.words, required=False)
        self.fields["frequency"].widget = forms.RadioSelect(choices=Frequency.choices)
        for name, label in (
            ("preferred_channel", _("Reach me best by")), ("quiet_hours_start", _("Don't disturb me from")),
            ("quiet_hours_end", _("until")), ("digest_at", _("Collected messages come at")),
            ("digest_weekday", _("Once a week means on")), ("time_zone", _("My time zone")), ("paused_until", _("Send me nothing before")),
        ):  # fmt: skip
            self.fields[name].label = label


class ConsentForm(DeedForm):
    """A consent that was given or withdrawn outside of the customer's own page."""

    state = forms.ChoiceField(label=gettext_lazy("It was"), choices=ConsentState.choices, widget=forms.RadioSelect)
    purpose = forms.ChoiceField(label=gettext_lazy("For"), choices=PURPOSES)
    channel = forms.ChoiceField(
        label=gettext_lazy("On"), choices=[("", gettext_lazy("All channels")), *Channel.choices], required=False
    )
    basis = forms.ChoiceField(label=gettext_lazy("Legal basis"), choices=ConsentBasis.choices)
    evidence = forms.CharField(
        label=gettext_lazy("Evidence"), max_length=500, required=False,
        help_text=gettext_lazy("How you know: a form, a call, a message. Needed where consent was given."),
    )  # fmt: skip
    text_version = forms.CharField(label=gettext_lazy("Version of the words shown"), max_length=80, required=False)
    given_at = forms.DateTimeField(
        label=gettext_lazy("When"), required=False, help_text=gettext_lazy("Empty: now."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )  # fmt: skip


class DeclineForm(VersionedForm):
    """Why a request is declined."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("It stays in the trail."),
    )  # fmt: skip
