"""Recurring revenue by month: what came, grew, shrank and went, read from the ledger of subscriptions.

Each customer's subscriptions count together. A customer that brought nothing at the end of the month before and something at the end of
a month is *new* (also when it comes back), one that brings more *expands*, one that brings less *contracts*, one that brings nothing any
more has *churned*: opening + new + expansion − contraction − churn = closing. Gross revenue retention is (opening − contraction − churn) ÷
opening, net revenue retention (opening + expansion − contraction − churn) ÷ opening. Money is per year, in the reporting currency.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from commerce.choices import ZERO
from commerce.models import Subscription
from crm.actor import Actor
from crm.models import Business

MOVEMENTS = ("new", "expansion", "contraction", "churn")
MOST_MONTHS = 60
# Every line of the ledger up to today as a step up or down; of subscriptions whose end has come and is not yet in the ledger, that too.
_MOVED = """
with lines as (
    select c.subscription_id, c."on" as day, c.id as place, c.mrr_after from commerce_subscriptionchange c
    where c.business_id = %(business)s and c."on" <= %(today)s
    union all
    select s.id, s.ended_on, 9223372036854775807, 0 from commerce_subscription s
    where s.business_id = %(business)s and s.status <> 'ended' and s.ended_on <= %(today)s
), steps as (
    select subscription_id, date_trunc('month', day)::date as month,
           mrr_after - coalesce(lag(mrr_after) over (partition by subscription_id order by day, place), 0) as step
    from lines
), monthly as (
    select s.customer_id, t.month, 12 * sum(t.step) as moved from steps t join commerce_subscription s on s.id = t.subscription_id
    where s.business_id = %(business)s {only} group by 1, 2
), standing as (
    select customer_id, month, moved, sum(moved) over (partition by customer_id order by month) as closing from monthly
), moves as (
    select customer_id, month, closing - moved as opening, closing, moved,
           case when closing = moved then 'new' when closing = 0 then 'churn' when moved > 0 then 'expansion'
                else 'contraction' end as movement
    from standing where moved <> 0
)
"""
_BY_MONTH = "select month, movement, sum(moved), count(*) from moves group by 1, 2 order by 1"
_OF_MONTH = """
select m.customer_id, k.display_name, m.opening, m.closing from moves m join customers_customer k on k.id = m.customer_id
where m.month = %(month)s and m.movement = %(movement)s order by abs(m.moved) desc, m.customer_id limit %(limit)s
"""


@dataclass(frozen=True)
class Bridge:
    """How annual recurring revenue went from the start of a month to its end; contraction and churn are what was lost, not below 0.
    `customers` says how many moved so."""

    first_day: date
    opening: Decimal
    new: Decimal
    expansion: Decimal
    contraction: Decimal
    churn: Decimal
    customers: dict[str, int]

    @property
    def closing(self) -> Decimal:
        return self.opening + self.new + self.expansion - self.contraction - self.churn

    @property
    def gross_retention(self) -> Decimal | None:
        """Percent of the opening revenue that stayed; None without any."""
        return 100 * (self.opening - self.contraction - self.churn) / self.opening if self.opening > 0 else None

    @property
    def net_retention(self) -> Decimal | None:
        """Percent of the opening revenue that its customers bring in the end; None without any."""
        kept = self.opening + self.expansion - self.contraction - self.churn
        return 100 * kept / self.opening if self.opening > 0 else None


@dataclass(frozen=True)
class Mover:
    """A customer whose annual recurring revenue has moved in a month."""

    customer_id: UUID
    name: str
    opening: Decimal
    closing: Decimal


def bridge(actor: Actor, business: Business, today: date, months: int = 12) -> list[Bridge]:
    """The months up to the running one, the first one first, of the customers that the actor may see."""
    last = today.year * 12 + today.month - 1
    firsts = [date(number // 12, number % 12 + 1, 1) for number in range(last - months + 1, last + 1)]
    opening = ZERO
    moved: dict[date, dict[str, tuple[Decimal, int]]] = {}
    for month, movement, amount, count in _asked(_BY_MONTH, actor, business, today):
        if month < firsts[0]:
            opening += amount
        else:
            moved.setdefault(month, {})[movement] = (amount, count)
    found = []
    for first in firsts:
        amounts = {name: moved.get(first, {}).get(name, (ZERO, 0)) for name in MOVEMENTS}
        found.append(
            Bridge(
                first, opening, amounts["new"][0], amounts["expansion"][0], -amounts["contraction"][0], -amounts["churn"][0],
                {name: count for name, (_amount, count) in amounts.items()},
            )
        )  # fmt: skip
        opening = found[-1].closing
    return found


def movers(
    actor: Actor, business: Business, today: date, month: date, movement: str, limit: int = 200
) -> Sequence[Mover]:
    """The customers that have moved so in the month, those that moved most first."""
    more = {"month": month, "movement": movement, "limit": limit}
    return [Mover(*row) for row in _asked(_OF_MONTH, actor, business, today, more)]


def _asked(
    question: str, actor: Actor, business: Business, today: date, more: dict[str, Any] | None = None
) -> list[tuple[Any, ...]]:
    parameters: dict[str, Any] = {"business": business.pk, "today": today, **(more or {})}
    seen = Subscription.objects.visible_to(actor).order_by().values("customer").distinct()
    parameters["customers"] = list(seen.values_list("customer", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(_MOVED.format(only="and s.customer_id = any(%(customers)s)") + question, parameters)
        return list(cursor.fetchall())
