"""The page of a history: a line for each series with its course, the steps, and charts."""

from collections.abc import Sequence
from functools import partial

import msgspec

from codelength.report import format
from codelength.report.page import Chart, PlainPage, Records
from codelength.report.svg import COLOURS, FRAME, LogAxis, Svg, draw_axes
from codelength.report.table import Column, Table
from codelength_gate.history.entries import Entry
from codelength_gate.history.series import Series, Step

BARS = "▁▂▃▄▅▆▇█"
LONGEST = 32
"""Characters of a course; of a longer history, the end."""
TIMES = "Times are CPU time over that of two references, so that machines of one kind compare."


class CountAxis(LogAxis):
    """A linear scale of whole numbers."""

    def at(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self, apart: float = 40) -> list[float]:
        step = max(1, round((self.high - self.low) * apart / (self.end - self.start)))
        return [float(n) for n in range(int(self.low), int(self.high) + 1, step)]


def to_page(entries: Sequence[Entry], series: Sequence[Series]) -> PlainPage:
    """Return the page of some series."""
    main = [one for one in series if not one.what.startswith("size on ")]
    steps = sorted(
        ((step, one) for one in series for step in one.steps), key=lambda item: -item[0].at
    )
    told = [(step, one) for step, one in steps if one in main]
    first, last = entries[0], entries[-1]
    gates = format.plural(len(entries), "gate")
    columns = [Column(head, "left") for head in ("codec", "what")]
    columns += [*map(Column, ("first", "last", "change")), Column("course", "left")]
    columns.append(Column("last step", "left", wrap=True))
    heads = ("started", "commit", "codec", "what", "value")
    rows = [
        [e.started, e.commit, one.codec, one.what, one.values[i]]
        for i, e in enumerate(entries)
        for one in series
        if one.values[i] is not None
    ]
    charts = [
        Chart(f"history-{name}.svg", f"{title}, in percent of the first gate", partial(draw, some))
        for name, title, some in (
            ("sizes", "Coded bytes", [one for one in main if one.is_exact]),
            ("times", "Times", [one for one in main if not one.is_exact]),
        )
        if any(len(one.known) > 1 for one in some)
    ]
    document = {
        "schema": 1,
        "entries": entries,
        "steps": [
            {"codec": one.codec, "what": one.what, "commit": entries[step.at].commit}
            | {"before": step.before, "after": step.after}
            for step, one in steps
        ],
    }
    return PlainPage(
        "History of the gate",
        f"{gates} from {first.started[:10]} to {last.started[:10]}: "
        f"{format.plural(len(told), 'step')}.",
        [Table("Course", columns, [_row(entries, one) for one in main], TIMES)],
        document,
        Records(heads, rows),
        [*charts, _steps_table(entries, steps), _gates_table(entries)],
    )


def to_bencher(entry: Entry, series: Sequence[Series]) -> bytes:
    """Write an entry as Bencher Metric Format.

    https://bencher.dev/docs/reference/bencher-metric-format/: benchmark → measure → value.
    """
    codecs = dict.fromkeys(one.codec for one in series)
    found: dict[str, dict[str, dict[str, float]]] = {}
    for codec in codecs:
        for corpus, size in entry.sizes.get(codec, {}).items():
            found[f"{codec} on {corpus}"] = {"file-size": {"value": size}}
        for direction, time in entry.times.get(codec, {}).items():
            found.setdefault(codec, {})[f"{direction}-time"] = {"value": time}
    return msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n"


def draw_course(values: Sequence[float | None]) -> str:
    """Draw values as bars, a blank where there is none: `▁▁▁▅▅▅`."""
    shown = values[-LONGEST:]
    known = [value for value in shown if value is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    span = (high - low) or 1.0
    return "".join(
        " " if value is None else BARS[round((value - low) / span * (len(BARS) - 1))]
        for value in shown
    )


def draw(series: Sequence[Series]) -> bytes:
    """Draw series over the gates, each in percent of its first value; steps are dots."""
    svg = Svg(760, 360)
    shares = []
    for one in series:
        base = next((value for _, value in one.known if value), None)
        if base:
            shares.append((one, [(i, 100 * value / base) for i, value in one.known if value]))
    count = max(len(one.values) for one, _ in shares)
    x = CountAxis(1, max(2, count), 70, 560)
    y = LogAxis.around([value for _, points in shares for _, value in points], 310, 40)
    draw_axes(svg, x, y, ("gate", "% of the first"))
    for n, (one, points) in enumerate(shares):
        colour = COLOURS[n % len(COLOURS)]
        svg.line([(x.at(i + 1), y.at(value)) for i, value in points], colour, 2)
        for step in one.steps:
            value = next(value for i, value in points if i == step.at)
            svg.add("circle", cx=x.at(step.at + 1), cy=y.at(value), r=4.0, fill=colour)
        name = one.codec if one.is_exact else f"{one.codec}, {one.what.split()[0]}"
        if n < 20:
            svg.add("circle", cx=580.0, cy=50.0 + 14 * n, r=4.0, fill=colour)
            svg.text((590, 54 + 14 * n), name, 10)
    svg.line([(x.start, y.at(100)), (x.end, y.at(100))], FRAME, 1, "4 4")
    return svg.render()


def _row(entries: Sequence[Entry], one: Series) -> list[str]:
    values = [value for _, value in one.known]
    first, final = (f"{v:,.0f}" if one.is_exact else f"{v:.3f}" for v in (values[0], values[-1]))
    change = f"{values[-1] / values[0] - 1:+.2%}" if values[0] else format.NA
    last = _describe(entries, one.steps[-1]) if one.steps else "none"
    course = draw_course(one.values)
    return [one.codec, one.what, first, final, change, course, last]


def _describe(entries: Sequence[Entry], step: Step) -> str:
    """`+1.25% at 0123456789 read ahead`."""
    entry = entries[step.at]
    return f"{step.change:+.2%} at {entry.commit[:10] or entry.started} {entry.subject}".rstrip()


def _steps_table(entries: Sequence[Entry], steps: Sequence[tuple[Step, Series]]) -> Table:
    columns = [Column(head, "left") for head in ("codec", "what")]
    columns.append(Column("step", "left", wrap=True))
    rows = [[one.codec, one.what, _describe(entries, step)] for step, one in steps]
    return Table("Steps, the last first", columns, rows)


def _gates_table(entries: Sequence[Entry]) -> Table:
    columns = [Column(head, "left") for head in ("started", "commit", "ended with", "processor")]
    columns.append(Column("subject", "left", wrap=True))
    rows = [
        [e.started, e.commit[:10], str(e.exit_code), e.processor, e.subject]
        for e in reversed(entries)
    ]
    return Table("Gates, the last first", columns, rows)
