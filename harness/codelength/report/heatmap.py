"""The ratio of every codec on every corpus, as a map (needs matplotlib)."""

from typing import TYPE_CHECKING

from codelength import metrics
from codelength.report import format
from codelength.report import marks as charges
from codelength.report.board import Board
from codelength.report.format import NA
from codelength.report.overview import order, stacked

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INCH = (0.78, 0.27)
"""Width and height of a cell."""

LEAST = 5.4
"""Inches, however few the corpora."""


def heatmap(board: Board) -> "Figure":
    """Rows are codecs, the best mean on top; columns are corpora by kind, the mean before them."""
    from matplotlib.figure import Figure

    parts = board.parts()
    names, _ = order(parts[0], "ratio")
    names += [codec for codec in board.codecs if codec not in names]
    columns = ["mean", *board.slices]
    left, top, right, bottom = 0.3 + 0.072 * max(map(len, names)), 1.35, 0.2, 0.2
    right += max(0.0, LEAST - left - right - INCH[0] * len(columns))  # the title wants room
    width = left + right + INCH[0] * len(columns) + 0.12
    height = top + bottom + INCH[1] * len(names)
    figure = Figure(figsize=(width, height), dpi=100)
    axis = figure.add_axes(
        (left / width, bottom / height, 1 - (left + right) / width, 1 - (top + bottom) / height)
    )
    values: dict[tuple[int, int], float | None] = {}
    marks: dict[tuple[int, int], str] = {}
    for row, codec in enumerate(names):
        mean = parts[0].means.get(codec)
        values[row, 0] = mean.value if mean else None
        marks[row, 0] = charges.marks(parts[0].row(codec))
        for column, cell in enumerate(board.row(codec), start=1):
            values[row, column] = metrics.ratio(cell) if cell else None
            marks[row, column] = charges.marks([cell])
    for column in range(len(columns)):
        shown = [(values[row, column], marks[row, column]) for row in range(len(names))]
        _column(axis, column, shown)
    _frame(axis, board, columns, names)
    title = "Ratio, coded / raw bytes (%)"
    x, y = 0.12 / width, 1 - 0.2 / height
    figure.text(x, y, title, fontsize=12, fontweight="bold", va="center")
    what = f"protocol {board.protocol_label} · smaller is better · mean: geometric, no controls"
    figure.text(x, y - 0.22 / height, what, fontsize=8, color="#5c626b", va="center")
    return figure


def _column(axis: "Axes", column: int, shown: list[tuple[float | None, str]]) -> None:
    from matplotlib.patches import Rectangle

    x = _x(column)
    best = min((value for value, _ in shown if value is not None), default=None)
    for row, (value, mark) in enumerate(shown):
        if value is None:
            hole = Rectangle((x, row), 1, 1, facecolor="#fafafa", hatch="////", linewidth=0)
            axis.add_patch(hole)
            axis.text(
                x + 0.5,
                row + 0.52,
                NA,
                ha="center",
                va="center",
                fontsize=7,
                color="#7b818b",
                bbox={"facecolor": "#fafafa", "edgecolor": "none", "pad": 1},
            )
            continue
        tile(axis, x, row, format.percent(value) + mark, min(1.0, value), value == best)


def tile(axis: "Axes", x: float, row: int, text: str, shade: float, best: bool) -> None:
    """A box with a figure in it, the darker the larger `shade` is, from 0 to 1."""
    from matplotlib import colormaps
    from matplotlib.patches import Rectangle

    colour = colormaps["YlGnBu"](0.04 + 0.82 * shade)
    box = Rectangle((x, row), 1, 1, facecolor=colour, edgecolor="white", linewidth=0.8)
    axis.add_patch(box)
    light = 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]
    axis.text(
        x + 0.5,
        row + 0.52,
        text,
        ha="center",
        va="center",
        fontsize=8,
        fontweight="bold" if best else "normal",
        color="#1f2328" if light > 0.5 else "white",
    )


def _frame(axis: "Axes", board: Board, columns: list[str], names: list[str]) -> None:
    axis.set_xlim(0, _x(len(columns)))
    axis.set_ylim(len(names), 0)
    axis.xaxis.tick_top()
    axis.set_xticks([_x(i) + 0.5 for i in range(len(columns))])
    axis.set_xticklabels([stacked(name) for name in columns], fontsize=8, color="#1f2328")
    axis.set_yticks([row + 0.5 for row in range(len(names))])
    axis.set_yticklabels(names, fontsize=8, color="#1f2328")
    axis.tick_params(length=0)
    for spine in axis.spines.values():
        spine.set_visible(False)
    kinds = [
        "controls" if corpus_slice.entropy is not None else corpus_slice.kind
        for corpus_slice in board.slices.values()
    ]
    for kind in dict.fromkeys(kinds):
        first, last = kinds.index(kind), len(kinds) - 1 - kinds[::-1].index(kind)
        x0, x1 = _x(1 + first) + 0.06, _x(2 + last) - 0.06
        y = -0.45 / INCH[1]
        axis.plot([x0, x1], [y, y], color="#8a8f98", linewidth=1, clip_on=False)
        axis.text(
            (x0 + x1) / 2, y - 0.1, kind, ha="center", va="bottom", fontsize=8, color="#5c626b"
        )


def _x(column: int) -> float:
    """The left edge; the mean stands a little apart."""
    return column + (0.15 if column else 0.0)
