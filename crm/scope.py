"""The business scope: outside an opened one, no row of a business can be read or changed through the ORM.

The default manager of every table that holds a business adds an expression which is resolved when the SQL is made:
it raises `ScopeError` when no business is open, else it compiles to `business_id = …` (or `= ANY(…)` for several).
`scope(...)` is opened only by the middleware, API authentication, the job runner, a command's `--business`,
the admin's chooser and the test fixture.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import BooleanField, F, Func

_open: ContextVar[tuple[UUID, ...] | None] = ContextVar("open_businesses", default=None)


class ScopeError(RuntimeError):
    """A query on a business's rows was about to run while no business was open."""


@contextmanager
def scope(*businesses: Any) -> Iterator[None]:
    """Open the given businesses (instances or ids) for the queries inside the block, in place of any that were open."""
    ids = tuple(getattr(business, "pk", business) for business in businesses)
    token = _open.set(ids)
    try:
        yield
    finally:
        _open.reset(token)


def open_businesses() -> tuple[UUID, ...]:
    """Ids of the open businesses; raises ScopeError when no scope is open."""
    ids = _open.get()
    if ids is None:
        raise ScopeError("No business is open. Wrap the code in crm.scope.scope(business).")
    return ids


class InOpenScope(Func):
    """`<business column> is one of the open businesses`."""

    output_field = BooleanField()
    conditional = True
    arity = 1

    def as_sql(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, Sequence[Any]]:  # type: ignore[override]
        ids = open_businesses()
        column, params = compiler.compile(self.source_expressions[0])
        if len(ids) == 1:
            return f"{column} = %s", [*params, ids[0]]
        return f"{column} = ANY(%s)", [*params, list(ids)]


class ScopedManager(models.Manager[Any]):
    """Default manager of a table that holds a business."""

    use_in_migrations = False

    def get_queryset(self) -> models.QuerySet[Any]:
        return super().get_queryset().filter(InOpenScope(F("business")))


class UnscopedManager(models.Manager[Any]):
    """The only way round the scope, for the code that opens it; every caller is listed in tests/test_architecture.py."""

    use_in_migrations = False
