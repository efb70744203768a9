"""The page of a study: headings, prose, tables and charts, as a file and in a terminal."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import click

from codelength.report import Table
from codelength.results.cell import CorpusSlice
from codelength.results.files import write_file


@dataclass(frozen=True)
class Chart:
    """A picture on a page."""

    name: str
    """The name of its file, without a suffix."""
    caption: str
    draw: Callable[[], bytes]
    """Draws it as SVG."""


Section = str | Table | Chart

WITHOUT_PLOTS = (
    "No plots: matplotlib is not installed. This command brings it, and running the command again "
    "draws them: `python -m pip install 'codelength[plots]'`"
)


def write_page(path: Path, sections: Iterable[Section], level: int = 3) -> None:
    """Write the page to `path` and its charts to `plots` beside it, and say where it is.

    Args:
        level: Of the headings of tables.

    Raises:
        StoreError: The page cannot be written.
    """
    parts = [_to_markdown(section, path.parent, level).strip("\n") for section in sections]
    write_file(path, "\n\n".join(parts) + "\n")
    click.echo(f"page: {path}")


def list_digests(slices: Iterable[CorpusSlice]) -> list[Section]:
    """Return the section that names the bytes of each corpus by their digest."""
    by_name = {(s.corpus, s.protocol): s.digest for s in slices}
    lines = [f"- {corpus} · {rule}: `{digest}`" for (corpus, rule), digest in by_name.items()]
    return ["## Digests", "\n".join(lines)]


def _to_markdown(section: Section, folder: Path, level: int) -> str:
    if isinstance(section, Table):
        return section.markdown(level)
    if isinstance(section, Chart):
        return _write_picture(folder, section.name, section.caption, section.draw)
    return section


def _write_picture(folder: Path, name: str, what: str, draw: Callable[[], bytes]) -> str:
    """Put an SVG in `folder`/plots.

    Returns:
        The Markdown that shows it, or says why there is none.

    Raises:
        StoreError: The file cannot be written.
    """
    try:
        svg = draw()
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "matplotlib":
            raise
        return WITHOUT_PLOTS
    write_file(folder / "plots" / f"{to_file_name(name)}.svg", svg)
    return f"![{what}](plots/{to_file_name(name)}.svg)"


def to_file_name(name: str) -> str:
    """Return a name as part of a file's."""
    return "-".join("".join(c if c.isalnum() or c == "." else " " for c in name).split())
