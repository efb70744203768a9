"""The page of a study: headings, prose, tables and charts, as a file and in a terminal."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import click

from codelength.report import Table
from codelength.report.export.files import picture, put_page
from codelength.results.cell import CorpusSlice


@dataclass(frozen=True)
class Chart:
    """A picture on a page."""

    name: str
    """The name of its file, without a suffix."""
    caption: str
    draw: Callable[[], bytes]
    """Draws it as SVG."""


Section = str | Table | Chart


def write_page(path: Path, sections: Iterable[Section], level: int = 3) -> None:
    """Write the page to `path` and its charts to `plots` beside it, and say where it is.

    Args:
        level: Of the headings of tables.

    Raises:
        StoreError: The page cannot be written.
    """
    put_page(path, (_to_markdown(section, path.parent, level) for section in sections))
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
        return picture(folder, section.name, section.caption, section.draw)
    return section
