"""Whether the order that a default run prints is that of the whole embedded corpora.

    codelength run --out default
    codelength run --limit all --corpora prose,structured,images,sound --out whole
    python benchmarks/default_order.py default whole

For each kind of media: the codecs, those of which the default run has only an estimate, Kendall's
tau-b between the two orders, and the largest error of an estimate. The order is that of the printed
sizes; rows that the default run prints as sets of places count as their sizes say.
"""

import sys
from pathlib import Path

from codelength.metrics.ranking import kendall_tau
from codelength.report.board import Grid, load_board
from codelength.report.table import Column, Table

TARGET = 0.95
HEADS = ("kind", "codecs", "estimated", "tau-b", "largest\nerror %")


def whole_grid(folder: str) -> Grid:
    """The ranking of all bytes: the one without a limit, or with one beyond the end."""
    grids = load_board([Path(folder)]).grids
    return next(grid for grid in grids if not isinstance(grid.limit, str))


def main(default: str, whole: str) -> int:
    """Print the table. Return 1 if an order agrees less than `TARGET`."""
    printed, truth = whole_grid(default), whole_grid(whole)
    rows, worst = [], 1.0
    for part in truth.parts[1:]:
        one = next(other for other in printed.parts if other.name == part.name)
        pairs = {
            name: (found, true)
            for name in part.rows
            if name in one.rows
            and (found := one.value(name, "ratio"))
            and (true := part.value(name, "ratio"))
        }
        tau = kendall_tau(*zip(*pairs.values(), strict=True))
        off = [abs(pairs[n][0] / pairs[n][1] - 1) for n in one.estimates if n in pairs]
        worst = min(worst, tau)
        counts = [str(len(pairs)), str(len(off))]
        rows.append([part.name, *counts, f"{tau:.3f}", f"{100 * max(off, default=0):.1f}"])
    columns = [Column(head, "left" if head == "kind" else "right") for head in HEADS]
    print(Table("Order of a default run and of all bytes", columns, rows).text())
    return int(worst < TARGET)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
