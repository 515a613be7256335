"""The database under the settings: its roles and its existence when it is ours, its fitness when it is not."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

from crm.environment import Environment, EnvironmentFault, environment_for
from crm.setup.faults import SetupFault
from crm.setup.grants import grant
from crm.setup.postgres import Cluster, running

LOWEST_VERSION = 18
ROLES = {"owner": "LOGIN CREATEDB NOSUPERUSER NOBYPASSRLS", "app": "LOGIN NOCREATEDB NOSUPERUSER NOBYPASSRLS"}
DATABASE = "crm"


@contextmanager
def available(environment: Environment) -> Iterator[Cluster | None]:
    """The database answers for the length of the body; yields the embedded cluster, or None for an external one."""
    if environment.database_is_external:
        check_external(environment)
        yield None
        return
    with running(environment.data_dir) as cluster:
        ensure_database(cluster)
        yield cluster


def ensure_database(cluster: Cluster) -> None:
    """The two roles and the database of the embedded cluster; changes nothing that is there."""
    with cluster.connect() as connection:
        present = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
        for role, rights in ROLES.items():
            name = f"crm_{role}"
            if name not in present:
                password = sql.Literal(cluster.home.passwords[role])
                statement = sql.SQL("CREATE ROLE {} {} PASSWORD {}").format(
                    sql.Identifier(name), sql.SQL(rights), password
                )
                connection.execute(statement)
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone() is None:
            connection.execute(
                f"CREATE DATABASE {DATABASE} OWNER crm_owner TEMPLATE template0 ENCODING 'UTF8' "
                "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'PG_UNICODE_FAST'"
            )
            connection.execute(f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC")
            connection.execute(f"GRANT CONNECT, TEMPORARY ON DATABASE {DATABASE} TO crm_app")


def check_external(environment: Environment) -> None:
    """Reachable, new enough, and in production not a superuser; raises SetupFault or EnvironmentFault."""
    with connect(environment) as connection:
        version = connection.info.server_version // 10000
        if version < LOWEST_VERSION:
            raise SetupFault(
                f"The database server is PostgreSQL {version}, which is too old: "
                f"Customer desk needs {LOWEST_VERSION} or newer. "
                "Upgrade it, point DATABASE_URL elsewhere, or leave DATABASE_URL empty for the embedded one."
            )
        row = connection.execute(
            "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        if environment.production and environment.role == "app" and row is not None and row[0]:
            raise EnvironmentFault(
                "DATABASE_URL",
                "signs in as a superuser, which production refuses: use a role without SUPERUSER and BYPASSRLS",
                "postgres://crm_app:password@db.example.com/crm",
            )


def connect(environment: Environment) -> psycopg.Connection:
    """A short-lived connection as the role of this process; raises SetupFault when nobody answers."""
    settings = environment.database
    options: dict[str, Any] = {
        name: value for name, value in settings.get("OPTIONS", {}).items() if name not in ("pool", "assume_role")
    }
    names = {"HOST": "host", "PORT": "port", "USER": "user", "PASSWORD": "password", "NAME": "dbname"}
    parts = {parameter: settings[name] for name, parameter in names.items() if settings.get(name)}
    try:
        return psycopg.connect(**{**options, **parts, "connect_timeout": 5, "autocommit": True})
    except psycopg.Error as error:
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise SetupFault(
            f"The database can't be reached ({reason}): check DATABASE_URL and that the server runs, "
            "or leave DATABASE_URL empty for the embedded one."
        ) from None


def grant_app(environment: Environment) -> None:
    """Renew the rights of the role that serves; nothing to do where one external role is owner and server at once."""
    if not environment.has_owner:
        return
    with connect(environment_for(CRM_DB_ROLE="owner")) as owner:
        app_role = environment_for(CRM_DB_ROLE="app").database.get("USER")
        if app_role and app_role != owner.info.user:
            grant(owner, str(app_role))
