"""Ratio against speed, with the Pareto front (needs matplotlib)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from codelength import metrics
from codelength.report import marks as charges
from codelength.report.board import Board, family
from codelength.report.label_placement import nearest, place
from codelength.report.overview import mean_of
from codelength.results.cell import Cell

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Points = dict[str, tuple[float, float]]
"""Codec → (MB/s, ratio in percent)."""

Curve = list[tuple[float, float]]
"""A line, in data coordinates."""

TICKS = (1, 2, 3, 5, 7, 10, 15, 20, 25, 30, 35, 40, 50, 60, 70, 80, 90, 100, 120, 150, 200)


def scatter(board: Board, looks: Mapping[str, tuple[str, str]]) -> "Figure | None":
    """Two panels, encode and decode speed; None if no codec has a mean and a speed."""
    from matplotlib.figure import Figure

    panels = {
        "encode": _points(board, metrics.encode_speed),
        "decode": _points(board, metrics.decode_speed),
    }
    if not any(panels.values()):
        return None
    figure = Figure(figsize=(12, 5.6), dpi=100)
    axes = figure.subplots(1, 2, sharey=True)
    figure.subplots_adjust(left=0.055, right=0.985, top=0.86, bottom=0.1, wspace=0.07)
    curves: dict[str, list[Curve]] = {}
    for axis, (direction, points) in zip(axes, panels.items(), strict=True):
        _prepare(axis, direction, panels)
        curves[direction] = [*_front(axis, points), *_marks(axis, points, looks)]
    axes[0].set_ylabel("ratio, coded / raw bytes (%, log scale) — lower is better")
    marks = {codec: charges.marks(board.row(codec)) for codec in board.codecs}
    for axis, (direction, points) in zip(axes, panels.items(), strict=True):
        _name(axis, points, marks, looks, curves[direction])
    many = f"{len(board.slices)} corpora" if len(board.slices) > 1 else "1 corpus"
    what = "geometric mean over" if len(board.slices) > 1 else "on"
    title = "Ratio against speed" + ("" if board.name == "all" else f": {board.name}")
    figure.text(0.055, 0.945, title, fontsize=13, fontweight="bold", va="center")
    figure.text(
        0.985,
        0.945,
        f"{what} {many} · protocol {board.protocol_label} · line: Pareto front",
        color="#5c626b",
        ha="right",
        va="center",
    )
    return figure


def short(codec: str) -> str:
    """`zstd:level=22,long=27` → `zstd 22, long=27`."""
    name, _, settings = codec.partition(":")
    first, _, rest = settings.partition(",")
    value = first.partition("=")[2] or first
    return f"{name} {value}".strip() + (f", {rest}" if rest else "")


def _points(board: Board, speed: Callable[[Cell], float | None]) -> Points:
    points = {}
    for codec in board.codecs:
        mean, fast = board.means[codec].value, mean_of(board, codec, speed)
        if mean is not None and fast is not None:
            points[codec] = (fast, 100 * mean)
    return points


def _prepare(axis: "Axes", direction: str, panels: Mapping[str, Points]) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullFormatter

    axis.set_xscale("log")
    everything = [point for points in panels.values() for point in points.values()]
    speeds = [speed for speed, _ in panels[direction].values()] or [1.0]
    low, high = np.log10(min(speeds)), np.log10(max(speeds))
    room = max(0.3, 0.08 * (high - low))
    axis.set_xlim(10 ** (low - room), 10 ** (high + 1.6 * room))
    ratios = [ratio for _, ratio in everything]
    low, high = min(ratios), max(ratios)
    room = max(1.02, (high / low) ** 0.08)
    axis.set_yscale("log")
    axis.set_ylim(low / room, high * room)
    wide = sum(low <= tick <= high for tick in TICKS) > 3
    axis.yaxis.set_major_locator(FixedLocator(TICKS) if wide else MaxNLocator(6))
    axis.yaxis.set_minor_formatter(NullFormatter())
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.grid(True)
    axis.tick_params(length=3, which="major")
    axis.tick_params(length=0, which="minor")
    axis.set_xlabel(f"{direction} speed (raw MB per CPU second, log scale) — right is better")
    axis.set_title(f"{direction}", loc="left", color="#33373d")


def _front(axis: "Axes", points: Points) -> list[Curve]:
    """The staircase that no codec is below and right of."""
    if not points:
        return []
    best = metrics.pareto([(ratio, speed) for speed, ratio in points.values()])
    corners = sorted({p for p, on in zip(points.values(), best, strict=True) if on})
    left, right = axis.get_xlim()
    bottom, top = axis.get_ylim()
    xs, ys = [left], [corners[0][1]]
    for speed, ratio in corners:
        xs += [xs[-1], speed]
        ys += [ratio, ratio]
    xs.append(xs[-1])
    ys.append(top)
    axis.plot(xs, ys, color="#9aa1ab", linewidth=1.2, zorder=1.5)
    axis.fill_between(xs, ys, top, color="#f4f5f7", zorder=0.5, linewidth=0)
    axis.set_xlim(left, right)
    axis.set_ylim(bottom, top)
    return [list(zip(xs, ys, strict=True))]


def _marks(axis: "Axes", points: Points, looks: Mapping[str, tuple[str, str]]) -> Iterator[Curve]:
    """The points, and a line through those of a family."""
    for name, members in groupby(sorted(points, key=lambda c: (family(c), points[c])), family):
        colour, shape = looks[name]
        xs, ys = zip(*(points[codec] for codec in members), strict=True)
        axis.plot(xs, ys, color=colour, linewidth=0.9, alpha=0.35, zorder=2)
        axis.scatter(
            xs, ys, s=34, color=colour, marker=shape, edgecolor="white", linewidth=0.7, zorder=3
        )
        yield list(zip(xs, ys, strict=True))


def _name(
    axis: "Axes",
    points: Points,
    marks: Mapping[str, str],
    looks: Mapping[str, tuple[str, str]],
    curves: Sequence[Curve],
) -> None:
    if not points:
        return
    halo = {"facecolor": "white", "edgecolor": "none", "alpha": 0.6, "pad": 0.4}
    texts = [axis.text(0, 0, short(c) + marks[c], fontsize=8, zorder=4, bbox=halo) for c in points]
    extents = [text.get_window_extent() for text in texts]
    sizes = np.array([[box.width, box.height] for box in extents])
    pixels = axis.transData.transform(list(points.values()))
    frame = axis.get_window_extent()
    bounds = (frame.x0 + 3, frame.y0 + 3, frame.x1 - 2, frame.y1 - 2)
    back = axis.transData.inverted()
    corners = place(pixels, sizes, bounds, [axis.transData.transform(curve) for curve in curves])
    for codec, text, pixel, corner, size in zip(points, texts, pixels, corners, sizes, strict=True):
        text.set_position(tuple(back.transform(corner)))
        text.set_verticalalignment("bottom")
        end = nearest(pixel, corner, size)
        if np.hypot(*(end - pixel)) > 9:
            (x0, y0), (x1, y1) = back.transform([pixel, end])
            colour = looks[family(codec)][0]
            axis.plot([x0, x1], [y0, y1], color=colour, linewidth=0.6, alpha=0.7, zorder=2.5)
