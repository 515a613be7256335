"""The embedded PostgreSQL: closed to others, the right locale, there again after a kill, shared by several users."""

import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from crm.environment import BASE_DIR, read
from crm.setup import postgres_home
from crm.setup.checks import production_variables
from crm.setup.database import available, connect
from crm.setup.faults import SetupFault
from crm.setup.grants import grant
from crm.setup.postgres import Cluster, running
from crm.setup.postgres_home import open_home
from tests.setup.clusters import data_folder


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    with data_folder() as folder:
        yield folder


def variables(data_dir: Path, role: str = "app") -> dict[str, str]:
    return {"SECRET_KEY": "x", "DATA_DIR": str(data_dir), "CRM_DB_ROLE": role}


@pytest.fixture(scope="module")
def cluster(data_dir: Path) -> Iterator[Cluster]:
    with available(read(variables(data_dir))) as found:
        assert found is not None
        yield found


def value(connection: psycopg.Connection, query: str) -> object:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def test_locale_is_the_builtin_one_everywhere(cluster: Cluster) -> None:
    with cluster.connect() as connection:
        rows = connection.execute(
            "SELECT datname, datlocprovider, datlocale, pg_encoding_to_char(encoding) FROM pg_database"
        )
        found = {row[0]: row[1:] for row in rows}
    assert set(found) >= {"crm", "template0", "template1"}
    assert set(found.values()) == {("b", "PG_UNICODE_FAST", "UTF8")}
    with cluster.connect("crm", "app") as connection:
        assert value(connection, "SELECT lower('ÉÇŞ') || casefold('Straße')") == "éçşstrasse"


def test_the_locale_of_the_first_start_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("LC_") or name in ("LANG", "LANGUAGE")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LC_ALL", "C")
    with (
        data_folder() as folder,
        available(read(variables(folder))) as made,
        connect(read(variables(folder, "owner"))) as connection,
    ):
        assert made is not None
        connection.execute("CREATE TABLE people (name text, email text)")
        connection.execute("CREATE UNIQUE INDEX ON people (lower(email))")
        connection.execute("INSERT INTO people VALUES ('Émile', 'ÉMILE@example.com')")
        assert value(connection, "SELECT lower('ÉÇŞ') || upper('éçş') || initcap('émile')") == "éçşÉÇŞÉmile"
        assert value(connection, "SELECT count(*) FROM people WHERE name ILIKE 'émile'") == 1
        assert value(connection, "SELECT 'Émile' ~* 'ÉMILE'") is True
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO people VALUES ('emile', 'émile@example.com')")


def test_roles_have_no_more_power_than_they_need(cluster: Cluster) -> None:
    with cluster.connect() as connection:
        query = "SELECT rolname, rolsuper, rolbypassrls, rolcreatedb FROM pg_roles WHERE rolname LIKE 'crm\\_%'"
        assert {row[0]: row[1:] for row in connection.execute(query)} == {
            "crm_owner": (False, False, True),
            "crm_app": (False, False, False),
        }


def test_nobody_else_can_get_in(cluster: Cluster, data_dir: Path) -> None:
    home = cluster.home
    assert [stat.S_IMODE(path.stat().st_mode) for path in (home.data, home.socket)] == [0o700, 0o700]
    assert stat.S_IMODE(home.state_file.stat().st_mode) == 0o600
    assert len(os.fsencode(home.socket)) < postgres_home.LONGEST_SOCKET_FOLDER
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(host=str(home.socket), user="postgres", password="guess", dbname="postgres")
    with cluster.connect() as connection:
        assert value(connection, "SHOW listen_addresses") == ""
        assert value(connection, "SELECT count(*) FROM pg_hba_file_rules WHERE auth_method <> 'scram-sha-256'") == 0
    if os.geteuid() == 0:
        process = cluster.process()
        assert process is not None
        assert process.uids().real != 0


def test_owner_can_make_test_databases_of_the_same_locale(cluster: Cluster) -> None:
    with cluster.connect("postgres", "owner") as connection:
        connection.execute("CREATE DATABASE test_made TEMPLATE template0")
        try:
            assert (
                value(connection, "SELECT datlocale FROM pg_database WHERE datname = 'test_made'") == "PG_UNICODE_FAST"
            )
        finally:
            connection.execute("DROP DATABASE test_made")


def test_serving_role_may_only_add_to_the_trail(cluster: Cluster) -> None:
    tables = ("crm_activity", "crm_activitydetail", "thing")
    with cluster.connect("crm", "owner") as owner, cluster.connect("crm", "app") as app:
        for table in tables:
            owner.execute(f"CREATE TABLE {table} (id int GENERATED ALWAYS AS IDENTITY, name text)")
        try:
            grant(owner, "crm_app")
            grant(owner, "crm_app")
            for table in tables:
                app.execute(f"INSERT INTO {table} (name) VALUES ('a')")
            for statement in (
                "UPDATE crm_activity SET name = 'b'",
                "DELETE FROM crm_activity",
                "UPDATE crm_activitydetail SET name = 'b'",
                "CREATE TABLE other (id int)",
                "TRUNCATE thing",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    app.execute(statement)
            app.execute("DELETE FROM crm_activitydetail")
            app.execute("UPDATE thing SET name = 'b'")
            owner.execute("CREATE TABLE later (id int GENERATED ALWAYS AS IDENTITY, name text)")
            app.execute("INSERT INTO later (name) VALUES ('a')")
        finally:
            for table in (*tables, "later"):
                owner.execute(f"DROP TABLE IF EXISTS {table}")


def test_settings_fit_the_machine(cluster: Cluster) -> None:
    with cluster.connect() as connection:
        assert value(connection, "SHOW max_connections") == "100"
        assert value(connection, "SHOW wal_compression") == "pglz"
        assert value(connection, "SHOW fsync") == "on"
        size = value(connection, "SELECT setting::bigint * 8192 FROM pg_settings WHERE name = 'shared_buffers'")
    assert 128 * 2**20 <= int(str(size)) <= psutil.virtual_memory().total // 4


def test_second_user_keeps_it_up_and_the_last_one_stops_it() -> None:
    with data_folder() as folder:
        results: list[bool] = []

        def use(pause: float) -> None:
            with running(folder) as found:
                time.sleep(pause)
                results.append(found.answers())

        users = [threading.Thread(target=use, args=(pause,)) for pause in (0.0, 0.5)]
        for user in users:
            user.start()
        for user in users:
            user.join()
        assert results == [True, True]
        assert Cluster(open_home(folder)).process() is None


def test_killed_server_is_started_again_with_what_was_committed(data_dir: Path, cluster: Cluster) -> None:
    with cluster.connect("crm", "owner") as connection:
        connection.execute("CREATE TABLE kept (id int)")
        connection.execute("INSERT INTO kept VALUES (1)")
    process = cluster.process()
    assert process is not None
    process.kill()
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    with running(data_dir) as again, again.connect("crm", "owner") as connection:
        assert value(connection, "SELECT count(*) FROM kept") == 1
        connection.execute("DROP TABLE kept")


def test_stale_process_number_of_another_program_does_not_hinder(data_dir: Path, cluster: Cluster) -> None:
    cluster.stop()
    (cluster.home.data / "postmaster.pid").write_text(f"{os.getpid()}\n{cluster.home.data}\n0\n5432\n\n\n0 0\nready\n")
    if cluster.home.account:
        cluster.home.account.own(cluster.home.data / "postmaster.pid")
    assert cluster.process() is None
    cluster.ensure()
    assert cluster.answers()


def test_half_made_cluster_is_made_anew() -> None:
    with data_folder() as folder:
        partial = folder / "postgres.partial"
        partial.mkdir(parents=True)
        (partial / "half").write_text("left by a killed set-up")
        with running(folder) as found:
            assert found.answers()
        assert not partial.exists()


def test_user_that_was_killed_leaves_a_server_that_the_next_one_takes_over() -> None:
    with data_folder() as folder:
        program = f"""
import pathlib, time
from crm.setup.postgres import running
with running(pathlib.Path({str(folder)!r})):
    print("up", flush=True)
    time.sleep(60)
"""
        with subprocess.Popen([sys.executable, "-c", program], cwd=BASE_DIR, stdout=subprocess.PIPE) as user:
            assert user.stdout is not None
            assert user.stdout.readline() == b"up\n"
            user.send_signal(signal.SIGKILL)
        left = Cluster(open_home(folder)).process()
        assert left is not None
        with running(folder) as found:
            assert found.process() == left
        assert Cluster(open_home(folder)).process() is None


def test_lost_passwords_are_said_and_not_papered_over(data_dir: Path, cluster: Cluster) -> None:
    state_file = cluster.home.state_file
    state = state_file.read_text()
    try:
        state_file.unlink()
        if cluster.home.data.is_relative_to(data_dir.resolve()):
            with pytest.raises(SetupFault, match="passwords is missing"):
                open_home(data_dir)
        state_file.write_text("{")
        with pytest.raises(SetupFault, match="damaged"):
            open_home(data_dir)
    finally:
        state_file.write_text(state)
        state_file.chmod(0o600)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts it as another user")
def test_closed_folder_puts_the_cluster_where_its_user_can_live(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with data_folder() as elsewhere:
        monkeypatch.setattr(postgres_home, "SHARED_ROOT", elsewhere)
        elsewhere.mkdir(mode=0o755)
        home = open_home(closed / "var")
        assert home.data.is_relative_to(elsewhere)
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
        assert open_home(closed / "var") == home
        copy = postgres_home._copy_binaries(home.binaries, elsewhere / "copy")
        assert home.account is not None
        assert postgres_home._can_run(home.account, copy)
        assert json.loads(home.state_file.read_text())["data"] == str(home.data)


def test_external_database_that_does_not_answer_is_one_sentence() -> None:
    environment = read({"SECRET_KEY": "x", "DATABASE_URL": "postgres://app:pw@127.0.0.1:1/crm"})
    with pytest.raises(SetupFault, match="can't be reached") as caught, available(environment):
        pass
    assert "\n" not in str(caught.value)


def test_external_database_is_used_as_it_is(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    from crm.environment import EnvironmentFault
    from crm.setup import database

    def url(role: str, name: str) -> str:
        password = cluster.home.passwords["superuser" if role == "postgres" else role.removeprefix("crm_")]
        return f"postgres://{role}:{password}@{str(cluster.home.socket).replace('/', '%2F')}:5432/{name}"

    serving = {"SECRET_KEY": "k3y-" + "abcdefghij" * 6, "DATABASE_URL": url("crm_app", "crm")}
    with available(read(serving)) as nothing:
        assert nothing is None
    with connect(read(serving)) as connection:
        assert value(connection, "SELECT current_user") == "crm_app"
    powerful = {**serving, "DATABASE_URL": url("postgres", "crm")}
    production = {**production_variables(), "SECRET_KEY": serving["SECRET_KEY"]}
    with pytest.raises(EnvironmentFault, match="superuser"), available(read({**powerful, **production})):
        pass
    monkeypatch.setattr(database, "LOWEST_VERSION", 99)
    with pytest.raises(SetupFault, match="too old"), available(read(serving)):
        pass
