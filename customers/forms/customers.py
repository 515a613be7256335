"""The form of a customer."""

from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.forms import DeedForm
from crm.models import Membership, Team, User
from crm.sealing import SealBroken
from customers.choices import SUBSTEPS, Kind, LifecycleStage, Size
from customers.forms.custom_values import CustomValuesForm, custom_initial
from customers.forms.fields import CustomerField
from customers.models import Customer
from customers.registry import FIELD_GROUPS, fields
from customers.services.values import PRIVATE

_GROUPS = {
    "identity": ["kind", "first_name", "last_name", "display_name", "date_of_birth"],
    "company": ["legal_name", "industry", "size", "website", "domain", "parent", "annual_revenue", "employee_count"],
    "reach": [
        "email", "phone", "telegram_id", "preferred_language", "street", "postal_code", "city", "region", "country", "linkedin_url",
        "facebook_url", "instagram_url",
    ],
    "relationship": ["lifecycle_stage", "lifecycle_substep", "owner", "team", "acquired_on", "external_id"],
    "contract": ["arr_manual", "contract_start_on", "contract_end_on", "renewal_on", "contract_terms"],
    "acquisition": ["acquisition_source", "acquisition_campaign", "acquisition_cost", "referred_by"],
}  # fmt: skip
_ORDER = {
    Kind.PERSON: ["identity", "reach", "relationship", "acquisition", "contract", "company"],
    Kind.COMPANY: ["identity", "company", "relationship", "contract", "reach", "acquisition"],
}
_OF_PERSONS = ("first_name", "last_name", "date_of_birth")
_STEPS = [("", "—"), *((LifecycleStage(stage).label, list(steps)) for stage, steps in SUBSTEPS.items() if steps)]


def unique_phones_field() -> forms.BooleanField:
    return forms.BooleanField(
        label=_("Phone numbers are unique among customers"), required=False,
        help_text=_("A number that another customer has is refused. Archived customers don't count."),
    )  # fmt: skip


def _text(label: Any, most: int, help_text: Any = "", **attrs: str) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=most, required=False, help_text=help_text, widget=forms.TextInput(attrs=attrs)
    )


def _url(label: Any) -> forms.URLField:
    return forms.URLField(label=label, max_length=300, required=False, assume_scheme="https")


def _day(label: Any, help_text: Any = "") -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=False, widget=widget, help_text=help_text)


def _amount(label: Any, help_text: Any = "") -> forms.DecimalField:
    return forms.DecimalField(
        label=label, max_digits=16, decimal_places=2, min_value=0, required=False, help_text=help_text
    )


class CustomerForm(CustomValuesForm):
    """A customer's profile as people enter it; the fields are those of `services.values.FIELDS`.

    What is asked of one kind of customer only is hidden by the browser for the other; without JavaScript all of it is there.
    """

    kind = forms.ChoiceField(label=_("Kind"), choices=Kind.choices, widget=forms.RadioSelect)
    first_name = _text(_("First name"), 100)
    last_name = _text(_("Last name"), 100)
    display_name = _text(
        _("Name"), 200, _("The company's name. For a person it may stay empty: then it is first and last name.")
    )
    legal_name = _text(_("Legal name"), 200)
    date_of_birth = _day(_("Date of birth"))
    email = forms.EmailField(label=_("E-mail"), max_length=254, required=False)
    phone = _text(_("Phone"), 50, _("With the country code, as in +44 20 7946 0018."))
    telegram_id = _text(_("Telegram"), 40, _("A number, or a name such as @example."))
    preferred_language = _text(_("Preferred language"), 10, _("The code of a language, such as EN or PT-BR."))
    street = _text(_("Street"), 200)
    postal_code = _text(_("Postal code"), 20)
    city = _text(_("City"), 100)
    region = _text(_("Region"), 100)
    country = _text(_("Country"), 80)
    website = _url(_("Website"))
    domain = _text(_("Domain"), 253, _("Stays empty to be that of the website."))
    linkedin_url = _url(_("LinkedIn"))
    facebook_url = _url(_("Facebook"))
    instagram_url = _url(_("Instagram"))
    industry = _text(_("Industry"), 100)
    size = forms.ChoiceField(label=_("Size"), choices=[("", "—"), *Size.choices], required=False)
    annual_revenue = _amount(_("Annual revenue"))
    employee_count = forms.IntegerField(label=_("Employees"), min_value=0, max_value=2_147_483_647, required=False)
    parent = CustomerField(
        label=_("Parent company"),
        kind=Kind.COMPANY,
        required=False,
        help_text=_("The company that this one belongs to."),
    )
    lifecycle_stage = forms.ChoiceField(label=_("Lifecycle stage"), choices=LifecycleStage.choices)
    lifecycle_substep = forms.ChoiceField(label=_("Step within the stage"), choices=_STEPS, required=False)
    owner = forms.ModelChoiceField(
        label=_("Owner"), queryset=User.objects.none(), required=False, empty_label=_("Nobody")
    )
    team = forms.ModelChoiceField(
        label=_("Team"), queryset=Team.objects.none(), required=False, empty_label=_("No team")
    )
    arr_manual = _amount(
        _("Annual recurring revenue"), _("As agreed; it counts while no subscription or invoice says otherwise.")
    )
    contract_start_on = _day(_("Contract starts"))
    contract_end_on = _day(_("Contract ends"))
    renewal_on = _day(_("Renewal"))
    contract_terms = forms.CharField(
        label=_("Contract terms"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    acquired_on = _day(_("Customer since"))
    acquisition_source = _text(
        _("Source"), 80, _("How they came to us, such as a referral, a fair or a search engine.")
    )
    acquisition_campaign = _text(_("Campaign"), 120)
    acquisition_cost = _amount(_("Acquisition cost"))
    referred_by = CustomerField(label=_("Referred by"), required=False, help_text=_("The customer who recommended us."))
    external_id = _text(_("External id"), 100, _("The id that this customer has in the system it came from."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        is_new = not self.initial.get("version")
        for name in PRIVATE:
            # a value that can't be opened is left as it is
            if not self.actor.may("customers.view_private", self.business) or not (is_new or name in self.initial):
                del self.fields[name]
        kind = self["kind"].value()
        order = _ORDER.get(kind, _ORDER[Kind.PERSON])
        self.fieldsets = [(FIELD_GROUPS[group], _GROUPS[group]) for group in order]
        self._offer_members()
        for name, field in self.fields.items():
            kinds = (Kind.PERSON.value,) if name in _OF_PERSONS else fields[name].kinds if name in fields else ()
            if len(kinds) == 1:
                field.widget.attrs["data-when"] = f"kind={kinds[0]}"
            if isinstance(field, CustomerField):
                self._offer_customers(name, field)
            if isinstance(field, forms.DecimalField):
                field.label = _("%(amount)s in %(currency)s") % {
                    "amount": field.label,
                    "currency": self.business.currency,
                }
        self.add_custom_fields()
        if is_new:
            self.add_tags()

    def _offer_members(self) -> None:
        owner: Any = self.fields["owner"]
        members = Membership.objects.filter(business=self.business)
        active = Q(pk__in=members.filter(is_active=True).values("user"))
        # who has left the business may keep the customer that the form is about
        current = Q(pk=self.initial.get("owner"), pk__in=members.values("user"))
        owner.queryset = User.objects.filter(active | current).order_by("name", "email")
        team: Any = self.fields["team"]
        team.queryset = Team.objects.all()

    def _offer_customers(self, name: str, field: CustomerField) -> None:
        field.actor, field.chosen = self.actor, self.initial.get(name)
        field.offer(name)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        named = any(data.get(name) for name in ("display_name", "first_name", "last_name"))
        if not named and not self.errors:
            field = "first_name" if data.get("kind") == Kind.PERSON else "display_name"
            self.add_error(field, _("Give the customer a name."))
        stage, step = data.get("lifecycle_stage", ""), data.get("lifecycle_substep")
        if step and step == self.initial.get("lifecycle_substep") and step not in dict(SUBSTEPS.get(stage, ())):
            data["lifecycle_substep"] = ""  # the step of the stage before was left as it stood
        return data


class ConvertCustomerForm(DeedForm):
    """In which stage somebody begins who was a prospect until now."""

    stage = forms.ChoiceField(
        label=_("Stage"),
        choices=[(stage.value, stage.label) for stage in (LifecycleStage.ONBOARDING, LifecycleStage.ACTIVE)],
        widget=forms.RadioSelect,
    )


def customer_initial(customer: Customer) -> dict[str, Any]:
    """What the form shows of an existing customer; without private values that can't be opened."""
    initial: dict[str, Any] = {}
    for name in CustomerForm.base_fields:
        if name == "version":
            continue
        try:
            initial[name] = getattr(customer, f"{name}_id" if name in ("owner", "team") else name)
        except SealBroken:
            continue
    return initial | custom_initial(customer)
