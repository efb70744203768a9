"""The report on curves: a picture for each codec, the sentence under it, and the figures."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from codelength.report import Column, Table, format
from codelength.report.export.files import picture, put_page
from codelength_studies.curve.gains import Interval
from codelength_studies.curve.plot import plot
from codelength_studies.curve.reading import reading
from codelength_studies.curve.study import Study

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
                    panel.slice.corpus,
                    control,
                    format.count(panel.curves[control].chunks),
                    _shown(found.alone),
                    _shown(found.end),
                    _shown(found.prior),
                    _shown(found.context),
                    format.NA if found.half is None else format.count(round(found.half)),
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
        return format.NA
    low, high = format.bits(interval.low), format.bits(interval.high)
    return f"{format.bits(interval.value)} [{low}, {high}]"


def write(found: Sequence[Study], declined: Sequence[str], command: str, out: Path) -> Path:
    """Writes `out`/curves.md and its plots; the path of the former. Raises OSError."""
    parts = ["# In-context curves", GUIDE, f"Made by `{command}`."]
    parts += [f"Not drawn: {'; '.join(declined)}."] if declined else []
    for study in found:
        what = f"what context is worth to {study.codec}"
        parts += [f"## {study.codec}"]
        parts += [picture(out, f"curve-{study.codec}", what, partial(plot, study))]
        parts += [reading(study), table(study).markdown()]
    slices = {p.slice.corpus: p.slice for study in found for p in study.panels}.values()
    parts += ["## Digests", "\n".join(f"- {c.corpus} · {c.protocol}: `{c.digest}`" for c in slices)]
    return put_page(out / PAGE, parts)
