"""The built-in exporters. Each turns a page into one file; a plugin may add others."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codelength.report.page import Page


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


def _late(target: str) -> "Callable[[Page], bytes]":
    """Return a function of a module beside this one, which is imported when it is called."""

    def render(page: "Page") -> bytes:
        module, _, name = target.partition(":")
        data: str | bytes = getattr(import_module(f"{__name__}.{module}"), name)(page)
        return data.encode() if isinstance(data, str) else data

    return render


EXPORTERS = (
    PageExporter("markdown", ".md", "all tables as Markdown", _late("markdown:to_markdown")),
    PageExporter("json", ".json", "everything as JSON", _late("data:to_json")),
    PageExporter("csv", ".csv", "a line for each measurement", _late("data:to_csv")),
    PageExporter(
        "parquet", ".parquet", "the same for data frames (needs pyarrow)", _late("data:to_parquet")
    ),
    PageExporter(
        "html",
        ".html",
        "a page with sorting, filters and a plot, which needs no network",
        _late("html:to_html"),
    ),
)
