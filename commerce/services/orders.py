"""Taking, correcting and deleting orders: one by one or in batches, by the same rules, with the figures that follow from them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from commerce.choices import OrderFlag
from commerce.models import Order
from commerce.services.facts import refresh_order_facts
from commerce.services.order_judging import Judging
from commerce.services.order_plans import COMPARED, OrderDiffers, Taken
from commerce.services.order_writing import Writing
from commerce.services.refunded import mark_refunded
from commerce.services.revenue import refresh_revenue
from crm import activity, clock
from crm.actor import Actor
from crm.errors import InvalidInput, NotFound
from crm.forms import check_version
from crm.models import Business


@transaction.atomic
def create_order(*, actor: Actor, business: Business, at: datetime, **data: Any) -> tuple[Order, bool]:
    """Take an order; with the number and content of one that is there it is that one. Returns (order, whether it is new).

    Raises NotAllowed, InvalidInput, OrderDiffers.
    """
    taken = _take(actor, business, [data], at, replace=False)[0]
    if taken.differences:
        raise OrderDiffers(
            _("There is an order with this number and other content: %(fields)s.") % {"fields": ", ".join(taken.differences)},
            differences=taken.differences, faults=taken.difference_faults(),
        )  # fmt: skip
    if taken.order is None:
        raise InvalidInput(taken.faults)
    if taken.status == "created":
        _record("commerce.order.created", actor, taken.order, {"total": (None, taken.order.total)})
    return taken.order, taken.status == "created"


@transaction.atomic
def update_order(*, actor: Actor, order: Order, at: datetime, version: str | None = None, **data: Any) -> Order:
    """Correct an order; lines that are given replace all of them. Raises NotAllowed, StaleVersion, InvalidInput."""
    locked = _lock(order)
    actor.require("commerce.change_orders", locked.business)
    check_version(locked, version)
    before = Order.objects.get(pk=locked.pk)
    values = {"number": locked.number, **data}
    if values["number"] != locked.number:
        raise InvalidInput({"number": [_("An order keeps its number. Delete it and take it anew.")]})
    taken = _take(actor, locked.business, [values], at, replace=True)[0]
    if taken.order is None:
        raise InvalidInput(taken.faults)
    changes = activity.changes_between(before, taken.order, COMPARED)
    if taken.status == "updated":
        _record(
            "commerce.order.updated", actor, taken.order, changes or {"lines": (None, len(data.get("lines") or ()))}
        )
    return taken.order


@transaction.atomic
def delete_order(*, actor: Actor, order: Order, version: str | None = None) -> None:
    """Remove an order with its lines, as if it had never come in; refunds of it stay and are flagged. Raises NotAllowed, StaleVersion."""
    locked = _lock(order)
    actor.require("commerce.delete_orders", locked.business)
    check_version(locked, version)
    _record("commerce.order.deleted", actor, locked, {"number": (locked.number, None), "total": (locked.total, None)})
    customers, original = {locked.customer_id}, locked.refund_of_id
    days = {clock.today(locked.business.time_zone, locked.ordered_at)}
    flag = [OrderFlag.UNLINKED_REFUND.value]
    for refund in Order.objects.filter(refund_of=locked).order_by("pk"):
        Order.objects.filter(pk=refund.pk).update(refund_of=None, flags=sorted({*refund.flags, *flag}))
    locked.delete()
    if original:
        days |= {day for _buyer, day in mark_refunded(locked.business, [original])}
        customers |= set(Order.objects.filter(pk=original).values_list("customer_id", flat=True))
    refresh_order_facts(sorted(customers))
    refresh_revenue(sorted(days))


@transaction.atomic
def take_orders(
    *, actor: Actor, business: Business, rows: Sequence[Mapping[str, Any]], at: datetime, replace: bool = False
) -> list[Taken]:
    """Take many orders, each with a result of its own; one that is refused doesn't keep the others out. With `replace` an order of
    the same number is corrected, else one with other content is refused. Raises NotAllowed."""
    taken = _take(actor, business, rows, at, replace=replace)
    counts = {word: sum(one.status == word for one in taken) for word in ("created", "updated", "unchanged", "refused")}
    touched = sorted({one.order.customer_id for one in taken if one.order and one.status in ("created", "updated")})
    if touched:
        activity.record(
            "commerce.orders.taken", actor=actor, business=business, subject=business, counts=counts, touched=touched
        )
    return taken


def _take(
    actor: Actor, business: Business, asked: Sequence[Mapping[str, Any]], at: datetime, *, replace: bool
) -> list[Taken]:
    actor.require("commerce.change_orders" if replace else "commerce.add_orders", business)
    judging = Judging(actor, business, asked, replace=replace)
    plans = judging.plans()
    Writing(actor, business, at, judging.refunded).write(plans)
    return judging.taken


def _lock(order: Order) -> Order:
    locked: Order | None = (
        Order.objects.select_for_update(of=("self",)).select_related("business").filter(pk=order.pk).first()
    )
    if locked is None:
        raise NotFound
    return locked


def _record(verb: str, actor: Actor, order: Order, changes: dict[str, tuple[Any, Any]]) -> None:
    activity.record(
        verb,
        actor=actor,
        business=order.business_id,
        subject=order,
        about=order.customer_id,
        changes=changes,
    )
