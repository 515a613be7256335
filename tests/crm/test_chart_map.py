"""A map of places: no disc covers another, every mark is a link, and the same map is drawn again."""

import math
from itertools import combinations
from xml.etree import ElementTree

import pytest

from crm import charts
from crm.chart_map import APART, MOST_DRAWN, spread
from crm.charts import Chart, Place

SVG = "{http://www.w3.org/2000/svg}"
ACROSS = ["Against us", "Skeptical", "Neutral", "Positive", "Advocate"]
UPWARDS = ["1", "2", "3", "4", "5"]


def _map(places: list[Place]) -> Chart:
    return charts.place_map(
        "Map",
        places,
        ACROSS,
        UPWARDS,
        columns=("Name",),
        rows=tuple((p.words,) for p in places),
        summary=f"{len(places)} people",
    )


def _people(count: int, x: int | None = 2, y: int | None = 2) -> list[Place]:
    return [Place(str(n), x, y, "AB", f"Person {n}", f"/contacts/{n}", "C") for n in range(count)]


def _discs(svg: str) -> list[tuple[float, float]]:
    root = ElementTree.fromstring(svg)  # noqa: S314 - our own drawing
    marks = [mark for mark in root.iter(f"{SVG}circle") if "c-mark" in mark.get("class", "")]
    return [(float(mark.get("cx", "")), float(mark.get("cy", ""))) for mark in marks]


@pytest.mark.parametrize("count", range(1, 41))
def test_no_two_discs_cover_each_other_even_at_one_point(count: int) -> None:
    for x, y in ((2, 2), (0, 0), (4, 4), (None, None)):
        chart = _map(_people(count, x, y))
        for svg in (chart.svg, chart.svg_narrow, chart.svg_broad):
            discs = _discs(svg)
            assert len(discs) == count
            assert min((math.dist(a, b) for a, b in combinations(discs, 2)), default=APART) >= APART - 0.2


def test_people_of_all_lanes_are_apart_and_inside() -> None:
    places = [
        Place(f"{x}{y}{n}", x, y, "AB", "A B") for x in (None, *range(5)) for y in (None, *range(5)) for n in range(1)
    ]
    chart = _map(places)
    for svg in (chart.svg, chart.svg_narrow, chart.svg_broad):
        root = ElementTree.fromstring(svg)  # noqa: S314 - our own drawing
        width, height = float(root.get("width", "")), float(root.get("height", ""))
        discs = _discs(svg)
        assert len(discs) == 36
        assert min(math.dist(a, b) for a, b in combinations(discs, 2)) >= APART - 0.2
        assert all(14 <= x <= width - 14 and 14 <= y <= height - 14 for x, y in discs)


def test_one_alone_stands_in_the_middle_of_its_lane() -> None:
    low, high = (_discs(_map(_people(1, 0, y)).svg)[0] for y in (0, 4))
    assert (low[0], low[1]) > (high[0], high[1])
    left, right = (_discs(_map(_people(1, x, 2)).svg)[0] for x in (0, 4))
    assert (left[1], left[0] < right[0]) == (right[1], True)


def test_the_same_people_give_the_same_map() -> None:
    assert _map(_people(25)).svg == _map(_people(25)).svg


def test_a_full_box_leaves_out_who_finds_no_room() -> None:
    spots = spread([(10.0, 10.0)] * 9, (0, 0, 40, 40))
    assert spots[0] == (10.0, 10.0)
    assert None in spots
    assert len(_discs(_map(_people(200)).svg)) == MOST_DRAWN


def test_every_mark_is_a_link_that_says_who_it_is() -> None:
    chart = _map(
        [
            Place("1", 1, 4, "<b>", 'Dana "<i>" Reyes', "/contacts/1?a=1&b=2", "C"),
            Place("2", None, 0, "AB", "A B", "/contacts/2"),
        ]
    )
    root = ElementTree.fromstring(chart.svg)  # noqa: S314 - our own drawing
    assert [(link.get("href"), link.get("aria-label")) for link in root.iter(f"{SVG}a")] == [
        ("/contacts/1?a=1&b=2", 'Dana "<i>" Reyes'),
        ("/contacts/2", "A B"),
    ]
    assert root.get("role") == "group"
    assert {"<b>", "AB", "C", "Unknown"} <= {text.text for text in root.iter(f"{SVG}text")}
    assert chart.rows == (('Dana "<i>" Reyes',), ("A B",))


def test_lines_lead_to_the_one_above() -> None:
    boss, under = Place("1", 2, 4, "BB", "Boss"), Place("2", 2, 1, "UU", "Under", above="1")
    lines = _map([boss, under]).svg.count('class="c-link')
    assert lines == 2  # the line and its head
    assert 'class="c-link' not in _map([under]).svg
    assert 'class="c-link' not in _map([Place("1", 2, 2, "A", "A", above="1")]).svg


@pytest.mark.parametrize(("x", "y"), [(5, 0), (-1, 0), (0, 5), (0, -1)])
def test_a_place_outside_the_lanes_is_refused(x: int, y: int) -> None:
    with pytest.raises(ValueError, match="outside"):
        _map([Place("1", x, y, "A", "A")])


def test_a_printed_map_names_its_colors() -> None:
    chart = charts.place_map(
        "Map",
        _people(3),
        ACROSS,
        UPWARDS,
        columns=("Name",),
        rows=(),
        summary="3",
        axis=("Sentiment", "Influence"),
        palette="print",
    )
    assert "class=" not in chart.svg
    assert "<a " not in chart.svg
    assert "#" in chart.svg
