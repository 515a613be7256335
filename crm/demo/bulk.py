"""Loading many rows: secondary indexes and foreign keys of the tables are put aside and built when the rows are in."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.apps import apps
from django.db import connection

from crm.registry import demo_parts

_FOREIGN_KEYS = """
select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint
where contype = 'f' and (conrelid = any(%(tables)s::regclass[]) or confrelid = any(%(tables)s::regclass[]))
order by conrelid::regclass::text, conname
"""
_UNIQUE = """
select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint
where contype = 'u' and conrelid = any(%(tables)s::regclass[]) order by conrelid::regclass::text, conname
"""
_INDEXES = """
select i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) from pg_index i
where i.indrelid = any(%(tables)s::regclass[]) and not i.indisprimary
  and not exists (select from pg_constraint c where c.conindid = i.indexrelid and c.contype in ('u', 'p'))
order by 1
"""
_OWNED = "select bool_and(pg_has_role(relowner, 'member')) from pg_class where oid = any(%(tables)s::regclass[])"


def tables() -> list[str]:
    """The tables that the demo data is loaded into."""
    return [apps.get_model(label)._meta.db_table for part in demo_parts for label in part.loads]


def owns_tables() -> bool:
    """May this database role rebuild indexes?"""
    with connection.cursor() as cursor:
        cursor.execute(_OWNED, {"tables": tables()})
        return bool(cursor.fetchone()[0])


@contextmanager
def indexes_afterwards() -> Iterator[None]:
    """Inside one transaction: the tables have only their primary keys; afterwards everything is built and checked."""
    parameters = {"tables": tables()}
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        cursor.execute("set constraints all deferred")
        cursor.execute(_FOREIGN_KEYS, parameters)
        foreign_keys = cursor.fetchall()
        cursor.execute(_UNIQUE, parameters)
        unique = cursor.fetchall()
        for table, name, _definition in [*foreign_keys, *unique]:
            cursor.execute(f"alter table {table} drop constraint {quote(name)}")
        cursor.execute(_INDEXES, parameters)
        indexes = cursor.fetchall()
        for name, _definition in indexes:
            cursor.execute(f"drop index {name}")
        cursor.execute("set local work_mem = '512MB'")
        cursor.execute("set local synchronous_commit = off")
    yield
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        cursor.execute("set constraints all deferred")
        cursor.execute("set local maintenance_work_mem = '1GB'")
        cursor.execute("set local max_parallel_maintenance_workers = 1")
        for _name, definition in indexes:
            cursor.execute(definition)
        for table, name, definition in [*unique, *foreign_keys]:
            cursor.execute(f"alter table {table} add constraint {quote(name)} {definition}")


def count_anew(*labels: str) -> None:
    """Renew the statistics of the models' tables before their rows are joined and checked; a table that was emptied counts as empty."""
    if owns_tables():
        names = [apps.get_model(label)._meta.db_table for label in labels]
        with connection.cursor() as cursor:
            cursor.execute(f"analyze {', '.join(names)}")


def tidy() -> None:
    """Statistics and visibility maps, so that the first pages are planned well; left to autovacuum inside a transaction or for other roles."""
    if connection.in_atomic_block or not owns_tables():
        return
    with connection.cursor() as cursor:
        cursor.execute(f"vacuum (analyze) {', '.join(tables())}")
