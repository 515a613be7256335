"""How customers and imports are shown to programs; customers from the plugged fields."""

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, ExpressionWrapper, OuterRef, Q, Value
from django.db.models.functions import Coalesce, Concat, NullIf, Trim
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from crm.actor import Actor
from crm.api.representation import Representation, Shown
from crm.models import Business
from customers.choices import ImportState
from customers.models import Customer, CustomerTag
from customers.registry import Field, fields
from customers.services.values import PRIVATE

_SAMPLES = {
    "display_name": "Jordan Smith",
    "first_name": "Jordan",
    "last_name": "Smith",
    "email": "jordan@example.com",
    "country": "United Kingdom",
    "phone": "+44 20 7946 0018",
    "city": "London",
    "external_id": "C-1001",
    "size": "",
    "lifecycle_stage": "active",
    "lifecycle_substep": "adoption",
    "preferred_language": "EN",
}


_TYPES = {"customer": "id", "url": "text"}
"""How types of fields that pages write in their own way are shown to programs."""


FULL_NAME = Coalesce(NullIf(Trim(Concat("first_name", Value(" "), "last_name")), Value("")), "display_name")
IS_ACTIVE = ExpressionWrapper(Q(archived_at__isnull=True), output_field=BooleanField())
TAG_NAMES = ArraySubquery(CustomerTag.objects.filter(customer=OuterRef("pk")).order_by("tag__name").values("tag__name"))


def _shown(field: Field) -> Shown:
    column: Any = Customer._meta.get_field(field.path) if "__" not in field.path else None
    may_be_empty = column is None or column.blank
    choices = [("", ""), *field.choices] if may_be_empty and field.choices else field.choices
    return Shown(
        field.key,
        field.path,
        _TYPES.get(field.type, field.type),
        field.how or field.label,
        choices=choices,
        nullable=column is None or column.null,
        example=_SAMPLES.get(field.key),
    )


CUSTOMER = Representation(
    "Customer",
    [
        Shown("id", "id", "id"),
        Shown("first_name", "first_name", "text", _("First name"), example="Jordan"),
        Shown("last_name", "last_name", "text", _("Last name"), example="Smith"),
        Shown(
            "full_name",
            "full_name",
            "text",
            _("First and last name; without them, the name"),
            example="Jordan Smith",
            expression=FULL_NAME,
        ),
        Shown(
            "is_active",
            "is_active",
            "boolean",
            _("Whether the customer isn't archived"),
            example=True,
            expression=IS_ACTIVE,
        ),
        *(_shown(field) for field in fields if not field.permission),
        Shown("tags", "tag_names", "texts", _("Names of the tags"), example=["VIP"], expression=TAG_NAMES),
        Shown(
            "custom_values",
            "custom_values",
            "json",
            _("Values of the business's own fields, by their keys"),
            example={"plan": "Pro", "seats": "25"},
        ),
        Shown("currency", "", "currency", _("Currency of all amounts: the reporting currency of the business")),
        Shown("archived_at", "archived_at", "datetime", _("Archived"), nullable=True),
    ],
)

# What only holders of `customers.view_private` are shown, and of one customer at a time.
PRIVATE_FIELDS: dict[str, serializers.Field] = {
    "date_of_birth": serializers.DateField(
        allow_null=True, required=False, help_text=_("Left out for callers without customers.view_private")
    ),
    "birthday": serializers.CharField(
        required=False, help_text=_("Month and day; left out for callers without customers.view_private")
    ),
    "telegram_id": serializers.CharField(
        required=False, help_text=_("Left out for callers without customers.view_private")
    ),
}
PRIVATE_SAMPLE = {"date_of_birth": "1984-02-14", "birthday": "0214", "telegram_id": "@jordan_smith"}


def private_values(actor: Actor, customer: Customer, business: Business) -> dict[str, Any]:
    """What is private of a customer, as far as the actor may see it; a sealed value whose key is lost is null."""
    if not actor.may("customers.view_private", business):
        return {}
    sealed = {name: customer.opened(name) for name in PRIVATE}
    return {**sealed, "birthday": customer.birthday}


IMPORT = Representation(
    "Import",
    [
        Shown("id", "id", "id"),
        Shown("state", "state", "choice", _("State"), choices=ImportState.choices),
        Shown("resource", "resource", "text", _("Kind of file"), example="customers"),
        Shown("file_name", "file_name", "text", _("File"), example="customers.csv"),
        Shown("sha256", "sha256", "text", _("SHA-256 of the file"), example="9f86d081…"),
        Shown("row_count", "row_count", "number", _("Rows")),
        Shown("counts", "counts", "json", _("What was done"), example={"customers_created": 3}),
        Shown("fault_count", "fault_count", "number", _("Faulty rows"), example=0),
        Shown("error", "error", "text", _("Why nothing was imported")),
        Shown("job", "job", "id", _("The job that does it; see /api/v1/jobs/{id}"), nullable=True),
        Shown("requested_by", "requested_by", "user", _("Requested by"), nullable=True),
        Shown("created_at", "created_at", "datetime", _("Started")),
        Shown("finished_at", "finished_at", "datetime", _("Finished"), nullable=True),
    ],
)
