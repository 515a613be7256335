"""A contact in the API: how it is shown, and the ids and bodies by which programs name and change it."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from crm.api.fields import Choice, Day, Email, Flag, Id, Input, Text, Whole
from crm.api.representation import Representation, Shown
from customers.choices import ContactRole, Influence, Sentiment
from customers.models import Contact, Customer
from customers.services.contacts import CONTACT_FIELDS

ROLE_CHOICES: Any = [("", ""), *ContactRole.choices]
CONTACT = Representation(
    "Contact",
    [
        Shown("id", "id", "id"),
        Shown("customer", "customer", "id", _("The company at which the contact works")),
        Shown("display_name", "display_name", "text", _("Name"), example="Dana Reyes"),
        Shown("first_name", "first_name", "text", _("First name"), example="Dana"),
        Shown("last_name", "last_name", "text", _("Last name"), example="Reyes"),
        Shown("title", "title", "text", _("Job title"), example="Head of operations"),
        Shown("department", "department", "text", _("Department"), example="Operations"),
        Shown("email", "email", "text", _("E-mail"), example="dana@acme.example"),
        Shown("phone", "phone", "text", _("Phone"), example="+44 20 7946 0018"),
        Shown("role", "role", "choice", _("What part the contact plays"), choices=ROLE_CHOICES, example="champion"),
        Shown("influence", "influence", "number", _("From 1, lowest, to 5, highest"), nullable=True, example=4),
        Shown("sentiment", "sentiment", "number", _("From -2, against us, to 2, advocate"), nullable=True, example=1),
        Shown(
            "reports_to",
            "reports_to",
            "id",
            _("The contact of the same company to whom this one reports"),
            nullable=True,
        ),
        Shown("is_primary", "is_primary", "boolean", _("First person to speak to"), example=False),
        Shown("last_touched_at", "last_touched_at", "datetime", _("Last spoken to"), nullable=True),
        Shown("person_customer", "person_customer", "id", _("The contact's own customer record"), nullable=True),
        Shown("archived_at", "archived_at", "datetime", _("Left the company"), nullable=True),
        Shown("created_at", "created_at", "datetime", _("Added")),
        Shown("updated_at", "updated_at", "datetime", _("Changed")),
    ],
)


class CompanyId(Id):
    """The id of a customer that the caller sees; becomes the customer."""

    default_error_messages = {"unknown_id": _("There is no such customer in this business.")}

    def to_internal_value(self, data: Any) -> Any:
        pk = super().to_internal_value(data)
        rows = Customer.objects.visible_to(self.context["view"].actor)
        return rows.filter(pk=pk).first() or self.fail("unknown_id")


class ContactId(Id):
    """The id of a contact of a company that the caller sees; becomes the contact."""

    default_error_messages = {"unknown_id": _("There is no such contact of this company.")}

    def to_internal_value(self, data: Any) -> Any:
        pk = super().to_internal_value(data)
        rows = Contact.objects.visible_to(self.context["view"].actor)
        return rows.filter(pk=pk).first() or self.fail("unknown_id")


class ContactInput(Input):
    """What may be entered of a contact. A name is needed."""

    computed = frozenset(CONTACT.shown) - frozenset(CONTACT_FIELDS) - {"customer"}

    display_name = Text(
        max_length=200, allow_blank=True, required=False, help_text=_("First and last name when empty.")
    )
    first_name = Text(max_length=100, allow_blank=True, required=False)
    last_name = Text(max_length=100, allow_blank=True, required=False)
    title = Text(max_length=120, allow_blank=True, required=False)
    department = Text(max_length=120, allow_blank=True, required=False)
    email = Email(max_length=254, allow_blank=True, required=False)
    phone = Text(max_length=40, allow_blank=True, required=False)
    role = Choice(choices=ContactRole.choices, allow_blank=True, required=False)
    influence = Whole(min_value=min(Influence), max_value=max(Influence), allow_null=True, required=False)
    sentiment = Whole(min_value=min(Sentiment), max_value=max(Sentiment), allow_null=True, required=False)
    reports_to = ContactId(allow_null=True, required=False, help_text=_("Id of another contact of the company."))
    is_primary = Flag(required=False, help_text=_("Whoever has the mark so far loses it."))


class NewContactInput(ContactInput):
    customer = CompanyId(help_text=_("Id of the company at which the contact works."))


class TouchInput(Input):
    on = Day(
        required=False, allow_null=True, help_text=_("The day on which the contact was spoken to; today when left out.")
    )


class ContactConvertInput(Input):
    customer = CompanyId(
        required=False,
        allow_null=True,
        help_text=_("Id of the person's customer record; a new one is made when left out."),
    )
