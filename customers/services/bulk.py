"""Changing many customers at once: asked for with a query or chosen ids, done in pieces by a job, one line per customer, and taken back.

The customers are settled when the work begins; each piece is one transaction that locks them, examines them again, writes them and
their lines and counts them, so that work which is killed goes on where it stood and does nothing twice.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import activity, jobs
from crm.actor import Actor
from crm.errors import DomainError, InvalidInput, NotFound
from crm.models import Business, JobState
from crm.scope import scope
from customers.choices import BulkResult, BulkState
from customers.models import BulkChange, BulkRun, Customer
from customers.queries.bulk import plan_for
from customers.registry import BulkAction, bulk_actions

PIECE = 1_000
MOST_IDS = 10_000
"""How many customers may be named one by one; more are named by a query."""
TASK = "customers.tasks.change_customers"
UNCHANGED, GONE = "unchanged", "gone"
"""Counted beside the results of lines: customers that stood there already, and those that were out of sight by then."""


class NotFinished(DomainError):
    code = "not_finished"
    message = gettext_lazy("This bulk change is still under way.")


class AlreadyUndone(DomainError):
    code = "already_undone"
    message = gettext_lazy("This bulk change was taken back already.")


class IsAnUndo(DomainError):
    code = "is_an_undo"
    message = gettext_lazy("What takes a bulk change back can't be taken back itself. Do the change again.")


@transaction.atomic
def start_bulk_run(
    *, actor: Actor, business: Business, action: str, values: dict[str, Any], query: str = "",
    customer_ids: Iterable[UUID] = (), requested_by: Any = None,
) -> BulkRun:  # fmt: skip
    """Ask for a deed on the customers of `customer_ids`, or on all that match `query` when the work begins (without ids).

    Raises NotAllowed, InvalidInput.
    """
    known = _known(action)
    actor.require("customers.change_many", business)
    actor.require(known.permission, business)
    ids = sorted(set(customer_ids))
    if len(ids) > MOST_IDS:
        raise InvalidInput({"ids": [_("Name at most %(number)d customers.") % {"number": MOST_IDS}]})
    run = BulkRun(
        business=business, action=action, values=known.deed.clean(business, values), query="" if ids else query, customer_ids=ids,
        requested_by=requested_by,
    )  # fmt: skip
    if len(run.query) > 4000:
        raise InvalidInput({"query": [_("The filters are longer than what can be kept.")]})
    return _queue(actor, business, run)


@transaction.atomic
def undo_bulk_run(*, actor: Actor, run: BulkRun, requested_by: Any = None) -> BulkRun:
    """Ask for taking a bulk change back: customers that still stand where it put them return to where they stood; the others are
    left as they are, each with its line. Raises NotFinished, AlreadyUndone, IsAnUndo, NotAllowed."""
    locked = _lock(run)
    actor.require("customers.change_many", locked.business)
    actor.require(_known(locked.action).permission, locked.business)
    if locked.undoes_id is not None:
        raise IsAnUndo
    if locked.state not in (BulkState.DONE, BulkState.STOPPED):
        raise NotFinished
    if BulkRun.objects.filter(undoes=locked).exists():
        raise AlreadyUndone
    undo = BulkRun(
        business=locked.business, action=locked.action, values=locked.values, undoes=locked, requested_by=requested_by
    )
    return _queue(actor, locked.business, undo)


@transaction.atomic
def settle_bulk_run(*, actor: Actor, run: BulkRun, rows: QuerySet[Customer]) -> BulkRun:
    """Settle whom the run is about: those of `rows`, or of the named ids that are among them; of an undo, those that were changed."""
    locked = _lock(run)
    if locked.state != BulkState.WAITING:
        return locked
    if locked.undoes_id is not None:
        lines = BulkChange.objects.filter(run=locked.undoes_id, result=BulkResult.CHANGED)
        ids: Sequence[UUID] = list(lines.order_by("customer_id").values_list("customer_id", flat=True))
    elif locked.customer_ids:
        ids = locked.customer_ids
    else:
        ids = list(rows.order_by("pk").values_list("pk", flat=True))
    locked.customer_ids, locked.total, locked.state = list(ids), len(ids), BulkState.RUNNING
    locked.save()
    return locked


@transaction.atomic
def change_some(*, actor: Actor, run: BulkRun, rows: QuerySet[Customer], at: datetime, most: int = PIECE) -> int:
    """Do the next piece of the run on those that are still among `rows` (of an undo: on all that it is about); returns how many
    customers are done by now."""
    locked = _lock(run)
    done = int(sum(locked.counts.values()))
    if locked.state != BulkState.RUNNING:
        return done
    ids = _piece(locked, done, most)
    if not ids:
        return done
    action = _known(locked.action)
    seen = Customer.objects.filter(hidden_at__isnull=True) if locked.undoes_id else rows
    held = seen.filter(pk__in=ids).order_by("pk").select_for_update(of=("self",), no_key=True)
    there = list(held.values_list("pk", flat=True))
    lines = _undo(actor, locked, action, there, at) if locked.undoes_id else _do(actor, locked, action, there, at)
    BulkChange.objects.bulk_create(lines)
    counts = Counter(locked.counts) + Counter(str(BulkResult(line.result).value) for line in lines)
    counts[UNCHANGED] += len(there) - len(lines)
    counts[GONE] += len(ids) - len(there)
    locked.counts = {name: number for name, number in counts.items() if number}
    locked.save(update_fields=["counts", "updated_at"])
    return done + len(ids)


@transaction.atomic
def finish_bulk_run(*, actor: Actor, run: BulkRun, at: datetime, stopped: bool = False) -> BulkRun:
    """End the run and record it: one activity with its counts, heard with the ids of the customers that it has changed."""
    locked = _lock(run)
    if locked.state in (BulkState.DONE, BulkState.STOPPED):
        return locked
    locked.state, locked.finished_at = BulkState.STOPPED if stopped else BulkState.DONE, at
    locked.save(update_fields=["state", "finished_at", "updated_at"])
    results = (BulkResult.CHANGED, BulkResult.UNDONE)
    touched = BulkChange.objects.filter(run=locked, result__in=results).values_list("customer_id", flat=True)
    activity.record(
        "customers.bulk.undone" if locked.undoes_id else "customers.bulk.changed", actor=actor, business=locked.business,
        subject=locked, batch=locked.pk, counts={"customers": locked.total, **locked.counts},
        payload={"action": locked.action, "values": locked.values, "stopped": stopped}, touched=list(touched),
    )  # fmt: skip
    return locked


def close_abandoned_bulk_runs(*, actor: Actor, at: datetime) -> int:
    """End the runs, of every business, whose job has ended without them: cancelled before it began, refused or given up."""
    over = (JobState.CANCELLED, JobState.DEAD, JobState.FAILED)
    left = BulkRun.unscoped.filter(state__in=[BulkState.WAITING, BulkState.RUNNING], job__state__in=over)
    closed = 0
    for run in left.defer("customer_ids").order_by("pk"):
        with scope(run.business_id):
            finish_bulk_run(actor=actor, run=run, at=at, stopped=True)
        closed += 1
    return closed


def _known(action: str) -> BulkAction:
    found = bulk_actions.get(action)
    if found is None:
        raise InvalidInput({"action": [_("There is no such bulk action.")]})
    return found


def _queue(actor: Actor, business: Business, run: BulkRun) -> BulkRun:
    run.total = len(run.customer_ids)
    run.save(force_insert=True)
    run.job = jobs.enqueue(TASK, actor=actor, business=business, run_id=str(run.pk))
    run.save(update_fields=["job", "updated_at"])
    return run


def _lock(run: BulkRun) -> BulkRun:
    rows = BulkRun.objects.select_for_update(of=("self",)).select_related("business").defer("customer_ids")
    locked: BulkRun | None = rows.filter(pk=run.pk).first()
    if locked is None:
        raise NotFound
    return locked


def _piece(run: BulkRun, done: int, most: int) -> list[UUID]:
    """The ids of the run behind those that are done; the database cuts them out, as there may be a million."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select customer_ids[%s:%s] from customers_bulkrun where id = %s", [done + 1, done + most, run.pk]
        )
        return list(cursor.fetchone()[0])


def _do(actor: Actor, run: BulkRun, action: BulkAction, there: list[UUID], at: datetime) -> list[BulkChange]:
    plan = plan_for(action, run.business, there, run.values, at)
    if plan.targets:
        action.deed.write(actor, run.business, plan.targets, run.values, at, is_undo=False)
    changed = [
        _line(run, pk, BulkResult.CHANGED, before=plan.states[pk], after=target) for pk, target in plan.targets.items()
    ]
    return changed + [
        _line(run, pk, BulkResult.BLOCKED, before=plan.states[pk], reason=reason) for pk, reason in plan.blocked.items()
    ]


def _undo(actor: Actor, run: BulkRun, action: BulkAction, there: list[UUID], at: datetime) -> list[BulkChange]:
    """Where a customer doesn't stand any more as the change has left it, somebody has decided otherwise since."""
    lines = {line.customer_id: line for line in BulkChange.objects.filter(run=run.undoes_id, customer__in=there)}
    now = action.deed.read(there, run.values)
    targets = {pk: line.before for pk, line in lines.items() if now.get(pk) == line.after}
    values = {**run.values, "reason": "undo"} if "reason" in run.values else run.values
    blocked = action.deed.blocked(run.business, now, targets, values) if targets else {}
    targets = {pk: target for pk, target in targets.items() if pk not in blocked}
    if targets:
        action.deed.write(actor, run.business, targets, run.values, at, is_undo=True)
    found = [_line(run, pk, BulkResult.UNDONE, before=now[pk], after=target) for pk, target in targets.items()]
    found += [_line(run, pk, BulkResult.BLOCKED, before=now[pk], reason=reason) for pk, reason in blocked.items()]
    return found + [
        _line(run, pk, BulkResult.CONFLICT, before=now.get(pk, {}), after=line.before)
        for pk, line in lines.items()
        if pk not in targets and pk not in blocked
    ]


def _line(
    run: BulkRun,
    pk: UUID,
    result: BulkResult,
    *,
    before: dict[str, Any],
    after: dict[str, Any] | None = None,
    reason: str = "",
) -> BulkChange:
    return BulkChange(
        business_id=run.business_id,
        run=run,
        customer_id=pk,
        result=result,
        before=before,
        after=after or {},
        reason=reason[:200],
    )
