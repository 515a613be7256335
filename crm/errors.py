"""Refusals. A service that can't do what it is asked raises one of these; pages show it at the field, the API answers its status."""

from typing import Any

from django.db import IntegrityError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class DomainError(Exception):
    """A deed was refused. `status` is the HTTP status of the API's answer, `field` the field at fault ("" for the whole),
    `code` a stable word. Among the details, `shows` are the ids of customers whom the message names."""

    status = 409
    field = ""
    code = "refused"
    message: str | Promise = _("This can't be done.")

    def __init__(self, message: str | Promise | None = None, *, field: str | None = None, **details: Any) -> None:
        self.message = message if message is not None else type(self).message
        if field is not None:
            self.field = field
        self.details = details
        super().__init__(str(self.message))


class NotAllowed(DomainError):
    status = 403
    code = "not_allowed"
    message = _("Your role doesn't allow this. Ask an owner of the business for the permission.")


class NotFound(DomainError):
    status = 404
    code = "not_found"
    message = _("There is no such record, or you may not see it.")


class StaleVersion(DomainError):
    """Somebody else has saved the record since it was read."""

    status = 412
    code = "stale"
    message = _("Somebody else has changed this record since you opened it. Look at their version and save again.")


class InvalidInput(DomainError):
    """Values that can't be accepted; `errors` maps a field's name to its messages."""

    status = 422
    code = "invalid"
    message = _("Some values can't be accepted.")

    def __init__(self, errors: dict[str, list[str]], message: str | Promise | None = None) -> None:
        super().__init__(message)
        self.errors = errors


# Constraint names that the database reports -> the refusal that people read. Apps add theirs with `explain_constraint`.
_constraints: dict[str, tuple[str, str, str | Promise]] = {}


def explain_constraint(name: str, *, field: str, code: str, message: str | Promise) -> None:
    """Say what a violated database constraint means in words, once, beside the model that declares it."""
    _constraints[name] = (field, code, message)


def from_integrity_error(error: IntegrityError) -> DomainError | None:
    """The refusal that stands for a violated constraint, or None when nobody has explained that constraint."""
    diagnosis = getattr(error.__cause__, "diag", None)
    known = _constraints.get(getattr(diagnosis, "constraint_name", None) or "")
    if known is None:
        return None
    field, code, message = known
    refusal = DomainError(message, field=field)
    refusal.code = code
    return refusal
