"""The forms of contacts, and of joining a customer with the same person's record elsewhere."""

from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.forms import DeedForm, VersionedForm
from customers.choices import ContactRole, Influence, Sentiment
from customers.models import Contact, Customer

MOST_OFFERED = 500
_NEW = "new"


def _optional(choices: Any) -> list[tuple[str, Any]]:
    return [("", _("Unknown")), *((str(value), label) for value, label in choices)]


def _whole(value: Any) -> int | None:
    return int(value) if value not in ("", None) else None


class ContactForm(VersionedForm):
    """Somebody who works at a company; the fields are those of `services.contacts.CONTACT_FIELDS`."""

    fieldsets = [
        (_("Who it is"), ["first_name", "last_name", "display_name", "title", "department"]),
        (_("How to reach them"), ["email", "phone"]),
        (_("What part they play"), ["role", "influence", "sentiment", "reports_to", "is_primary"]),
    ]

    first_name = forms.CharField(label=_("First name"), max_length=100, required=False)
    last_name = forms.CharField(label=_("Last name"), max_length=100, required=False)
    display_name = forms.CharField(
        label=_("Name"), max_length=200, required=False, help_text=_("May stay empty: then it is first and last name.")
    )
    title = forms.CharField(label=_("Job title"), max_length=120, required=False)
    department = forms.CharField(label=_("Department"), max_length=120, required=False)
    email = forms.EmailField(label=_("E-mail"), max_length=254, required=False)
    phone = forms.CharField(label=_("Phone"), max_length=40, required=False)
    role = forms.ChoiceField(label=_("Role"), choices=_optional(ContactRole.choices), required=False)
    influence = forms.TypedChoiceField(
        label=_("Influence"), choices=_optional(Influence.choices), required=False, coerce=_whole, empty_value=None,
        help_text=_("How much this person counts when the company decides."),
    )  # fmt: skip
    sentiment = forms.TypedChoiceField(
        label=_("Sentiment"), choices=_optional(Sentiment.choices), required=False, coerce=_whole, empty_value=None,
        help_text=_("How this person feels about us."),
    )  # fmt: skip
    reports_to: Any = forms.ModelChoiceField(
        label=_("Reports to"), queryset=None, required=False, empty_label=_("Nobody, or unknown")
    )
    is_primary = forms.BooleanField(
        label=_("First person to speak to"), required=False, help_text=_("One contact of a company has this mark.")
    )

    def __init__(
        self, *args: Any, company: Customer | None = None, contact: Contact | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["reports_to"]
        if company is not None:
            # a company of very many offers the first by name; who is chosen now is always among them
            first = (
                Contact.objects.live().filter(customer=company).order_by("sort_name", "pk").values("pk")[:MOST_OFFERED]
            )
            offered = Q(pk__in=list(first.values_list("pk", flat=True)))
            if contact is not None:
                offered = (offered | Q(pk=contact.reports_to_id)) & ~Q(pk=contact.pk)
            field.queryset = Contact.objects.filter(offered).order_by("sort_name", "pk")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and not any(data.get(name) for name in ("display_name", "first_name", "last_name")):
            self.add_error("first_name", _("Give the contact a name."))
        return data


def contact_initial(contact: Contact) -> dict[str, Any]:
    """What the form shows of an existing contact."""
    names = [name for name in ContactForm.base_fields if name != "version"]
    return {name: getattr(contact, "reports_to_id" if name == "reports_to" else name) for name in names}


class TouchForm(VersionedForm):
    """When somebody spoke to the contact."""

    on = forms.DateField(
        label=_("Spoken to on"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Empty: today."),
    )


class LeftForm(VersionedForm):
    """Why a contact has left, for the history."""

    reason = forms.CharField(label=_("Reason"), max_length=500, required=False)


class ConvertForm(VersionedForm):
    """Which customer record the contact gets: one that is there, or a new one."""

    person = forms.ChoiceField(label=_("Customer record"), widget=forms.RadioSelect, required=False)

    def __init__(self, *args: Any, people: list[Customer] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = {str(one.pk): one for one in people or []}
        field: Any = self.fields["person"]
        field.choices = [
            *((pk, _("Link %(name)s, %(hint)s") % {"name": one, "hint": one.email or one.city or "—"}) for pk, one in self.people.items()),
            (_NEW, _("Make a new one with the contact's name, e-mail address and phone")),
        ]  # fmt: skip
        field.initial = next(iter(self.people), _NEW)

    def clean_person(self) -> Customer | None:
        return self.people.get(self.cleaned_data["person"])


class JoinForm(DeedForm):
    """Which customer of another business is the same."""

    other = forms.ChoiceField(label=_("The same as"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, others: list[Customer] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.others = {str(one.pk): one for one in others or []}
        field: Any = self.fields["other"]
        field.choices = [
            (pk, _("%(name)s, customer of %(business)s") % {"name": one, "business": one.business}) for pk, one in self.others.items()
        ]  # fmt: skip
        if len(self.others) == 1:
            field.initial = next(iter(self.others))

    def clean_other(self) -> Customer:
        return self.others[self.cleaned_data["other"]]


def untouched_field() -> forms.IntegerField:
    """The setting of a business: from how many days without a touch on a contact counts as untouched."""
    return forms.IntegerField(
        label=_("Untouched after days"), min_value=1, max_value=3650,
        help_text=_("Whoever was not spoken to for so many days is named on the company's contacts."),
    )  # fmt: skip
