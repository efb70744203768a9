"""The page of a comparison: what differs around the runs, then what changed, and all as JSON."""

from collections.abc import Iterable, Iterator, Sequence

from codelength.api.sampling import Limit
from codelength.report import format
from codelength.report.page import PlainPage, Prose, Records
from codelength.report.table import Column, Table, join_rows
from codelength.results.cell import Cell, CellKey
from codelength_compare.changes import (
    DIRECTIONS,
    NOISE,
    NOTICE,
    Comparison,
    MeanChange,
    Pair,
    SpeedRatio,
    environments,
)

SCHEMA = 1
"""Of the JSON: raised when a field changes its meaning."""
TIMES = "CPU time in B over that in A; below 1 is faster."
SINGLE = (
    f"A speed counts as changed from a factor of {NOISE:g} on: by so much two runs may differ. "
    "With --before and --after, which add runs, smaller changes count."
)
SEVERAL = (
    "The 99% interval is from the spread between the runs of a side. A speed counts as changed if "
    f"it excludes 1 and the factor is at least {NOTICE:g}."
)
MEANS = (
    "Geometric means over the corpora that A and B have with the same bytes, without controls; n/a "
    f"if the codec is not ok on one of them. {TIMES}"
)
OTHER_MACHINE = "The runs are of different machines: these times compare machines, too."
FIGURES = [f"{d}{end}" for d in DIRECTIONS for end in ("", "_low", "_high")]


def to_page(comparison: Comparison) -> PlainPage:
    """Return all that changed, the largest effect first. A table without rows is left out."""
    c, place = comparison, ["codec", "corpus", "protocol"]
    notes = [] if c.is_same_machine else [OTHER_MACHINE]
    runs = [
        [name, e.started, e.codelength, (e.commit or "a release")[:12], e.command]
        for name, side in (("A", c.before), ("B", c.after))
        for e in environments(side)
    ]
    same = [] if c.differences else ["machine and versions are the same"]
    differ = [[d.what, d.before, d.after, ", ".join(d.codecs) or "all"] for d in c.differences]
    noise = SINGLE if len(c.before) == len(c.after) == 1 else SEVERAL
    means = [Column("codec", "left", fixed=True), *_columns("protocol")]
    means += map(Column, ("corpora", "A\n%", "B\n%", "change"))
    means += map(Column, ("enc time\nB/A", "interval", "dec time\nB/A", "interval"))
    unchanged = sum(mean.before is not None and not mean.is_changed for mean in c.means)
    steady = [f"{format.plural(unchanged, 'codec')} unchanged."] if unchanged else []
    tables = [
        Table("Machines and versions that differ", _columns("what", "A B codecs"), differ),
        Table("Status", _columns(place, "A B"), list(_statuses(c.pairs))),
        Table(
            "Corpora of other bytes",
            _columns(["corpus", "protocol", "digest in A", "digest in B"]),
            _other_data(c.pairs),
            "Their cells are not compared.",
        ),
        Table(
            "Sizes · coded bytes, smaller is better",
            [*_columns(place), *map(Column, ("A, bytes", "B, bytes", "B − A", "change"))],
            list(_sizes(c.comparable)),
        ),
        Table(
            "Speeds",
            [*_columns([*place, "direction"]), Column("time B/A"), Column("interval")],
            _speeds(c.comparable),
            TIMES,
            notes,
        ),
        Table("Means · ratio in %, smaller is better", means, _means(c), MEANS, [*steady, *notes]),
        _only("A", c.only_before),
        _only("B", c.only_after),
    ]
    summary, *rest = [*summarize(c), *same, noise]
    return PlainPage(
        "Comparison of two runs",
        summary,
        [*(table for table in tables if table.rows), *map(Prose, rest)],
        _document(c),
        Records([*CellKey._fields, "a_bytes", "b_bytes", *FIGURES], list(map(_record, c.pairs))),
        [Table("Runs", _columns("run started codelength commit", "command"), runs)],
    )


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
        (oks.count((True, True)) - len(pairs), "of other data under the same name"),
        (len(comparison.only_before), "only in A"),
        (len(comparison.only_after), "only in B"),
    ]:
        if number:
            yield f"{format.plural(number, 'cell')} {what}"


def _statuses(pairs: Iterable[Pair]) -> Iterator[list[str]]:
    """Cells without figures in A or B, if not for the same reason; those that broke come first."""
    for pair in sorted(pairs, key=lambda pair: not pair.before.ok):
        words = [f"{c.status}: {c.reason}".removesuffix(": ") for c in (pair.before, pair.after)]
        if not pair.both_ok and words[0] != words[1]:
            yield [*_place(pair.before), *words]


def _other_data(pairs: Iterable[Pair]) -> list[tuple[str, ...]]:
    rows = [
        (*_place(pair.before)[1:], *(c.slice.digest[:12] for c in (pair.before, pair.after)))
        for pair in pairs
        if pair.both_ok and not pair.is_comparable
    ]
    return list(dict.fromkeys(rows))


def _sizes(pairs: Iterable[Pair]) -> Iterator[list[str]]:
    for pair in sorted(pairs, key=lambda pair: -pair.effect):
        if pair.step or pair.has_other_bytes:
            before, after = pair.before.coded_bytes, pair.after.coded_bytes
            change = _change(before, after) if pair.step else "other bytes"
            yield [*_place(pair.before), f"{before:,}", f"{after:,}", f"{pair.step:+,}", change]


def _speeds(pairs: Iterable[Pair]) -> list[list[str]]:
    clear = [
        (speed, [*_place(pair.before), direction, *_speed(speed)])
        for pair in pairs
        for direction, speed in pair.speeds.items()
        if speed.is_clear
    ]
    return [row for _, row in sorted(clear, key=lambda item: -item[0].effect)]


def _means(comparison: Comparison) -> list[list[str]]:
    """The means that changed. A missing one is only shown if a cell of it is ok in A or B."""
    turned = {
        (pair.before.codec, pair.before.slice.protocol, pair.before.slice.limit)
        for pair in comparison.pairs
        if pair.before.ok != pair.after.ok
    }
    shown = [
        mean
        for mean in comparison.means
        if mean.is_changed
        or (mean.before is None and (mean.codec, mean.protocol, mean.limit) in turned)
    ]
    return [_mean(mean) for mean in sorted(shown, key=lambda mean: mean.effect, reverse=True)]


def _mean(mean: MeanChange) -> list[str]:
    change = format.NA if None in (mean.before, mean.after) else ""
    return [
        mean.codec,
        _protocol(mean.protocol, mean.limit),
        f"{mean.done} of {mean.of}",
        format.percent(mean.before),
        format.percent(mean.after),
        change or _change(mean.before or 0, mean.after or 0),
        *_speed(mean.encode),
        *_speed(mean.decode),
    ]


def _only(name: str, cells: Sequence[Cell]) -> Table:
    """Cells that only A or B has; codecs with the same corpora share a row."""
    places = [(protocol, corpus, codec) for codec, corpus, protocol in map(_place, cells)]
    rows = join_rows(join_rows(places, 1), 2)
    title = f"Only in {name} · {format.plural(len(cells), 'cell')}"
    return Table(title, _columns("protocol", "corpora codecs"), rows)


def _columns(heads: str | Sequence[str], prose: str = "") -> list[Column]:
    """Columns of text, and of prose; what says which cell it is stays in view."""
    names = heads.split() if isinstance(heads, str) else heads
    plain = [Column(head, "left", fixed=head in ("codec", "corpus")) for head in names]
    return plain + [Column(head, "left", wrap=True) for head in prose.split()]


def _place(cell: Cell) -> list[str]:
    return [cell.codec, cell.slice.corpus, _protocol(cell.slice.protocol, cell.slice.limit)]


def _protocol(name: str, limit: Limit) -> str:
    """`whole`; `whole, first 1,000 bytes`."""
    return ", ".join(filter(None, [name, format.limit(limit)]))


def _change(before: float, after: float) -> str:
    """`+1.02%`, with as many digits as it takes to see a change."""
    if before == after:
        return "none"
    if not before:
        return format.NA
    percent = 100 * (after - before) / before
    return f"{percent:+.2f}%" if abs(percent) >= 0.1 else f"{percent:+.1g}%"


def _speed(speed: SpeedRatio | None) -> list[str]:
    if speed is None:
        return [format.NA, format.NA]
    return [f"{speed.value:.2f}", f"{speed.low:.2f}–{speed.high:.2f}"]


def _document(c: Comparison) -> dict[str, object]:
    """Everything that was compared, in the order of the first run, equal cells too."""
    return {
        "schema": SCHEMA,
        "a": environments(c.before),
        "b": environments(c.after),
        "same_machine": c.is_same_machine,
        "differences": c.differences,
        "cells": list(map(_to_object, c.pairs)),
        "means": c.means,
        "only_a": [cell.key._asdict() for cell in c.only_before],
        "only_b": [cell.key._asdict() for cell in c.only_after],
    }


def _to_object(pair: Pair) -> dict[str, object]:
    sides = {}
    for name, cell in (("a", pair.before), ("b", pair.after)):
        coded = cell.coded_bytes if cell.ok else None
        figures = {"coded": coded, "blobs": cell.blobs, "reason": cell.reason}
        known = {what: value for what, value in figures.items() if value not in (None, "")}
        sides[name] = {"status": cell.status, "digest": cell.slice.digest, **known}
    return {**pair.before.key._asdict(), **sides, "comparable": pair.is_comparable, **pair.speeds}


def _record(pair: Pair) -> list[object]:
    sizes = [cell.coded_bytes if cell.ok else None for cell in (pair.before, pair.after)]
    speeds = [pair.speeds.get(direction) for direction in DIRECTIONS]
    figures = [getattr(s, name, None) for s in speeds for name in ("value", "low", "high")]
    return [*pair.before.key, *sizes, *figures]
