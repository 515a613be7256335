"""How records are shown: names, the columns they are read from, their types; for answers and for the schema alike."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from crm.api.patterns import AMOUNT, CURRENCY
from crm.errors import NotFound
from crm.forms import version_of
from crm.models import Business
from crm.money import EXPONENTS
from crm.registry import Text
from crm.statements import RowsOf

_EXAMPLES: dict[str, Any] = {
    "id": "01980a3e-5c1b-7e0a-9d3f-2b6f1c4d8e90",
    "ids": ["01980a3e-5c1b-7e0a-9d3f-2b6f1c4d8e90"],
    "texts": [],
    "user": "01980a3e-5c1b-7e0a-9d3f-2b6f1c4d8e91",
    "team": "01980a3e-5c1b-7e0a-9d3f-2b6f1c4d8e92",
    "text": "",
    "number": 3,
    "float": 0.5,
    "decimal": "2.5",
    "money": "1234.50",
    "date": "2026-01-31",
    "datetime": "2026-01-31T14:05:00Z",
    "currency": "GBP",
    "boolean": True,
    "json": {},
}


@dataclass(frozen=True)
class Shown:
    """A value of a representation.

    `path` is the column seen from the model, or the name under which `expression` is read; `type` one of id, ids, user, team, text,
    texts, choice, money, number, float, decimal, date, datetime, boolean, json, currency (the business's own, without a column);
    `currency` the path of the column that holds the currency of an amount (default: the business's).
    """

    key: str
    path: str
    type: str = "text"
    label: Text = ""
    choices: Sequence[tuple[str, Text]] = ()
    nullable: bool = False
    currency: str = ""
    example: Any = None
    expression: Any = None

    def value(self, row: Mapping[str, Any], business: Business) -> Any:
        if self.type == "currency":
            return business.currency
        value = row[self.path]
        if value is None:
            return None
        if self.type == "money":
            return amount(value, row[self.currency] if self.currency else business.currency)
        if self.type == "decimal":
            return plain_decimal(value)
        return value.astimezone(UTC) if isinstance(value, datetime) else value

    def is_plain(self) -> bool:
        """Whether the value is shown as it is read."""
        return type(self) is Shown and self.type in _PLAIN

    def documented(self) -> serializers.Field:
        """The field of the schema."""
        options: dict[str, Any] = {"help_text": self.label, "allow_null": self.nullable}
        match self.type:
            case "id" | "user" | "team":
                return serializers.UUIDField(**options)
            case "ids":
                return serializers.ListField(child=serializers.UUIDField(), **options)
            case "texts":
                return serializers.ListField(child=serializers.CharField(), **options)
            case "boolean":
                return serializers.BooleanField(**options)
            case "choice":
                return serializers.ChoiceField(choices=list(self.choices), **options)
            case "number":
                return serializers.IntegerField(**options)
            case "float":
                return serializers.FloatField(**options)
            case "date":
                return serializers.DateField(**options)
            case "datetime":
                return serializers.DateTimeField(**options)
            case "json":
                return serializers.DictField(**options)
            case "money" | "decimal":
                return serializers.RegexField(AMOUNT, **options)
            case "currency":
                return serializers.RegexField(CURRENCY, **options)
            case _:
                return serializers.CharField(**options)

    def sample(self) -> Any:
        if self.example is not None:
            return self.example
        return str(self.choices[0][0]) if self.type == "choice" else _EXAMPLES[self.type]


_PLAIN = {"id", "ids", "user", "team", "text", "texts", "choice", "number", "float", "boolean", "json", "date"}
"""Types whose values are shown as they are read."""


class Representation:
    """What is shown of a kind of record, in order. `name` names it in the schema."""

    def __init__(self, name: str, shown: Iterable[Shown]) -> None:
        self.name = name
        self.shown = {item.key: item for item in shown}
        self._plain = [(key, item.path) for key, item in self.shown.items() if item.is_plain()]
        self._made = [(key, item) for key, item in self.shown.items() if not item.is_plain()]
        self._serializer: type[serializers.Serializer] | None = None

    def paths(self, keys: Iterable[str] | None = None) -> set[str]:
        """The columns to read for the keys (default: all)."""
        chosen = [self.shown[key] for key in (self.shown if keys is None else keys)]
        return {path for item in chosen for path in (item.path, item.currency) if path}

    def read(self, rows: QuerySet, keys: Iterable[str] | None = None, more: Iterable[str] = ()) -> QuerySet:
        """The rows as dictionaries of what the keys (default: all) are made of, and of `more` columns."""
        wanted = self.paths(keys) | set(more)
        made = {item.path: item.expression for item in self.shown.values() if item.expression and item.path in wanted}
        return rows.values(*(wanted - made.keys()), **made)

    def of(self, row: Mapping[str, Any], business: Business, keys: Iterable[str] | None = None) -> dict[str, Any]:
        if keys is not None:
            return {key: self.shown[key].value(row, business) for key in keys}
        made = dict.fromkeys(self.shown)
        made.update((key, row[path]) for key, path in self._plain)
        made.update((key, item.value(row, business)) for key, item in self._made)
        return made

    def one(self, rows: QuerySet, pk: Any) -> dict[str, Any]:
        """The columns of one of the `rows`; raises NotFound."""
        found = self.read(rows.filter(pk=pk)).first()
        if found is None:
            raise NotFound
        return dict(found)

    def serializer(self, **more: Any) -> type[serializers.Serializer]:
        """The shape in the schema; `more` adds fields."""
        if not more and self._serializer:
            return self._serializer
        declared = {key: item.documented() for key, item in self.shown.items()}
        made = type(self.name, (serializers.Serializer,), {**declared, **more})
        if not more:
            self._serializer = made
        return made

    def sample(self) -> dict[str, Any]:
        return {key: item.sample() for key, item in self.shown.items()}


class RowsByKeys:
    """Reads the columns of a representation by the rows' keys. `rows` makes the queryset: of the open business, whoever asks."""

    def __init__(self, representation: Representation, rows: Callable[[], QuerySet]) -> None:
        self._representation, self._rows = representation, rows
        self._statement = lru_cache(maxsize=64)(self._statement_for)

    def __call__(self, keys: Iterable[str] | None, more: Iterable[str], pks: Sequence[Any]) -> list[dict[str, Any]]:
        """The columns that the `keys` (default: all) are made of, and `more`, of the rows `pks` in any order."""
        return self._statement(None if keys is None else frozenset(keys), frozenset(more))(pks)

    def _statement_for(self, keys: frozenset[str] | None, more: frozenset[str]) -> RowsOf:
        return RowsOf(lambda: self._representation.read(self._rows(), keys, more))


def amount(value: Decimal, currency: str) -> str:
    """Money as the API writes it: rounded half-up to the currency's smallest unit, "1234.50"."""
    return format(value.quantize(Decimal(1).scaleb(-EXPONENTS.get(currency, 2)), rounding=ROUND_HALF_UP), "f")


def plain_decimal(value: Decimal) -> str:
    """A decimal number without empty digits behind the point."""
    text = format(value, "f")
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def etag_of(updated_at: datetime) -> str:
    """The ETag of a record: the version that forms carry, in quotes."""
    return f'"{version_of(SimpleNamespace(updated_at=updated_at.astimezone(UTC)))}"'
