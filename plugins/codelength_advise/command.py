"""The command: measures within a time, and gives its advice."""

import dataclasses
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from codelength.api.errors import UsageError
from codelength.cli import fail, warn_problems
from codelength.cli.exports import Outputs, with_exports
from codelength.cli.options import Duration, leave_out_missing, with_list, with_out, with_plugins
from codelength.plugins import Plugins
from codelength_advise.rounds import make_plan

if TYPE_CHECKING:
    from codelength.measure.plan import Target

BUDGET = 120.0
EXTRA = {"image": "images", "array": "arrays"}
"""What else a kind of media may gain from, besides the codecs of any run and `bindings`."""


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="FILE_OR_FOLDER…")
@with_list("--codecs", "Only these; by default all that are installed and made for such data.")
@click.option(
    "--budget", type=Duration(), default=BUDGET, show_default="2min", help="How long it may take."
)
@with_out("The folder for the results.", "codelength-advice")
@with_exports
@with_plugins
def command(
    paths: tuple[str, ...],
    codecs: str | None,
    budget: float,
    out: Path,
    outputs: Outputs,
    plugins: Plugins,
) -> int:
    """Say which codec fits a file or a folder.

    Measures all codecs that are made for such data, as far as the budget goes: each on a sample,
    the quick ones on everything. Pictures, recordings and arrays are also measured decoded, with
    codecs that are told what they are.

    \b
    codelength advise holiday-photos
    codelength advise data/*.npy --budget 10min

    \b
    Exit codes: 2 bad usage, 3 no codec gave a result, or it
    was interrupted.
    """
    from codelength.report.board import build_board
    from codelength.report.progress import watch
    from codelength.results.store import Store, load
    from codelength_advise.advice import Advice, to_page
    from codelength_advise.rounds import measure

    corpora = plugins.select_corpora(",".join(f'"{path}"' for path in paths))
    for entry in corpora:
        entry.item.check_available()
    interrupted = False
    with Store(out) as store, watch(sys.stderr, outputs.quiet) as progress:
        plan = make_plan(plugins, corpora, progress)
        wanted = codecs or ",".join(_suitable(plugins, plan.targets))
        entries = leave_out_missing(plugins.select_codecs(wanted), asked=codecs is not None)
        if not entries:
            raise UsageError("no codec to try; 'codelength list codecs' shows what there is")
        try:
            measure(dataclasses.replace(plan, codecs=entries), corpora, store, budget, progress)
        except KeyboardInterrupt:
            interrupted = True
    results = load(out)
    cells = [cell for cell in results.current if cell.codec in {e.item.spec for e in entries}]
    if not any(cell.ok for cell in cells):
        return fail(
            f"no codec gave a result; 'codelength report {shlex.quote(str(out))}' says why", 3
        )
    board = build_board({str(out): dataclasses.replace(results, cells=cells)})
    untried = [e.item.spec for e in entries if all(cell.codec != e.item.spec for cell in cells)]
    page = to_page(Advice(board, untried), " ".join(shlex.quote(path) for path in paths))
    outputs.show(page)
    outputs.write_report(page, out, "advice.md")
    code = warn_problems(results.problems)
    return fail("interrupted; repeat the command to go on", 3) if interrupted else code


def _suitable(plugins: Plugins, targets: "Sequence[Target]") -> list[str]:
    """Return what to ask for: the default rows, and the groups for the kinds that there are."""
    specs = [entry.item.spec for entry in plugins.select_codecs(None)]
    known = {group for entry in plugins.codecs for group in entry.item.groups}
    kinds = {target.slice.kind for target in targets}
    if any(file.is_decoded for target in targets for file in target.readings):
        kinds |= set(EXTRA) if "raw" in kinds else set()  # of several kinds, or of one not told
    groups = ["bindings", *(EXTRA[kind] for kind in sorted(kinds & set(EXTRA)))]
    return [*specs, *(f"@{group}" for group in groups if group in known)]
