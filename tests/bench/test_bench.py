"""The bench: that every benchmark runs on small data; how fast is published, never asserted."""

from datetime import date
from io import StringIO
from pathlib import Path

import orjson
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from crm import bench
from crm.demo import make_demo
from crm.models import Business
from crm.registry import benchmarks
from crm.scope import scope


@pytest.fixture
def shop(db: None) -> Business:
    make_demo(customers=150, seed=1, today=date(2026, 11, 21))
    return Business.objects.get(slug="demo")


def test_percentile_is_a_value_that_was_measured() -> None:
    assert bench.percentile([5.0, 1.0, 3.0], 95) == 5.0
    assert bench.percentile([float(n) for n in range(1, 101)], 95) == 95.0
    assert bench.percentile([7.0], 50) == 7.0


def test_figures_are_per_kind_in_the_order_of_their_coming() -> None:
    found = bench.figures("x", [("b", 0.010), ("a", 0.002), ("b", 0.030)], 20)
    assert [(f.what, f.n, f.p95, f.reached) for f in found] == [("b", 2, 30.0, False), ("a", 1, 2.0, True)]


@pytest.mark.parametrize("key", [benchmark.key for benchmark in benchmarks])
def test_each_benchmark_gives_samples(shop: Business, key: str) -> None:
    benchmark = benchmarks[key]
    with scope(shop):
        samples = [sample for _index, sample in zip(range(25), benchmark.run(shop), strict=False)]
    assert samples
    assert all(isinstance(what, str) and seconds > 0 for what, seconds in samples)


def test_the_command_prints_and_writes_the_figures(shop: Business, tmp_path: Path) -> None:
    out, file = StringIO(), tmp_path / "figures.json"
    name = connection.settings_dict["NAME"]
    call_command("bench", database=name, only="order_figures", json=file, stdout=out)
    assert "revenue of one day" in out.getvalue()
    written = orjson.loads(file.read_bytes())
    assert {figure["what"] for figure in written["figures"]} == {"figures of one customer", "revenue of one day"}
    assert written["machine"]["postgresql"].startswith("18")
    with pytest.raises(CommandError, match="There are: home"):
        call_command("bench", database=name, only="nothing", stdout=StringIO())
