"""Public data sets for trying the product on real input; not part of the repository, tests that need them say so and skip."""

from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data"


def real_file(name: str) -> Path:
    """The file's path; skips the test when the data sets are not there."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"the public data set {name} is not on this machine")
    return path
