"""Forms of the settings area, the first run, invitations and one's own account."""

from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from babel import Locale
from django import forms
from django.contrib.auth import password_validation
from django.utils.functional import lazy
from django.utils.html import format_html_join
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from crm import clock
from crm.forms import DeedForm, VersionedForm
from crm.models import ExchangeRate, Membership, Role, Team, User, Visibility
from crm.money import CURRENCIES
from crm.passwords import LONGEST
from crm.registry import permissions, settings_blocks
from crm.services.people import PEOPLE_ROLES

LOCALES = (
    "en-GB", "en-US", "en-IE", "en-AU", "en-CA", "de-DE", "de-AT", "de-CH", "fr-FR", "fr-BE", "fr-CH", "es-ES",
    "es-MX", "it-IT", "nl-NL", "nl-BE", "pt-PT", "pt-BR", "da-DK", "sv-SE", "nb-NO", "fi-FI", "pl-PL", "cs-CZ",
    "hu-HU", "ro-RO", "el-GR", "tr-TR", "uk-UA", "ja-JP", "ko-KR", "zh-CN", "hi-IN",
)  # fmt: skip


@lru_cache(maxsize=1)
def time_zone_choices() -> list[tuple[str, str]]:
    names = sorted(
        name for name in available_timezones() if clock.is_time_zone(name) and ("/" in name or name == "UTC")
    )
    return [(name, name.replace("_", " ")) for name in names]


def locale_choices() -> list[tuple[str, str]]:
    """Languages with their regions, named in the language of the page."""
    shown = (get_language() or "en").split("-")[0]
    return [(code, Locale.parse(code, sep="-").get_display_name(shown) or code) for code in LOCALES]


def currency_choices() -> list[tuple[str, str]]:
    names = Locale.parse((get_language() or "en").split("-")[0]).currencies
    return [(code, f"{code} · {names.get(code, code)}") for code in CURRENCIES]


def _password_help() -> str:
    texts = ((text,) for text in password_validation.password_validators_help_texts())
    return format_html_join(" ", "{}", texts)


def new_password(label: Any) -> forms.CharField:
    return forms.CharField(
        label=label, strip=False, max_length=LONGEST, help_text=lazy(_password_help, str)(),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip


class WelcomeForm(DeedForm):
    """The first business and its owner."""

    fieldsets = [
        (_("Your business"), ["name", "currency", "time_zone", "locale"]),
        (_("You, its owner"), ["owner_name", "email", "password"]),
    ]

    name = forms.CharField(
        label=_("Name of the business"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "organization"})
    )
    currency = forms.ChoiceField(
        label=_("Reporting currency"),
        choices=currency_choices,
        initial="EUR",
        help_text=_("All figures are in it. It can't be changed later."),
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=time_zone_choices,
        initial="UTC",
        help_text=_("It decides which day an order belongs to."),
    )
    locale = forms.ChoiceField(label=_("Language and region"), choices=locale_choices, initial="en-GB")
    owner_name = forms.CharField(
        label=_("Your name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    email = forms.EmailField(
        label=_("E-mail address"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "username"})
    )
    password = new_password(_("Password"))


class BusinessForm(VersionedForm):
    """A business's own settings, then the blocks that the apps have registered as `<block>__<field>`."""

    name = forms.CharField(label=_("Name"), max_length=120)
    slug = forms.SlugField(
        label=_("Short name"),
        max_length=60,
        help_text=_("Used in addresses and by the API; lower-case letters, digits and hyphens."),
    )
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=time_zone_choices)
    locale = forms.ChoiceField(label=_("Language and region"), choices=locale_choices)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fieldsets = [(_("Business"), ["name", "slug", "time_zone", "locale"])]
        for block in settings_blocks:
            names = []
            for name, (make_field, default) in block.fields.items():
                field = make_field()
                field.initial = self.business.settings.get(block.key, {}).get(name, default)
                self.fields[f"{block.key}__{name}"] = field
                names.append(f"{block.key}__{name}")
            self.fieldsets.append((block.label, names))
        _keep_current(self, "time_zone", self.business.time_zone)
        _keep_current(self, "locale", self.business.locale)

    def clean(self) -> dict[str, Any]:
        """Gathers the fields of the blocks under `settings`."""
        data = super().clean() or {}
        blocks: dict[str, dict[str, Any]] = {}
        for name in [name for name in data if "__" in name]:
            key, field = name.split("__", 1)
            blocks.setdefault(key, {})[field] = data.pop(name)
        if blocks:
            data["settings"] = blocks
        return data


class SignInRulesForm(VersionedForm):
    """What members need to come in."""

    requires_second_factor = forms.BooleanField(
        label=_("Members need a second factor"),
        required=False,
        help_text=_("Whoever has none is asked to set up an authenticator app or a passkey before anything else."),
    )


class _Membership(DeedForm):
    role = forms.ChoiceField(
        label=_("Role"), choices=[(role.value, role.label) for role in PEOPLE_ROLES], initial=Role.AGENT
    )
    team = forms.ModelChoiceField(
        label=_("Team"), queryset=Team.objects.none(), required=False, empty_label=_("No team")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["team"]
        field.queryset = Team.objects.all()


class InviteForm(_Membership):
    """Whom to invite, as what."""

    email = forms.EmailField(label=_("E-mail address"), max_length=254)
    field_order = ("email", "role", "team")


class MembershipForm(_Membership, VersionedForm):
    """What a member may do and sees."""

    visibility = forms.ChoiceField(label=_("Sees"), choices=Visibility.choices)


def membership_initial(membership: Membership) -> dict[str, Any]:
    return {"role": membership.role, "team": membership.team_id, "visibility": membership.visibility}


class TeamForm(VersionedForm):
    """A team's name."""

    name = forms.CharField(label=_("Name"), max_length=80)


def permission_choices() -> list[tuple[str, Any]]:
    return [(permission.name, permission.label) for permission in permissions]


class ApiKeyForm(DeedForm):
    """What a program may do with the key, and until when."""

    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("The program that will use it, as people know it.")
    )
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, initial=Role.INTEGRATION)
    expires_at = forms.DateField(
        label=_("Last day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Empty: until it is revoked."),
    )
    scopes = forms.MultipleChoiceField(
        label=_("Permissions"), required=False, choices=permission_choices, widget=forms.CheckboxSelectMultiple,
        help_text=_("None ticked: all that the role holds."),
    )  # fmt: skip


class RateForm(VersionedForm):
    """What one unit of a currency is worth from a day on."""

    currency = forms.ChoiceField(label=_("Currency"), choices=currency_choices)
    valid_on = forms.DateField(
        label=_("Valid from"),
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Until the next rate of this currency; it may lie ahead."),
    )
    rate = forms.DecimalField(label=_("Rate"), max_digits=20, decimal_places=10)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["currency"]
        field.choices = [choice for choice in currency_choices() if choice[0] != self.business.currency]
        self.fields["rate"].help_text = _("%(currency)s for one unit of it.") % {"currency": self.business.currency}


def rate_initial(rate: ExchangeRate) -> dict[str, Any]:
    return {"currency": rate.currency, "valid_on": rate.valid_on, "rate": rate.rate.normalize()}


THEMES: Any = User._meta.get_field("theme").choices


class ProfileForm(DeedForm):
    """One's own name, and how the pages look to oneself."""

    name = forms.CharField(label=_("Name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    theme = forms.ChoiceField(label=_("Theme"), choices=THEMES, widget=forms.RadioSelect)


class ResetForm(forms.Form):
    """Whose password was forgotten; whether there is such a person isn't asked here."""

    email = forms.EmailField(
        label=_("E-mail address"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "username"})
    )


class JoinForm(DeedForm):
    """The account of somebody who was invited."""

    name = forms.CharField(label=_("Your name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    password = new_password(_("Password"))


def _keep_current(form: forms.Form, name: str, value: str) -> None:
    """Offer a stored value that the list doesn't name."""
    field: Any = form.fields[name]
    choices = list(field.choices)
    if value not in dict(choices):
        field.choices = [(value, value), *choices]
