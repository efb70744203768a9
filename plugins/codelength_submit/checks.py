"""What a results folder has to have so that others can measure it again."""

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from codelength.results.cell import Cell, Environment, Evidence
from codelength.results.store import Results

PLUGIN_FILES = (".py", ".toml")


def find_problems(results: Results, plugin_files: Sequence[Path]) -> list[str]:
    """List what keeps others from measuring the results again.

    Args:
        results: What the folder holds.
        plugin_files: Plugins that are handed in, too.
    """
    problems = list(results.problems)
    good = [cell for cell in results.latest if cell.ok]
    if not any(cell.evidence is not Evidence.ESTIMATE for cell in good):
        problems.append("nothing in it was decoded: a board takes verified cells")
    problems += _unique(_of_cells(good, results, plugin_files))
    runs = {cell.run for cell in good}
    problems += _unique(
        _of_runs(results.environments[run] for run in runs & {*results.environments})
    )
    return problems


def _of_cells(
    cells: Iterable[Cell], results: Results, plugin_files: Sequence[Path]
) -> Iterator[str]:
    handed_in = {path.name for path in plugin_files}
    for cell in cells:
        if cell.run not in results.environments:
            yield f"{cell.codec} was measured in run {cell.run}, of which there is no record"
        if cell.evidence is Evidence.ESTIMATE:
            continue
        if not cell.blobs:
            yield f"{cell.codec} on {cell.slice.corpus} has no digest of its blobs"
        if cell.code not in results.codes:
            yield f"{cell.codec} on {cell.slice.corpus} has no record of the code behind it"
        if cell.slice.label == "local" or cell.slice.corpus.startswith("path:"):
            yield f"{cell.slice.corpus} is on your machine only: a board takes corpora by name"
        plugin = cell.plugin.rpartition(" ")[0]
        if plugin.endswith(PLUGIN_FILES) and plugin not in handed_in:
            yield f"{cell.codec} comes from {plugin}: hand it in, too, with --plugin {plugin}"


def _of_runs(environments: Iterable[Environment]) -> Iterator[str]:
    for environment in environments:
        words = shlex.split(environment.command)
        if words[:1] != ["codelength"]:
            yield f"run {environment.run} was made by {environment.command!r}, not by codelength"
        if environment.commit.endswith("+changes"):
            yield (
                f"run {environment.run} was made with a codelength that had changes which no "
                "commit has"
            )


def _unique(problems: Iterable[str]) -> list[str]:
    """Return each problem once, with how often it came if it came more than once."""
    return [
        text if times == 1 else f"{text} ({times} cells)"
        for text, times in Counter(problems).items()
    ]


def describe(results: Results) -> str:
    """Say what is handed in, for the pull request: cells, codecs, corpora, machines, commands."""
    cells = [cell for cell in results.latest if cell.ok]
    codecs = dict.fromkeys(cell.codec for cell in cells)
    corpora = dict.fromkeys(cell.slice.corpus for cell in cells)
    kinds = Counter(cell.evidence.value for cell in cells if cell.evidence)
    runs = [results.environments[run] for run in dict.fromkeys(cell.run for cell in cells)]
    lines = [
        f"{len(cells)} cells: {len(codecs)} codecs on {len(corpora)} corpora.",
        "Evidence: " + ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())) + ".",
        "",
        *(
            f"- `{run.command}` with codelength {run.codelength} {run.commit[:12]} on "
            f"{run.machine.get('processor', 'an unknown processor')}, started {run.started}"
            for run in runs
        ),
        "",
        "Corpora: " + ", ".join(f"`{name}`" for name in corpora),
    ]
    return "\n".join(lines)
