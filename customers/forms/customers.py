"""The form of a customer."""

from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.forms import VersionedForm
from crm.models import Membership, Team, User
from customers.choices import Kind, LifecycleStage, Size
from customers.models import Customer


class CustomerForm(VersionedForm):
    """A customer's profile as people enter it; the fields are those of `services.customers.FIELDS`."""

    fieldsets = [
        (_("Who it is"), ["kind", "first_name", "last_name", "display_name"]),
        (_("How to reach them"), ["email", "phone", "website", "city", "country"]),
        (_("How we work together"), ["lifecycle_stage", "owner", "team", "acquired_on", "external_id"]),
        (_("For companies"), ["industry", "size"]),
    ]

    kind = forms.ChoiceField(label=_("Kind"), choices=Kind.choices, widget=forms.RadioSelect)
    first_name = forms.CharField(label=_("First name"), max_length=100, required=False)
    last_name = forms.CharField(label=_("Last name"), max_length=100, required=False)
    display_name = forms.CharField(
        label=_("Name"), max_length=200, required=False,
        help_text=_("The company's name. For a person it may stay empty: then it is first and last name."),
    )  # fmt: skip
    email = forms.EmailField(label=_("E-mail"), max_length=254, required=False)
    phone = forms.CharField(
        label=_("Phone"), max_length=40, required=False, help_text=_("With the country code, as in +44 20 7946 0018.")
    )
    website = forms.URLField(label=_("Website"), max_length=300, required=False, assume_scheme="https")
    city = forms.CharField(label=_("City"), max_length=100, required=False)
    country = forms.CharField(label=_("Country"), max_length=80, required=False)
    lifecycle_stage = forms.ChoiceField(label=_("Lifecycle stage"), choices=LifecycleStage.choices)
    owner = forms.ModelChoiceField(
        label=_("Owner"), queryset=User.objects.none(), required=False, empty_label=_("Nobody")
    )
    team = forms.ModelChoiceField(
        label=_("Team"), queryset=Team.objects.none(), required=False, empty_label=_("No team")
    )
    acquired_on = forms.DateField(
        label=_("Customer since"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    external_id = forms.CharField(
        label=_("External id"),
        max_length=100,
        required=False,
        help_text=_("The id that this customer has in the system it came from."),
    )
    industry = forms.CharField(label=_("Industry"), max_length=80, required=False)
    size = forms.ChoiceField(label=_("Size"), choices=[("", "—"), *Size.choices], required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        owner: Any = self.fields["owner"]
        members = Membership.objects.filter(business=self.business)
        active = Q(pk__in=members.filter(is_active=True).values("user"))
        # who has left the business may keep the customer that the form is about
        current = Q(pk=self.initial.get("owner"), pk__in=members.values("user"))
        owner.queryset = User.objects.filter(active | current).order_by("name", "email")
        team: Any = self.fields["team"]
        team.queryset = Team.objects.all()

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        named = any(data.get(name) for name in ("display_name", "first_name", "last_name"))
        if not named and not self.errors:
            field = "first_name" if data.get("kind") == Kind.PERSON else "display_name"
            self.add_error(field, _("Give the customer a name."))
        return data


def customer_initial(customer: Customer) -> dict[str, Any]:
    """What the form shows of an existing customer."""
    names = [name for name in CustomerForm.base_fields if name != "version"]
    return {name: getattr(customer, f"{name}_id" if name in ("owner", "team") else name) for name in names}
