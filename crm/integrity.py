"""Integrity: rules about stored rows that no constraint of the database holds, examined set by set over all businesses."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.apps import apps
from django.core.files.storage import default_storage
from django.db import connection, models

from crm import clock
from crm.registry import Examined, IntegrityCheck, integrity_checks

FILES = "crm.files"
EXAMPLES = 5
NEW_FILE = timedelta(days=1)
"""A file younger than this may belong to a row that isn't committed yet."""


@dataclass(frozen=True)
class Found:
    """What one check has found."""

    check: IntegrityCheck
    rows: int
    broken: int
    examples: tuple[str, ...]


def examine(checks: Iterable[IntegrityCheck] | None = None) -> Iterator[Found]:
    """Run the checks (None: all) one after the other."""
    for check in integrity_checks if checks is None else checks:
        result = check.examine()
        yield Found(check, result.rows, result.broken, result.examples)


def by_sql(*tables: str, broken: str) -> Callable[[], Examined]:
    """Looks at every row of `tables`; the statement `broken` gives one sentence for each row that breaks the rule."""

    def look() -> Examined:
        with connection.cursor() as cursor:
            rows = 0
            for table in tables:
                cursor.execute(f"select count(*) from {table}")
                rows += int(cursor.fetchone()[0])
            cursor.execute(
                f"with broken (sentence) as materialized ({broken}) "
                f"select (select count(*) from broken), array(select sentence from broken limit {EXAMPLES})"
            )
            count, examples = cursor.fetchone()
        return Examined(rows, int(count), tuple(examples))

    return look


def subjects_are_there(model: str) -> Callable[[], Examined]:
    """Every deed on a record of the kind (`app.model`) names one of its business; for kinds that are never deleted."""

    def look() -> Examined:
        table = apps.get_model(model)._meta.db_table
        return by_sql(
            "crm_activity",
            broken=f"select 'Activity ' || a.id || ' is about {model} ' || a.subject_id || ', which is not there.' from crm_activity a "
            f"where a.subject_type = '{model}' "
            f"and not exists (select from {table} t where t.id::text = a.subject_id and t.business_id = a.business_id)",
        )()

    return look


CATALOG = by_sql(
    "pg_constraint",
    "pg_index",
    broken="""
    select 'The constraint ' || conname || ' was never validated.' from pg_constraint where not convalidated
    union all
    select 'The index ' || indexrelid::regclass || ' is not valid.' from pg_index where not indisvalid
    union all
    select datname || ' has had ' || checksum_failures || ' damaged blocks.' from pg_stat_database
    where datname = current_database() and checksum_failures > 0
    """,
)

DETAILS = by_sql(
    "crm_activitydetail",
    broken="""
    select 'The detail of activity ' || d.activity_id || ' belongs to another business, or to no activity.'
    from crm_activitydetail d left join crm_activity a on a.id = d.activity_id and a.business_id = d.business_id where a.id is null
    """,
)


def named_files() -> frozenset[str]:
    """The names of all files that rows hold."""
    names: set[str] = set()
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, models.FileField):
                rows = model._base_manager.exclude(**{field.name: ""}).values_list(field.name, flat=True)
                names.update(name for name in rows.iterator(chunk_size=5_000) if name)
    return frozenset(names)


def examine_files() -> Examined:
    """Every file that a row names is there, and every file of more than a day is named by a row."""
    old = clock.now() - NEW_FILE
    there = set(stored_files(""))
    named = named_files()
    lost = sorted(name for name in named - there if not default_storage.exists(name))
    unnamed = sorted(name for name in there - named if default_storage.get_modified_time(name) < old)
    words = [f"The file {name} is named by a row and not there." for name in lost]
    words += [f"The file {name} belongs to no row." for name in unnamed]
    return Examined(len(named | there), len(words), tuple(words[:EXAMPLES]))


def stored_files(folder: str) -> Iterator[str]:
    """The names of all files below the folder, which ends with a slash; of all that are stored when it is empty."""
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    for name in files:
        yield f"{folder}{name}"
    for name in folders:
        yield from stored_files(f"{folder}{name}/")
