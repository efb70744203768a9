"""A page in a terminal: the first screen, or all tables with the first screen below them."""

from collections.abc import Iterator
from dataclasses import replace

from codelength.report.format import plural
from codelength.report.page import Page, Prose
from codelength.report.table import Bold, Table, paint, wrap_line

LINES = 26
"""What the first screen takes at most in a terminal; the command adds a line."""

LEAST = 4
"""Rows that a table keeps, as long as there is room for the table at all."""


def to_text(page: Page, width: int | None = None, colour: bool = False) -> Iterator[str]:
    """Render all tables in blocks that fit into `width` columns, and the first screen below them.

    Without a width (a pipe, a file) every row is one line with all columns.
    """
    for section in page.details:
        if isinstance(section, Table):
            yield section.text(width, colour)
    yield to_screen(page, width, colour)


def to_screen(page: Page, width: int | None = None, colour: bool = False) -> str:
    """Render what stands first on a page: who wins, the rankings, what went wrong.

    In a terminal it takes at most `LINES` lines. Columns and rows that there is no room for are
    left out, those with the best figure of a column last. Without a width nothing is left out.
    """
    tables = [replace(s, notes=(), facts=()) for s in page.first if isinstance(s, Table)]
    texts = [page.summary, *(s.text for s in page.first if isinstance(s, Prose))]
    summary, *rest = (paint(wrap_line(text, width), text, colour) for text in texts)
    if width is not None:
        tables = [replace(table.fit(width), notes=()) for table in tables]
        taken = sum(text.count("\n") + 1 for text in [summary, *rest]) + 2
        sizes = _share([_heads(table, width) for table in tables], tables, LINES - taken)
        if len(sizes) < len(tables):
            left = plural(len(tables) - len(sizes), "more table")
            rest.append(f"{left} of other protocols: --full")
        tables = [_shorten(table, size) for table, size in zip(tables, sizes, strict=False)]
    blocks = [_to_block(table, width, colour) for table in tables]
    return "\n\n".join(filter(None, [summary, *blocks, "\n".join(rest)]))


def _to_block(table: Table, width: int | None, colour: bool = False) -> str:
    """The text of a table without empty lines."""
    return "\n".join(filter(None, table.text(width, colour).split("\n")))


def _heads(table: Table, width: int) -> int:
    """The lines of a table beside its rows, with the empty one before it."""
    return _to_block(replace(table, rows=[]), width).count("\n") + 2


def _share(heads: list[int], tables: list[Table], room: int) -> list[int]:
    """The rows that each table gets of so many lines; tables at the end may get none."""
    sizes = [len(table.rows) for table in tables]

    def needed() -> int:
        cut = sum(size < len(t.rows) for size, t in zip(sizes, tables, strict=False))
        return sum(sizes) + sum(heads[: len(sizes)]) + cut

    while needed() > room:
        longest = max(range(len(sizes)), key=sizes.__getitem__)
        if sizes[longest] > LEAST:
            sizes[longest] -= 1
        elif len(sizes) > 1:
            sizes.pop()
            room -= len(sizes) == len(tables) - 1  # for the line that says so
        else:
            break
    return sizes


def _shorten(table: Table, size: int) -> Table:
    """So many of the rows: the first ones, and those with a best figure."""
    if size >= len(table.rows):
        return table
    places = range(len(table.rows))
    best = [i for i in places if any(isinstance(value, Bold) for value in table.rows[i])]
    kept = sorted(list(dict.fromkeys([0, *best, *places]))[:size])
    left = plural(len(table.rows) - size, "more row")
    return replace(table, rows=[table.rows[i] for i in kept], notes=[f"… {left}: --full"])
