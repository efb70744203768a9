"""`codelength merge`: one results folder of several, such as the parts of a run."""

from collections.abc import Sequence
from pathlib import Path

import click

from codelength import UsageError
from codelength.cli.options import Folder


@click.command()
@click.argument("folders", nargs=-1, required=True, type=Folder(), metavar="DIR…")
@click.option(
    "-o",
    "--out",
    required=True,
    type=Folder(file_okay=False),
    metavar="DIR",
    help="The new folder.",
)
def command(folders: Sequence[Path], out: Path) -> int:
    """Make one results folder of several, such as the parts of a run.

    Every record of every folder is in the new one, once. Of two results of the same codec, corpus
    and protocol the later one counts, by the time when its run began. What studies have kept is
    taken over, too; reports are not: 'codelength report DIR' makes them.

    \b
    codelength merge part1 part2 part3 -o whole

    Exit codes: 2 bad usage, 3 a line is not a result.
    """
    from codelength.cli import warn_problems
    from codelength.report.format import plural
    from codelength.results.store import load

    if (there := [path for path in folders if path.resolve() == out.resolve()]) or load(out).cells:
        what = "is one of the folders" if there else "holds results"
        raise UsageError(f"{out} {what}; choose a new folder for -o")
    problems = merge(folders, out)
    merged = load(out)
    cells = plural(len(merged.latest), "cell")
    click.echo(f"{out}: {cells} of {plural(len(folders), 'folder')}")
    return warn_problems(problems)


def merge(folders: Sequence[Path], out: Path) -> list[str]:
    """Write all that results folders hold into a new one; return what is no result in them.

    Raises:
        UsageError: One of them holds no results.
        StoreError: A folder cannot be read or written.
    """
    from codelength.report.submissions import read_folders
    from codelength.results.cell import Environment
    from codelength.results.store import FAILURES, Store

    loaded = read_folders(folders).values()
    environments = {run: e for results in loaded for run, e in results.environments.items()}
    cells = {(c.run, c.key, c.evidence): c for results in loaded for c in results.cells}

    def began(environment: Environment | None) -> str:
        return environment.started if environment else ""

    ordered = sorted(cells.values(), key=lambda cell: began(environments.get(cell.run)))
    codes = {digest: code for results in loaded for digest, code in results.codes.items()}
    readings = {(r.corpus, r.run): r for results in loaded for r in results.readings.values()}
    with Store(out) as store:
        for record in (*environments.values(), *codes.values(), *readings.values(), *ordered):
            store.append(record)
    for path in (path for folder in folders for path in sorted(folder.glob("*"))):
        name = path.name
        is_kept = path.is_file() and path.suffix in (".jsonl", Path(FAILURES).suffix)
        if is_kept and not name.startswith(store.path.stem):
            with (out / name).open("ab") as file:
                file.write(path.read_bytes())
    return [problem for results in loaded for problem in results.problems]
