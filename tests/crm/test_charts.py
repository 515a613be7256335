"""Charts say the same in the drawing, in the table and in the summary, whatever the data."""

from collections.abc import Callable
from decimal import Decimal
from xml.etree import ElementTree

import pytest

from crm import charts
from crm.charts import Bar, Chart, Series
from crm.drawing import clip, text_width, ticks

SVG = "{http://www.w3.org/2000/svg}"


def read(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)  # noqa: S314 - our own drawing


def rects(chart: Chart) -> list[dict[str, str]]:
    return [mark.attrib for mark in read(chart.svg).iter(f"{SVG}rect") if mark.get("class") != "c-hit"]


def a_line(values: list[float | int | Decimal | None], **options: object) -> Chart:
    return charts.line("Revenue", [f"M{n}" for n in range(len(values))], [Series("2026", values)], **options)  # type: ignore[arg-type]


def test_a_line_is_drawn_told_and_tabled() -> None:
    chart = charts.line("Revenue", ["Jan", "Feb"], [Series("2026", [10, 20]), Series("2025", [5, None])], axis="Month")
    assert chart.columns == ("Month", "2026", "2025")
    assert chart.rows == (("Jan", "10", "5"), ("Feb", "20", "–"))
    assert chart.summary == "2026: 10 (Jan) to 20 (Feb); 2025: 5 (Jan) to 5 (Jan)"
    drawing = read(chart.svg)
    assert drawing.get("role") == "img"
    assert drawing.get("aria-label") == f"Revenue: {chart.summary}"
    assert {"2026", "2025"} <= {text.text for text in drawing.iter(f"{SVG}text")}
    assert drawing.get("width") != read(chart.svg_narrow).get("width")


def test_marks_lead_to_the_rows_behind_them() -> None:
    chart = charts.bars("Tiers", [Bar("Gold", 3, "/customers?tier=gold&sort=name"), Bar("Silver", 4)])
    links = list(read(chart.svg).iter(f"{SVG}a"))
    assert [(link.get("href"), link.get("aria-label")) for link in links] == [
        ("/customers?tier=gold&sort=name", "Gold: 3")
    ]
    assert read(chart.svg).get("role") == "group"
    printed = charts.bars("Tiers", [Bar("Gold", 3, "/customers")], palette="print")
    assert not list(read(printed.svg).iter(f"{SVG}a"))


@pytest.mark.parametrize(
    "values",
    [[], [None, None], [7], [0, 0, 0], [-3, -8], [-5, 0, 5], [1e300, 1e-300], [10**30, 1], [Decimal("0.1"), 2]],
)
@pytest.mark.parametrize(
    "draw",
    [
        a_line,
        lambda values: charts.bars("B", [Bar(str(n), value) for n, value in enumerate(values)]),
        lambda values: charts.bars("B", [Bar(str(n), value) for n, value in enumerate(values)], horizontal=False),
        lambda values: charts.sparkline(values, title="S"),
    ],
)
def test_every_kind_of_data_can_be_drawn(
    draw: Callable[[list[float | None]], Chart], values: list[float | None]
) -> None:
    chart = draw(values)
    for svg in (chart.svg, chart.svg_narrow, chart.svg_broad):
        text = str(svg).lower()
        assert "nan" not in text
        assert "inf" not in text
        width, height = (float(side) for side in read(svg).get("viewBox", "").split()[2:])
        for mark in read(svg).iter(f"{SVG}rect"):
            assert float(mark.get("width", 0)) >= 0
            assert float(mark.get("height", 0)) >= 0
            if mark.get("class") != "c-hit":
                assert -0.1 <= float(mark.get("x", 0)) <= width
                assert -0.1 <= float(mark.get("y", 0)) <= height
    assert len(chart.rows) == len(values)


def test_without_data_the_chart_says_so() -> None:
    assert "No figures yet." in charts.line("Revenue", [], []).svg
    assert charts.bars("Tiers", []).summary == "No figures yet."
    assert "No figure yet." in charts.gauge(None).svg


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("NaN")])
def test_what_is_no_number_is_refused(value: float | Decimal) -> None:
    for draw in (
        lambda: a_line([1, value]),
        lambda: charts.bars("B", [Bar("x", value)]),
        lambda: charts.sparkline([value]),
        lambda: charts.gauge(value),
    ):
        with pytest.raises(ValueError, match="can't be drawn"):
            draw()


def test_bars_start_at_zero_and_keep_their_proportion() -> None:
    small, large = rects(charts.bars("B", [Bar("a", 50), Bar("b", 100)]))
    assert small["x"] == large["x"]
    assert float(large["width"]) == pytest.approx(2 * float(small["width"]), abs=0.2)
    low, high = rects(charts.bars("B", [Bar("a", 50), Bar("b", 100)], horizontal=False))
    assert float(low["y"]) + float(low["height"]) == pytest.approx(float(high["y"]) + float(high["height"]), abs=0.2)
    assert float(high["height"]) == pytest.approx(2 * float(low["height"]), abs=0.2)


def test_negative_bars_lie_on_the_other_side_of_zero() -> None:
    gain, loss = rects(charts.bars("B", [Bar("a", 10), Bar("b", -10)]))
    assert float(loss["x"]) + float(loss["width"]) == pytest.approx(float(gain["x"]), abs=0.2)


def test_text_is_escaped_everywhere() -> None:
    nasty = '"><script>alert(1)</script>'
    drawn = [
        charts.line(nasty, [nasty], [Series(nasty, [1], [nasty]), Series("b", [2])]),
        charts.bars(nasty, [Bar(nasty, 1, nasty, tone=nasty)]),
        charts.bars(nasty, [Bar(nasty, 1, nasty, tone=nasty)], horizontal=False),
        charts.heat_map(nasty, [nasty], [nasty], [[1]], hrefs=[[nasty]]),
        charts.gauge(1, title=nasty, kind=nasty),
        charts.sparkline([1, 2], title=nasty, kind=nasty),
    ]
    for chart in drawn:
        assert "<script" not in chart.svg + chart.svg_narrow + chart.svg_broad
        read(chart.svg)


def test_long_labels_are_cut_and_stand_whole_in_the_tooltip() -> None:
    label = "Bundesausbildungsförderungsgesetz " * 5
    svg = charts.bars("B", [Bar(label, 1)]).svg
    shown = next(iter(read(svg).iter(f"{SVG}text")))
    assert shown.findtext(f"{SVG}title") == label
    assert "…" in "".join(shown.itertext())


def test_print_names_colors_and_pages_name_classes() -> None:
    data = [Bar("a", 1, tone="good")]
    on_page, on_paper = charts.bars("B", data).svg, charts.bars("B", data, palette="print").svg
    assert "tone-good" in on_page
    assert "fill=" not in on_page
    assert 'fill="#0a6e41"' in on_paper
    assert "class=" not in on_paper
    assert "style=" not in on_page + on_paper
    with pytest.raises(ValueError, match="no palette"):
        charts.bars("B", data, palette="neon")  # type: ignore[arg-type]


def test_a_line_needs_a_value_per_label() -> None:
    with pytest.raises(ValueError, match="has 1 values for 2 labels"):
        charts.line("L", ["a", "b"], [Series("s", [1])])
    with pytest.raises(ValueError, match="one value per row and column"):
        charts.heat_map("H", ["a"], ["x", "y"], [[1]])
    with pytest.raises(ValueError, match="negative"):
        charts.heat_map("H", ["a"], ["x"], [[-1]])


def test_a_gap_breaks_the_line() -> None:
    paths = [
        path for path in read(a_line([1, 2, None, 3, 4]).svg).iter(f"{SVG}path") if "c-line" in path.get("class", "")
    ]
    assert len(paths) == 2


def test_heat_map_steps_follow_the_largest_value() -> None:
    chart = charts.heat_map("H", ["a"], ["x", "y", "z"], [[0, 1, 100]], corner="Cohort")
    assert [mark["class"] for mark in rects(chart)] == ["heat-0", "heat-1", "heat-5"]
    assert chart.columns == ("Cohort", "x", "y", "z")
    assert chart.summary == "Largest: 100 at a, z."


@pytest.mark.parametrize(("value", "share"), [(0, 0.0), (50, 0.5), (100, 1.0), (250, 1.0), (-5, 0.0)])
def test_a_gauge_stays_within_its_ring(value: int, share: float) -> None:
    arcs = [path for path in read(charts.gauge(value).svg).iter(f"{SVG}path") if "c-arc" in path.get("class", "")]
    assert len(arcs) == (1 if share else 0)
    if arcs:
        end = float(arcs[0].get("d", "").split()[-2])
        assert 14 <= end <= 130
        assert (end > 72.1) == (share > 0.5)


def test_a_gauge_needs_a_maximum() -> None:
    with pytest.raises(ValueError, match="above zero"):
        charts.gauge(1, maximum=0)


@pytest.mark.parametrize(
    ("low", "high", "marks"),
    [
        (0, 1, [0, 0.25, 0.5, 0.75, 1]),
        (0, 97, [0, 25, 50, 75, 100]),
        (-9, 31, [-10, 0, 10, 20, 30, 40]),
        (0, 0, [0, 0.25, 0.5, 0.75, 1]),
        (0, 489000, [0, 200000, 400000, 600000]),
    ],
)
def test_ticks_are_round_and_enclose(low: float, high: float, marks: list[float]) -> None:
    assert ticks(low, high) == marks


def test_clip_keeps_what_fits() -> None:
    assert clip("short", 100) == "short"
    assert text_width(clip("a" * 50, 100)) <= 100
    assert text_width("日本") > text_width("ab")
