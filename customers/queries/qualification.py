"""What was found out about a customer: its BANT verdict, technologies, signals and competitors, and signals as happenings."""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import F, Q, QuerySet, UUIDField
from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.actor import Actor
from crm.paging import BadCursor
from customers.models import CompetitorMention, Customer, Qualification, Signal, Technology
from customers.queries.timeline import Place
from customers.registry import TimelineEntry

QUALIFIED_FROM, PROMISING_FROM = 9, 5
PARTS = {
    "budget": gettext_lazy("Budget"),
    "authority": gettext_lazy("Authority"),
    "need": gettext_lazy("Need"),
    "timeline": gettext_lazy("Timeline"),
}
"""The four parts of BANT, in words."""
VERDICTS = (
    ("unknown", gettext_lazy("Not assessed")), ("early", gettext_lazy("Early")), ("promising", gettext_lazy("Promising")),
    ("qualified", gettext_lazy("Qualified")),
)  # fmt: skip
VERDICT_RULE = gettext_lazy(
    "The sum of the four levels, 0 to 12. Qualified: 9 or more, and none of the four at 0. Promising: 5 or more. Early: 1 to 4."
)


def qualification_of(customer: Customer) -> Qualification:
    """The customer's BANT; one that isn't stored while nobody has assessed it."""
    found = Qualification.objects.filter(customer=customer).select_related("assessed_by").first()
    return found or Qualification(business_id=customer.business_id, customer=customer)


def verdict_of(qualification: Qualification) -> str:
    """A key of VERDICTS: what the levels come to, by VERDICT_RULE."""
    score = qualification.bant_score
    parts = (qualification.budget, qualification.authority, qualification.need, qualification.timeline)
    if score >= QUALIFIED_FROM and all(parts):
        return "qualified"
    if score >= PROMISING_FROM:
        return "promising"
    return "early" if score else "unknown"


def technologies_of(customer: Customer) -> QuerySet[Any]:
    rows: QuerySet[Any] = Technology.objects.filter(customer=customer)
    return rows.order_by("category", "name", "id")


def signals_of(customer: Customer) -> QuerySet[Any]:
    """Open ones first, the strongest and latest on top."""
    rows: QuerySet[Any] = Signal.objects.filter(customer=customer)
    return rows.order_by(F("closed_on").desc(nulls_first=True), "-strength", "-seen_on", "-id")


def competitors_of(customer: Customer) -> QuerySet[Any]:
    rows: QuerySet[Any] = CompetitorMention.objects.filter(customer=customer)
    return rows.order_by("-seen_on", "-id")


def signal_entries(actor: Actor, customer_ids: Sequence[UUID], before: Place | None, limit: int) -> list[TimelineEntry]:
    """The source of the timeline that tells of signals, each at noon of the day on which it was seen."""
    rows = Signal.objects.filter(customer__in=list(customer_ids)).order_by("-seen_on", "-id")
    if before is not None:
        rows = rows.filter(_behind(*before))
    return [
        TimelineEntry(
            at=_noon(row.seen_on), key=str(row.pk), title=_("%(kind)s signal") % {"kind": row.get_kind_display()}, text=_told(row),
            by=row.source, customer_id=row.customer_id,
        )
        for row in rows[:limit]
    ]  # fmt: skip


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), tzinfo=get_current_timezone())


def _behind(moment: datetime, key: str) -> Q:
    day = moment.astimezone(get_current_timezone()).date()
    if key and _noon(day) == moment:
        try:
            last: Any = UUIDField().to_python(key)
        except ValidationError as error:
            raise BadCursor from error
        return Q(seen_on__lt=day) | Q(seen_on=day, id__lt=last)
    return Q(seen_on__lte=day) if _noon(day) < moment else Q(seen_on__lt=day)


def _told(signal: Signal) -> str:
    if signal.closed_on is None:
        return signal.text
    return _("%(text)s (no longer true since %(day)s)") % {"text": signal.text, "day": signal.closed_on.isoformat()}
