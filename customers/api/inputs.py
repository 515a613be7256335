"""Bodies of customers and imports."""

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from crm.api.fields import Choice, Day, Email, Input, Member, TeamId, Text, Url
from customers.choices import Kind, LifecycleStage, Size


class CustomerInput(Input):
    """What may be entered of a customer: the fields of the form and of the services. A name is needed."""

    kind = Choice(choices=Kind.choices, required=False)
    display_name = Text(
        max_length=200, allow_blank=True, required=False, help_text=_("Of a person: first and last name when empty.")
    )
    first_name = Text(max_length=100, allow_blank=True, required=False)
    last_name = Text(max_length=100, allow_blank=True, required=False)
    email = Email(max_length=254, allow_blank=True, required=False)
    phone = Text(
        max_length=40, allow_blank=True, required=False, help_text=_("With the country code, as in +44 20 7946 0018.")
    )
    country = Text(max_length=80, allow_blank=True, required=False)
    city = Text(max_length=100, allow_blank=True, required=False)
    website = Url(max_length=300, allow_blank=True, required=False)
    industry = Text(max_length=80, allow_blank=True, required=False)
    size = Choice(choices=Size.choices, allow_blank=True, required=False)
    lifecycle_stage = Choice(choices=LifecycleStage.choices, required=False)
    owner = Member(allow_null=True, required=False, help_text=_("Id of a member of the business."))
    team = TeamId(allow_null=True, required=False, help_text=_("Id of a team of the business."))
    acquired_on = Day(allow_null=True, required=False)
    external_id = Text(max_length=100, allow_blank=True, required=False)


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
