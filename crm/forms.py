"""Forms of the staff pages: they carry the version that was read, show refusals at the field and keep what was typed."""

from datetime import datetime
from typing import Any

from django import forms

from crm.errors import DomainError, InvalidInput, StaleVersion


class DeedForm(forms.Form):
    """A form whose cleaned data are the arguments of a service."""

    fieldsets: list[tuple[Any, list[str]]] = []

    def __init__(self, *args: Any, actor: Any = None, business: Any = None, **kwargs: Any) -> None:
        self.actor, self.business = actor, business
        super().__init__(*args, **kwargs)

    def refuse(self, refusal: DomainError) -> None:
        """Show a service's refusal: at the fields that it names, else on top."""
        if isinstance(refusal, InvalidInput):
            for name, messages in refusal.errors.items():
                for message in messages:
                    self.add_error(name if name in self.fields else None, message)
        else:
            self.add_error(refusal.field if refusal.field in self.fields else None, str(refusal.message))


class VersionedForm(DeedForm):
    """A form over an existing record: carries the version that the person saw."""

    version = forms.CharField(widget=forms.HiddenInput, required=False)


def version_of(record: Any) -> str:
    """The version of a record as forms and ETags carry it."""
    return record.updated_at.isoformat()


def check_version(record: Any, version: str | datetime | None) -> None:
    """Raise StaleVersion when `version` is given and is not the record's; call it on the locked row."""
    if not version:
        return
    given = version.isoformat() if isinstance(version, datetime) else version
    if given != version_of(record):
        raise StaleVersion
