"""A comparison as tables and as a summary of what is equal."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from codelength.compare.changes import (
    DIRECTIONS,
    NOTICE,
    Comparison,
    MeanChange,
    SpeedRatio,
    environments,
)
from codelength.report import format
from codelength.report.table import Column, Table
from codelength.results.cell import Cell

SPEEDS = (
    "CPU time in B over that in A, below 1 is faster, with a 95% bootstrap interval from the "
    "stored repetitions. The interval covers how much repetitions within a run differ, not how "
    f"much runs do. A speed is shown if it changed by a factor of {NOTICE:g} or more and the "
    "interval excludes 1."
)
MEANS = (
    "Geometric means over the corpora that both runs have with the same bytes, without controls; "
    "n/a if the codec is not ok on one of them in one of the runs. Time: CPU time in B over that "
    "in A, with its interval."
)
OTHER_MACHINE = "The runs are of different machines: these times compare machines, too."


def to_tables(comparison: Comparison) -> list[Table]:
    """Return what differs around the runs, then what changed, the largest effect first.

    A table without rows is left out.
    """
    tables = [
        _runs(comparison),
        _differences(comparison),
        _statuses(comparison),
        _other_data(comparison),
        _sizes(comparison),
        _speeds(comparison),
        _means(comparison),
        _only("A", comparison.only_before),
        _only("B", comparison.only_after),
    ]
    return [table for table in tables if table.rows]


def to_markdown(comparison: Comparison) -> str:
    """Return the summary and the tables as a document."""
    lines = "\n".join(f"- {line}" for line in summarize(comparison))
    parts = ["# Comparison of two runs", lines]
    parts += [table.markdown(2).strip("\n") for table in to_tables(comparison)]
    return "\n\n".join(parts) + "\n"


def summarize(comparison: Comparison) -> Iterator[str]:
    """Count what changed and what did not.

    One line for sizes, for each direction, and for each kind of cell that is not compared.
    """
    pairs = comparison.comparable
    smaller = sum(pair.step < 0 for pair in pairs)
    larger = sum(pair.step > 0 for pair in pairs)
    other = sum(pair.step == 0 and pair.has_other_bytes for pair in pairs)
    words = [(smaller, "smaller"), (larger, "larger"), (other, "of equal size in other bytes")]
    changed = [f"{number:,} {word}" for number, word in words if number]
    if pairs:
        equal = f"{format.plural(len(pairs) - smaller - larger - other, 'cell')} equal"
        yield f"sizes: {', '.join([*changed, equal])}"
    for direction in DIRECTIONS:
        speeds = [pair.speeds[direction] for pair in pairs if direction in pair.speeds]
        clear = [speed for speed in speeds if speed.is_clear]
        slower = sum(speed.value > 1 for speed in clear)
        if speeds:
            yield (
                f"{direction} speed: {slower:,} slower, {len(clear) - slower:,} faster, "
                f"{format.plural(len(speeds) - len(clear), 'cell')} as fast"
            )
    oks = [(pair.before.ok, pair.after.ok) for pair in comparison.pairs]
    for number, what in [
        (oks.count((True, False)), "ok before and not now"),
        (oks.count((False, True)), "not ok before and ok now"),
        (oks.count((False, False)), "not ok in either"),
        (len(comparison.other_data), "of other data under the same name"),
        (len(comparison.only_before), "only in A"),
        (len(comparison.only_after), "only in B"),
    ]:
        if number:
            yield f"{format.plural(number, 'cell')} {what}"


def _runs(comparison: Comparison) -> Table:
    rows = [
        [name, e.started, e.codelength, (e.commit or "a release")[:12], e.command]
        for name, results in (("A", comparison.before), ("B", comparison.after))
        for e in environments(results)
    ]
    columns = [*_left("run", "started", "codelength", "commit"), *_prose("command")]
    same = [] if comparison.differences else ["Machine and versions are the same."]
    return Table("Runs", columns, rows, notes=same)


def _differences(comparison: Comparison) -> Table:
    rows = [
        [d.what, d.before, d.after, ", ".join(d.codecs) or "all"] for d in comparison.differences
    ]
    columns = [*_left("what"), *_prose("A", "B", "codecs")]
    return Table("Machines and versions that differ", columns, rows)


def _statuses(comparison: Comparison) -> Table:
    """Cells without figures in one of the runs; those that broke come first."""
    rows = [
        [*_place(pair.before), _status(pair.before), _status(pair.after)]
        for pair in sorted(comparison.status_changes, key=lambda pair: not pair.before.ok)
    ]
    return Table("Status", [*_place_columns(), *_prose("A", "B")], rows)


def _other_data(comparison: Comparison) -> Table:
    rows = {
        (*_place(pair.before)[1:], pair.slice.digest[:12], pair.after.slice.digest[:12]): None
        for pair in comparison.other_data
    }
    columns = _left("corpus", "protocol", "digest in A", "digest in B")
    return Table("Corpora of other bytes", columns, list(rows), "Their cells are not compared.")


def _sizes(comparison: Comparison) -> Table:
    rows = []
    for pair in sorted(comparison.comparable, key=lambda pair: -pair.effect):
        if pair.step or pair.has_other_bytes:
            before, after = pair.before.coded_bytes, pair.after.coded_bytes
            change = _change(before, after) if pair.step else "other bytes"
            row = [f"{before:,}", f"{after:,}", f"{pair.step:+,}", change]
            rows.append([*_place(pair.before), *row])
    columns = [*_place_columns(), *map(Column, ("A, bytes", "B, bytes", "B − A", "change"))]
    return Table("Sizes · coded bytes, smaller is better", columns, rows)


def _speeds(comparison: Comparison) -> Table:
    clear = [
        (speed, [*_place(pair.before), direction, *_speed(speed)])
        for pair in comparison.comparable
        for direction, speed in pair.speeds.items()
        if speed.is_clear
    ]
    rows = [row for _, row in sorted(clear, key=lambda item: -item[0].effect)]
    columns = [*_place_columns(), *_left("direction"), Column("time B/A"), Column("95% interval")]
    return Table("Speeds", columns, rows, SPEEDS, _machine_note(comparison))


def _means(comparison: Comparison) -> Table:
    """The means that changed; a note counts the others.

    A mean that is missing is only shown if a cell of it is ok in one run.
    """
    turned = {
        (pair.codec, pair.slice.protocol, pair.slice.limit)
        for pair in comparison.pairs
        if pair.before.ok != pair.after.ok
    }
    changed = [
        mean
        for mean in comparison.means
        if (
            mean.is_changed
            if mean.before is not None
            else (mean.codec, mean.protocol, mean.limit) in turned
        )
    ]
    rows = [_mean(mean) for mean in sorted(changed, key=lambda mean: mean.effect, reverse=True)]
    columns = [Column("codec", "left", fixed=True), *_left("protocol")]
    columns += map(Column, ("corpora", "A\n%", "B\n%", "change"))
    for direction in ("enc", "dec"):
        columns += [Column(f"{direction} time\nB/A"), Column("95%\ninterval")]
    same = sum(mean.before is not None and not mean.is_changed for mean in comparison.means)
    notes = [f"{format.plural(same, 'codec')} unchanged."] if same else []
    title = "Means · ratio in %, smaller is better"
    return Table(title, columns, rows, MEANS, [*notes, *_machine_note(comparison)])


def _only(name: str, cells: Sequence[Cell]) -> Table:
    """Cells that only one run has; codecs with the same corpora share a row."""
    corpora: dict[tuple[str, str], list[str]] = defaultdict(list)
    for cell in cells:
        codec, corpus, protocol = _place(cell)
        corpora[codec, protocol].append(corpus)
    codecs: dict[tuple[str, str], list[str]] = defaultdict(list)
    for (codec, protocol), names in corpora.items():
        codecs[protocol, ", ".join(names)].append(codec)
    rows = [[*key, ", ".join(names)] for key, names in codecs.items()]
    columns = [*_left("protocol"), *_prose("corpora", "codecs")]
    return Table(f"Only in {name} · {format.plural(len(cells), 'cell')}", columns, rows)


def _left(*heads: str) -> list[Column]:
    return [Column(head, "left") for head in heads]


def _prose(*heads: str) -> list[Column]:
    return [Column(head, "left", wrap=True) for head in heads]


def _place_columns() -> list[Column]:
    fixed = [Column(head, "left", fixed=True) for head in ("codec", "corpus")]
    return [*fixed, *_left("protocol")]


def _place(cell: Cell) -> list[str]:
    return [cell.codec, cell.slice.corpus, _protocol(cell.slice.protocol, cell.slice.limit)]


def _protocol(name: str, limit: int | None) -> str:
    """`whole`; `whole, first 1,000 B`."""
    return name + (f", first {limit:,} B" if limit is not None else "")


def _change(before: float, after: float) -> str:
    """`+1.02%`, with as many digits as it takes to see a change."""
    if before == after:
        return "none"
    if not before:
        return format.NA
    percent = 100 * (after - before) / before
    return f"{percent:+.2f}%" if abs(percent) >= 0.1 else f"{percent:+.1g}%"


def _status(cell: Cell) -> str:
    return f"{cell.status}: {cell.reason}" if cell.reason else str(cell.status)


def _speed(speed: SpeedRatio | None) -> list[str]:
    if speed is None:
        return [format.NA, format.NA]
    return [f"{speed.value:.2f}", f"{speed.low:.2f}–{speed.high:.2f}"]


def _mean(mean: MeanChange) -> list[str]:
    known = mean.before is not None and mean.after is not None
    return [
        mean.codec,
        _protocol(mean.protocol, mean.limit),
        f"{mean.done} of {mean.of}",
        format.percent(mean.before),
        format.percent(mean.after),
        _change(mean.before or 0, mean.after or 0) if known else format.NA,
        *_speed(mean.encode),
        *_speed(mean.decode),
    ]


def _machine_note(comparison: Comparison) -> list[str]:
    return [] if comparison.is_same_machine else [OTHER_MACHINE]
