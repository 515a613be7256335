"""What may be set, what is refused, and that the documents name the same."""

import re
from pathlib import Path

import pytest

from crm import environment as module
from crm.environment import BASE_DIR, VARIABLES, Environment, EnvironmentFault, from_file, read

KEY = "k3y-" + "abcdefghij" * 6
PEM = r"-----BEGIN PRIVATE KEY-----\nMIIEvg\n-----END PRIVATE KEY-----\n"
PRODUCTION = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": KEY,
    "JWT_PRIVATE_KEY": PEM,
    "PUBLIC_URL": "https://crm.example.com",
}


def with_values(**values: str) -> Environment:
    return read({"SECRET_KEY": "short is fine for development", **values})


def test_defaults_are_a_development_installation_on_this_machine() -> None:
    found = with_values()
    assert (found.environment, found.debug, found.port, found.public_url) == (
        "development",
        False,
        8000,
        "http://localhost:8000",
    )
    assert found.allowed_hosts == ["localhost", "127.0.0.1", "[::1]"]
    assert found.bind_address == "127.0.0.1"
    assert found.data_dir == BASE_DIR / "var"
    assert not found.database_is_external
    assert found.has_owner


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("ENVIRONMENT", "staging", "none of development, production"),
        ("DEBUG", "maybe", "neither true nor false"),
        ("PORT", "0", "from 1 to 65535"),
        ("PORT", "80a", "whole number"),
        ("PORT", "٨٠٠٠", "whole number"),
        ("PORT", "70000", "from 1 to 65535"),
        ("WEB_PROCESSES", "0", "from 1 to 64"),
        ("WEB_THREADS", "-1", "whole number"),
        ("TRUSTED_PROXIES", "all", "whole number"),
        ("BIND_ADDRESS", "localhost", "no IP address"),
        ("PUBLIC_URL", "crm.example.com", "begins with http"),
        ("PUBLIC_URL", "https://crm.example.com/desk", "must end after the host"),
        ("PUBLIC_URL", "https://crm.example.com:99999", "no address"),
        ("PUBLIC_URL", "ftp://crm.example.com", "begins with http"),
        ("ALLOWED_HOSTS", "https://crm.example.com", "no host name"),
        ("ALLOWED_HOSTS", "a.example.com,b example", "no host name"),
        ("DATABASE_URL", "mysql://u:p@h/crm", "PostgreSQL"),
        ("DATABASE_URL", "sqlite:///crm.db", "PostgreSQL"),
        ("DATABASE_URL", "postgres://u:p@h/", "names no database"),
        ("DATABASE_URL", "nonsense", ""),
        ("DATABASE_OWNER_URL", "postgres://o:p@h/crm", "DATABASE_URL is missing"),
        ("EMAIL_URL", "pigeon://mail", "no address of a mail server"),
        ("EMAIL_URL", "smtp://", "names no mail server"),
        ("DEFAULT_FROM_EMAIL", "the desk", "no e-mail address"),
        ("LOG_LEVEL", "LOUD", "none of DEBUG"),
        ("LOG_FORMAT", "xml", "none of json, text"),
        ("METRICS_TOKEN", "guessable", "at least 24"),
        ("METRICS_TOKEN", "é" * 30, "too weak"),
        ("QUEUE_WAIT_SECONDS", "0", "from 1 to 86400"),
        ("JWT_PRIVATE_KEY", "secret", "PEM"),
        ("DATA_DIR", "manage.py", "is a file"),
        ("BACKUP_KEY", "c2hvcnQ=", "32 bytes"),
        ("BACKUP_KEY", "not base64!", "32 bytes"),
        ("BACKUPS_KEPT", "0", "from 1 to 3650"),
        ("CRM_PROCESS", "cron", "none of web"),
        ("CRM_DB_ROLE", "root", "none of app"),
    ],
)
def test_wrong_value_is_refused_by_name_with_an_example(name: str, value: str, says: str) -> None:
    with pytest.raises(EnvironmentFault) as caught:
        with_values(**{name: value})
    message = str(caught.value)
    assert name.startswith("DATABASE") or message.startswith(name)
    assert says in message
    assert "for example" in message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "true"),
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "a" * 60),
        ("SECRET_KEY", "django-insecure-" + KEY),
        ("SECRET_KEY_FALLBACKS", f"{KEY},short"),
        ("ALLOWED_HOSTS", "*"),
        ("ALLOWED_HOSTS", "crm.example.com,*"),
        ("JWT_PRIVATE_KEY", ""),
        ("PUBLIC_URL", "http://crm.example.com"),
        ("PUBLIC_URL", "http://localhost:8000"),
        ("METRICS_TOKEN", "x" * 23),
    ],
)
def test_production_refuses(name: str, value: str) -> None:
    with pytest.raises(EnvironmentFault, match=name):
        read({**PRODUCTION, name: value})


def test_production_needs_a_host() -> None:
    with pytest.raises(EnvironmentFault, match="ALLOWED_HOSTS"):
        read({**PRODUCTION, "PUBLIC_URL": ""})
    with pytest.raises(EnvironmentFault, match="PUBLIC_URL"):
        read({**PRODUCTION, "PUBLIC_URL": "", "ALLOWED_HOSTS": "crm.example.com"})
    assert read(PRODUCTION).allowed_hosts == ["crm.example.com"]
    assert read(PRODUCTION).production


def test_missing_secret_key_names_the_command_that_writes_one() -> None:
    with pytest.raises(EnvironmentFault, match=r"manage\.py up"):
        read({})


def test_empty_value_counts_as_not_set() -> None:
    assert with_values(PORT="", PUBLIC_URL=" ", ALLOWED_HOSTS="").port == 8000


def test_private_key_on_one_line_is_unfolded() -> None:
    assert with_values(JWT_PRIVATE_KEY=PEM).jwt_private_key.count("\n") >= 2


@pytest.mark.parametrize(
    ("process", "timeout"), [("web", "5s"), ("worker", "10min"), ("command", None), ("test", None)]
)
def test_statement_timeout_depends_on_the_process(process: str, timeout: str | None) -> None:
    database = with_values(CRM_PROCESS=process).database
    options = database["OPTIONS"].get("options", "")
    if timeout is None:
        assert "timeout" not in options
    else:
        assert f"statement_timeout={timeout}" in options
        assert "lock_timeout=3s" in options
        assert "idle_in_transaction_session_timeout=30s" in options
    assert database["CONN_MAX_AGE"] == 600
    assert database["CONN_HEALTH_CHECKS"] is True


@pytest.mark.parametrize(("process", "seconds"), [("web", 3), ("worker", 10), ("command", 10)])
def test_a_page_waits_three_seconds_for_a_connection(process: str, seconds: int) -> None:
    options = with_values(CRM_PROCESS=process).database["OPTIONS"]
    assert options["connect_timeout"] == seconds
    assert options["tcp_user_timeout"] == 10_000


@pytest.mark.parametrize(("given", "found"), [("", "text"), ("json", "json")])
def test_log_lines_are_text_for_people_or_json_for_machines(given: str, found: str) -> None:
    assert with_values(LOG_FORMAT=given).log_format == found
    assert read(PRODUCTION).log_format == "json"


def test_external_database_for_both_roles() -> None:
    urls = {"DATABASE_URL": "postgres://app:a%2Fb@db:5433/crm", "DATABASE_OWNER_URL": "postgres://own:pw@db:5433/crm"}
    serving, owning = with_values(**urls), with_values(**urls, CRM_DB_ROLE="owner")
    assert (serving.database["USER"], serving.database["PASSWORD"], serving.database["PORT"]) == ("app", "a/b", 5433)
    assert owning.database["USER"] == "own"
    assert serving.has_owner
    assert not with_values(DATABASE_URL=urls["DATABASE_URL"]).has_owner


def test_mail_server_by_address() -> None:
    email = with_values(EMAIL_URL="smtp+tls://user:secret@mail.example.com:587").email
    assert (email["EMAIL_HOST"], email["EMAIL_PORT"], email["EMAIL_USE_TLS"]) == ("mail.example.com", 587, True)


def test_file_is_read_with_its_spaces_and_without_comments(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text(
        f"# a comment\nPORT=8123\nDEFAULT_FROM_EMAIL=Customer desk <desk@example.com>\nJWT_PRIVATE_KEY={PEM}\n"
    )
    found = with_values(**from_file(path))
    assert (found.port, found.default_from_email) == (8123, "Customer desk <desk@example.com>")
    assert found.jwt_private_key.startswith("-----BEGIN PRIVATE KEY-----\n")
    assert from_file(tmp_path / "missing") == {}


def test_unknown_name_of_the_module_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError):
        module.__getattr__("enviroment")


def test_documents_name_every_variable_and_no_other() -> None:
    example = re.findall(r"^([A-Z_]+)=", (BASE_DIR / ".env.example").read_text(), re.MULTILINE)
    assert sorted(example) == sorted(VARIABLES)
    described = re.findall(r"^\| `([A-Z_]+)` \|", (BASE_DIR / "docs/operations.md").read_text(), re.MULTILINE)
    assert sorted(described) == sorted(VARIABLES)
