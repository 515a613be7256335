"""The map of crm/charts.py: discs in lanes that never cover each other, with lines between them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from crm.drawing import Drawing, Palette, clip, text_width

RADIUS = 14
APART = 2 * RADIUS + 6
"""How far the middles of two discs are apart at least: room for the letter at the edge."""
MOST_DRAWN = 60
_LANE = 66


@dataclass(frozen=True)
class Place:
    """Somebody on a map: the lanes (counted from the left and from below; None: unknown), what stands in the disc, the letter of
    its kind, what is said of it, and the key of the one above it."""

    key: str
    x: int | None
    y: int | None
    inside: str
    words: str
    href: str = ""
    letter: str = ""
    tone: str = "1"
    above: str = ""


def draw_map(
    title: str,
    summary: str,
    places: Sequence[Place],
    across: Sequence[str],
    upwards: Sequence[str],
    axis: tuple[str, str],
    width: int,
    palette: Palette,
) -> SafeString:
    shown = list(places[:MOST_DRAWN])
    lanes_x = [*([_("Unknown")] if any(p.x is None for p in shown) else []), *across]
    lanes_y = [*([_("Unknown")] if any(p.y is None for p in shown) else []), *upwards]
    unknown_x, unknown_y = len(lanes_x) - len(across), len(lanes_y) - len(upwards)
    left = min(max(text_width(label) for label in lanes_y) + 14, width * 0.26)
    lane = (width - left - 4) / len(lanes_x)
    is_tight = max(text_width(label) for label in lanes_x) + 8 > lane
    top, bottom = 22, 22 + _LANE * len(lanes_y)
    drawing = Drawing(width, bottom + (52 if is_tight else 38), title, summary, palette)

    def middle(p: Place) -> tuple[float, float]:
        column = 0 if p.x is None else p.x + unknown_x
        row = 0 if p.y is None else p.y + unknown_y
        return left + lane * (column + 0.5), bottom - _LANE * (row + 0.5)

    drawing.text(left, 12, axis[1], "strong")
    for number in range(len(lanes_y) + 1):
        drawing.line(left, bottom - number * _LANE, width - 4, bottom - number * _LANE, "grid" if number else "axis")
    for number, label in enumerate(lanes_y):
        drawing.text(left - 8, bottom - _LANE * (number + 0.5) + 4, clip(label, left - 10), anchor="end", title=label)
    for number in range(len(lanes_x) + 1):
        drawing.line(left + number * lane, top, left + number * lane, bottom, "axis" if number == unknown_x else "grid")
    for number, label in enumerate(lanes_x):
        lower = 14 if is_tight and number % 2 else 0
        room = lane * (2 if is_tight else 1) - 6
        x = min(max(left + lane * (number + 0.5), text_width(label) / 2), width - text_width(label) / 2 - 1)
        drawing.text(x, bottom + 16 + lower, clip(label, room), anchor="middle", title=label)
    drawing.text(width - 4, drawing.height - 4, axis[0], "strong", anchor="end")

    box = (left + RADIUS + 1, top + RADIUS + 1, width - 5 - RADIUS, bottom - RADIUS - 7)
    spots = dict(zip((p.key for p in shown), spread([middle(p) for p in shown], box), strict=True))
    for p in shown:
        _line_up(drawing, spots[p.key], spots.get(p.above))
    for p in shown:
        spot = spots[p.key]
        if spot is not None:
            drawing.disc(*spot, RADIUS, p.tone, p.inside, p.letter, p.words, p.href)
    return drawing.svg()


def spread(
    wanted: Sequence[tuple[float, float]], box: tuple[float, float, float, float]
) -> list[tuple[float, float] | None]:
    """The free spot next to each wanted one, in their order, at least `APART` from all others; None once the box is full."""
    found: list[tuple[float, float] | None] = []
    taken: list[tuple[float, float]] = []
    for x, y in wanted:
        spot = next(
            (
                (x + a, y + b)
                for a, b in _steps(math.ceil(max(box[2] - box[0], box[3] - box[1]) / APART) + 1)
                if box[0] <= x + a <= box[2]
                and box[1] <= y + b <= box[3]
                and all(math.hypot(x + a - c, y + b - d) >= APART - 0.01 for c, d in taken)
            ),
            None,
        )
        found.append(spot)
        if spot is not None:
            taken.append(spot)
    return found


@lru_cache(maxsize=32)
def _steps(rings: int) -> tuple[tuple[float, float], ...]:
    """Steps of a honeycomb from its middle outwards."""
    cells = [
        (APART * (a + b / 2), APART * b * math.sqrt(3) / 2)
        for a in range(-2 * rings, 2 * rings + 1)
        for b in range(-2 * rings, 2 * rings + 1)
    ]
    return tuple(sorted(cells, key=lambda cell: (round(math.hypot(*cell), 3), round(math.atan2(cell[1], cell[0]), 3))))


def _line_up(drawing: Drawing, start: tuple[float, float] | None, end: tuple[float, float] | None) -> None:
    """A line from the edge of one disc to that of another, with a head at its end."""
    if start is None or end is None or start == end:
        return
    angle = math.atan2(end[1] - start[1], end[0] - start[0])
    a = (start[0] + RADIUS * math.cos(angle), start[1] + RADIUS * math.sin(angle))
    b = (end[0] - (RADIUS + 2) * math.cos(angle), end[1] - (RADIUS + 2) * math.sin(angle))
    head = [(b[0] - 6 * math.cos(angle + turn), b[1] - 6 * math.sin(angle + turn)) for turn in (-0.5, 0.5)]
    drawing.path(f"M{a[0]:.1f} {a[1]:.1f}L{b[0]:.1f} {b[1]:.1f}", "link", "neutral", width=1.2)
    points = (head[0], b, head[1])
    drawing.path("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points), "link", "neutral", width=1.2)
