"""The built-in exporters. Each turns a page into one file; a plugin may add others."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codelength.report.page import Page, Records


@dataclass(frozen=True)
class PageExporter:
    """A built-in exporter. What it needs is imported when it exports."""

    name: str
    """The name of its option: `json` for `--json FILE`."""
    suffix: str
    """How its files end: `.json`."""
    help: str
    """What it writes."""
    render: "Callable[[Page], bytes]"

    def export(self, page: "Page") -> bytes:
        """Render a page as one file."""
        return self.render(page)


def _to_markdown(page: "Page") -> bytes:
    from codelength.report.export.markdown import to_markdown

    return to_markdown(page).encode()


def _to_json(page: "Page") -> bytes:
    import msgspec

    return msgspec.json.format(msgspec.json.encode(page.document), indent=1) + b"\n"


def to_csv(records: "Records") -> bytes:
    """Write a flat table with its heads."""
    import csv
    from io import StringIO

    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(records.heads)
    writer.writerows(map(_to_plain, row) for row in records.rows)  # None is written as nothing
    return text.getvalue().encode()


def _to_plain(value: object) -> object:
    """Spell out what steers a terminal, and guard what a spreadsheet would take for a formula."""
    from codelength.report.table import to_line

    if not isinstance(value, str):
        return value
    line = to_line(value)
    return f"'{line}" if line.startswith(("=", "+", "-", "@")) else line


def _to_html(page: "Page") -> bytes:
    from codelength.report.export.html import to_html

    return to_html(page).encode()


def _to_parquet(page: "Page") -> bytes:
    from codelength.report.export.parquet import to_parquet

    return to_parquet(page)


EXPORTERS = (
    PageExporter("markdown", ".md", "all tables as Markdown", _to_markdown),
    PageExporter("json", ".json", "everything as JSON", _to_json),
    PageExporter("csv", ".csv", "a line for each measurement", lambda page: to_csv(page.records)),
    PageExporter("parquet", ".parquet", "the same for data frames (needs pyarrow)", _to_parquet),
    PageExporter(
        "html", ".html", "a page with sorting, filters and a plot, which needs no network", _to_html
    ),
)
