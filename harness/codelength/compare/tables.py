"""A comparison in words: for terminals and as Markdown. Where nothing changed it says how much."""

from collections.abc import Iterable, Iterator, Sequence

from codelength.compare.averages import Average, averages
from codelength.compare.changes import DIRECTIONS, Comparison, Pair
from codelength.compare.speeds import NOTICE, Factor
from codelength.compare.surroundings import differences, environments, same_machine
from codelength.report import format
from codelength.report.table import Column, Table
from codelength.results.cell import Cell

SPEEDS = (
    "CPU time in B over that in A, below 1 is faster, with a 95% bootstrap interval from the "
    "stored repetitions: it knows how much repetitions within a run differ, not how much whole "
    f"runs do. Shown from a factor of {NOTICE:g} on, where the interval excludes 1."
)
MEANS = (
    "Geometric means over the corpora that both runs have with the same bytes, controls left out; "
    "n/a where the codec is not ok on one of them, in either run. Time: CPU time in B over that "
    "in A, with its interval."
)
ELSEWHERE = "The runs are of different machines: these factors compare machines as much as codecs."


def tables(compared: Comparison) -> list[Table]:
    """What differs around the runs, then what changed, the largest effect first."""
    made = [
        runs(compared),
        surroundings(compared),
        statuses(compared),
        data(compared),
        sizes(compared),
        speeds(compared),
        means(compared),
        *only(compared),
    ]
    return [table for table in made if table.rows]


def markdown(compared: Comparison) -> str:
    """The same as a document."""
    parts = ["# Comparison of two runs", "\n".join(f"- {line}" for line in summary(compared))]
    parts += [table.markdown(2) for table in tables(compared)]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def summary(compared: Comparison) -> Iterator[str]:
    """One line for each thing that was looked at, changed or not."""
    pairs = compared.comparable
    smaller = sum(pair.step < 0 for pair in pairs)
    larger = sum(pair.step > 0 for pair in pairs)
    rewritten = sum(pair.step == 0 and pair.rewritten for pair in pairs)
    equal = len(pairs) - smaller - larger - rewritten
    words = [(smaller, "smaller"), (larger, "larger"), (rewritten, "of equal size in other bytes")]
    changed = [f"{number:,} {word}" for number, word in words if number]
    if pairs:
        yield f"sizes: {', '.join([*changed, cells(equal) + ' equal'])}"
    for direction in DIRECTIONS:
        factors = [pair.factors[direction] for pair in pairs if direction in pair.factors]
        clear = [f for f in factors if f.clear]
        slower = sum(f.value > 1 for f in clear)
        if factors:
            yield (
                f"{direction} speed: {slower:,} slower, {len(clear) - slower:,} faster, "
                f"{cells(len(factors) - len(clear))} as fast"
            )
    broken = sum(not pair.before.ok and not pair.after.ok for pair in compared.pairs)
    notes = [
        (sum(p.before.ok and not p.after.ok for p in compared.pairs), "ok before and not now"),
        (sum(p.after.ok and not p.before.ok for p in compared.pairs), "not ok before and ok now"),
        (broken, "not ok in either"),
        (len(compared.other_data), "of other data under the same name"),
        (len(compared.only_before), "only in A"),
        (len(compared.only_after), "only in B"),
    ]
    for number, what in notes:
        if number:
            yield f"{cells(number)} {what}"


def cells(number: int) -> str:
    """`1 cell`, `312 cells`."""
    return f"{number:,} cell{'s' * (number != 1)}"


def runs(compared: Comparison) -> Table:
    """What A and B are."""
    rows = [
        [name, e.started, e.codelength, (e.commit or "a release")[:12], e.command]
        for name, results in (("A", compared.before), ("B", compared.after))
        for e in environments(results)
    ]
    heads = ["run", "started", "codelength", "commit"]
    columns = [*(Column(head, "left") for head in heads), Column("command", "left", wrap=True)]
    same = [] if differences(compared) else ["Machine and versions are the same."]
    return Table("Runs", columns, rows, notes=same)


def surroundings(compared: Comparison) -> Table:
    """Machines and versions that differ."""
    found = differences(compared)
    rows = [[d.what, d.before, d.after, ", ".join(d.codecs) or "all"] for d in found]
    columns = [Column("what", "left"), Column("A", "left", wrap=True)]
    columns += [Column("B", "left", wrap=True), Column("behind", "left", wrap=True)]
    return Table("Machines and versions that differ", columns, rows)


def statuses(compared: Comparison) -> Table:
    """Cells of which a run has no figures, the ones that broke first."""
    rows = [
        [*_place(pair.before), _status(pair.before), _status(pair.after)]
        for pair in sorted(compared.turned, key=lambda pair: not pair.before.ok)
    ]
    columns = [*_places(), Column("A", "left", wrap=True), Column("B", "left", wrap=True)]
    return Table("Status", columns, rows)


def data(compared: Comparison) -> Table:
    """Corpora that are called the same and are not."""
    rows = {
        (
            corpus_slice.corpus,
            protocol(corpus_slice.protocol, corpus_slice.limit),
            corpus_slice.digest[:12],
            other.digest[:12],
        ): None
        for corpus_slice, other in ((p.before.slice, p.after.slice) for p in compared.other_data)
    }
    heads = ["corpus", "protocol", "digest in A", "digest in B"]
    columns = [Column(head, "left") for head in heads]
    made = "Their cells are not compared."
    return Table("Corpora of other bytes", columns, [list(row) for row in rows], made)


def sizes(compared: Comparison) -> Table:
    """Cells whose blobs changed."""
    changed = [pair for pair in compared.comparable if pair.step or pair.rewritten]
    rows = [_size(pair) for pair in sorted(changed, key=lambda pair: -pair.effect)]
    heads = ["A, bytes", "B, bytes", "B − A", "change"]
    title = "Sizes · coded bytes, smaller is better"
    return Table(title, [*_places(), *map(Column, heads)], rows)


def speeds(compared: Comparison) -> Table:
    """Directions of cells that take clearly more or less time."""
    found = [
        (factor, direction, pair)
        for pair in compared.comparable
        for direction, factor in pair.factors.items()
        if factor.clear
    ]
    rows = [
        [*_place(pair.before), direction, *_factor(factor)]
        for factor, direction, pair in sorted(found, key=lambda item: -item[0].effect)
    ]
    columns = [*_places(), Column("direction", "left"), Column("time B/A"), Column("95% interval")]
    return Table("Speeds", columns, rows, SPEEDS, [*_caution(compared)] if rows else [])


def means(compared: Comparison) -> Table:
    """Codecs whose means changed; below, how many did not."""
    every = averages(compared)
    changed = [mean for mean in every if mean.changed]
    rows = [_mean(mean) for mean in sorted(changed, key=lambda mean: mean.effect, reverse=True)]
    columns = [Column("codec", "left", fixed=True), Column("protocol", "left")]
    columns += [Column("corpora"), Column("A\n%"), Column("B\n%"), Column("change")]
    for direction in ("enc", "dec"):
        columns += [Column(f"{direction} time\nB/A"), Column("95%\ninterval")]
    same = sum(mean.before is not None and not mean.changed for mean in every)
    notes = [f"{same} codec{'s' * (same != 1)} unchanged."] if same else []
    notes += _caution(compared)
    return Table("Means · ratio in %, smaller is better", columns, rows, MEANS, notes)


def only(compared: Comparison) -> Iterator[Table]:
    """Cells that one run has alone; one row for codecs that have the same corpora there."""
    for name, alone in (("A", compared.only_before), ("B", compared.only_after)):
        corpora: dict[tuple[str, str], list[str]] = {}
        for cell in alone:
            place = (cell.codec, protocol(cell.slice.protocol, cell.slice.limit))
            corpora.setdefault(place, []).append(cell.slice.corpus)
        codecs: dict[tuple[str, str], list[str]] = {}
        for (codec, corpus_slice), names in corpora.items():
            codecs.setdefault((corpus_slice, ", ".join(names)), []).append(codec)
        rows = [
            [corpus_slice, names, ", ".join(found)]
            for (corpus_slice, names), found in codecs.items()
        ]
        columns = [Column("protocol", "left"), Column("corpora", "left", wrap=True)]
        columns += [Column("codecs", "left", wrap=True)]
        yield Table(f"Only in {name} · {cells(len(alone))}", columns, rows)


def protocol(name: str, limit: int | None) -> str:
    """`whole`, `whole, first 1,000 B`."""
    return name + (f", first {limit:,} B" if limit is not None else "")


def share(before: float, after: float) -> str:
    """How much more, in percent: `+1.02%`; as many digits as it takes to see it."""
    if before == after:
        return "none"
    if not before:
        return format.NA
    change = 100 * (after - before) / before
    return f"{change:+.2f}%" if abs(change) >= 0.1 else f"{change:+.1g}%"


def _places() -> list[Column]:
    fixed = [Column("codec", "left", fixed=True), Column("corpus", "left", fixed=True)]
    return [*fixed, Column("protocol", "left")]


def _place(cell: Cell) -> list[str]:
    return [cell.codec, cell.slice.corpus, protocol(cell.slice.protocol, cell.slice.limit)]


def _status(cell: Cell) -> str:
    return f"{cell.status}: {cell.reason}" if cell.reason else str(cell.status)


def _size(pair: Pair) -> list[str]:
    before, after = pair.before.coded_bytes, pair.after.coded_bytes
    change = share(before, after) if pair.step else "other bytes"
    return [*_place(pair.before), f"{before:,}", f"{after:,}", f"{pair.step:+,}", change]


def _factor(factor: Factor | None) -> Sequence[str]:
    if factor is None:
        return (format.NA, format.NA)
    return (f"{factor.value:.2f}", f"{factor.low:.2f}–{factor.high:.2f}")


def _mean(mean: Average) -> list[str]:
    row = [mean.codec, protocol(mean.protocol, mean.limit), f"{mean.done} of {mean.of}"]
    row += [format.percent(mean.before), format.percent(mean.after)]
    known = mean.before is not None and mean.after is not None
    row.append(share(mean.before or 0, mean.after or 0) if known else format.NA)
    for direction in DIRECTIONS:
        row += _factor((mean.factors or {}).get(direction))
    return row


def _caution(compared: Comparison) -> Iterable[str]:
    return [] if same_machine(compared) else [ELSEWHERE]
