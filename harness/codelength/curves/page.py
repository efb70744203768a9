"""The report on curves: a picture for each codec, the sentence under it, and the figures."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from codelength.curves.gains import Interval
from codelength.curves.plot import plot
from codelength.curves.reading import reading
from codelength.curves.study import Study
from codelength.report import Column, Table, figures
from codelength.report.write import picture, put_page

PAGE = "curves.md"

GUIDE = (
    "Pieces of one length from all over each corpus. Left: what the byte at each position of the "
    "context costs, −log2 p under a predictor's integer frequencies, or, of a codec without one, "
    "the difference between the blobs of two prefixes. Right: what prefixes cost when they are "
    "coded, framing and all. Positions and lengths are evenly apart in the logarithm; lines are "
    "means over pieces, bands 95 % bootstrap intervals over pieces. Bytes shuffled: the same "
    "bytes of each piece in random order. Random weights: the same numbers of each weight array in "
    "random order."
)
MADE = (
    "Bits a byte [95 % interval]. No context: the code length of the piece under the law that the "
    "model has before the first byte. Prior: 8 less that, what it knows of single bytes "
    "beforehand. In the end: over the second half of the positions. In context: no context less "
    "in the end, what context adds; half: from which byte on more than half of it is there. n/a: "
    "a codec without predictor has no law without context."
)


def table(study: Study) -> Table:
    """The split of the gain, for each corpus and control."""
    rows = []
    for panel in study.panels:
        for control, found in panel.gains.items():
            rows.append(
                [
                    panel.cut.corpus,
                    control,
                    figures.count(panel.curves[control].chunks),
                    _shown(found.alone),
                    _shown(found.end),
                    _shown(found.prior),
                    _shown(found.context),
                    figures.NA if found.half is None else figures.count(round(found.half)),
                ]
            )
    columns = [
        Column("corpus", "left", fixed=True),
        Column("as", "left"),
        Column("pieces"),
        Column("no context"),
        Column("in the end"),
        Column("prior"),
        Column("in context"),
        Column("half by byte"),
    ]
    return Table(f"Gain · {study.codec}", columns, rows, MADE)


def _shown(interval: Interval | None) -> str:
    if interval is None:
        return figures.NA
    low, high = figures.bits(interval.low), figures.bits(interval.high)
    return f"{figures.bits(interval.value)} [{low}, {high}]"


def write(found: Sequence[Study], declined: Sequence[str], command: str, out: Path) -> Path:
    """Writes `out`/curves.md and its plots; the path of the former. Raises OSError."""
    parts = ["# In-context curves", GUIDE, f"Made by `{command}`."]
    parts += [f"Not drawn: {'; '.join(declined)}."] if declined else []
    for study in found:
        what = f"what context is worth to {study.codec}"
        parts += [f"## {study.codec}"]
        parts += [picture(out, f"curve-{study.codec}", what, partial(plot, study))]
        parts += [reading(study), table(study).markdown()]
    cuts = {p.cut.corpus: p.cut for study in found for p in study.panels}.values()
    parts += ["## Digests", "\n".join(f"- {c.corpus} · {c.protocol}: `{c.digest}`" for c in cuts)]
    return put_page(out / PAGE, parts)
