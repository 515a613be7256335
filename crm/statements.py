"""Questions that differ from one asking to the next by nothing but a business and keys: their SQL is made once.

For a row of fifty columns Django takes longer to write the SQL than the database to answer it.
"""

from collections.abc import Callable, Sequence
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.db.models import BooleanField, F, Func, QuerySet
from django.db.models.query import get_related_populators

from crm.scope import open_businesses

_BUSINESS, _KEYS = object(), object()
_CONSTANT = (str, int, bool)


class _Is(Func):
    """`<column> = <value>`, with the value of the asking."""

    output_field = BooleanField()
    conditional = True
    arity = 1

    def as_sql(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, Sequence[Any]]:  # type: ignore[override]
        column, params = compiler.compile(self.source_expressions[0])
        return f"{column} = %s", [*params, _KEYS]


class _IsOneOf(Func):
    """`<column> = ANY(<keys>)`: one parameter however many keys there are."""

    output_field = BooleanField()
    conditional = True
    arity = 1

    def as_sql(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, Sequence[Any]]:  # type: ignore[override]
        column, params = compiler.compile(self.source_expressions[0])
        return f"{column} = ANY(%s)", [*params, _KEYS]


class RowsOf:
    """Rows of the open business by their keys, as dictionaries of the columns that `queryset` names (`QuerySet.values`).

    The queryset is scoped and asks for nothing that changes: no moment, no actor. With several open businesses Django writes the
    SQL anew. Raises ImproperlyConfigured for a queryset with other values in it.
    """

    def __init__(self, make: Callable[[], QuerySet[Any]]) -> None:
        self._make = make
        self._sql = ""
        self._params: list[Any] = []

    def __call__(self, keys: Sequence[Any]) -> list[dict[str, Any]]:
        """The rows in any order; those that are gone are left out."""
        businesses = open_businesses()
        if len(businesses) != 1:
            return list(self._make().filter(pk__in=keys))
        if not self._sql:
            self._compile(businesses[0])
        given: dict[Any, Any] = {_BUSINESS: businesses[0], _KEYS: list(keys)}
        with connection.cursor() as cursor:
            cursor.execute(self._sql, [given.get(param, param) for param in self._params])
            found = cursor.fetchall()
        return [dict(zip(self._names, self._converted(row), strict=True)) for row in found]

    def _compile(self, business: Any) -> None:
        query = self._make().order_by().filter(_IsOneOf(F("pk"))).query
        compiler = query.get_compiler(connection=connection)
        sql, params = compiler.as_sql()
        self._params = [_BUSINESS if value == business else value for value in params]
        unknown = [p for p in self._params if p not in (_BUSINESS, _KEYS) and not isinstance(p, _CONSTANT)]
        if unknown:
            raise ImproperlyConfigured(f"A kept question can't hold {unknown[0]!r}, which may change.")
        self._names = list(query.selected or ())
        self._converters = compiler.get_converters([selected[0] for selected in compiler.select])
        self._sql = sql

    def _converted(self, row: Sequence[Any]) -> Sequence[Any]:
        if not self._converters:
            return row
        values = list(row)
        for position, (converters, expression) in self._converters.items():
            for convert in converters:
                values[position] = convert(values[position], expression, connection)
        return values


class RecordsBy:
    """Records whose `column` has a value, with those that `queryset` joins (`select_related`), as Django would have made them.

    The queryset asks for nothing that changes, and its table needs no open business. Raises ImproperlyConfigured for a queryset with
    other values in it.
    """

    def __init__(self, make: Callable[[], QuerySet[Any]], column: str) -> None:
        self._make, self._column = make, column
        self._sql = ""

    def __call__(self, value: Any) -> list[Any]:
        if not self._sql:
            self._compile()
        with connection.cursor() as cursor:
            cursor.execute(self._sql, [value if param is _KEYS else param for param in self._params])
            found = cursor.fetchall()
        if self._converters:
            found = list(self._compiler.apply_converters(found, self._converters))
        records = []
        for row in found:
            record = self._model.from_db(connection.alias, self._names, row[self._own])
            for related in self._related:
                related.populate(row, record)
            records.append(record)
        return records

    def _compile(self) -> None:
        compiler: Any = self._make().filter(_Is(F(self._column))).query.get_compiler(connection=connection)
        sql, params = compiler.as_sql()
        unknown = [param for param in params if param is not _KEYS and not isinstance(param, _CONSTANT)]
        if unknown:
            raise ImproperlyConfigured(f"A kept question can't hold {unknown[0]!r}, which may change.")
        own = compiler.klass_info["select_fields"]
        self._own = slice(own[0], own[-1] + 1)
        self._model = compiler.klass_info["model"]
        self._names = [selected[0].target.attname for selected in compiler.select[self._own]]
        self._related = get_related_populators(compiler.klass_info, compiler.select, connection.alias)  # type: ignore[call-arg]  # the stubs are ahead
        self._converters = compiler.get_converters([selected[0] for selected in compiler.select])
        self._compiler, self._params, self._sql = compiler, params, sql
