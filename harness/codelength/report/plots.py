"""Every plot of a report, as SVG; the same cells and libraries give the same bytes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from codelength.metrics import STORED, Pricing
from codelength.report import marks
from codelength.report.board import Board, boards, family
from codelength.report.export.markdown import plot_names
from codelength.report.machines import Machines
from codelength.results.cell import Cell, Environment

if TYPE_CHECKING:
    from matplotlib.figure import Figure

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
SHAPES = "oDs^v"

STYLE: dict[str, Any] = {
    "svg.hashsalt": "codelength",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.edgecolor": "#8a8f98",
    "axes.labelcolor": "#33373d",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "xtick.color": "#5c626b",
    "ytick.color": "#5c626b",
    "text.color": "#1f2328",
    "grid.color": "#e6e8eb",
    "grid.linewidth": 0.8,
    "figure.facecolor": "white",
    "hatch.linewidth": 0.6,
    "hatch.color": "#c3c7cd",
}
"""On top of matplotlib's defaults, so that a user's own matplotlibrc changes nothing."""


@dataclass(frozen=True)
class Drawing:
    """A plot, its file's name, and what it shows."""

    name: str
    caption: str
    svg: bytes


def draw(
    cells: Sequence[Cell], environments: Sequence[Environment], pricing: Pricing = STORED
) -> Iterator[Drawing]:
    """All plots: for each protocol and limit, ratio against speed by kind of media, and the map
    of all ratios. Raises ModuleNotFoundError without matplotlib."""
    from matplotlib import style

    from codelength.report.heatmap import heatmap
    from codelength.report.scatter import scatter

    machines = Machines(cells, environments)
    looks = families(cells)
    with style.context(["default", STYLE]):
        for board in boards(cells, pricing):
            for name, part in plot_names(board):
                figure = heatmap(board) if part is None else scatter(part, looks)
                if figure is not None:
                    yield Drawing(name, _caption(board, part, machines), rendered(figure))


def families(cells: Iterable[Cell]) -> dict[str, tuple[str, str]]:
    """A colour and a shape for each family of codecs, the same ones in every plot of a report."""
    names = sorted({family(cell.codec) for cell in cells})
    many = len(COLOURS)
    return {n: (COLOURS[i % many], SHAPES[i // many % len(SHAPES)]) for i, n in enumerate(names)}


def rendered(figure: "Figure", form: str = "svg") -> bytes:
    """The picture; an SVG says neither when nor by which version it was made."""
    data = BytesIO()
    metadata = {"Date": None, "Creator": None} if form == "svg" else None
    figure.savefig(data, format=form, metadata=metadata, dpi=120)
    return data.getvalue()


def _caption(board: Board, part: Board | None, machines: Machines) -> str:
    if part is None:
        return (
            f"Ratio in percent of every codec on every corpus, protocol {board.protocol_label}: "
            "smaller (lighter) is better, the best of a corpus in bold, cells without figures "
            "hatched. " + " ".join(marks.cautions(board.cells))
        ).strip()
    of = "all corpora" if part.name == "all" else f"{part.name} corpora"
    left = [f"{c} ({m.done} of {m.of})" for c, m in part.means.items() if m.value is None]
    words = [
        f"Geometric means over {of}, protocol {board.protocol_label}: ratio against encode and "
        "decode speed; below and right is better, and the line is the Pareto front."
    ]
    if left:
        words.append(f"Not drawn, having no mean: {', '.join(left)}.")
    words += [*marks.cautions(part.cells), *machines.caution(part.cells)]
    return " ".join(words)
