"""How customers and imports are shown to programs; customers from the plugged fields."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from crm.api.representation import Representation, Shown
from customers.choices import ImportState
from customers.models import Customer
from customers.registry import Field, fields

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
}


def _shown(field: Field) -> Shown:
    column: Any = Customer._meta.get_field(field.path) if "__" not in field.path else None
    choices = [("", ""), *field.choices] if column is not None and column.blank and field.choices else field.choices
    return Shown(
        field.key,
        field.path,
        field.type,
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
        *(_shown(field) for field in fields),
        Shown("currency", "", "currency", _("Currency of all amounts: the reporting currency of the business")),
        Shown("archived_at", "archived_at", "datetime", _("Archived"), nullable=True),
    ],
)

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
