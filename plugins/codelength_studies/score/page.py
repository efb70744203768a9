"""The page on scores: every estimate behind ≈, and never ranked above what was measured."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from codelength.metrics import rates
from codelength.metrics.ranking import assign_ranks
from codelength.report import Column, Table, format
from codelength.report.page import Heading, Prose
from codelength.results.cell import Cell, CorpusSlice, Environment, Estimate
from codelength.results.store import Results
from codelength_studies.figure import GRAY, colour_of, draw_svg
from codelength_studies.page import StudyPage, list_digests, make_chart

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PAGE = "scores.md"
ABOUT = "≈"

HOW = (
    f"{ABOUT}: an estimate, the ideal code length −Σ log2 p under the integer frequencies that "
    "the coder uses, or of `torch`, `vllm` and `imported` under the model in floating point; "
    "nothing was coded, and no estimate is ranked. Smaller is better. “coded − "
    "ideal” is by how much the blobs of a sample exceed its ideal code length, in percent, and in "
    "bits for each blob; the sample comes from all over the corpus and was decoded in another "
    "process. MB/s: raw bytes in a CPU second, scored or encoded."
)

COLUMNS = (
    Column("#"),
    Column("codec", "left", fixed=True),
    *map(Column, ("size\n%", "bpb", "adj %\nat N", "MB/s")),
    *map(Column, ("coded −\nideal", "bits a\nblob")),
    Column("of a sample of", "left"),
)
GAPS = tuple(map(Column, ("without\nstride", "exact −\nfloat", "coded −\nexact")))
"""The parts of “coded − ideal” where another codec has coded."""

ROW = 0.24
"""Inches of a row in the chart."""


@dataclass(frozen=True)
class SliceScores:
    """What is known of a corpus as it is cut, the smallest first."""

    slice: CorpusSlice
    measured: Sequence[Cell]
    scores: Sequence[Cell]


def group_scores(scores: Iterable[Cell], measured: Iterable[Cell]) -> list[SliceScores]:
    """Group scores by corpus, and with them what was measured of the same bytes."""
    by_size = sorted((c for c in (*scores, *measured) if c.ok), key=lambda c: c.coded_bytes)
    slices = {score.slice.identity: score.slice for score in scores}
    return [
        SliceScores(
            corpus_slice,
            [c for c in by_size if c.estimate is None and c.slice.identity == identity],
            [c for c in by_size if c.estimate is not None and c.slice.identity == identity],
        )
        for identity, corpus_slice in slices.items()
    ]


def page(results: Results) -> StudyPage:
    """Return the page on all scores in a folder."""
    groups = group_scores(results.estimates, results.current)
    if not groups:
        return StudyPage("Scores", "Nothing was scored.", [])
    what = "Ideal code lengths, hollow, beside what was coded and decoded, solid."
    runs, known = dict.fromkeys(score.run for score in results.estimates), results.environments
    return StudyPage(
        "Scores",
        HOW,
        [
            make_chart("scores", what, partial(draw, groups)),
            Heading("Corpora"),
            *(replace(score_table(group), method="") for group in groups),
            Heading("How"),
            *(Prose(_describe_run(known[run])) for run in runs if run in known),
            *list_digests(group.slice for group in groups),
        ],
    )


def score_table(group: SliceScores) -> Table:
    """Return what was measured of a corpus, ranked, and then its scores, without rank."""
    ranks = assign_ranks([cell.coded_bytes for cell in group.measured])
    rows = [_row(cell, str(rank)) for cell, rank in zip(group.measured, ranks, strict=True)]
    rows += [_row(score, ABOUT) for score in group.scores]
    corpus_slice = group.slice
    where = f"{corpus_slice.corpus} · protocol {format.protocol(corpus_slice)}"
    notes = []
    if corpus_slice.entropy is not None:
        notes += [f"The entropy of the source is {format.bits(corpus_slice.entropy)} bits a byte."]
    if corpus_slice.label:
        notes += [f"{corpus_slice.corpus}: {corpus_slice.label}."]
    columns = COLUMNS
    if any(gaps := [_gaps(score.estimate) for score in group.scores if score.estimate]):
        columns = (*COLUMNS[:6], *GAPS, *COLUMNS[6:])
        lengths = [[""] * 3 for _ in group.measured] + [parts or [""] * 3 for parts in gaps]
        pairs = zip(rows, lengths, strict=True)
        rows = [[*row[:6], *parts, *row[6:]] for row, parts in pairs]
        notes += [
            "A codec that computes in integers with the same model has coded the sample. “coded − "
            "ideal” is what three steps add: reading no token again, integers, coding."
        ]
    return Table(f"{where} · {format.count(corpus_slice.bytes)} bytes", columns, rows, HOW, notes)


def _row(cell: Cell, rank: str) -> list[str]:
    estimate = cell.estimate
    sizes = [
        format.percent(rates.ratio(cell)),
        format.bits(rates.bits_per_byte(cell)),
        format.percent(rates.adjusted_ratio(cell)),
    ]
    if estimate is None:
        speed = format.significant(rates.encode_speed(cell))
        return [rank, cell.codec, *sizes, speed, "coded", "", "all of it"]
    check, seconds = estimate.check, estimate.cpu_seconds
    return [
        rank,
        cell.codec,
        *(ABOUT + size for size in sizes),
        format.significant(cell.slice.bytes / seconds / 1e6 if seconds else None),
        f"{100 * check.excess:+.2f} %" if check.bits and check.blobs else format.NA,
        f"{check.bits_per_blob:+.1f}" if check.blobs else format.NA,
        f"{format.size(check.bytes)} in {format.count(check.blobs)} blob{'s' * (check.blobs != 1)}",
    ]


def _gaps(estimate: Estimate) -> list[str]:
    """Return what each step from an estimate to blobs adds; nothing if the codec codes itself."""
    check = estimate.check
    if check.exact_bits is None or not check.bits:
        return []
    plain = check.bits if check.unstrided_bits is None else check.unstrided_bits
    steps = (
        (check.bits, plain),
        (plain, check.exact_bits),
        (check.exact_bits, 8 * check.coded_bytes),
    )
    return [f"{100 * (after / before - 1):+.2f} %" for before, after in steps]


def _describe_run(run: Environment) -> str:
    version = f"commit `{run.commit}`" if run.commit else f"release {run.codelength}"
    return (
        f"`{run.command}`, started {run.started}, {run.jobs} process{'es' * (run.jobs > 1)}, "
        f"codelength at {version}, {run.machine.get('processor', 'unknown processor')}."
    )


def draw(groups: Sequence[SliceScores]) -> bytes:
    """Draw a panel for each corpus as SVG: estimates are hollow, what was coded is solid."""
    heights = [0.75 + ROW * (len(group.measured) + len(group.scores)) for group in groups]
    return draw_svg((9, sum(heights) + 0.2), partial(_paint, groups, heights))


def _paint(groups: Sequence[SliceScores], heights: Sequence[float], figure: "Figure") -> None:
    figure.set_layout_engine("constrained")
    panels = figure.subplots(len(groups), 1, squeeze=False, height_ratios=heights)
    for axis, group in zip(panels[:, 0], groups, strict=True):
        _paint_panel(axis, group)


def _paint_panel(axis: "Axes", group: SliceScores) -> None:
    cells = sorted((*group.measured, *group.scores), key=lambda cell: -cell.coded_bytes)
    sizes = [100 * (rates.ratio(cell) or 0.0) for cell in cells]
    for row, (cell, rate) in enumerate(zip(cells, sizes, strict=True)):
        hollow = cell.estimate is not None
        inside, edge = ("white", colour_of(0)) if hollow else (GRAY, GRAY)
        axis.scatter(rate, row, s=36, color=inside, edgecolor=edge, linewidth=1.4, zorder=3)
        label = ABOUT * hollow + format.percent(rate / 100)
        axis.annotate(
            label, (rate, row), (7, 0), textcoords="offset points", va="center", fontsize=8
        )
    axis.set_yticks(range(len(cells)), [cell.codec for cell in cells])
    axis.set_ylim(-0.6, len(cells) - 0.4)
    axis.set_xlim(0, 1.12 * sizes[0])
    axis.grid(True, axis="x")
    axis.set_title(f"{group.slice.corpus} · protocol {group.slice.protocol}", loc="left")
    solid = "solid: coded and decoded; " if group.measured else ""
    axis.set_xlabel(f"coded / raw bytes (%), lower is better — {solid}hollow: ≈ ideal code length")
