"""Deals found by the words of their names."""

from typing import Any
from uuid import UUID

from django.db.models import BooleanField, Func, QuerySet, Value

from commerce.models import Opportunity
from commerce.models.deals import NAME_WORDS
from crm.actor import Actor
from crm.folding import fold

MATCHES = 1_000
"""How many matches a list of deals looks at."""
_PALETTE = 300
_FITS = BooleanField()


def fitting_deals(rows: QuerySet[Any], words: str) -> QuerySet[Any]:
    """The rows in whose name each of the words begins a word; case and accents don't count."""
    parts = "".join(letter if letter.isalnum() else " " for letter in fold(words[:200])).split()
    if not parts:
        return rows.none()
    asked = Value(" & ".join(f"'{part}':*" for part in parts[:8]))
    return rows.filter(
        Func(NAME_WORDS, asked, template="%(expressions)s::tsquery", arg_joiner=" @@ ", output_field=_FITS)
    )


def deals_matching(rows: QuerySet[Any], words: str) -> list[UUID]:
    """Ids of the rows that the words fit, `MATCHES` at most; the order by which a list goes is put on them afterwards."""
    return list(fitting_deals(rows, words).order_by().values_list("pk", flat=True)[:MATCHES])


def deals_by_name(actor: Actor, words: str, limit: int) -> list[Opportunity]:
    """The deals that the actor may see and whose name the words fit, the newest first of those that are looked at."""
    found = fitting_deals(Opportunity.objects.visible_to(actor), words).order_by().values("pk")[:_PALETTE]
    rows = Opportunity.objects.select_related("customer").filter(pk__in=found)
    return list(rows.order_by("-created_at", "-pk")[:limit])
