"""How often the 95% interval of a whole-set estimate holds what was measured.

    python benchmarks/estimates.py FOLDER…

The folders have a sample of some corpora and all of them, such as `reports/leaderboard/whole` and
`reports/leaderboard/sample`. Every codec that has both is left out in turn: its ratio on all of a
corpus is estimated from its sample and from the other codecs, and compared with the one that was
measured.
"""

import math
import statistics
import sys
from pathlib import Path

from codelength.metrics.inference import estimate_whole
from codelength.metrics.rates import ratio
from codelength.report.board import load_board
from codelength.report.table import Column, Table

TARGET = 0.90
HEADS = ("corpus", "estimates", "held", "typical\nerror %", "typical\nreach %", "not held")


def main(*folders: str) -> int:
    """Print the table: a row for each corpus, and one for all. Return 1 below `TARGET`."""
    grids = load_board([Path(folder) for folder in folders]).grids
    whole, sample = next((grid, grid.sample) for grid in grids if grid.sample)
    rows, all_errors, all_reaches, all_missed = [], [], [], 0
    for corpus in whole.slices:
        sampled, known = sample.column(corpus), whole.column(corpus)
        errors, reaches, missed = [], [], []
        for name in sampled.keys() & known.keys():
            others = {other: cell for other, cell in known.items() if other != name}
            estimate = estimate_whole(sampled, others).get(name)
            measured = ratio(known[name])
            if estimate is None or not measured:
                continue
            errors.append(abs(math.log(estimate.value / measured)))
            reaches.append(math.log(estimate.reach))
            if not estimate.low <= measured <= estimate.high:
                missed.append(name)
        if errors:
            rows.append([*row(corpus, errors, reaches, len(missed)), ", ".join(sorted(missed))])
        all_errors += errors
        all_reaches += reaches
        all_missed += len(missed)
    rows.append([*row("all", all_errors, all_reaches, all_missed), ""])
    columns = [Column(h, "left" if h in ("corpus", "not held") else "right") for h in HEADS]
    print(Table("Whole-set estimates, each codec from the others", columns, rows).text())
    return int(all_missed > (1 - TARGET) * len(all_errors))


def row(name: str, errors: list[float], reaches: list[float], missed: int) -> list[str]:
    """The figures of a row."""
    held = f"{1 - missed / len(errors):.0%}"
    figures = (100 * statistics.median(errors), 100 * statistics.median(reaches))
    return [name, str(len(errors)), held, *(f"{figure:.1f}" for figure in figures)]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
