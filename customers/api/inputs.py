"""Bodies of customers and imports."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from crm.api.fields import Amount, Choice, Day, Email, Id, Input, Member, TeamId, Text, Url, Whole
from customers.choices import SUBSTEP_CHOICES, Kind, LifecycleStage, Size
from customers.models import Customer


class CustomerId(Id):
    """The id of a live customer whom the caller sees; becomes the customer."""

    default_error_messages = {"unknown_id": _("There is no such customer in this business.")}

    def to_internal_value(self, data: Any) -> Any:
        pk = super().to_internal_value(data)
        seen = Customer.objects.live().visible_to(self.context["view"].actor)
        return seen.filter(pk=pk).first() or self.fail("unknown_id")


def _text(most: int, help_text: Any = "") -> Text:
    return Text(max_length=most, allow_blank=True, required=False, help_text=help_text)


def _amount(help_text: Any = "") -> Amount:
    return Amount(max_digits=16, decimal_places=2, min_value=0, allow_null=True, required=False, help_text=help_text)


class CustomerInput(Input):
    """What may be entered of a customer: the fields of the form and of the services. A name is needed."""

    kind = Choice(choices=Kind.choices, required=False)
    display_name = _text(200, _("Of a person: first and last name when empty."))
    first_name = _text(100)
    last_name = _text(100)
    legal_name = _text(200)
    date_of_birth = Day(allow_null=True, required=False, help_text=_("Needs customers.view_private."))
    telegram_id = _text(40, _("A number or a name such as @example. Needs customers.view_private."))
    email = Email(max_length=254, allow_blank=True, required=False)
    phone = _text(50, _("With the country code, as in +44 20 7946 0018."))
    street = _text(200)
    postal_code = _text(20)
    city = _text(100)
    region = _text(100)
    country = _text(80)
    preferred_language = _text(10, _("The code of a language, such as EN or PT-BR."))
    website = Url(max_length=300, allow_blank=True, required=False)
    domain = _text(253, _("Of a company: that of its website when empty."))
    linkedin_url = Url(max_length=300, allow_blank=True, required=False)
    facebook_url = Url(max_length=300, allow_blank=True, required=False)
    instagram_url = Url(max_length=300, allow_blank=True, required=False)
    industry = _text(100)
    size = Choice(choices=Size.choices, allow_blank=True, required=False)
    annual_revenue = _amount()
    employee_count = Whole(min_value=0, max_value=2_147_483_647, allow_null=True, required=False)
    parent = CustomerId(  # type: ignore[assignment]  # the name of an attribute that declared fields don't touch
        allow_null=True, required=False, help_text=_("Id of the company that this company belongs to.")
    )
    lifecycle_stage = Choice(choices=LifecycleStage.choices, required=False)
    lifecycle_substep = Choice(
        choices=SUBSTEP_CHOICES, allow_blank=True, required=False, help_text=_("One of the steps of the stage.")
    )
    owner = Member(allow_null=True, required=False, help_text=_("Id of a member of the business."))
    team = TeamId(allow_null=True, required=False, help_text=_("Id of a team of the business."))
    arr_manual = _amount(_("Annual recurring revenue as agreed, where no subscriptions or invoices say it."))
    contract_start_on = Day(allow_null=True, required=False)
    contract_end_on = Day(allow_null=True, required=False)
    renewal_on = Day(allow_null=True, required=False)
    contract_terms = _text(2000)
    acquired_on = Day(allow_null=True, required=False)
    acquisition_source = _text(80)
    acquisition_campaign = _text(120)
    acquisition_cost = _amount()
    referred_by = CustomerId(allow_null=True, required=False, help_text=_("Id of the customer who referred this one."))
    external_id = _text(100)
    tags = serializers.ListField(
        child=Text(max_length=60),
        max_length=50,
        required=False,
        help_text=_("Names of all its tags; new ones need customers.manage_tags."),
    )
    custom_values = serializers.DictField(
        required=False, help_text=_("Values of the business's own fields, by their keys; null takes one away.")
    )


class NewCustomerInput(CustomerInput):
    """What may be entered of a new customer. A name is needed, and of a person an e-mail address or a phone number."""

    default_error_messages = {"unreachable": _("Give an e-mail address or a phone number.")}

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        kind = values.get("kind", Kind.PERSON)
        if kind == Kind.PERSON and not values.get("email") and not values.get("phone"):
            raise ValidationError({"email": [ErrorDetail(str(self.error_messages["unreachable"]), code="unreachable")]})
        return values


class ConvertInput(Input):
    """The first stage of a customer who was a prospect."""

    stage = Choice(
        choices=[(stage.value, stage.label) for stage in (LifecycleStage.ACTIVE, LifecycleStage.ONBOARDING)],
        required=False,
    )


class ArchiveInput(Input):
    reason = Text(max_length=500, allow_blank=True, required=False)


class NothingInput(Input):
    """A deed that needs no values."""


class ImportInput(Input):
    file = serializers.FileField(help_text=_("CSV in UTF-8 with the columns' names in the first line."))
    resource = Text(
        max_length=40,
        allow_blank=True,
        required=False,
        help_text=_("What the file holds; recognized by its header when left out."),
    )
