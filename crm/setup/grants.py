"""What the role of the web and the worker may do: rows yes, tables no, and of the trail only adding."""

import psycopg
from psycopg import sql

APPEND_ONLY = ("crm_activity", "crm_activityseal", "crm_accessrecord")
ERASABLE = ("crm_activitydetail",)


def grant(connection: psycopg.Connection, app_role: str) -> None:
    """Give `app_role` its rights on all tables and on those to come; run as their owner after migrations."""
    role = sql.Identifier(app_role)
    with connection.transaction():
        for statement in (
            "GRANT USAGE ON SCHEMA public TO {role}",
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
            "GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA public TO {role}",
            "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {role}",
            "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}",
            "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT, UPDATE ON SEQUENCES TO {role}",
            "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT EXECUTE ON FUNCTIONS TO {role}",
        ):
            connection.execute(sql.SQL(statement).format(role=role))
        for table, refused in [(name, "UPDATE, DELETE") for name in APPEND_ONLY] + [
            (name, "UPDATE") for name in ERASABLE
        ]:
            if connection.execute("SELECT to_regclass(%s)", [f"public.{table}"]).fetchone() != (None,):
                statement = f"REVOKE {refused} ON {{table}} FROM {{role}}"
                connection.execute(sql.SQL(statement).format(table=sql.Identifier("public", table), role=role))
