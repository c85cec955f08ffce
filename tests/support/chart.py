"""Draws line charts as SVG: panels side by side, with one legend, for light and dark pages."""

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import NamedTuple, Protocol

_WIDTH, _PLOT_HEIGHT = 760, 260
_LEFT, _TOP, _BOTTOM, _RIGHT = 46, 30, 44, 10
"""Pixels around the plot of a panel: its numbers, its title, the numbers and title below."""
_MARGIN, _TITLE, _LEGEND_LINE, _LEGEND_COLUMNS = 14, 26, 20, 3

_COLOURS: Mapping[str, tuple[str, str]] = {
    "blue": ("#0072b2", "#56b4e9"),
    "orange": ("#d55e00", "#ff9a4d"),
    "green": ("#00805d", "#2cc295"),
    "purple": ("#a3467f", "#e39bc8"),
    "grey": ("#57606a", "#a8b1bb"),
}
"""Name → on light and on dark: the palette of Okabe and Ito, which colour-blind people can tell apart, made darker or
lighter until it has enough contrast."""

_MARKERS: Mapping[str, str] = {
    "circle": "M-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0z",
    "square": "M-3.5,-3.5h7v7h-7z",
    "diamond": "M0,-5l5,5l-5,5l-5,-5z",
    "triangle": "M0,-5l4.7,8h-9.4z",
    "cross": "M-3.5,-3.5l7,7M-3.5,3.5l7,-7",
}

_GROUND: Mapping[str, tuple[str, str]] = {
    "ink": ("#1f2328", "#e6edf3"),
    "page": ("#ffffff", "#161b22"),
    "grid": ("#d8dee4", "#3a424b"),
}
"""The same for all that has no colour."""

_OPENING = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img"
 aria-labelledby="title description">"""

_STYLE = """\
text { font: 12px system-ui, sans-serif; fill: var(--ink); } .title { font-weight: bold; }
.page { fill: var(--page); stroke: var(--grid); } .grid { stroke: var(--grid); } .axis { stroke: var(--ink); }
.line { fill: none; stroke-width: 2; } .hollow { fill: var(--page); stroke-width: 2; }
"""


class Scale(Protocol):
    """Maps values to places between 0 and 1."""

    @property
    def ticks(self) -> Sequence[float]:
        """Values that have a line and a number."""

    def place(self, value: float) -> float:
        """Where a value is between the ends of the axis."""


class Linear(NamedTuple):
    """A scale from one number to another."""

    low: float
    high: float
    ticks: Sequence[float]

    def place(self, value: float) -> float:
        """See `Scale`."""
        return (value - self.low) / (self.high - self.low)


class Logarithmic:
    """A logarithmic scale with numbers such as 1, 2, 5, 10, 20, that holds all values.

    Args:
        values: What it must hold; each is positive.
    """

    def __init__(self, values: Sequence[float]) -> None:
        # One power more on both sides, since log10 rounds.
        powers = range(math.floor(math.log10(min(values))) - 1, math.ceil(math.log10(max(values))) + 2)
        round_ones = [part * 10.0**power for power in powers for part in (1, 2, 5)]
        low = max(one for one in round_ones if one <= min(values))
        high = min(one for one in round_ones if one > max(values))
        self.ticks = [one for one in round_ones if low <= one <= high]

    def place(self, value: float) -> float:
        """See `Scale`."""
        low, high = self.ticks[0], self.ticks[-1]
        return math.log(value / low) / math.log(high / low)


def from_zero(values: Sequence[float]) -> Linear:
    """A scale from 0 with about five round numbers, that holds all values."""
    step = 10.0 ** math.floor(math.log10(max(values)))
    step = next(step * part for part in (0.2, 0.5, 1, 2) if max(values) / (step * part) <= 6)
    count = math.ceil(max(values) / step)
    return Linear(0, count * step, [number * step for number in range(count + 1)])


class Look(NamedTuple):
    """How a line of a chart is drawn."""

    colour: str
    marker: str
    is_dashed: bool = False
    """Whether its line is dashed, and its markers are hollow."""


class Panel(NamedTuple):
    """One plot: title, titles of the axes, and for each line its points."""

    title: str
    x_title: str
    y_title: str
    x: Scale
    y: Scale
    lines: Mapping[str, Sequence[tuple[float, float]]]


def svg(title: str, description: str, looks: Mapping[str, Look], panels: Sequence[Panel]) -> str:
    """A picture, without scripts, fonts or anything else from elsewhere.

    Args:
        title: A line about it.
        description: What it shows, for people who do not see it.
        looks: How the lines are drawn, by their names, in the order of the legend.
        panels: From left to right.
    """
    legend = -(-len(looks) // _LEGEND_COLUMNS) * _LEGEND_LINE
    top = _MARGIN + _TITLE + legend
    height = top + _TOP + _PLOT_HEIGHT + _BOTTOM
    parts = [
        _OPENING.format(width=_WIDTH, height=height),
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="description">{escape(description)}</desc>',
        f"<style>\n{_style()}</style>",
        f'<rect class="page" x=".5" y=".5" width="{_WIDTH - 1}" height="{height - 1}" rx="6"/>',
        _text(_MARGIN, _MARGIN + 12, title, "start", "title"),
        *_legend(looks),
    ]
    width = (_WIDTH - 2 * _MARGIN) / len(panels)
    for number, panel in enumerate(panels):
        parts += _panel(panel, looks, _MARGIN + number * width + _LEFT, top + _TOP, width - _LEFT - _RIGHT)
    return "\n".join((*parts, "</svg>\n"))


def number(value: float) -> str:
    """Three digits that matter."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _style() -> str:
    light, dark = (
        " ".join(f"--{name}: {pair[theme]};" for name, pair in {**_GROUND, **_COLOURS}.items()) for theme in (0, 1)
    )
    colours = (f".{name} {{ stroke: var(--{name}); }} .full.{name} {{ fill: var(--{name}); }}\n" for name in _COLOURS)
    return f"svg {{ {light} }}\n@media (prefers-color-scheme: dark) {{ svg {{ {dark} }} }}\n{_STYLE}{''.join(colours)}"


def _legend(looks: Mapping[str, Look]) -> Iterator[str]:
    for place, (name, look) in enumerate(looks.items()):
        row, column = divmod(place, _LEGEND_COLUMNS)
        x = _MARGIN + column * (_WIDTH - 2 * _MARGIN) / _LEGEND_COLUMNS
        y = _MARGIN + _TITLE + row * _LEGEND_LINE + 4
        yield from _line(look, [(x, y), (x + 34, y)], [(x + 17, y)])
        yield _text(x + 42, y + 4, name, "start")


def _panel(panel: Panel, looks: Mapping[str, Look], left: float, top: float, width: float) -> Iterator[str]:
    bottom = top + _PLOT_HEIGHT
    yield _text(left, top - 10, f"{panel.title}: {panel.y_title}", "start", "title")
    for value in panel.y.ticks:
        y = bottom - panel.y.place(value) * _PLOT_HEIGHT
        yield f'<path class="grid" d="M{left:.1f},{y:.1f}h{width:.1f}"/>'
        yield _text(left - 6, y + 4, f"{value:g}", "end")
    for value in panel.x.ticks:
        x = left + panel.x.place(value) * width
        yield f'<path class="axis" d="M{x:.1f},{bottom}v4"/>'
        yield _text(x, bottom + 17, f"{value:g}", "middle")
    yield f'<path class="axis" d="M{left:.1f},{bottom}h{width:.1f}"/>'
    yield _text(left + width / 2, bottom + 36, panel.x_title, "middle")
    for name, points in panel.lines.items():
        at = [(left + panel.x.place(x) * width, bottom - panel.y.place(y) * _PLOT_HEIGHT) for x, y in sorted(points)]
        yield from _line(looks[name], at, at)


def _line(look: Look, path: Sequence[tuple[float, float]], markers: Sequence[tuple[float, float]]) -> Iterator[str]:
    dashes = ' stroke-dasharray="5 4"' if look.is_dashed else ""
    yield f'<path class="line {look.colour}"{dashes} d="M{"L".join(f"{x:.1f},{y:.1f}" for x, y in path)}"/>'
    filling = "hollow" if look.is_dashed else "full"
    for x, y in markers:
        shape = f'd="{_MARKERS[look.marker]}" transform="translate({x:.1f},{y:.1f})"'
        yield f'<path class="{filling} {look.colour}" {shape}/>'


def _text(x: float, y: float, text: str, anchor: str, kind: str = "label") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
