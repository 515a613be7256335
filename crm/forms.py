"""Forms of the staff pages: they carry the version that was read, show refusals at the field and keep what was typed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django import forms
from django.db import models
from django.utils.translation import gettext as _

from crm import formats
from crm.errors import DomainError, InvalidInput, StaleVersion


@dataclass(frozen=True)
class Conflict:
    """A field that holds something else by now than what was typed, both in words; `taken` is the stored value as the field takes
    it, None where that is not one text."""

    name: str
    label: Any
    yours: str
    theirs: str
    taken: str | None


class DeedForm(forms.Form):
    """A form whose cleaned data are the arguments of a service."""

    fieldsets: list[tuple[Any, list[str]]] = []
    conflicts: tuple[Conflict, ...] = ()
    """Set when somebody else has saved the record meanwhile: the fields that differ."""

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

    def face(self, stored: Mapping[str, Any]) -> None:
        """Keep what was typed, hold it against what is `stored` by now, and carry the version of that from now on."""
        self.conflicts = tuple(self._conflicts(stored))
        typed: Any = self.data
        self.data = typed = typed.copy()
        if stored.get("version"):
            typed[self.add_prefix("version")] = stored["version"]

    def _conflicts(self, stored: Mapping[str, Any]) -> Iterable[Conflict]:
        for bound in self.visible_fields():
            value = stored.get(bound.name, bound.field.initial)
            if isinstance(bound.field, forms.FileField) or not bound.field.has_changed(value, bound.data):
                continue
            yours = in_words(bound.field, self.cleaned_data.get(bound.name))
            taken = bound.field.prepare_value(value)
            is_text = not isinstance(taken, bool | list | tuple | dict)
            yield Conflict(
                bound.name, bound.label, yours, in_words(bound.field, value),
                ("" if taken is None else str(taken)) if is_text else None,
            )  # fmt: skip


class VersionedForm(DeedForm):
    """A form over an existing record: carries the version that the person saw."""

    version = forms.CharField(widget=forms.HiddenInput, required=False)


def in_words(field: forms.Field, value: Any) -> str:
    """A value of a form's field as people read it; "" when there is none."""
    if value is None or value in ("", []):
        return ""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list | tuple | models.QuerySet):
        return ", ".join(in_words(field, one) for one in value)
    if isinstance(field, forms.ModelChoiceField):
        found = value if isinstance(value, models.Model) else field.queryset.filter(pk=value).first()  # type: ignore[union-attr]
        return str(found or "")
    if isinstance(field, forms.ChoiceField):
        choices: Any = field.choices
        flat = {str(key): label for key, label in choices if not isinstance(label, list | tuple)}
        return str(flat.get(str(value), value))
    if isinstance(value, date):
        return formats.moment(value)
    return str(value)


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
