"""What a ranking says of other files, of codecs that had a sample, and of other means."""

from collections.abc import Callable

from codelength.metrics.inference import FEWEST
from codelength.metrics.ranking import geometric_mean, kendall_tau, mean_places
from codelength.report import format
from codelength.report.board import Part
from codelength.report.keys import find_key
from codelength.report.table import Column

SETS = (
    "A place such as 2–4: these files cannot tell which it is. All sets of places hold together "
    "with 95%, for other files like these; rows are compared file by file."
)
FIRST = "first: the chance that the row is the smallest on other files like these."
SLOW = "≈: estimated from a sample, with the places that its 95% interval leaves."


def columns(part: Part) -> list[Column]:
    """The interval and the chance to be first, where there are any."""
    means = part.means
    found: list[tuple[str, int, Callable[[str], str]]] = []
    if part.estimates or any(mean.low is not None for mean in means.values()):
        found.append(("95%\ninterval", 5, lambda name: _interval(part, name)))
    if any(mean.first is not None for mean in means.values()):
        found.append(("first\n%", 5, lambda name: _chance(means[name].first)))
    return [Column(head, drop=drop, show=show) for head, drop, show in found]


def notes(part: Part) -> list[str]:
    """What these columns and the places mean; of all kinds together, what other means would say."""
    means = [mean for mean in part.means.values() if mean.value is not None]
    said = [SLOW] if part.estimates else []
    said += [SETS] if any("–" in place for place in part.places().values()) else []
    files = min((mean.clusters for mean in means), default=FEWEST)
    if files < FEWEST:
        said.append(
            f"{format.plural(files, 'file')}: the order is that of these. Fewer than {FEWEST} give "
            "no interval, and do not tell which codec is smaller on others."
        )
    elif any(mean.low is None for mean in means):
        said.append(
            "No interval where a corpus has too few files, or one has most of its bytes. For "
            "the places, the files of a corpus of few are taken to vary as those of others do."
        )
    said += [FIRST] if any(mean.first is not None for mean in means) else []
    return [*said, *(_other_means(part) if part.name == "all" else [])]


def _interval(part: Part, name: str) -> str:
    found = part.estimates.get(name, part.means[name])
    return "" if found.low is None else format.interval(found.low, found.high)


def _chance(first: float | None) -> str:
    return "" if not first else f"{100 * first:.0f}" if first >= 0.01 else "<1"


def _other_means(part: Part) -> list[str]:
    """Who would be first under other means, and how far their orders agree with this one."""
    known = part.grid.figures(find_key("ratio").figure)
    rows = {
        name: [known[name][corpus] for corpus in part.corpora]
        for name in part.grid.groups[""]
        if name in part.rows
        and name not in part.estimates
        and set(part.corpora) <= set(known[name])
    }
    if len(rows) < 2 or len(part.corpora) < 2:
        return []
    ours = [part.value(name, "ratio") or 0.0 for name in rows]
    coded = [float(sum(cell.coded_bytes for cell in part.row_cells(name))) for name in rows]
    others = {
        "each corpus alike": [geometric_mean(rates) for rates in rows.values()],
        "mean rank (Borda)": mean_places(list(rows.values())),
        "total bytes": coded,
    }
    if len(part.kinds) == 1:
        del others["each corpus alike"]
    said = [
        f"by {what}, {min(zip(values, ours, rows, strict=True))[2]} is first "
        f"(τ {kendall_tau(ours, values):.2f})"
        for what, values in others.items()
    ]
    return [f"Other means: {'; '.join(said)}. τ: how far the orders agree, 1 in full."]
