"""What a process looks at before it serves: a database that it may not serve is a reason to end with one sentence."""

import logging

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection

from crm import health
from crm.log import log_uncaught

log = logging.getLogger(__name__)


class Unfit(Exception):
    """Why this process must not serve; one sentence that names the remedy."""


def begin() -> None:
    """Call it once when a process begins to serve or to work. Raises Unfit.

    A database that is away is no reason to end: requests are answered 503 until it is there.
    """
    log_uncaught()
    for sentence in warnings():
        log.warning(sentence)
    try:
        refuse_powerful_role()
        refuse_old_tables()
    except DatabaseError as error:
        log.warning("the database can't be examined yet: %s", error)
    finally:
        connection.close()


def refuse_powerful_role() -> None:
    """In production, raises Unfit for a role that could read past the rules of the database."""
    if settings.ENVIRONMENT != "production":
        return
    with connection.cursor() as cursor:
        cursor.execute("select rolname from pg_roles where rolname = current_user and (rolsuper or rolbypassrls)")
        row = cursor.fetchone()
    if row is not None:
        raise Unfit(
            f"The role {row[0]} of DATABASE_URL is a superuser or may bypass row-level security, which production refuses: "
            f"ALTER ROLE {row[0]} NOSUPERUSER NOBYPASSRLS, or use another role."
        )


def refuse_old_tables() -> None:
    """Raises Unfit while migrations are missing: pages over old tables would fail or write wrongly."""
    connection.ensure_connection()
    missing = health.unapplied(connection.connection)
    if missing:
        raise Unfit(f"The database lacks migrations ({', '.join(missing)}): run python3 manage.py migrate.")


def warnings() -> list[str]:
    """What works, but most likely not as it is meant in production."""
    found = []
    if settings.ENVIRONMENT == "production":
        if not settings.EMAIL_BACKEND.endswith("smtp.EmailBackend"):
            found.append("messages are only written to files or thrown away: set EMAIL_URL to a mail server")
        if not settings.METRICS_TOKEN:
            found.append("there are no metrics: set METRICS_TOKEN to let a monitoring system read them")
    return found
