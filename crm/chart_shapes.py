"""The shapes of crm/charts.py: where lines, bars and cells stand on the drawing."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from crm.drawing import Drawing, Palette, clip, text_width, ticks

Number = int | float | Decimal
Format = Callable[[Number | None], str]
RAMP = 5


@dataclass(frozen=True)
class Series:
    """One line: a value per label (None is a gap); `hrefs` leads each point to the rows behind it."""

    name: str
    values: Sequence[Number | None]
    hrefs: Sequence[str] = ()
    dashed: bool = False
    tone: str = ""


@dataclass(frozen=True)
class Bar:
    label: str
    value: Number | None
    href: str = ""
    tone: str = "1"


def draw_lines(
    title: str,
    summary: str,
    labels: Sequence[str],
    series: Sequence[Series],
    lines: Sequence[Sequence[float | None]],
    area: bool,
    format: Format,
    axis_format: Format,
    width: int,
    height: int,
    palette: Palette,
) -> SafeString:
    known = [value for values in lines for value in values if value is not None]
    drawing = Drawing(width, height, title, summary, palette)
    if not known:
        return _nothing(drawing)
    marks = ticks(min([0.0, *known]), max([0.0, *known]))
    names = [clip(one.name, 110) for one in series] if len(series) > 1 else []
    left = max(text_width(axis_format(mark)) for mark in marks) + 12
    right = max((text_width(name) for name in names), default=4) + 10
    top, bottom = 12, height - 28
    span = marks[-1] - marks[0]

    def x(index: int) -> float:
        return left + (width - left - right) * (index / (len(labels) - 1) if len(labels) > 1 else 0.5)

    def y(value: float) -> float:
        return bottom - (bottom - top) * (value - marks[0]) / span

    for mark in marks:
        drawing.line(left, y(mark), width - right, y(mark), "axis" if mark == 0 else "grid")
        drawing.text(left - 8, y(mark) + 4, axis_format(mark), anchor="end")
    room = max(text_width(label) for label in labels) + 10
    every = max(1, math.ceil(len(labels) * room / (width - left - right)))
    for index, label in enumerate(labels):
        if (len(labels) - 1 - index) % every == 0:
            near_end = x(index) + text_width(label) / 2 > width
            drawing.text(
                min(x(index), width - 2) if near_end else x(index),
                height - 8,
                label,
                anchor="end" if near_end else "middle",
            )
    ends: list[tuple[float, str, str]] = []
    for number, (one, values) in enumerate(zip(series, lines, strict=True)):
        tone = one.tone or str(number % 6 + 1)
        for run in _runs(values):
            points = [(x(index), y(value)) for index, value in run]
            path = "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in points)
            if area and number == 0 and len(points) > 1:
                drawing.path(f"{path}L{points[-1][0]:.1f} {y(0):.1f}L{points[0][0]:.1f} {y(0):.1f}Z", "area", tone)
            if len(points) > 1:
                drawing.path(path, "line", tone, dashed=one.dashed)
        shown = [(index, value) for index, value in enumerate(values) if value is not None]
        dots = len(shown) <= width / 24
        for index, value in shown:
            href = one.hrefs[index] if index < len(one.hrefs) else ""
            words = f"{labels[index]}, {one.name}: {format(series[number].values[index])}"
            drawing.point(x(index), y(value), 3.2 if dots or len(shown) == 1 else 0, tone, words, href)
        if names and shown:
            ends.append((y(shown[-1][1]), names[number], tone))
    for height_, name, _tone in _spread(ends, 14, top, bottom):
        drawing.text(width - right + 8, height_ + 4, name, "strong")
    return drawing.svg()


def _runs(values: Sequence[float | None]) -> list[list[tuple[int, float]]]:
    """The stretches without a gap."""
    runs: list[list[tuple[int, float]]] = [[]]
    for index, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((index, value))
    return [run for run in runs if run]


def _spread(ends: list[tuple[float, str, str]], gap: float, top: float, bottom: float) -> list[tuple[float, str, str]]:
    """Move labels apart so that none covers another, keeping their order."""
    placed: list[tuple[float, str, str]] = []
    for place, name, tone in sorted(ends):
        placed.append((max(place, placed[-1][0] + gap) if placed else place, name, tone))
    over = placed[-1][0] - bottom if placed else 0
    return [(max(place - max(over, 0), top), name, tone) for place, name, tone in placed]


def draw_rows(
    title: str,
    summary: str,
    items: Sequence[Bar],
    values: Sequence[float | None],
    format: Format,
    width: int,
    palette: Palette,
) -> SafeString:
    row = 30
    known = [value for value in values if value is not None]
    drawing = Drawing(width, max(len(items), 2) * row + 4, title, summary, palette)
    if not known:
        return _nothing(drawing)
    room = width * 0.36
    left = min(max(text_width(item.label) for item in items) + 14, room)
    figures = [format(item.value) for item in items]
    right = max(text_width(figure) for figure in figures) + 14
    low, high = min([0.0, *known]), max([0.0, *known])
    span = (high - low) or 1.0
    gutter = right if low < 0 else 0
    scale = (width - left - right - gutter) / span
    zero = left + gutter - low * scale
    for index, (item, value) in enumerate(zip(items, values, strict=True)):
        top = index * row + 7
        drawing.text(left - 10, top + 12, clip(item.label, left - 14), "strong", anchor="end", title=item.label)
        if value is None:
            drawing.text(zero + 8, top + 12, figures[index])
            continue
        length = max(abs(value) * scale, 2 if value else 0)
        start = zero if value >= 0 else zero - length
        drawing.bar(start, top, length, 16, item.tone, f"{item.label}: {figures[index]}", item.href)
        if value >= 0:
            drawing.text(zero + length + 8, top + 12, figures[index])
        else:
            drawing.text(start - 8, top + 12, figures[index], anchor="end")
    drawing.line(zero, 2, zero, len(items) * row + 2, "axis")
    return drawing.svg()


def draw_columns(
    title: str,
    summary: str,
    items: Sequence[Bar],
    values: Sequence[float | None],
    format: Format,
    axis_format: Format,
    width: int,
    height: int,
    palette: Palette,
) -> SafeString:
    known = [value for value in values if value is not None]
    drawing = Drawing(width, height, title, summary, palette)
    if not known:
        return _nothing(drawing)
    marks = ticks(min([0.0, *known]), max([0.0, *known]))
    left = max(text_width(axis_format(mark)) for mark in marks) + 12
    top, bottom = 20, height - (42 if min(known) < 0 else 28)
    slot = (width - left - 4) / len(items)
    thick = min(slot * 0.66, 56)

    def y(value: float) -> float:
        return bottom - (bottom - top) * (value - marks[0]) / (marks[-1] - marks[0])

    for mark in marks:
        drawing.line(left, y(mark), width - 4, y(mark), "axis" if mark == 0 else "grid")
        drawing.text(left - 8, y(mark) + 4, axis_format(mark), anchor="end")
    every = max(1, math.ceil((min(max(text_width(item.label) for item in items), 90) + 8) / slot))
    direct = all(text_width(axis_format(value)) + 4 <= slot for value in known)
    for index, (item, value) in enumerate(zip(items, values, strict=True)):
        middle = left + slot * (index + 0.5)
        if index % every == 0:
            drawing.text(
                middle, height - 8, clip(item.label, max(slot * every - 6, 24)), anchor="middle", title=item.label
            )
        if value is None:
            continue
        upper, lower = min(y(value), y(0)), max(y(value), y(0))
        words = f"{item.label}: {format(item.value)}"
        drawing.bar(
            middle - thick / 2, upper, thick, max(lower - upper, 1 if value else 0), item.tone, words, item.href
        )
        if direct:
            drawing.text(middle, upper - 5 if value >= 0 else lower + 13, axis_format(value), anchor="middle")
    return drawing.svg()


def draw_heat(
    title: str,
    summary: str,
    rows: Sequence[str],
    columns: Sequence[str],
    cells: Sequence[Sequence[float | None]],
    hrefs: Sequence[Sequence[str]],
    table: Sequence[Sequence[str]],
    width: int,
    palette: Palette,
) -> SafeString:
    tall = 30
    drawing = Drawing(width, max(len(rows), 1) * tall + 26, title, summary, palette)
    known = [value for row in cells for value in row if value is not None]
    if not known:
        return _nothing(drawing)
    largest = max(known) or 1.0
    left = min(max(text_width(label) for label in rows) + 14, width * 0.3)
    slot = (width - left) / len(columns)
    every = max(1, math.ceil((min(max(text_width(label) for label in columns), 80) + 6) / slot))
    for index, label in enumerate(columns):
        if index % every == 0:
            drawing.text(
                left + slot * (index + 0.5), 14, clip(label, max(slot * every - 4, 20)), anchor="middle", title=label
            )
    for r, label in enumerate(rows):
        top = 22 + r * tall
        drawing.text(left - 10, top + 18, clip(label, left - 14), "strong", anchor="end", title=label)
        for c, value in enumerate(cells[r]):
            step = 0 if not value else max(1, math.ceil(RAMP * value / largest))
            figure = table[r][c + 1]
            href = hrefs[r][c] if r < len(hrefs) and c < len(hrefs[r]) else ""
            inside = figure if text_width(figure) + 4 <= slot else ""
            drawing.cell(
                left + c * slot + 1, top, slot - 2, tall - 2, step, f"{label}, {columns[c]}: {figure}", href, inside
            )
    return drawing.svg()


def _nothing(drawing: Drawing) -> SafeString:
    drawing.height = 72
    drawing.text(drawing.width / 2, drawing.height / 2 + 4, _("No figures yet."), anchor="middle")
    return drawing.svg()
