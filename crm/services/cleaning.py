"""What every deed does before it saves: the model's own rules, as a refusal that names the fields."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from crm.errors import InvalidInput


def clean(record: models.Model, *, exclude: Iterable[str] = ()) -> None:
    """Check the record's fields; uniqueness and constraints are the database's. Raises InvalidInput."""
    try:
        record.full_clean(exclude=set(exclude), validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        raise InvalidInput(dict(error.message_dict)) from error


def refuse_unknown(data: dict[str, Any], known: Iterable[str]) -> None:
    """Raise InvalidInput naming each field that the deed doesn't take."""
    unknown = set(data) - set(known)
    if unknown:
        raise InvalidInput({name: [_("There is no such field.")] for name in sorted(unknown)})
