"""The pen of crm/charts.py: SVG elements in the colors of a palette, nice ticks, text that fits."""

import math
from typing import Literal

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

Palette = Literal["css", "print"]

INK, QUIET, GRID, AXIS, TRACK, PAPER = "#161a22", "#566072", "#e5e8ee", "#868f9e", "#e5e8ee", "#ffffff"
TONES = {
    "1": "#2c51cf", "2": "#0f766e", "3": "#a84d09", "4": "#7a3fc4", "5": "#b02a6b", "6": "#566072",
    "accent": "#2c51cf", "neutral": "#566072", "good": "#0a6e41", "warn": "#835500", "bad": "#b0241c",
}  # fmt: skip
HEAT = ("#f2f4f7", "#e1e7f8", "#b7c4ee", "#8a9de3", "#5b76d8", "#2c51cf")
FONT = "Inter, Helvetica, Arial, DejaVu Sans, sans-serif"
DARK_STEP = 4
"""From this step of the heat ramp on, the figure inside is written in the color of the paper."""


class Drawing:
    """Collects the elements of one SVG; all text is escaped here."""

    def __init__(self, width: int, height: int, title: str, summary: str, palette: Palette, css: str = "") -> None:
        if palette not in ("css", "print"):
            raise ValueError(f"no palette {palette!r}")
        self.width, self.height, self.title, self.summary, self.css = width, height, title, summary, css
        self.printed = palette == "print"
        self.parts: list[str] = []
        self.has_links = False

    def svg(self) -> SafeString:
        # A drawing with links is a group of them; one without is a single image.
        role = "group" if self.has_links else "img"
        name = escape(f"{self.title}: {self.summary}" if self.title and self.summary else self.title or self.summary)
        css = f' class="{self.css}"' if self.css and not self.printed else ""
        size = f' width="{self.width}" height="{self.height}"'
        body = "".join(self.parts)
        return mark_safe(  # noqa: S308 - every text went through escape()
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}"{size}{css}'
            f' role="{role}" aria-label="{name}">{body}</svg>'
        )

    def text(self, x: float, y: float, words: str, role: str = "text", anchor: str = "start", title: str = "") -> None:
        if self.printed:
            size, weight, color = {
                "text": (11, 400, QUIET),
                "strong": (11.5, 600, INK),
                "figure": (26, 700, INK),
                "on-mark": (11, 600, PAPER),
            }[role]
            paint = f' font-family="{FONT}" font-size="{size}" font-weight="{weight}" fill="{color}"'
        else:
            paint = f' class="c-{role}"'
        tip = f"<title>{escape(title)}</title>" if title and title != words else ""
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{paint}>{tip}{escape(words)}</text>')

    def line(self, x1: float, y1: float, x2: float, y2: float, role: str) -> None:
        paint = (
            f' stroke="{AXIS if role == "axis" else GRID}" stroke-width="1"' if self.printed else f' class="c-{role}"'
        )
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"{paint}/>')

    def path(self, d: str, role: str, tone: str = "1", width: float = 2, dashed: bool = False) -> None:
        if self.printed:
            color = TRACK if role == "track" else _color(tone)
            paint = (
                f' fill="{color}" fill-opacity="0.1"'
                if role == "area"
                else f' fill="none" stroke="{color}" stroke-linejoin="round"'
            )
            if role in ("line", "arc", "track"):
                paint += ' stroke-linecap="round"'
            if dashed:
                paint += ' stroke-dasharray="4 4"'
        else:
            paint = f' class="c-{role}{" c-dashed" if dashed else ""} tone-{escape(tone)}"'
        if role != "area":
            paint += f' stroke-width="{width}"'
        self.parts.append(f'<path d="{d}"{paint}/>')

    def circle(self, x: float, y: float, radius: float, tone: str) -> None:
        paint = f' fill="{_color(tone)}"' if self.printed else f' class="c-mark tone-{escape(tone)}"'
        self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}"{paint}/>')

    def point(self, x: float, y: float, radius: float, tone: str, words: str, href: str) -> None:
        """A dot of a line, with room around it to hit."""
        paint = f' fill="{_color(tone)}" stroke="{PAPER}"' if self.printed else f' class="c-dot tone-{escape(tone)}"'
        dot = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}"{paint}/>' if radius else ""
        hit = "" if self.printed else f'<circle cx="{x:.1f}" cy="{y:.1f}" r="12" class="c-hit"/>'
        self._mark(hit + dot, words, href)

    def disc(
        self, x: float, y: float, radius: float, tone: str, inside: str, letter: str, words: str, href: str
    ) -> None:
        """A disc with initials inside and, on its lower right, a letter that tells its kind."""
        if self.printed:
            paint, edge = f' fill="{_color(tone)}"', f' fill="{PAPER}" stroke="{AXIS}"'
            font = f' font-family="{FONT}" font-weight="600"'
            inner, outer = f'{font} font-size="11" fill="{PAPER}"', f'{font} font-size="9" fill="{INK}"'
        else:
            paint, edge = f' class="c-mark tone-{escape(tone)}"', ' class="c-tag"'
            inner, outer = ' class="c-on-mark"', ' class="c-letter"'
        shape = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}"{paint}/>'
        shape += (
            f'<text x="{x:.1f}" y="{y + 4:.1f}" text-anchor="middle"{inner} aria-hidden="true">{escape(inside)}</text>'
        )
        if letter:
            a, b = x + radius * 0.75, y + radius * 0.75
            shape += f'<circle cx="{a:.1f}" cy="{b:.1f}" r="6.5"{edge}/>'
            shape += f'<text x="{a:.1f}" y="{b + 3:.1f}" text-anchor="middle"{outer} aria-hidden="true">{escape(letter)}</text>'
        self._mark(shape, words, href)

    def bar(self, x: float, y: float, width: float, height: float, tone: str, words: str, href: str) -> None:
        paint = f' fill="{_color(tone)}"' if self.printed else f' class="c-mark tone-{escape(tone)}"'
        rounding = min(3.0, width / 2, height / 2)
        shape = f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="{rounding:.1f}"{paint}/>'
        # A thin bar would be hard to hit: an unseen one of full size lies around it.
        hit = ""
        if href and not self.printed:
            wide, tall = max(width + 4, 24), max(height + 8, 24)
            hit = f'<rect x="{x - 2:.1f}" y="{y - 4:.1f}" width="{wide:.1f}" height="{tall:.1f}" class="c-hit"/>'
        self._mark(hit + shape, words, href)

    def cell(
        self, x: float, y: float, width: float, height: float, step: int, words: str, href: str, inside: str
    ) -> None:
        paint = f' fill="{HEAT[step]}"' if self.printed else f' class="heat-{step}"'
        shape = f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="4"{paint}/>'
        self._mark(shape, words, href)
        if inside:
            self.text(
                x + width / 2, y + height / 2 + 4, inside, "on-mark" if step >= DARK_STEP else "strong", anchor="middle"
            )

    def _mark(self, shape: str, words: str, href: str) -> None:
        content = f"<title>{escape(words)}</title>{shape}"
        if href and not self.printed:
            self.has_links = True
            self.parts.append(f'<a href="{escape(href)}" aria-label="{escape(words)}">{content}</a>')
        else:
            self.parts.append(f"<g>{content}</g>")


def _color(tone: str) -> str:
    return TONES.get(tone, TONES["1"])


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """About `count` round marks that enclose [low, high] and, when that holds zero, zero."""
    if high <= low:
        low, high = (low, low + 1) if low >= 0 else (low, 0.0)
    raw = (high - low) / (count - 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * 0.999999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(number * step, 12) + 0.0 for number in range(first, last + 1)]


def text_width(words: str, size: float = 11.5) -> float:
    """A guess on the safe side, without a font at hand; wide scripts count double."""
    return sum(size * (1.0 if ord(letter) > 0x2E7F else 0.62) for letter in words)


def clip(words: str, width: float) -> str:
    """`words` cut to `width` with an ellipsis; the whole stands in the tooltip."""
    if text_width(words) <= width:
        return words
    kept = words
    while kept and text_width(kept + "…") > width:
        kept = kept[:-1]
    return kept.rstrip() + "…"
