"""The fields of bodies: what has the wrong type is refused instead of being turned into something else."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from crm.api.parsers import printable
from crm.api.patterns import DAY, INSTANT
from crm.models import Membership, Team

FIRST_YEAR, LAST_YEAR = 1900, 2199
MOST_UNKNOWN = 50
"""How many fields that a body should not have are named."""
_UUID_LENGTH = 36
_DIGITS = 30
_DECIMAL = re.compile(r"-?[0-9]{1,30}([.][0-9]{1,30})?", re.ASCII)


class Input(serializers.Serializer):
    """A body. Unknown and computed fields are refused by name; what is absent stays absent."""

    computed: frozenset[str] = frozenset()

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, Mapping):
            raise ValidationError({"": [ErrorDetail(_("The body must be a JSON object."), code="type")]})
        faults: dict[str, Any] = {}
        for name in data:
            if len(faults) == MOST_UNKNOWN:
                break
            if name in self.computed:
                faults[name] = [ErrorDetail(_("This field is computed and can't be set."), code="read_only")]
            elif name not in self.fields:
                faults[name] = [ErrorDetail(_("There is no such field."), code="unknown")]
        try:
            values = super().to_internal_value(data)
        except ValidationError as error:
            faults.update(error.detail)  # type: ignore[arg-type]
            values = {}
        if faults:
            raise ValidationError(faults)
        return values


class Text(serializers.CharField):
    """A string; blanks around it count for its length, though they aren't kept."""

    default_error_messages = {"type": gettext_lazy("A string is expected.")}

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if data is not serializers.empty and data is not None and not isinstance(data, str):
            self.fail("type")
        if isinstance(data, str) and self.max_length is not None and len(data) > self.max_length:
            message = self.error_messages["max_length"].format(max_length=self.max_length)
            raise ValidationError([ErrorDetail(message, code="max_length")])
        return super().run_validation(data)


class Email(serializers.EmailField, Text):
    """An e-mail address."""


class Url(serializers.URLField, Text):
    """A web address."""


class Choice(serializers.ChoiceField):
    """One of fixed words."""

    default_error_messages = {"type": gettext_lazy("A string is expected.")}

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("type")
        return super().to_internal_value(data)


class Flag(serializers.BooleanField):
    """true or false."""

    default_error_messages = {"type": gettext_lazy("true or false is expected.")}

    def to_internal_value(self, data: Any) -> Any:
        return data if isinstance(data, bool) else self.fail("type")


class Whole(serializers.IntegerField):
    """A whole number, not a string that holds one."""

    default_error_messages = {"type": gettext_lazy("A whole number is expected.")}

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("type")
        return super().to_internal_value(data)


class Amount(serializers.DecimalField):
    """An exact decimal number: a string such as "1234.50", or a JSON number."""

    default_error_messages = {"type": gettext_lazy("An amount such as 1234.50 is expected.")}

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, bool) or not isinstance(data, str | int | Decimal):
            self.fail("type")
        if isinstance(data, Decimal) and abs(data.adjusted()) < _DIGITS:  # a JSON number may be written 1.5e3
            data = format(data, "f")
        if not _DECIMAL.fullmatch(str(data)):
            self.fail("type")
        return super().to_internal_value(str(data))


@extend_schema_field({"type": "string", "format": "date", "pattern": DAY})
class Day(serializers.DateField):
    """A calendar day, 2026-01-31."""

    default_error_messages = {
        "type": gettext_lazy("A day such as 2026-01-31 is expected."),
        "year": gettext_lazy("The day must lie between the years 1900 and 2199."),
    }

    def to_internal_value(self, value: Any) -> date:
        if not isinstance(value, str) or not value.isascii():
            self.fail("type")
        day = super().to_internal_value(value)
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            self.fail("year")
        return day


class Id(serializers.UUIDField):
    """An id, written with its dashes."""

    default_error_messages = {"type": gettext_lazy("An id is expected.")}

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("type")
        if len(data) != _UUID_LENGTH:
            self.fail("invalid", value=printable(data))
        return super().to_internal_value(data)


class Member(Id):
    """The id of a user who works in the business; becomes the user."""

    default_error_messages = {"unknown_id": gettext_lazy("There is no such member in this business.")}

    def to_internal_value(self, data: Any) -> Any:
        pk = super().to_internal_value(data)
        found = Membership.objects.filter(user=pk, is_active=True).select_related("user").first()
        return found.user if found else self.fail("unknown_id")


class TeamId(Id):
    """The id of a team of the business; becomes the team."""

    default_error_messages = {"unknown_id": gettext_lazy("There is no such team in this business.")}

    def to_internal_value(self, data: Any) -> Any:
        pk = super().to_internal_value(data)
        return Team.objects.filter(pk=pk).first() or self.fail("unknown_id")


@extend_schema_field({"type": "string", "format": "date-time", "pattern": INSTANT})
class Moment(serializers.Field):
    """A moment with its offset, "2026-01-31T14:05:00Z"."""

    default_error_messages = {
        "type": gettext_lazy("A moment with its offset such as 2026-01-31T14:05:00Z is expected.")
    }

    def to_internal_value(self, data: Any) -> datetime:
        try:
            moment = parse_datetime(data) if isinstance(data, str) and data.isascii() and len(data) < 40 else None
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None or not FIRST_YEAR <= moment.year <= LAST_YEAR:
            self.fail("type")
        return moment

    def to_representation(self, value: Any) -> Any:
        return value
