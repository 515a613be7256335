"""Folding of text for search and order: case, accents and widths are taken away by one SQL function, the same for writes,
imports and queries."""

from functools import lru_cache

from django.db import connection
from django.db.models import CharField, Func


class Fold(Func):
    """`crm_fold(text)`; immutable, so that generated columns may use it."""

    function = "crm_fold"
    arity = 1
    output_field = CharField()


@lru_cache(maxsize=512)
def fold(text: str) -> str:
    """`text` as the search columns hold it; asked of the database once, as several searches of a request fold the same words."""
    with connection.cursor() as cursor:
        cursor.execute("select crm_fold(%s)", [text])
        return cursor.fetchone()[0] or ""
