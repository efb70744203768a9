"""The whole report as one Markdown text."""

from collections.abc import Iterator, Mapping, Sequence

from codelength.metrics import STORED, Pricing
from codelength.report.appendix import digests, provenance
from codelength.report.board import Board, boards
from codelength.report.failures import failures
from codelength.report.ledger import break_even, ledger
from codelength.report.machines import Machines
from codelength.report.overview import controls, kinds_of, overall, standings
from codelength.report.published import comparison
from codelength.report.rankings import key_named, ranking
from codelength.report.table import Table
from codelength.results.cell import Cell, Environment

GUIDE = (
    "Ratio is coded / raw bytes in percent, and bpb is coded bits for each raw byte: for both, "
    "smaller is better. kB, MB and GB are powers of ten. A cell is one codec on one corpus under "
    "one protocol; it has figures only if a process of its own decoded every blob to the bytes "
    "that went in. `n/a` means that there is no figure; it never means zero, and no mean is taken "
    "over it. Codecs of equal coded size share a rank, as in `3=`. Protocols and limits are never "
    "mixed in one table."
)


def report(
    cells: Sequence[Cell],
    environments: Sequence[Environment],
    key: str = "ratio",
    plots: Mapping[str, str] | None = None,
    remark: str = "",
    pricing: Pricing = STORED,
) -> str:
    """Everything there is to say about `cells`.

    `plots` maps the file name of each plot to what it shows, in the order in which they were drawn
    (see `plots.draw`); `remark` says why there are none.
    """
    machines, drawn = Machines(cells, environments), dict(plots or {})
    parts = ["# Leaderboard", *_opening(cells, machines, key)]
    parts += [remark] if remark else []
    for board in boards(cells, pricing):
        parts += _board(board, machines, key, drawn)
    bad = failures(cells)
    parts += ["## Not ok"]
    parts += [_headless(bad) if bad else "Every cell was decoded and found equal."]
    parts += ["## Provenance", *(table.markdown() for table in provenance(cells, machines))]
    parts += ["### Digests", "The digests of the corpora as cut, in full.", _digests(cells)]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def plot_names(board: Board) -> Iterator[tuple[str, Board | None]]:
    """The files of a board's plots: one for each part whose means are drawn, and the heat map."""
    stem = "".join(c if c.isalnum() else "-" for c in board.protocol)
    stem += "" if board.limit is None else f"-{board.limit}"
    parts = board.parts()
    for part in parts[:1] + (parts[1:] if len(parts) > 2 else []):
        yield f"{stem}-{part.name}.svg", part
    if parts:
        yield f"{stem}-map.svg", None


def _opening(cells: Sequence[Cell], machines: Machines, key: str) -> Iterator[str]:
    by = key_named(key)
    good = sum(cell.ok for cell in cells)
    codecs = len({cell.codec for cell in cells})
    corpora = len({cell.slice.corpus for cell in cells})
    yield (
        f"{codecs} codecs, {corpora} corpora; {len(cells)} cells, of which {good} ok. "
        f"Ranked by {by.title}: {by.direction}."
    )
    runs = machines.environments
    if len(runs) == 1:
        (e,) = runs
        made = f"commit `{e.commit}`" if e.commit else f"release {e.codelength}"
        yield f"Measured by `{e.command}`, started {e.started}, with codelength at {made}."
    elif runs:
        yield f"Measured in {len(runs)} runs from {runs[0].started} on; the last section has them."
    yield GUIDE


def _board(board: Board, machines: Machines, key: str, plots: Mapping[str, str]) -> Iterator[str]:
    yield f"## Protocol {board.protocol_label}"
    yield overall(board, machines, key).markdown()
    for name, _ in plot_names(board):
        if name in plots:
            yield f"![{plots[name].partition(':')[0]}](plots/{name})"
            yield plots[name]
    for part in kinds_of(board):
        yield standings(part, machines, key).markdown()
    checks, beside = board.controls(), comparison(board)
    if checks:
        yield controls(checks).markdown()
    if beside:
        yield beside.markdown()
    for corpus in board.slices:
        yield ranking(board, corpus, machines, key).markdown()
    for title, make in (("Break-even", break_even), ("Ledgers", ledger)):
        found = [table for corpus in board.slices if (table := make(board, corpus))]
        if found:
            yield f"### {title} · {board.protocol_label}"
            yield found[0].made
        for table in found:
            yield _folded(table)


def _headless(table: Table) -> str:
    return table.markdown().partition("\n")[2].strip()


def _folded(table: Table) -> str:
    """A table that opens on a click; how it was made is said once above them all."""
    shut = Table(table.title, table.columns, table.rows, "", table.notes)
    title = table.title.replace("&", "&amp;").replace("<", "&lt;")
    return f"<details><summary>{title}</summary>\n\n{_headless(shut)}\n\n</details>"


def _digests(cells: Sequence[Cell]) -> str:
    return "\n".join(f"- {name}: `{digest}`" for name, digest in digests(cells))
