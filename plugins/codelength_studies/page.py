"""The page of a study: headings, prose, tables and charts, in one file."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import click

from codelength.report.export.markdown import write_report
from codelength.report.page import Chart, Heading, Prose, Section
from codelength.report.table import to_line
from codelength.results.cell import CorpusSlice
from codelength.workers.calls import describe_error

WITHOUT_PLOTS = (
    "No plots: matplotlib is not installed. This command brings it, and running the command again "
    "draws them: `python -m pip install 'codelength[plots]'`"
)


@dataclass(frozen=True)
class StudyPage:
    """What a study has found."""

    title: str
    summary: str
    """How the figures came about, in one paragraph."""
    first: Sequence[Section]
    details: Sequence[Section] = ()


def write_page(page: StudyPage, path: Path) -> None:
    """Write the page to `path` and its charts to `plots` beside it, and say where it is.

    Raises:
        StoreError: The page cannot be written.
    """
    click.echo(f"page: {write_report(page, path.parent, path.name)}")


def make_chart(name: str, caption: str, draw: Callable[[], bytes]) -> Section:
    """Return a chart for the file `name`.svg, or what to install for it."""
    if find_spec("matplotlib") is None:
        return Prose(WITHOUT_PLOTS)
    try:
        import matplotlib.figure  # noqa: F401
    except Exception as error:  # it is there and broken
        return Prose(f"No plots: {describe_error(error)}")
    return Chart(f"{to_file_name(name)}.svg", caption, draw)


def list_digests(slices: Iterable[CorpusSlice]) -> list[Section]:
    """Return the section that names the bytes of each corpus by their digest."""
    by_name = {(s.corpus, s.protocol): s.digest for s in slices}
    lines = [f"- {to_line(name)} · {rule}: `{digest}`" for (name, rule), digest in by_name.items()]
    return [Heading("Digests"), Prose("\n".join(lines))]


def to_file_name(name: str) -> str:
    """Return a name as part of a file's."""
    return "-".join("".join(c if c.isalnum() or c == "." else " " for c in name).split())
