"""What may differ between installations: read once from the process environment and from `.env`, checked, frozen."""

import base64
import ipaddress
import json
import os
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import environ

BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY_LENGTH = 50
BACKUP_KEY_BYTES = 32
LOG_FORMATS = ("json", "text")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
PROCESSES = ("web", "worker", "command", "test")
_TRUE = {"true", "1", "yes", "on"}
_FALSE = {"false", "0", "no", "off"}
_HOST = re.compile(r"^\.?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$|^\[[0-9A-Fa-f:.]+\]$|^\*$")
_ADDRESS = re.compile(r"^[^@\s<>\"]+@[^@\s<>\"]+$")
# A network that swallows packets is noticed after ten seconds; of no effect on a Unix socket.
_KEEPALIVE = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10_000}
_JWT_SAMPLE = r"-----BEGIN PRIVATE KEY-----\nMIIE...\n-----END PRIVATE KEY-----\n"
METRICS_TOKEN_LENGTH = 24
_STATEMENT_TIMEOUTS = {"web": "5s", "worker": "10min"}

# The closed list: name -> what it is, in the words of docs/operations.md (a test keeps the two alike).
VARIABLES = (
    "ENVIRONMENT",
    "DEBUG",
    "SECRET_KEY",
    "SECRET_KEY_FALLBACKS",
    "JWT_PRIVATE_KEY",
    "ALLOWED_HOSTS",
    "PUBLIC_URL",
    "BIND_ADDRESS",
    "PORT",
    "TRUSTED_PROXIES",
    "OPERATORS_NEED_SECOND_FACTOR",
    "WEB_PROCESSES",
    "WEB_THREADS",
    "API_READS_PER_MINUTE",
    "API_SEARCHES_PER_MINUTE",
    "API_WRITES_PER_MINUTE",
    "API_HEAVY_PER_MINUTE",
    "API_SIGN_INS_PER_MINUTE",
    "API_ANONYMOUS_PER_MINUTE",
    "API_BUSINESS_FACTOR",
    "JOB_FAST_WORKERS",
    "JOB_SLOW_WORKERS",
    "SESSION_IDLE_MINUTES",
    "SESSION_HOURS",
    "REAUTHENTICATION_MINUTES",
    "DATABASE_URL",
    "DATABASE_OWNER_URL",
    "EMAIL_URL",
    "DEFAULT_FROM_EMAIL",
    "LOG_LEVEL",
    "LOG_FORMAT",
    "METRICS_TOKEN",
    "QUEUE_WAIT_SECONDS",
    "DATA_DIR",
    "BACKUP_KEY",
    "BACKUP_DIR",
    "BACKUPS_KEPT",
)


class EnvironmentFault(Exception):
    """A value that can't be used; the message is one sentence for the operator."""

    def __init__(self, name: str, fault: str, example: str) -> None:
        self.name = name
        super().__init__(f"{name} {fault}; for example {name}={example}")


@dataclass(frozen=True)
class Environment:
    """One installation's values; `database` is for the role and the kind of process that reads them."""

    environment: str
    debug: bool
    secret_key: str
    secret_key_fallbacks: list[str]
    jwt_private_key: str
    allowed_hosts: list[str]
    public_url: str
    bind_address: str
    port: int
    trusted_proxies: int
    operators_need_second_factor: bool
    web_processes: int
    web_threads: int
    api_limits: dict[str, int]
    api_business_factor: int
    job_workers: dict[str, int]
    session_idle_minutes: int
    session_hours: int
    reauthentication_minutes: int
    database: dict[str, Any]
    database_is_external: bool
    has_owner: bool
    email: dict[str, Any]
    default_from_email: str
    log_level: str
    log_format: str
    metrics_token: str
    queue_wait_seconds: int
    data_dir: Path
    backup_key: bytes
    backup_dir: Path
    backups_kept: int
    process: str
    role: str

    @property
    def production(self) -> bool:
        return self.environment == "production"

    @property
    def testing(self) -> bool:
        return self.process == "test"


class _Reader:
    """Typed values out of one mapping of strings; an empty string counts as not set."""

    def __init__(self, source: Mapping[str, str]) -> None:
        values = {name: value.strip() for name, value in source.items() if value.strip()}
        self.env = environ.Env()
        self.env.ENVIRON = values
        self.values = values

    def text(self, name: str, default: str = "") -> str:
        return self.values.get(name, default)

    def choice(self, name: str, options: tuple[str, ...], default: str) -> str:
        value = self.text(name, default)
        if value not in options:
            raise EnvironmentFault(name, f"is '{value}', which is none of {', '.join(options)}", options[0])
        return value

    def flag(self, name: str, default: bool) -> bool:
        value = self.text(name, str(default)).lower()
        if value not in _TRUE | _FALSE:
            raise EnvironmentFault(name, f"is '{value}', which is neither true nor false", "false")
        return value in _TRUE

    def number(self, name: str, default: int, lowest: int, highest: int) -> int:
        value = self.text(name, str(default))
        if not (value.isascii() and value.isdigit()) or not lowest <= int(value) <= highest:
            raise EnvironmentFault(name, f"is '{value}', not a whole number from {lowest} to {highest}", str(default))
        return int(value)

    def words(self, name: str) -> list[str]:
        return [word.strip() for word in self.text(name).split(",") if word.strip()]


def read(source: Mapping[str, str]) -> Environment:
    """The environment that `source` describes; raises EnvironmentFault at the first value that can't be used."""
    reader = _Reader(source)
    name = reader.choice("ENVIRONMENT", ("development", "production"), "development")
    production = name == "production"
    debug = reader.flag("DEBUG", False)
    if production and debug:
        raise EnvironmentFault("DEBUG", "must be off in production, where it would show internals to visitors", "false")
    port = reader.number("PORT", 8000, 1, 65535)
    public_url = _public_url(reader, port)
    allowed_hosts = _allowed_hosts(reader, production, public_url)
    if production and not public_url.startswith("https://"):
        fault = f"is '{public_url}', which production refuses: without TLS passwords can be read on the way"
        raise EnvironmentFault("PUBLIC_URL", fault, "https://crm.example.com")
    data_dir = _data_dir(reader)
    process = reader.choice("CRM_PROCESS", PROCESSES, "command")
    role = reader.choice("CRM_DB_ROLE", ("app", "owner"), "app")
    return Environment(
        environment=name,
        debug=debug,
        secret_key=_secret_key(reader, production),
        secret_key_fallbacks=_fallback_keys(reader, production),
        jwt_private_key=_jwt_private_key(reader, production),
        allowed_hosts=allowed_hosts,
        public_url=public_url,
        bind_address=_bind_address(reader),
        port=port,
        trusted_proxies=reader.number("TRUSTED_PROXIES", 0, 0, 10),
        operators_need_second_factor=reader.flag("OPERATORS_NEED_SECOND_FACTOR", production),
        web_processes=reader.number("WEB_PROCESSES", min(os.cpu_count() or 1, 64), 1, 64),
        web_threads=reader.number("WEB_THREADS", 4, 1, 64),
        api_limits={
            "read": reader.number("API_READS_PER_MINUTE", 1200, 1, 10_000_000),
            "search": reader.number("API_SEARCHES_PER_MINUTE", 600, 1, 10_000_000),
            "write": reader.number("API_WRITES_PER_MINUTE", 300, 1, 10_000_000),
            "heavy": reader.number("API_HEAVY_PER_MINUTE", 30, 1, 10_000_000),
            "sign-in": reader.number("API_SIGN_INS_PER_MINUTE", 30, 1, 10_000_000),
            "anonymous": reader.number("API_ANONYMOUS_PER_MINUTE", 120, 1, 10_000_000),
        },
        api_business_factor=reader.number("API_BUSINESS_FACTOR", 4, 1, 1000),
        job_workers={
            "fast": reader.number("JOB_FAST_WORKERS", 2, 1, 64),
            "slow": reader.number("JOB_SLOW_WORKERS", 2, 1, 64),
        },
        session_idle_minutes=reader.number("SESSION_IDLE_MINUTES", 30, 1, 1440),
        session_hours=reader.number("SESSION_HOURS", 12, 1, 720),
        reauthentication_minutes=reader.number("REAUTHENTICATION_MINUTES", 10, 1, 1440),
        database=_database(reader, data_dir, process, role),
        database_is_external=bool(reader.text("DATABASE_URL")),
        has_owner=bool(reader.text("DATABASE_OWNER_URL")) or not reader.text("DATABASE_URL"),
        email=_email(reader),
        default_from_email=_from_email(reader),
        log_level=reader.choice("LOG_LEVEL", LOG_LEVELS, "INFO"),
        log_format=reader.choice("LOG_FORMAT", LOG_FORMATS, "json" if production else "text"),
        metrics_token=_metrics_token(reader),
        queue_wait_seconds=reader.number("QUEUE_WAIT_SECONDS", 60, 1, 86_400),
        data_dir=data_dir,
        backup_key=_backup_key(reader),
        backup_dir=BASE_DIR / Path(reader.text("BACKUP_DIR", str(data_dir / "backups"))).expanduser(),
        backups_kept=reader.number("BACKUPS_KEPT", 30, 1, 3650),
        process=process,
        role=role,
    )


def _secret_key(reader: _Reader, production: bool) -> str:
    key = reader.text("SECRET_KEY")
    if not key:
        raise EnvironmentFault(
            "SECRET_KEY", "is missing; 'python3 manage.py up' writes one into .env", "<50 random characters>"
        )
    if production:
        _refuse_weak("SECRET_KEY", key)
    return key


def _fallback_keys(reader: _Reader, production: bool) -> list[str]:
    keys = reader.words("SECRET_KEY_FALLBACKS")
    if production:
        for key in keys:
            _refuse_weak("SECRET_KEY_FALLBACKS", key)
    return keys


def _refuse_weak(name: str, key: str) -> None:
    if len(key) < SECRET_KEY_LENGTH or len(set(key)) < 5 or key.startswith("django-insecure-"):
        fault = f"is too weak for production: it needs at least {SECRET_KEY_LENGTH} random characters"
        raise EnvironmentFault(name, fault, "<50 random characters>")


def _metrics_token(reader: _Reader) -> str:
    """What a monitoring system has to know; without one there are no metrics."""
    token = reader.text("METRICS_TOKEN")
    if token and (len(token) < METRICS_TOKEN_LENGTH or not token.isascii()):
        fault = f"is too weak: it needs at least {METRICS_TOKEN_LENGTH} random characters"
        raise EnvironmentFault("METRICS_TOKEN", fault, "<32 random characters>")
    return token


def _jwt_private_key(reader: _Reader, production: bool) -> str:
    key = reader.text("JWT_PRIVATE_KEY").replace("\\n", "\n").strip("\"'")
    if production and not key:
        fault = "is missing, and without it the API can't hand out tokens; 'python3 manage.py up' writes one into .env"
        raise EnvironmentFault("JWT_PRIVATE_KEY", fault, _JWT_SAMPLE)
    if key and not re.fullmatch(
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----\n.+\n-----END [A-Z ]*PRIVATE KEY-----\s*", key, re.DOTALL
    ):
        raise EnvironmentFault(
            "JWT_PRIVATE_KEY",
            "is not a private key in PEM form with its line ends written as \\n",
            _JWT_SAMPLE,
        )
    return key


def _backup_key(reader: _Reader) -> bytes:
    """32 bytes, or none where no backups can be made yet."""
    try:
        key = base64.b64decode(reader.text("BACKUP_KEY"), validate=True)
    except ValueError:
        key = b"?"
    if key and len(key) != BACKUP_KEY_BYTES:
        raise EnvironmentFault(
            "BACKUP_KEY", f"is not the base64 form of {BACKUP_KEY_BYTES} bytes", "<44 characters that 'up' writes>"
        )
    return key


def _public_url(reader: _Reader, port: int) -> str:
    value = reader.text("PUBLIC_URL", f"http://localhost:{port}").rstrip("/")
    fault = ""
    try:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            fault = f"is '{value}', not an address that begins with http:// or https://"
        elif parts.path or parts.query or parts.fragment or parts.username:
            fault = f"is '{value}', but must end after the host and port"
        elif parts.port == 0:
            fault = f"is '{value}', whose port can't be 0"
    except ValueError:
        fault = f"is '{value}', which is no address"
    if fault:
        raise EnvironmentFault("PUBLIC_URL", fault, "https://crm.example.com")
    return value


def _allowed_hosts(reader: _Reader, production: bool, public_url: str) -> list[str]:
    hosts = reader.words("ALLOWED_HOSTS")
    for host in hosts:
        if not _HOST.match(host):
            raise EnvironmentFault(
                "ALLOWED_HOSTS", f"names '{host}', which is no host name", "crm.example.com,crm.internal"
            )
    if production and "*" in hosts:
        raise EnvironmentFault(
            "ALLOWED_HOSTS", "must name the hosts in production, '*' would accept any", "crm.example.com"
        )
    public_host = urlsplit(public_url).hostname or ""
    public = [f"[{public_host}]" if ":" in public_host else public_host]
    if production:
        if not hosts and not reader.text("PUBLIC_URL"):
            raise EnvironmentFault("ALLOWED_HOSTS", "is missing, and so is PUBLIC_URL", "crm.example.com")
        implied = public if reader.text("PUBLIC_URL") else []
    else:
        implied = [*public, "localhost", "127.0.0.1", "[::1]"]
    return list(dict.fromkeys([*hosts, *implied]))


def _bind_address(reader: _Reader) -> str:
    value = reader.text("BIND_ADDRESS", "127.0.0.1")
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        raise EnvironmentFault("BIND_ADDRESS", f"is '{value}', which is no IP address", "127.0.0.1") from None


def _data_dir(reader: _Reader) -> Path:
    path = BASE_DIR / Path(reader.text("DATA_DIR", "var")).expanduser()
    if path.exists() and not path.is_dir():
        raise EnvironmentFault("DATA_DIR", f"is '{path}', which is a file", "var")
    return path


def _email(reader: _Reader) -> dict[str, Any]:
    example = "smtp+tls://user:password@mail.example.com:587"
    try:
        config: dict[str, Any] = dict(_quietly(lambda: reader.env.email_url("EMAIL_URL", default="filemail:")))
    except (environ.ImproperlyConfigured, ValueError):
        raise EnvironmentFault("EMAIL_URL", "is no address of a mail server", example) from None
    if config["EMAIL_BACKEND"].endswith("smtp.EmailBackend") and not config.get("EMAIL_HOST"):
        raise EnvironmentFault("EMAIL_URL", "names no mail server", example)
    return config


def _from_email(reader: _Reader) -> str:
    value = reader.text("DEFAULT_FROM_EMAIL", "Customer desk <desk@localhost>")
    address = value.rpartition("<")[2].rstrip(">") if value.endswith(">") else value
    if "\n" in value or not _ADDRESS.match(address.strip()):
        raise EnvironmentFault("DEFAULT_FROM_EMAIL", f"is '{value}', which is no e-mail address", "desk@example.com")
    return value


def _database(reader: _Reader, data_dir: Path, process: str, role: str) -> dict[str, Any]:
    """`DATABASES["default"]` for one role: app serves, owner migrates and tests."""
    if reader.text("DATABASE_URL"):
        _external(reader, "DATABASE_URL")
        owner_url = "DATABASE_OWNER_URL" if reader.text("DATABASE_OWNER_URL") else "DATABASE_URL"
        config = _external(reader, owner_url if role == "owner" else "DATABASE_URL")
    elif reader.text("DATABASE_OWNER_URL"):
        raise EnvironmentFault(
            "DATABASE_URL", "is missing, though DATABASE_OWNER_URL is set", "postgres://app:pw@db/crm"
        )
    else:
        config = embedded_database(data_dir, role)
    timeout = _STATEMENT_TIMEOUTS.get(process)
    options = config.setdefault("OPTIONS", {})
    if timeout:
        limits = f"-c statement_timeout={timeout} -c lock_timeout=3s -c idle_in_transaction_session_timeout=30s"
        options["options"] = f"{options.get('options', '')} {limits}".strip()
    options.setdefault("connect_timeout", 3 if process == "web" else 10)
    for name, value in _KEEPALIVE.items():
        options.setdefault(name, value)
    options.setdefault("application_name", f"customer-desk-{process}")
    config |= {
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "TEST": {"NAME": reader.text("CRM_TEST_DATABASE", "test_crm"), "TEMPLATE": "template0"},
    }
    return config


def _external(reader: _Reader, name: str) -> dict[str, Any]:
    example = "postgres://crm_app:password@db.example.com:5432/crm"
    try:
        config: dict[str, Any] = dict(_quietly(lambda: reader.env.db_url(name)))
    except (environ.ImproperlyConfigured, ValueError):
        raise EnvironmentFault(name, "is no database address", example) from None
    if "postgresql" not in str(config.get("ENGINE", "")):
        raise EnvironmentFault(name, "must name a PostgreSQL database (postgres://...)", example)
    if not config.get("NAME"):
        raise EnvironmentFault(name, "names no database", example)
    return config | {"HOST": unquote(str(config.get("HOST") or ""))}  # a socket's folder is written as %2Fvar%2Frun


def embedded_database(data_dir: Path, role: str) -> dict[str, Any]:
    """How to reach the embedded PostgreSQL as `role`; works before it was ever made, so that settings can be read."""
    try:
        state = json.loads((data_dir / "postgres.json").read_text())
    except (OSError, ValueError):
        state = {}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "postgres" if role == "superuser" else "crm",
        "USER": "postgres" if role == "superuser" else f"crm_{role}",
        "PASSWORD": state.get("passwords", {}).get(role, ""),
        "HOST": state.get("socket", str(data_dir / "run")),
        "PORT": "5432",
    }


def _quietly(parse: Callable[[], Any]) -> Any:
    """django-environ warns about some odd addresses; we refuse them ourselves."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return parse()


def from_file(path: Path) -> dict[str, str]:
    """The values that stand in an `.env` file; a missing file holds none."""

    class _File(environ.Env):  # type: ignore[misc]  # the package has no types
        ENVIRON: dict[str, str] = {}

    if path.is_file():
        _File.read_env(path)
    return dict(_File.ENVIRON)


def environment_for(**changes: str) -> Environment:
    """The process environment over `.env`, and `changes` over both."""
    return read({**from_file(BASE_DIR / ".env"), **os.environ, **changes})


def explain(fault: EnvironmentFault) -> str:
    """The sentence for people, with the place where the value is mended."""
    return f"{fault} (set it in the environment or in .env)."


environment: Environment


def __getattr__(name: str) -> Environment:
    """`environment` is read at its first use, so that the set-up can write `.env` before."""
    if name != "environment":
        raise AttributeError(name)
    globals()[name] = environment_for()
    return globals()[name]  # type: ignore[no-any-return]
