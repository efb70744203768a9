"""`codelength submit`: results for a shared board, as a pull request on the hub."""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from codelength.api.errors import StoreError, Unavailable, UsageError
from codelength.cli import fail

PREFIX = "hf://datasets/"
PLACE = "submissions"
"""The folder of a board that has a folder for each submission."""


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--to", "target", required=True, metavar="URL", help="hf://datasets/ORG/NAME.")
@click.option("--name", metavar="NAME", help="What the submission is called; by default as DIR.")
@click.option(
    "--plugin",
    "files",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="A plugin that the results were made with; may be repeated.",
)
@click.option("--dry-run", is_flag=True, help="Only check, and say what would be handed in.")
def command(
    folder: Path, target: str, name: str | None, files: tuple[Path, ...], dry_run: bool
) -> int:
    """Check a results folder, and hand it in to a shared board.

    Others have to be able to measure it again: every line is a result, cells were decoded and have
    their digests and code, corpora have names, plugins come along, and the program is a commit.
    Then a pull request is opened in a data set of the hub, with the token of 'hf auth login'.

    \b
    codelength submit results --to hf://datasets/org/board --dry-run
    codelength submit results --to hf://datasets/org/board --plugin squeeze.py

    \b
    Exit codes: 2 bad usage, 3 the folder cannot be handed in.
    """
    from codelength.results.store import load_existing
    from codelength_submit.checks import describe, find_problems

    if not re.fullmatch(rf"{PREFIX}[\w.-]+/[\w.-]+", target):
        raise UsageError(f"--to {target} is no data set of the hub: {PREFIX}ORG/NAME")
    name = name or folder.resolve().name
    if not re.fullmatch(r"[\w.-]+", name):
        raise UsageError(f"a submission is not called {name!r}; --name takes letters, digits, -_.")
    results = load_existing(folder)
    problems = find_problems(results, files)
    for problem in problems:
        fail(problem, 3)
    if problems:
        return fail(f"nothing was handed in: {len(problems)} to mend in {folder}", 3)
    about = describe(results)
    content = read_files(folder, files)
    click.echo(about)
    for path, data in content.items():
        click.echo(f"{PLACE}/{name}/{path}: {len(data):,} bytes")
    if dry_run:
        return 0
    url = open_pull_request(target.removeprefix(PREFIX), name, content, about)
    click.echo(f"pull request: {url}")
    return 0


def read_files(folder: Path, plugins: Sequence[Path]) -> dict[str, bytes]:
    """Return what is handed in, by its name: results, plugins, and the digests of all."""
    from codelength.results.journal import find_journals
    from codelength.results.store import FILE

    paths = [*find_journals(folder, FILE), *plugins]
    content = {path.name: path.read_bytes() for path in paths}
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in content.items()}
    manifest = msgspec.json.format(msgspec.json.encode({"sha256": digests}), indent=1) + b"\n"
    return {**content, "submission.json": manifest}


def open_pull_request(repository: str, name: str, content: dict[str, bytes], about: str) -> str:
    """Open a pull request that adds files to a data set; return its address.

    Raises:
        Unavailable: The library of the hub is missing.
        StoreError: The hub refuses.
    """
    try:
        from huggingface_hub import CommitOperationAdd, HfApi
    except ImportError as error:
        raise Unavailable("submit needs: python -m pip install 'codelength[hf]'") from error
    added = [
        CommitOperationAdd(path_in_repo=f"{PLACE}/{name}/{path}", path_or_fileobj=data)
        for path, data in content.items()
    ]
    try:
        opened = HfApi().create_commit(
            repository,
            added,
            commit_message=f"Results: {name}",
            commit_description=about,
            repo_type="dataset",
            create_pr=True,
        )
    except Exception as error:  # whatever the library raises
        line = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        raise StoreError(
            f"{PREFIX}{repository} takes no pull request: {line}; 'hf auth login' names you"
        ) from error
    return str(opened.pr_url)
