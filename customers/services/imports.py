"""Taking a file over: staged by COPY, checked set-wise, and written in one transaction, or refused whole with each faulty row named."""

import hashlib
import json
from datetime import datetime
from typing import IO, Any

from django.core.files import File
from django.db import DataError, IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from crm import activity, jobs
from crm.actor import Actor
from crm.errors import from_integrity_error
from crm.models import Business, JobState
from crm.money import CURRENCIES, EXPONENTS
from crm.scope import scope
from crm.work import JobRun
from customers.choices import ImportState
from customers.models import ImportJob, ImportRow
from customers.registry import ImportResource, import_resources
from customers.services.files import Fault, UnreadableFile, header_of, recognize, rows_of, type_rules

MAX_BYTES = 60 * 1024 * 1024
"""The largest file that comes in through page or API; the command line takes any."""
KEPT_FAULTS = 1_000


@transaction.atomic
def start_import(
    *, actor: Actor, business: Business, file: "File[Any]", resource: str = "", requested_by: Any = None
) -> ImportJob:
    """Keep the file and queue its import; `resource` is recognized by the header when not given.

    Raises UnreadableFile, NotAllowed.
    """
    if actor.door != "command" and file.size is not None and file.size > MAX_BYTES:
        raise UnreadableFile(
            _("The file is larger than %(size)d MB. Split it, or let the operator import it by the command line.")
            % {"size": MAX_BYTES >> 20}
        )
    found = recognize(file, resource)
    actor.require(found.permission, business)
    if found.complete:
        found.complete(found, business, header_of(file))
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    record = ImportJob(
        business=business, resource=found.key, file_name=(file.name or "file.csv").rsplit("/", 1)[-1][-200:],
        sha256=digest.hexdigest(), requested_by=requested_by,
    )  # fmt: skip
    record.file.save(f"{record.pk}.csv", file, save=False)
    record.save(force_insert=True)
    record.job = jobs.enqueue(
        "customers.tasks.import_file", actor=actor, business=business, import_job_id=str(record.pk)
    )
    record.save(update_fields=["job", "updated_at"])
    activity.record(
        "customers.import.started", actor=actor, business=business, subject=record,
        payload={"file": record.file_name, "resource": record.resource, "sha256": record.sha256},
    )  # fmt: skip
    return record


def run_import(*, actor: Actor, import_job: ImportJob, work: JobRun, at: datetime) -> ImportJob:
    """Stage, check and take over the file of `import_job`; afterwards it is done, or refused with its faults and nothing changed.
    What it may do beyond the import itself are the rights of `actor`.

    Imports of one business wait for each other. The uploaded file is deleted with the end of its import. Raises UnreadableFile.
    """
    resource = import_resources[import_job.resource]
    with transaction.atomic():
        record: ImportJob = (
            ImportJob.objects.select_for_update(of=("self",)).select_related("business").get(pk=import_job.pk)
        )
        if record.state in (ImportState.DONE, ImportState.FAILED):
            return record
        with record.file.open("rb") as file:
            if resource.complete:
                resource = resource.complete(resource, record.business, header_of(file))
            work.report(0, _count_lines(file), _("Reading the file"), force=True)
            rows, faults = _stage(file, resource, work)
        if not rows and not faults:
            raise UnreadableFile(_("The file has no rows below its header."))
        record.row_count = rows
        work.report(rows, max(rows * 2, 1), _("Checking"), force=True)
        _wait_for_others(record.business)
        faults += _check(resource, record.business, actor)
        record.finished_at = at
        if faults:
            record.state, record.fault_count = ImportState.FAILED, len(faults)
            ImportRow.objects.bulk_create(
                ImportRow(
                    business=record.business,
                    import_job=record,
                    line=fault.line,
                    column=fault.column[:80],
                    value=fault.value[:200],
                    reason=fault.reason[:300],
                )
                for fault in sorted(faults, key=lambda f: f.line)[:KEPT_FAULTS]
            )
            record.error = _("Nothing was imported: correct the faulty rows and upload the file again.")
        else:
            work.report(rows + rows // 4, rows * 2, _("Writing"), force=True)
            record.counts = _apply(resource, record, actor)
            record.state = ImportState.DONE
            jobs.enqueue(
                "customers.tasks.learn_words",
                actor=actor,
                business=record.business,
                dedupe_key=f"words:{record.business_id}",
            )
        _drop_file(record)
        record.save()
        activity.record(
            "customers.import.completed" if record.state == ImportState.DONE else "customers.import.refused",
            actor=actor, business=record.business, subject=record, batch=record.pk,
            counts=record.counts or {"faults": record.fault_count}, payload={"file": record.file_name},
        )  # fmt: skip
    return record


@transaction.atomic
def fail_import(*, actor: Actor, import_job: ImportJob, error: str, at: datetime) -> ImportJob:
    """Close an import that could not be read at all."""
    record: ImportJob = (
        ImportJob.objects.select_for_update(of=("self",)).select_related("business").get(pk=import_job.pk)
    )
    record.state, record.error, record.finished_at = ImportState.FAILED, error, at
    _drop_file(record)
    record.save()
    activity.record(
        "customers.import.refused", actor=actor, business=record.business, subject=record, payload={"error": error}
    )
    return record


def close_abandoned_imports(*, actor: Actor, at: datetime) -> int:
    """Close the imports, of every business, whose job was cancelled or given up; returns how many."""
    over = ImportJob.unscoped.filter(
        state__in=[ImportState.UPLOADED, ImportState.RUNNING], job__state__in=[JobState.CANCELLED, JobState.DEAD]
    ).select_related("job")
    closed = 0
    for record in over.order_by("pk"):
        words = _("The import was cancelled.") if record.job.state == JobState.CANCELLED else record.job.error
        with scope(record.business_id):
            fail_import(actor=actor, import_job=record, error=words, at=at)
        closed += 1
    return closed


def _wait_for_others(business: Business) -> None:
    """Let the imports of one business follow each other: each checks against what the one before has written."""
    with connection.cursor() as cursor:
        cursor.execute("set local lock_timeout = 0")
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"import:{business.pk}"])


def _apply(resource: ImportResource, record: ImportJob, actor: Actor) -> dict[str, int]:
    """What no check has foreseen (others write meanwhile) is a refusal too."""
    try:
        with transaction.atomic():
            return resource.apply(business=record.business, actor=actor, import_job=record)
    except IntegrityError as error:
        refusal = from_integrity_error(error)
        if refusal is None:
            raise
        raise UnreadableFile(
            _("Meanwhile somebody has changed what the file is about: %(reason)s Import it again.")
            % {"reason": refusal.message}
        ) from error
    except DataError as error:
        raise UnreadableFile(_("A text is longer, or a sum larger, than what can be stored.")) from error


def _drop_file(record: ImportJob) -> None:
    """Delete the uploaded file once the end of its import is stored: nobody needs its personal data any more."""
    storage, name = record.file.storage, record.file.name
    if name:
        record.file = ""
        transaction.on_commit(lambda: storage.delete(name))


def _count_lines(file: IO[bytes]) -> int:
    lines = sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))
    file.seek(0)
    return max(lines, 1)


def _stage(file: IO[bytes], resource: ImportResource, work: JobRun) -> tuple[int, list[Fault]]:
    """Copy the file's rows as text into the temporary table `import_stage(line, …columns)`; returns rows and faults of form."""
    names = ", ".join(f'"{column.name}" text not null' for column in resource.columns)
    faults: list[Fault] = []
    rows = 0
    with connection.cursor() as cursor:
        cursor.execute("drop table if exists pg_temp.import_stage")
        cursor.execute(f"create temporary table import_stage (line integer not null, {names}) on commit drop")
        with cursor.copy("copy pg_temp.import_stage from stdin") as copy:
            for line, values, fault in rows_of(file, resource):
                if fault:
                    faults.append(fault)
                    if len(faults) >= KEPT_FAULTS:
                        break
                    continue
                rows += 1
                copy.write_row([line, *values])
                if rows % 5_000 == 0:
                    work.report(rows)
        if resource.known_by:
            # the planner knows nothing of a business that has just begun: no order of joins may cost rows times rows
            cursor.execute(f'create index on pg_temp.import_stage ("{resource.known_by}")')
        cursor.execute("analyze pg_temp.import_stage")
    return rows, faults


def _check(resource: ImportResource, business: Business, actor: Actor) -> list[Fault]:
    """Faults of values, found set-wise: by each column's type, then by the resource's own rules."""
    faults: list[Fault] = []
    parameters: dict[str, Any] = {
        "business": business.pk, "currency": business.currency, "currencies": CURRENCIES, "zone": business.time_zone,
        "exponents": json.dumps(EXPONENTS),
    }  # fmt: skip
    with connection.cursor() as cursor:
        for column in resource.columns:
            for condition, reason in type_rules(column):
                quoted = f'"{column.name}"'
                cursor.execute(
                    f"select line, {quoted} from pg_temp.import_stage where {condition} order by line limit {KEPT_FAULTS}"
                )
                faults += [Fault(line, column.name, value, reason) for line, value in cursor.fetchall()]
        if not faults:
            binding = [check for check in resource.checks if not (check.unless and actor.may(check.unless, business))]
            for check in binding:
                cursor.execute(f"select line, value from ({check.sql}) f order by line limit {KEPT_FAULTS}", parameters)
                faults += [
                    Fault(line, check.column, value or "", str(check.reason)) for line, value in cursor.fetchall()
                ]
    return faults
