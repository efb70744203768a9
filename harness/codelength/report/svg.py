"""Small SVG pictures: text, lines and shapes, and axes with a logarithmic scale."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from codelength.report.table import to_line

Point = tuple[float, float]

INK, SOFT, FAINT, FRAME = "#1f2328", "#5c626b", "#e6e8eb", "#8a8f98"

COLOURS = (
    "#4269d0",
    "#e07b00",
    "#d6453d",
    "#2f9e8f",
    "#3c9d45",
    "#d1589b",
    "#8e55d8",
    "#5b9bd5",
    "#8a5a3b",
    "#6f7682",
)

STYLE = (
    "text{font-family:'DejaVu Sans',Verdana,sans-serif;fill:#1f2328}"
    "text.s{fill:#5c626b}text.w{fill:#fff}text.m{text-anchor:middle}text.e{text-anchor:end}"
    "text.b{font-weight:700}"
)
"""s: soft; w: white; m, e: anchored in the middle, at the end; b: bold."""


class Svg:
    """A picture that is drawn from back to front; lengths are in pixels from the upper left."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self._parts: list[str] = []

    def text(self, at: Point, text: str, size: float = 11, look: str = "", name: str = "") -> None:
        """Write text from `at` on; `look` is some letters of `STYLE`, `name` the row it is of."""
        more = {"class": " ".join(look)} if look else {}
        self.add("text", to_line(text), name, x=at[0], y=at[1], font_size=f"{size:g}", **more)

    def add(self, tag: str, text: str = "", name: str = "", **attributes: str | float) -> None:
        """Draw a shape; `_` in an attribute stands for `-`."""
        if name:
            attributes["data-name"] = to_line(name)
        words = " ".join(
            f'{key.replace("_", "-")}="{f"{v:.1f}" if isinstance(v, float) else escape(str(v))}"'
            for key, v in attributes.items()
        )
        self._parts.append(
            f"<{tag} {words}>{escape(text)}</{tag}>" if text else f"<{tag} {words}/>"
        )

    def line(self, points: Iterable[Point], colour: str, width: float = 1, dash: str = "") -> None:
        """Draw a line through points."""
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        dashes = {"stroke_dasharray": dash} if dash else {}
        self.add(
            "polyline", points=path, fill="none", stroke=colour, stroke_width=f"{width:g}", **dashes
        )

    def render(self) -> bytes:
        """The file."""
        size = f'width="{self.width:.0f}" height="{self.height:.0f}"'
        box = f'viewBox="0 0 {self.width:.0f} {self.height:.0f}"'
        parts = [f'<svg xmlns="http://www.w3.org/2000/svg" {size} {box}>']
        parts += [f"<style>{STYLE}</style>", '<rect width="100%" height="100%" fill="#fff"/>']
        return "\n".join([*parts, *self._parts, "</svg>\n"]).encode()


def text_width(text: str, size: float) -> float:
    """About how wide a text is, a little too wide rather than too narrow."""
    return 0.63 * size * len(text)


@dataclass(frozen=True)
class LogAxis:
    """A logarithmic scale from `low` to `high` between two places in the picture."""

    low: float
    high: float
    start: float
    end: float

    @classmethod
    def around(
        cls, values: Sequence[float], start: float, end: float, room: float = 0.08
    ) -> "LogAxis":
        """An axis that shows all values, with some room at both ends."""
        low, high = math.log10(min(values)), math.log10(max(values))
        pad = max(room * (high - low), 0.03)
        return cls(10 ** (low - pad), 10 ** (high + pad), start, end)

    def at(self, value: float) -> float:
        """The place of a value."""
        share = math.log10(value / self.low) / math.log10(self.high / self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self, apart: float = 40) -> list[float]:
        """Round values, no closer than `apart` pixels to each other."""
        powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        for digits in ((1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9), (1, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,)):
            ticks = [d * 10.0**p for p in powers for d in digits]
            ticks = [tick for tick in ticks if self.low <= tick <= self.high]
            places = [self.at(tick) for tick in ticks]
            if all(abs(a - b) >= apart for a, b in pairwise(places)):
                break
        if len(ticks) < 2:
            step = 10 ** math.floor(math.log10((self.high - self.low) / 2))
            first = math.ceil(self.low / step)
            ticks = [n * step for n in range(first, int(self.high / step) + 1)]
        every = max(1, round(apart * len(ticks) / abs(self.end - self.start)))
        return ticks[::every]


def draw_axes(svg: Svg, x: LogAxis, y: LogAxis, titles: tuple[str, str]) -> None:
    """Draw grid lines, ticks and the titles of both axes.

    An empty title leaves the ticks of y away.
    """
    bottom, top = max(y.start, y.end), min(y.start, y.end)
    for tick in x.ticks(45):
        at = x.at(tick)
        svg.line([(at, top), (at, bottom)], FAINT)
        svg.text((at, bottom + 14), print_tick(tick), 10, "sm")
    for tick in y.ticks(20):
        at = y.at(tick)
        svg.line([(x.start, at), (x.end, at)], FAINT)
        if titles[1]:
            svg.text((x.start - 6, at + 4), print_tick(tick), 10, "se")
    svg.line([(x.start, top), (x.start, bottom), (x.end, bottom)], FRAME)
    svg.text(((x.start + x.end) / 2, bottom + 30), titles[0], 11, "sm")
    if titles[1]:
        svg.text((x.start - 44, top - 10), titles[1], 11, "s")


def print_tick(value: float) -> str:
    """`0.01`, `1,000`, `10 MB` is for a caller to say."""
    return (
        f"{value:,.10g}" if value < 1e6 else f"{value:.0e}".replace("e+0", "e").replace("e+", "e")
    )
