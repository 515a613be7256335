"""The gate and the doctor: no fault hides another, and every failure names its remedy."""

import sys

import pytest

from crm.environment import read
from crm.setup import checks, doctor, system
from crm.setup.checks import Step, production_variables, run_steps, static_steps
from crm.setup.doctor import Finding


def test_fault_of_one_step_does_not_hide_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    steps = [
        Step("first", [sys.executable, "-c", "print('broken'); raise SystemExit(3)"]),
        Step("second", ["/nonexistent/program"]),
        Step(
            "third",
            [sys.executable, "-c", "import os; print('hidden'); assert os.environ['MARK'] == '1'"],
            {"MARK": "1"},
        ),
    ]
    outcomes = run_steps(steps)
    assert [outcome.code for outcome in outcomes] == [3, 127, 0]
    shown = capsys.readouterr().out
    assert "broken" in shown
    assert "hidden" not in shown
    assert shown.index("first") < shown.index("second") < shown.index("third")


def test_gate_has_every_check_of_the_project() -> None:
    titles = " ".join(step.title for step in static_steps())
    for word in ("format", "lint", "contracts", "types", "production", "migrations"):
        assert word in titles


def test_production_variables_are_a_valid_production_environment() -> None:
    assert read(production_variables()).production


def test_pytest_runs_last_with_the_words_given_to_it(capfd: pytest.CaptureFixture[str]) -> None:
    assert checks._pytest(["--version"], failed=["types"]) == 0
    shown = capfd.readouterr().out
    assert shown.startswith("Failed before the tests: types.")
    assert "pytest" in shown


@pytest.mark.parametrize(("cores", "processes"), [(1, []), (2, ["2"]), (4, ["4"]), (64, ["4"]), (None, [])])
def test_the_tests_use_every_core_up_to_four(
    monkeypatch: pytest.MonkeyPatch, cores: int | None, processes: list[str]
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    assert checks.parallel()[:1] == [f"--numprocesses={number}" for number in processes]


def test_failure_shows_its_remedy_and_a_warning_does_not_fail() -> None:
    failure, warning, fine = (
        Finding("Disk", "full", "free some"),
        Finding("Web", "down", "up", warning=True),
        Finding("Clock", "right"),
    )
    assert [finding.failed for finding in (failure, warning, fine)] == [True, False, False]
    assert str(failure).splitlines() == ["FAIL  Disk               full", "      -> free some"]
    assert str(warning).startswith("warn")
    assert str(fine).startswith("ok")


def test_doctor_examines_everything_and_breaks_at_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(environment: object) -> Finding:
        raise RuntimeError("out of order")

    monkeypatch.setattr(doctor, "clock", broken)
    findings = list(doctor.examine(doctor.environment_for()))
    subjects = {finding.subject for finding in findings}
    assert {
        "Python",
        "Packages",
        "Settings",
        "Disk",
        "Database",
        "Database locale",
        "Serving role",
        "Migrations",
        "PDF",
    } <= subjects
    assert "RuntimeError: out of order" in findings[-1].state
    assert not [
        finding
        for finding in findings
        if finding.subject in ("Database", "Serving role", "Owner role") and finding.failed
    ]


def test_doctor_names_what_production_lacks() -> None:
    assert doctor.email(read({**production_variables(), "EMAIL_URL": ""})).failed


def test_database_that_is_away_is_a_finding() -> None:
    environment = read({"SECRET_KEY": "x", "DATABASE_URL": "postgres://app:pw@127.0.0.1:1/crm"})
    (finding,) = doctor.databases(environment)
    assert finding.failed
    assert "can't be reached" in finding.remedy


def test_lines_for_the_operator_are_whole_commands() -> None:
    assert "install" in system.pdf_line()
    assert "install" in system.browser_line()
