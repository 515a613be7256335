"""What the queue calls."""

from dataclasses import replace
from typing import Any, cast

from django.utils.translation import gettext as _

from crm import clock
from crm.actor import Actor
from crm.errors import DomainError
from crm.models import ApiKey, Business, User
from crm.scope import scope
from crm.work import JobCancelled, JobRun
from customers import services
from customers.choices import BulkState, ImportState
from customers.filters import customers_matching
from customers.models import BulkRun, ImportJob
from customers.queries.bulk import rows_for
from customers.queries.icp import count_companies
from customers.registry import bulk_actions
from customers.services.icp import score_next


def import_file(work: JobRun, *, import_job_id: str) -> dict[str, Any]:
    """Take over an uploaded file; its rows and the end of the job are stored together."""
    record = ImportJob.objects.select_related("job", "requested_by").get(pk=import_job_id)
    try:
        with work.atomic(last=True):
            actor = replace(_asker(record), door="job", request_id=work.actor.request_id)
            done = services.run_import(actor=actor, import_job=record, work=work, at=clock.now())
            work.result = {"state": done.state, "counts": done.counts, "faults": done.fault_count}
            work.refused = str(done.error) if done.state == ImportState.FAILED else ""
    except DomainError as refusal:
        with work.atomic():
            services.fail_import(actor=work.actor, import_job=record, error=str(refusal.message), at=clock.now())
        raise
    return work.result


def change_customers(work: JobRun, *, run_id: str) -> dict[str, Any]:
    """Do a bulk change piece by piece, with the rights and the sight that who has asked for it has now; one that is cancelled
    stops between two pieces."""
    run = BulkRun.objects.select_related("job", "requested_by", "business").defer("customer_ids").get(pk=run_id)
    actor, action, business = _asker(run), bulk_actions[run.action], run.business
    rows, step = rows_for(action, actor), str(action.label)
    try:
        actor.require("customers.change_many", business)
        actor.require(action.permission, business)
        with work.atomic():
            matching = customers_matching(rows, actor, business, run.query) if run.state == BulkState.WAITING else rows
            run = services.settle_bulk_run(actor=actor, run=run, rows=matching)
        work.report(sum(run.counts.values()), run.total, step, force=True)
        done = -1
        while True:
            before = done
            with work.atomic():
                done = services.change_some(actor=actor, run=run, rows=rows, at=clock.now())
            if done == before or done >= run.total:
                break
            work.report(done, run.total, step, force=True)
    except (JobCancelled, DomainError):
        with work.atomic():
            services.finish_bulk_run(actor=actor, run=run, at=clock.now(), stopped=True)
        raise
    with work.atomic(last=True):
        work.result = {
            "run": str(run.pk),
            "counts": services.finish_bulk_run(actor=actor, run=run, at=clock.now()).counts,
        }
    return work.result


def _asker(run: BulkRun | ImportJob) -> Actor:
    """Who has asked for the run or import, with the rights as they stand now."""
    if run.requested_by is not None:
        return Actor.for_user(run.requested_by, door="job")
    job: Any = run.job
    if job.actor_kind == "user":
        return Actor.for_user(User.objects.get(pk=job.actor_id), door="job")
    if job.actor_kind == "api_key":
        return Actor.for_api_key(ApiKey.objects.get(pk=job.actor_id))
    return Actor.system(job.actor_label, kind=job.actor_kind)


def close_abandoned_bulk_runs(work: JobRun) -> dict[str, Any]:
    """Close the bulk changes whose job was cancelled before it began, or given up."""
    with work.atomic():
        closed = services.close_abandoned_bulk_runs(actor=work.actor, at=clock.now())
    return {"closed": closed}


def learn_words(work: JobRun) -> dict[str, Any]:
    """Keep the words of names that many customers have brought in, so that misspelt ones find them."""
    with work.atomic(last=True):
        work.result = {"learned": services.learn_words()}
    return work.result


def learn_all_words(work: JobRun) -> dict[str, Any]:
    """The same for every business, for names that came in by other ways."""
    learned = 0
    for business in Business.objects.filter(is_active=True).order_by("slug"):
        with scope(business), work.atomic():
            learned += services.learn_words()
    return {"learned": learned}


def purge_files(work: JobRun) -> dict[str, Any]:
    """Delete for good the files that were removed long ago, business by business, and those that no row names."""
    at, purged = clock.now(), 0
    for business in Business.objects.order_by("slug"):
        with scope(business), work.atomic():
            purged += services.purge_files(actor=work.actor, business=business, at=at)
    return {"purged": purged, "lost": services.clear_lost_files(actor=work.actor, at=at)}


def score_companies(work: JobRun) -> dict[str, Any]:
    """Bring the fit of all companies with the ideal customer up to date, piece by piece."""
    business, step = cast(Business, work.business), _("Scoring companies")
    total, last, done, written = count_companies(business), None, 0, 0
    while True:
        work.report(done, total, step, force=True)
        with work.atomic():
            last, scored, differed = score_next(business, last)
        if last is None:
            break
        done, written = done + scored, written + differed
    with work.atomic(last=True):
        work.result = {"companies": done, "changed": written}
    return work.result


def close_abandoned_imports(work: JobRun) -> dict[str, Any]:
    """Close the imports whose job was cancelled or given up, and delete their files."""
    with work.atomic():
        closed = services.close_abandoned_imports(actor=work.actor, at=clock.now())
    return {"closed": closed}
