"""Runs of the fuzzer, each with a seed of its own, and what they came to."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crm.environment import BASE_DIR
from crm.fuzz.installation import Installation

PHASES = ("examples", "coverage", "fuzzing", "stateful")


@dataclass
class Result:
    """What one run came to: requests sent, failures of each check, seconds, and the fuzzer's own words."""

    seed: int
    cases: int = 0
    seconds: float = 0
    failures: Counter[str] = field(default_factory=Counter)
    output: str = ""

    @property
    def server_errors(self) -> int:
        return self.failures["ServerError"]


def run(on: Installation, *, seed: int, cases: int, phases: Sequence[str] = PHASES, workers: int = 1) -> Result:
    """One run over the whole document with all checks, `cases` of each operation and phase."""
    report = on.folder / f"run-{seed}.json"
    settings = on.folder / "schemathesis.toml"
    settings.write_text(_settings(on), encoding="utf-8")
    began = time.monotonic()
    done = subprocess.run(
        [
            str(Path(sys.executable).parent / "st"), "--config-file", str(settings), "run", f"{on.url}/api/v1/schema",
            "--phases", ",".join(phases), "--checks", "all", "--exclude-checks", "positive_data_acceptance",
            "--max-examples", str(cases), "--seed", str(seed), "--workers", str(workers), "--continue-on-failure",
            "--request-timeout", "20", "--generation-database", "none", "--no-color", "--report", "json", "--report-json-path", str(report),
        ],
        cwd=on.folder, env=os.environ | {"PYTHONPATH": str(BASE_DIR)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}
    result = Result(seed, found.get("test_cases", {}).get("generated", 0), time.monotonic() - began)
    result.output = done.stdout + done.stderr
    for failure in found.get("failures", []):
        result.failures[failure["type"]] += failure["count"]
    result.failures["errors of the run"] = len(found.get("errors", [])) if found else 1
    result.failures += Counter()
    return result


def _settings(on: Installation) -> str:
    """The fuzzer's own settings: who calls, and the module with our check."""
    callers = on.folder / "callers.json"
    entries = [
        {"name": name, "fixedHeaders": [{"name": key, "value": value} for key, value in headers.items()]}
        for name, headers in on.callers.items()
    ]
    callers.write_text(json.dumps({"auth": entries}), encoding="utf-8")
    return "\n".join(
        [
            'hooks = "crm.fuzz.checks"',
            "[auth.wfc]",
            f"path = {json.dumps(str(callers))}",
            f"peers = {json.dumps(list(on.callers))}",
            "[generation]",
            "allow-x00 = true",
            "[checks.object_level_authorization]",
            "enabled = true",
        ]
    )
