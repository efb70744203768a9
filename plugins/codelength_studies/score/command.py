"""`codelength score`: what a predictor would need for a corpus, without coding it."""

import sys
from pathlib import Path

import click

from codelength.api.sampling import Limit
from codelength.cli import warn_problems
from codelength.cli.options import (
    DEVICE,
    FRESH,
    OUT,
    Size,
    warn_broken,
    with_jobs,
    with_plugins,
    with_selection,
)
from codelength.cli.output import print_sections
from codelength.plugins import Plugins
from codelength.report import format
from codelength.report.progress import Meter, duration
from codelength.results.cell import Cell, CorpusSlice
from codelength_studies.score.backends import BACKENDS, with_backend

CHECK = 131_072
"""Bytes of each corpus that are coded, too."""


@click.command()
@with_selection(required=True)
@with_jobs()
@click.option(
    "--check",
    type=Size(),
    default=CHECK,
    show_default="128KiB",
    help="How much of each corpus is also coded and decoded, for the gap to what is coded.",
)
@click.option(
    "--backend",
    type=click.Choice(BACKENDS),
    help="Score the models of --codecs in floating point: by PyTorch, by vLLM, or from "
    "log-probabilities that are imported.",
)
@click.option(
    "--logprobs",
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    help="With --backend imported: the Parquet file with a row for each token.",
)
@click.option(
    "--keep-bits",
    is_flag=True,
    help="Write the bits of each symbol into Parquet files in the folder.",
)
@DEVICE
@OUT
@FRESH
@with_plugins
def command(
    codecs: str,
    corpora: str,
    protocol: str,
    limit: Limit,
    jobs: int,
    check: int,
    backend: str | None,
    logprobs: str | None,
    keep_bits: bool,
    out: Path,
    fresh: bool,
    plugins: Plugins,
) -> int:
    """Estimate what a predictor needs for a corpus, without coding it.

    The ideal code length −Σ log2 p, under the integer frequencies that the coder uses. It is an
    estimate, printed with ≈ and never ranked. A sample of the corpus is really coded, and the gap
    between the two is printed beside. The command ends with 4 if that sample does not come back. A
    run that was stopped goes on with the same command.

    \b
    codelength score --codecs recurrent:size=0.9m --corpora enwik8 --jobs 2
    codelength score --codecs recurrent,order2 --corpora path:logs --limit 100MB
    codelength score --codecs hf:model=FOLDER --backend torch --corpora enwik8
    """
    from codelength.results.machine import environment
    from codelength.results.store import load
    from codelength_studies.page import write_page
    from codelength_studies.plan import plan_study
    from codelength_studies.score.page import PAGE, group_scores, page, score_table
    from codelength_studies.score.records import open_journal
    from codelength_studies.score.run import score_plan
    from codelength_studies.score.tasks import require_code_lengths

    warn_broken(plugins)
    chosen = plugins.select_codecs(codecs)
    if backend is not None:
        chosen = [with_backend(plugins, entry, backend, logprobs) for entry in chosen]
    for entry in chosen:
        require_code_lengths(entry.item)
    rules = plugins.select_protocols(protocol)
    with Meter(sys.stderr) as meter:
        plan = plan_study(
            plugins, chosen, corpora, rules, limit, lambda name: meter.now(f"reading {name}")
        )
        record = environment(1, jobs)
        scores = score_plan(plan, record, check, out, Progress(meter), fresh, keep_bits)
    results = load(out)
    print_sections(*map(score_table, group_scores(scores, results.current)))
    write_page(page(results), out / PAGE)
    with open_journal(out) as journal:
        return warn_problems([*results.problems, *journal.problems])


class Progress:
    """Says beforehand what a target will cost, and then how far it is."""

    def __init__(self, meter: Meter) -> None:
        """Write to `meter`."""
        self._meter = meter

    def begin(self, codec: str, corpus_slice: CorpusSlice, left: int, seconds: float) -> None:
        """So many bytes are left, and will take about so many seconds."""
        share = "" if left == corpus_slice.bytes else f" of {corpus_slice.bytes / 1e6:,.1f}"
        self._meter.say(
            f"{codec} on {corpus_slice.corpus} ({corpus_slice.protocol}): "
            f"{left / 1e6:,.1f}{share} MB to score, about {duration(seconds)}"
        )

    def advance(self, codec: str, corpus_slice: CorpusSlice, done: int, bits: float) -> None:
        """So many bytes have been scored, at so many bits together."""
        so_far = f"≈{format.percent(bits / 8 / done)} % of {format.size(done)}"
        share = done / corpus_slice.bytes
        self._meter.now(f"{codec} on {corpus_slice.corpus}: {so_far} so far;", share)

    def finish(self, score: Cell, reused: bool) -> None:
        """A target is done."""
        before = " (scored before)" if reused else ""
        what = f"{score.codec} on {score.slice.corpus} ({score.slice.protocol})"
        self._meter.say(
            f"{what}: ≈{format.percent(score.coded_bytes / score.slice.bytes)} %{before}"
        )
