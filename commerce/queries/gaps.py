"""Order gaps: how often customers order, when their next order is expected, and whose is overdue.

A customer with three completed orders or more, whose cadence is a day or more, is overdue to order when before the present day began more
than factor × cadence days have passed since the last order, and not more than 365. Days late count from the day on which the next
order was expected. Who has been gone for longer is no gap any more.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, DateTimeField, DecimalField, ExpressionWrapper, F, Func, Q, QuerySet, Sum, Value
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from commerce.choices import ZERO
from crm import clock, formats
from crm.models import Business
from crm.paging import Sort
from customers.models import Customer, CustomerFacts
from customers.querysets import led_by_facts

BLOCK = "order_gaps"
FACTOR = Decimal("1.5")
"""By how many times the cadence an order is overdue, unless the business says otherwise."""
BY_EXPECTED = Sort(
    "next_order_on", "facts__next_order_on", "facts__customer_id", descending_first=True, narrow=led_by_facts
)
"""The order of those who are overdue, led by the index of expected orders."""
LEAST_ORDERS, LEAST_CADENCE, GONE_AFTER_DAYS = 3, Decimal(1), 365
_DAY_SECONDS = Decimal(86_400)
_SECONDS: "DecimalField[Decimal, Decimal]" = DecimalField(max_digits=20, decimal_places=6)


class SecondsBetween(Func):
    """Seconds from the second moment to the first."""

    template = "extract(epoch from (%(expressions)s))"
    arg_joiner = " - "
    arity = 2
    output_field = _SECONDS


def factor_of(business: Business) -> Decimal:
    return Decimal(str(business.settings.get(BLOCK, {}).get("factor", FACTOR)))


def day_begins(business: Business, at: datetime) -> datetime:
    """The first moment of the present day in the business's zone, in UTC."""
    here = datetime.combine(clock.today(business.time_zone, at), time(), tzinfo=ZoneInfo(business.time_zone))
    return here.astimezone(UTC)


def overdue(customers: QuerySet[Any], business: Business, at: datetime) -> QuerySet[Any]:
    """Those of the live customers who are overdue to order; the index of expected orders leads to them."""
    rows, late = _late(led_by_facts(customers), "facts__", business, at)
    return rows.filter(late)


def not_overdue(customers: QuerySet[Any], business: Business, at: datetime) -> QuerySet[Any]:
    """The others, those who have never ordered included."""
    rows, late = _late(customers, "facts__", business, at)
    return rows.exclude(late)


def _late(rows: QuerySet[Any], facts: str, business: Business, at: datetime) -> tuple[QuerySet[Any], Q]:
    """The rows, and the condition on their `facts` by which they are overdue."""
    begins = day_begins(business, at)
    passed = SecondsBetween(Value(begins, output_field=DateTimeField()), F(f"{facts}last_order_at"))
    allowed = F(f"{facts}days_between_orders") * Value(factor_of(business) * _DAY_SECONDS)
    late = {
        f"{facts}next_order_on__lte": clock.today(business.time_zone, at),
        f"{facts}order_count__gte": LEAST_ORDERS,
        f"{facts}days_between_orders__gte": LEAST_CADENCE,
        f"{facts}last_order_at__gte": begins - timedelta(days=GONE_AFTER_DAYS),
        "passed__gt": ExpressionWrapper(allowed, output_field=_SECONDS),
    }
    return rows.alias(passed=passed), Q(**late)


def is_overdue(facts: CustomerFacts, business: Business, at: datetime) -> bool:
    """What `overdue` asks, of one customer's facts."""
    pace, last, begins = facts.days_between_orders, facts.last_order_at, day_begins(business, at)
    if last is None or pace is None or facts.order_count < LEAST_ORDERS or pace < LEAST_CADENCE:
        return False
    if facts.next_order_on is None or facts.next_order_on > clock.today(business.time_zone, at):
        return False
    passed = begins - last
    seconds = passed.days * _DAY_SECONDS + passed.seconds + Decimal(passed.microseconds) / 1_000_000
    return passed <= timedelta(days=GONE_AFTER_DAYS) and seconds > pace * factor_of(business) * _DAY_SECONDS


def days_late(expected: date | None, today: date) -> int:
    """Calendar days since the next order was expected; 0 before."""
    return max((today - expected).days, 0) if expected else 0


@dataclass(frozen=True)
class Gaps:
    """How many customers of a business are overdue to order, and what their usual orders would bring together."""

    customers: int
    usual: Decimal


def gaps(business: Business, at: datetime) -> Gaps:
    """Of all live customers of the business, read off their facts alone."""
    rows, late = _late(CustomerFacts.objects.filter(business=business, is_live=True), "", business, at)
    found = rows.filter(late).aggregate(n=Count("pk"), usual=Sum("average_order_value"))
    return Gaps(found["n"], found["usual"] or ZERO)


def cadence_words(facts: CustomerFacts, business: Business, at: datetime) -> str:
    """How often the customer orders and when it is expected next, in a sentence; "" before there are two orders."""
    if facts.days_between_orders is None or facts.next_order_on is None:
        return ""
    if facts.days_between_orders < LEAST_CADENCE:
        return _("So far less than a day between orders.")
    late = days_late(facts.next_order_on, clock.today(business.time_zone, at))
    words = {"days": formats.number(round(facts.days_between_orders)), "day": formats.day(facts.next_order_on)}
    said = ngettext(
        "Orders every day; next expected %(day)s",
        "Orders every %(days)s days; next expected %(day)s",
        round(facts.days_between_orders),
    )
    if not late:
        return said % words + "."
    lateness = ngettext("%(late)s day late", "%(late)s days late", late) % {"late": formats.number(late)}
    return _("%(said)s; %(late)s.") % {"said": said % words, "late": lateness}


def gap_words(customer: Customer, at: datetime) -> str:
    """Why the customer counts as overdue to order; "" while it doesn't."""
    facts, business = customer.facts, customer.business
    expected = facts.next_order_on
    if expected is None or not is_overdue(facts, business, at):
        return ""
    late = days_late(expected, clock.today(business.time_zone, at))
    words = ngettext(
        "The next order was expected on %(day)s, %(late)s day ago, as one came every %(pace)s days.",
        "The next order was expected on %(day)s, %(late)s days ago, as one came every %(pace)s days.",
        late,
    )
    pace = formats.number(round(facts.days_between_orders or 0))
    return words % {"day": formats.day(expected), "late": formats.number(late), "pace": pace}
