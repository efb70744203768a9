"""A page in a terminal: the tables, the answer last."""

from collections.abc import Iterator
from dataclasses import replace

from codelength.report.page import Page
from codelength.report.table import wrap_line


def to_text(page: Page, width: int | None = None) -> Iterator[str]:
    """Render the brief tables in blocks that fit into `width` columns, then the answer.

    Its notes come first and each of its tables is one block, so that the ranking is the last thing
    to be seen. Without a width (a pipe, a file) every row is one line with all columns.
    """
    for table in page.brief:
        yield table.text(width)
    for table in page.answer:
        fitted = table.fit(width)
        if width is None:
            yield fitted.text()
            continue
        yield "".join(f"{wrap_line(note, width)}\n" for note in fitted.notes)
        yield replace(fitted, notes=()).text(width)
