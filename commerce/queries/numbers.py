"""What is found by the number that stands on it, as orders and invoices are."""

from typing import Any

from django.db.models import QuerySet


def by_number(rows: QuerySet[Any], words: str, limit: int) -> list[Any]:
    """The rows whose number is or begins with the words, in one question; the one that it is comes first."""
    number = words.strip().removeprefix("#")
    if not number:
        return []
    # A range of the index on the number; `startswith` alone couldn't use it.
    begin = rows.filter(number__gte=number, number__lt=number + "\U0010ffff", number__startswith=number)
    exact = rows.filter(number__in={number, number.upper()})
    return list(dict.fromkeys(exact.union(begin.order_by("number")[:limit], all=True)))[:limit]
