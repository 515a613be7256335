"""What a bulk change would do, and what bulk changes have done."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from crm import paging
from crm.actor import Actor
from crm.models import Business
from customers.models import Customer
from customers.registry import BulkAction

EXAMINED = 5_000
"""How many customers a preview looks at; it says so when there are more."""
SAMPLE = 10


@dataclass(frozen=True)
class Plan:
    """What a deed would do to some customers: targets of those that it changes, reasons of those that it can't, and who stays as it is."""

    states: dict[UUID, dict[str, Any]]
    targets: dict[UUID, dict[str, Any]]
    blocked: dict[UUID, str]

    @property
    def unchanged(self) -> int:
        return len(self.states) - len(self.targets) - len(self.blocked)


@dataclass(frozen=True)
class Preview:
    """The plan in numbers: `total` customers, of which `examined` were looked at; samples are (id, name, before, after)."""

    total: int
    is_estimate: bool
    examined: int
    changes: int
    unchanged: int
    blocked: list[tuple[str, int]] = field(default_factory=list)
    samples: list[tuple[UUID, str, str, str]] = field(default_factory=list)


def plan_for(
    action: BulkAction, business: Business, customer_ids: Sequence[UUID], values: dict[str, Any], at: datetime
) -> Plan:
    """What the deed would do to these customers now; a few queries however many they are."""
    states = action.deed.read(customer_ids, values)
    targets = {pk: action.deed.aim(state, values, at) for pk, state in states.items()}
    targets = {pk: target for pk, target in targets.items() if target != states[pk]}
    blocked = action.deed.blocked(business, states, targets, values) if targets else {}
    return Plan(states, {pk: target for pk, target in targets.items() if pk not in blocked}, blocked)


def preview(
    action: BulkAction, business: Business, rows: QuerySet[Customer], values: dict[str, Any], at: datetime
) -> Preview:
    """What the deed would do to `rows`: counts, reasons of those that are blocked, and ten customers before and after."""
    ids = list(rows.order_by("pk").values_list("pk", flat=True)[: EXAMINED + 1])
    total, is_estimate = (len(ids), False) if len(ids) <= EXAMINED else paging.count(rows)
    plan = plan_for(action, business, ids[:EXAMINED], values, at)
    shown = sorted(plan.targets)[:SAMPLE]
    names = dict(Customer.objects.filter(pk__in=shown).values_list("pk", "display_name"))
    before = action.deed.words(business, [plan.states[pk] for pk in shown])
    after = action.deed.words(business, [plan.targets[pk] for pk in shown])
    return Preview(
        total, is_estimate, min(len(ids), EXAMINED), len(plan.targets), plan.unchanged,
        Counter(plan.blocked.values()).most_common(),
        [(pk, names[pk], old, new) for pk, old, new in zip(shown, before, after, strict=True)],
    )  # fmt: skip


def rows_for(action: BulkAction, actor: Actor) -> QuerySet[Customer]:
    """The customers that the actor sees and that the deed is for: live ones, or archived ones."""
    rows: Any = Customer.objects.visible_to(actor)
    if action.on_archived:
        return rows.filter(archived_at__isnull=False, is_unidentified=False)  # type: ignore[no-any-return]
    return rows.live()  # type: ignore[no-any-return]
