"""Charts drawn on the server: data in, SVG and the same figures as a table out.

`palette="css"` names classes that the style sheet colors (pages, light and dark); `palette="print"` writes the colors
as attributes (PDF, e-mail). Every chart is drawn for narrow, usual and broad places, so that its text keeps its size.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from crm import formats
from crm.chart_map import Place, draw_map
from crm.chart_shapes import Bar, Format, Number, Series, draw_columns, draw_heat, draw_lines, draw_rows
from crm.drawing import Drawing, Palette

NARROW, USUAL, BROAD = 330, 560, 1040
__all__ = [
    "Bar", "Chart", "Format", "Number", "Place", "Series", "bars", "gauge", "heat_map", "line", "place_map", "sparkline",
]  # fmt: skip


@dataclass(frozen=True)
class Chart:
    """A drawing with its figures: `columns` and `rows` say the same in words, `summary` in one sentence.

    `svg` suits a column or a page of paper; `svg_narrow` and `svg_broad` take its place where the room is other.
    """

    title: str
    summary: str
    svg: SafeString
    svg_narrow: SafeString
    svg_broad: SafeString
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def line(
    title: str,
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    area: bool = False,
    format: Format = formats.number,
    axis_format: Format = formats.compact,
    axis: str = "",
    height: int = 260,
    palette: Palette = "css",
) -> Chart:
    """Lines over ordered labels; the value axis starts at zero, or below when there are negative values."""
    lines = [[_checked(value) for value in one.values] for one in series]
    for one, values in zip(series, lines, strict=True):
        if len(values) != len(labels):
            raise ValueError(f"series {one.name!r} has {len(values)} values for {len(labels)} labels")
    columns = (axis or _("Label"), *(one.name for one in series))
    rows = tuple((label, *(format(one.values[n]) for one in series)) for n, label in enumerate(labels))
    summary = "; ".join(filter(None, (_trend_in_words(one.name, labels, one.values, format) for one in series)))

    def draw(room: int) -> SafeString:
        return draw_lines(title, summary, labels, series, lines, area, format, axis_format, room, height, palette)

    return Chart(title, summary or _("No figures yet."), draw(USUAL), draw(NARROW), draw(BROAD), columns, rows)


def bars(
    title: str,
    items: Sequence[Bar],
    *,
    horizontal: bool = True,
    format: Format = formats.number,
    axis_format: Format = formats.compact,
    axis: tuple[str, str] = ("", ""),
    height: int = 240,
    palette: Palette = "css",
) -> Chart:
    """Bars from zero, each with its figure. `axis` names what the labels and the values are."""
    values = [_checked(item.value) for item in items]
    rows = tuple((item.label, format(item.value)) for item in items)
    known = [(value, item) for value, item in zip(values, items, strict=True) if value is not None]
    summary = ""
    if known:
        most, least = max(known, key=lambda pair: pair[0])[1], min(known, key=lambda pair: pair[0])[1]
        summary = _("Most: %(most)s (%(most_value)s). Least: %(least)s (%(least_value)s).") % {
            "most": most.label,
            "most_value": format(most.value),
            "least": least.label,
            "least_value": format(least.value),
        }

    def draw(room: int) -> SafeString:
        if horizontal:
            return draw_rows(title, summary, items, values, format, room, palette)
        return draw_columns(title, summary, items, values, format, axis_format, room, height, palette)

    return Chart(
        title,
        summary or _("No figures yet."),
        draw(USUAL),
        draw(NARROW),
        draw(BROAD),
        (axis[0] or _("Label"), axis[1] or _("Value")),
        rows,
    )


def heat_map(
    title: str,
    rows: Sequence[str],
    columns: Sequence[str],
    values: Sequence[Sequence[Number | None]],
    *,
    hrefs: Sequence[Sequence[str]] = (),
    format: Format = formats.number,
    corner: str = "",
    palette: Palette = "css",
) -> Chart:
    """Cells in five steps of one color, relative to the largest value; every cell carries its figure."""
    cells = [[_checked(value) for value in row] for row in values]
    if len(cells) != len(rows) or any(len(row) != len(columns) for row in cells):
        raise ValueError("a heat map needs one value per row and column")
    if any(value is not None and value < 0 for row in cells for value in row):
        raise ValueError("a heat map can't show negative values")
    table = tuple((label, *(format(value) for value in row)) for label, row in zip(rows, values, strict=True))
    largest = max(((v, r, c) for r, row in enumerate(cells) for c, v in enumerate(row) if v is not None), default=None)
    summary = ""
    if largest:
        row, column = largest[1], largest[2]
        summary = _("Largest: %(value)s at %(row)s, %(column)s.") % {
            "value": table[row][column + 1],
            "row": rows[row],
            "column": columns[column],
        }

    def draw(room: int) -> SafeString:
        return draw_heat(title, summary, rows, columns, cells, hrefs, table, room, palette)

    return Chart(
        title,
        summary or _("No figures yet."),
        draw(USUAL),
        draw(NARROW),
        draw(BROAD),
        (corner or _("Label"), *columns),
        table,
    )


def place_map(
    title: str,
    places: Sequence[Place],
    across: Sequence[str],
    upwards: Sequence[str],
    *,
    columns: tuple[str, ...],
    rows: tuple[tuple[str, ...], ...],
    summary: str,
    axis: tuple[str, str] = ("", ""),
    palette: Palette = "css",
) -> Chart:
    """Who stands where: discs with initials in the lanes named by `across` (from the left) and `upwards` (from below), with lines
    to the ones above them. What is unknown stands in a lane of its own. `columns` and `rows` say the same as a table."""
    lanes = (len(across), len(upwards))
    if any(
        (p.x is not None and not 0 <= p.x < lanes[0]) or (p.y is not None and not 0 <= p.y < lanes[1]) for p in places
    ):
        raise ValueError("a place lies outside the lanes of its map")

    def draw(room: int) -> SafeString:
        return draw_map(title, summary, places, across, upwards, axis, room, palette)

    return Chart(title, summary, draw(USUAL), draw(NARROW), draw(BROAD), columns, rows)


def sparkline(
    values: Sequence[Number | None], *, title: str = "", kind: str = "accent", palette: Palette = "css"
) -> Chart:
    """A word-sized line without axes; its range is that of the values."""
    known = [(n, value) for n, value in enumerate(map(_checked, values)) if value is not None]
    drawing = Drawing(80, 24, title, _spark_in_words(values), palette, css="sparkline")
    if known:
        low, high = min(v for _n, v in known), max(v for _n, v in known)
        step = 72 / max(len(values) - 1, 1)
        points = [(4 + n * step, 20 - (value - low) / (high - low) * 16 if high > low else 12) for n, value in known]
        if len(points) > 1:
            drawing.path("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points), "line", kind, width=1.6)
        drawing.circle(*points[-1], 2.2, kind)
    rows = tuple((str(n), formats.number(value)) for n, value in enumerate(values, 1))
    svg = drawing.svg()
    return Chart(title, _spark_in_words(values), svg, svg, svg, ("#", _("Value")), rows)


def gauge(
    value: Number | None, *, title: str = "", maximum: Number = 100, kind: str = "accent", palette: Palette = "css"
) -> Chart:
    """A half ring filled to `value` of `maximum`, with the figure inside; None leaves it empty."""
    number, full = _checked(value), _checked(maximum)
    if not full or full <= 0:
        raise ValueError("the maximum of a gauge must be above zero")
    shown = formats.number(value)
    words = f"{shown} / {formats.number(maximum)}" if number is not None else _("No figure yet.")
    drawing = Drawing(144, 84, title, words, palette, css="gauge")
    drawing.path("M14 72A58 58 0 0 1 130 72", "track", width=11)
    share = min(max((number or 0) / full, 0), 1)
    if share:
        angle = math.pi * (1 - share)
        drawing.path(
            f"M14 72A58 58 0 0 1 {72 + 58 * math.cos(angle):.2f} {72 - 58 * math.sin(angle):.2f}", "arc", kind, width=11
        )
    drawing.text(72, 70, shown, "figure", anchor="middle")
    svg = drawing.svg()
    return Chart(title, words, svg, svg, svg, (_("Value"), _("Maximum")), ((shown, formats.number(maximum)),))


def _checked(value: Number | None) -> float | None:
    if value is None:
        return None
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{value} can't be drawn")
    return number


def _trend_in_words(name: str, labels: Sequence[str], values: Sequence[Number | None], format: Format) -> str:
    known = [(label, value) for label, value in zip(labels, values, strict=True) if value is not None]
    if not known:
        return ""
    return _("%(name)s: %(first)s (%(from)s) to %(last)s (%(to)s)") % {
        "name": name,
        "first": format(known[0][1]),
        "from": known[0][0],
        "last": format(known[-1][1]),
        "to": known[-1][0],
    }


def _spark_in_words(values: Sequence[Number | None]) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return _("No figures yet.")
    return _("from %(first)s to %(last)s") % {"first": formats.number(known[0]), "last": formats.number(known[-1])}
