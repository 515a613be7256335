"""`manage.py test`, `quality` and `pytest`: every check of the project behind one door."""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from crm.environment import BASE_DIR, environment_for
from crm.setup import system
from crm.setup.database import available
from crm.setup.env_file import new_private_key
from crm.setup.faults import SetupFault
from crm.setup.locks import read_only

JOURNEYS = "tests/journeys"


@dataclass(frozen=True)
class Step:
    """One check in a process of its own; it passes when the process ends with 0."""

    title: str
    command: Sequence[str]
    variables: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    step: Step
    code: int
    output: str
    seconds: float


def test(arguments: list[str]) -> int:
    """Everything, with the journeys; further arguments go to pytest, which uses as many processes as `parallel` says."""
    if not system.install_chromium():
        raise SetupFault(f"The journeys need a browser: run {system.browser_line()}, then the same command again.")
    return _run(arguments or ["--cov"])


def quality(arguments: list[str]) -> int:
    """The same without the journeys, with the coverage that is asked for."""
    return _run(["--cov", f"--ignore={JOURNEYS}", *arguments])


def only_pytest(arguments: list[str]) -> int:
    """pytest alone with the database under it, for work on one test."""
    _as_test_process()
    with available(environment_for()):
        return _pytest(arguments)


def static_steps() -> list[Step]:
    python = sys.executable
    manage = [python, str(BASE_DIR / "manage.py")]
    return [
        Step("types (mypy)", [python, "-m", "mypy"]),
        Step("format (ruff)", [python, "-m", "ruff", "format", "--check", "--quiet", "."]),
        Step("lint (ruff)", [python, "-m", "ruff", "check", "--quiet", "."]),
        Step("contracts (import-linter)", [str(Path(python).parent / "lint-imports"), "--no-logo"]),
        Step("Django's checks", [*manage, "check", "--fail-level", "WARNING"]),
        Step(
            "Django's checks for production",
            [*manage, "check", "--deploy", "--fail-level", "WARNING"],
            production_variables(),
        ),
        Step("migrations are complete", [*manage, "makemigrations", "--check", "--dry-run"]),
    ]


def production_variables() -> dict[str, str]:
    """A believable production environment around the database of the tests."""
    return {
        "ENVIRONMENT": "production",
        "DEBUG": "false",
        "SECRET_KEY": secrets.token_urlsafe(64),
        "SECRET_KEY_FALLBACKS": "",
        "JWT_PRIVATE_KEY": new_private_key(),
        "PUBLIC_URL": "https://crm.example.com",
        "ALLOWED_HOSTS": "crm.example.com",
        "EMAIL_URL": "smtp+tls://desk:password@mail.example.com:587",
        "DEFAULT_FROM_EMAIL": "desk@example.com",
        "CRM_PROCESS": "web",
        "CRM_DB_ROLE": "app",
    }


def _as_test_process() -> None:
    """Tests run as the owner of the tables; WhiteNoise warns of a missing folder, and warnings are errors."""
    os.environ.update(CRM_PROCESS="test", CRM_DB_ROLE="owner")
    try:
        (environment_for().data_dir / "static").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise read_only(environment_for().data_dir, error) from None


def _run(pytest_arguments: Sequence[str]) -> int:
    _as_test_process()
    with available(environment_for()):
        outcomes = run_steps(static_steps())
        code = _pytest(
            [*parallel(), *pytest_arguments], failed=[outcome.step.title for outcome in outcomes if outcome.code]
        )
    return code or int(any(outcome.code for outcome in outcomes))


def parallel() -> list[str]:
    """A process for each core, four at most: together they stay below the connections that the database takes."""
    processes = min(os.cpu_count() or 1, 4)
    return [f"--numprocesses={processes}", "--dist=load"] if processes > 1 else []


def run_steps(steps: Sequence[Step]) -> list[Outcome]:
    """All steps, two at a time; each one's output is shown whole, and one's fault does not hide another's."""
    outcomes = []
    with ThreadPoolExecutor(max_workers=2) as pool:
        for outcome in pool.map(run_step, steps):
            mark = "failed" if outcome.code else "ok"
            print(f"{outcome.step.title:<34} {mark:<7} {outcome.seconds:5.1f} s", flush=True)
            if outcome.code:
                print(outcome.output.rstrip(), flush=True)
            outcomes.append(outcome)
    return outcomes


def run_step(step: Step) -> Outcome:
    begun = time.monotonic()
    try:
        done = subprocess.run(
            step.command,
            cwd=BASE_DIR,
            env={**os.environ, **step.variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        code, output = done.returncode, done.stdout
    except OSError as error:
        code, output = 127, str(error)
    return Outcome(step, code, output, time.monotonic() - begun)


def _pytest(arguments: Sequence[str], failed: Sequence[str] = ()) -> int:
    """pytest's summary is the last output, so what failed before it is said first."""
    if failed:
        print(f"Failed before the tests: {', '.join(failed)}.", flush=True)
    variables = {**os.environ, "PYTHONHASHSEED": "0"}  # every process must find the same tests in the same order
    done = subprocess.run([sys.executable, "-m", "pytest", *arguments], cwd=BASE_DIR, env=variables, check=False)
    return done.returncode
