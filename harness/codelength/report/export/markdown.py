"""A page as one Markdown text, and as a file with its charts beside it."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from html import escape
from pathlib import Path

from codelength.report.page import Chart, Document, Folded, Heading, Prose, Section
from codelength.report.table import Table, escape_markdown, prose_to_markdown, to_line
from codelength.results.files import write_file


def to_markdown(page: Document, charts: Collection[str] = ()) -> str:
    """Render all sections; of the charts those that lie in `plots` beside the text."""
    parts = [f"# {escape_markdown(page.title)}", prose_to_markdown(page.summary)]
    for section in (*page.first, *page.details):
        parts += _render(section, charts)
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def write_report(page: Document, folder: Path, name: str = "report.md") -> Path:
    """Write the page and its charts into a folder.

    Each file is replaced in one step, the text last: whoever reads meanwhile finds the old report
    or the new one. The same page gives the same bytes.

    Returns:
        The path of the text.

    Raises:
        StoreError: A file cannot be written.
    """
    charts = [section for section in (*page.first, *page.details) if isinstance(section, Chart)]
    for chart in charts:
        write_file(folder / "plots" / chart.name, chart.draw())
    text = to_markdown(page, [chart.name for chart in charts])
    write_file(folder / name, text)
    return folder / name


def _render(section: Section, charts: Collection[str]) -> Iterator[str]:
    match section:
        case Heading(text, level):
            yield f"{'#' * level} {escape_markdown(text)}"
        case Prose(text):
            yield prose_to_markdown(text)
        case Table():
            yield section.markdown()
        case Folded(table):
            text = replace(table, title="", method="").markdown()
            title = escape(to_line(table.title), quote=False)
            yield f"<details><summary>{title}</summary>\n\n{text.strip()}\n\n</details>"
        case Chart(name, caption) if name in charts:
            yield f"![{escape_markdown(caption.partition(':')[0])}](plots/{name})"
            yield escape_markdown(caption)
