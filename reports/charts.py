"""Small charts as inline SVG: no script, no remote load, readable in print and by screen readers.

Every number a chart shows also stands in the text beside it, because many mail programs
drop SVG. Colours are attributes, not styles, so that a strict style policy changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

INK = "#333333"
FAINT = "#666c75"
RULE = "#d9dce1"
STRONG = "#3a6ea5"
LIGHT = "#b9cde2"
SENTIMENT_COLOURS = {
    "negative": "#b5443c",
    "neutral": "#9aa1ab",
    "positive": "#4f8a5b",
    "unclassified": "#e3e5e9",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: the strong part below, the light part on top of it."""

    label: str
    strong: int
    light: int

    @property
    def height(self) -> int:
        """Both parts."""
        return self.strong + self.light


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a whole."""

    label: str
    count: int
    colour: str


def columns(data: Sequence[Column], title: str, *, width: int = 600, height: int = 132) -> Markup:
    """Return a column chart; each column carries its total above and its label below."""
    top, bottom = 18, 20
    tallest = max((c.height for c in data), default=0) or 1
    step = width / max(1, len(data))
    bar = min(44.0, step * 0.6)
    room = height - top - bottom
    drawn = []
    for n, column in enumerate(data):
        x = n * step + (step - bar) / 2
        middle = n * step + step / 2
        strong = room * column.strong / tallest
        light = room * column.light / tallest
        base = height - bottom
        drawn.append(_box(x, base - strong, bar, strong, STRONG))
        drawn.append(_box(x, base - strong - light, bar, light, LIGHT))
        drawn.append(_text(middle, base - strong - light - 5, str(column.height), INK))
        drawn.append(_text(middle, height - 5, column.label, FAINT))
    rule = Markup('<line x1="0" y1="{y}" x2="{x}" y2="{y}" stroke="{c}" stroke-width="1"/>').format(
        y=height - bottom, x=width, c=RULE
    )
    return _svg(title, width, height, [rule, *drawn])


def stacked_bar(parts: Sequence[Part], title: str, *, width: int = 600, height: int = 14) -> Markup:
    """Return one bar split in proportion; an empty whole is one faint bar."""
    whole = sum(part.count for part in parts)
    if whole == 0:
        return _svg(title, width, height, [_box(0, 0, width, height, RULE)])
    x = 0.0
    drawn = []
    for part in parts:
        wide = width * part.count / whole
        drawn.append(_box(x, 0, wide, height, part.colour))
        x += wide
    return _svg(title, width, height, drawn)


def _svg(title: str, width: int, height: int, drawn: Sequence[Markup]) -> Markup:
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{title}" '
        'width="100%" viewBox="0 0 {w} {h}"><title>{title}</title>{inner}</svg>'
    ).format(title=escape(title), w=width, h=height, inner=Markup("").join(drawn))


def _box(x: float, y: float, width: float, height: float, colour: str) -> Markup:
    if width <= 0 or height <= 0:
        return Markup("")
    return Markup('<rect x="{x}" y="{y}" width="{w}" height="{h}" fill="{c}"/>').format(
        x=_n(x), y=_n(y), w=_n(width), h=_n(height), c=colour
    )


def _text(x: float, y: float, words: str, colour: str) -> Markup:
    return Markup(
        '<text x="{x}" y="{y}" text-anchor="middle" font-size="11" fill="{c}" '
        'font-family="sans-serif">{words}</text>'
    ).format(x=_n(x), y=_n(y), c=colour, words=words)


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
