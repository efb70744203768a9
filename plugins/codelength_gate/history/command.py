"""`codelength history`: sizes and speeds over the commits that a gate has recorded."""

from dataclasses import replace
from pathlib import Path

import click

from codelength.api.errors import UsageError
from codelength.cli import warn_problems
from codelength.cli.exports import Outputs, with_exports
from codelength.report.export import PageExporter
from codelength_gate.history.entries import read_history


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@click.option("--codecs", metavar="LIST", help="Only these: specs, or names of codecs.")
@click.option(
    "--bencher",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    metavar="FILE",
    help="Write the last line as Bencher Metric Format; - for standard output.",
)
@with_exports
def command(file: Path, codecs: str | None, bencher: Path | None, outputs: Outputs) -> int:
    """Show how sizes and speeds went over the commits, and where they made a step.

    FILE is what 'codelength gate --history FILE' has written. Sizes are exact, so every change of
    them is a step. Times scatter: a step is where they stay at another level for three commits.
    Ends with 3 if the file has lines that are no history; it names them and shows the others.

    \b
    codelength gate --baseline baseline.json --history history.jsonl
    codelength history history.jsonl --html history.html
    codelength history history.jsonl --bencher - | bencher run --adapter json
    """
    from codelength.api.spec import split_specs
    from codelength_gate.history.page import to_bencher, to_page
    from codelength_gate.history.series import read_series

    problems: list[str] = []
    entries = read_history(file, problems)
    if not entries:
        raise UsageError(f"no history in {file}; 'codelength gate --history {file}' writes it")
    wanted = set(split_specs(codecs or ""))
    series = [
        one
        for one in read_series(entries)
        if not wanted or wanted & {one.codec, one.codec.partition(":")[0]}
    ]
    if not series:
        raise UsageError(f"{file} has none of {codecs}")
    if bencher:
        exporter = PageExporter("bencher", ".json", "", lambda _: to_bencher(entries[-1], series))
        outputs = replace(outputs, files={**outputs.files, exporter: bencher})
    outputs.show(to_page(entries, series))
    return warn_problems(problems)
