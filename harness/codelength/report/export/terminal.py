"""A page in a terminal: the first screen, or all tables with the first screen below them."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import zip_longest

from codelength.report.format import plural
from codelength.report.page import Page, Prose
from codelength.report.table import Bold, Table, paint, wrap_line

LINES = 26
"""What the first screen takes at most in a terminal; the command adds a line."""

NOTES = 6
"""Lines of notes in the first screen of a terminal."""

WANTED = 9
"""Rows of each table that matter more than notes."""

NAME, LEAST_NAME = 28, 18
"""Characters that are shown however narrow the terminal is: of the name of a row, of a winner."""

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

    In a terminal it takes at most `LINES` lines. Columns, rows and notes that there is no room for
    are left out, rows with the best figure of a column last. Without a width nothing is left out.
    """
    given = [section for section in page.first if isinstance(section, Table)]
    tables = [replace(table, notes=(), facts=()) for table in given]
    notes = list(dict.fromkeys(note for table in given for note in table.notes))
    prose = [section.text for section in page.first if isinstance(section, Prose)]
    if width is not None:
        tables = [replace(_clip(table, width).fit(width), notes=()) for table in tables]
        heads = [_heads(table, width) for table in tables]
        for lines in range(NOTES, -1, -1):  # some rows come before notes
            told = _fit_notes(notes, width, lines)
            texts = [page.summary, *told, *prose]
            taken = sum(wrap_line(text, width).count("\n") + 1 for text in texts) + 2
            sizes = _share(heads, tables, LINES - taken)
            wanted = [min(len(table.rows), WANTED) for table in tables]
            if all(a >= b for a, b in zip_longest(sizes, wanted, fillvalue=0)):
                break
        if len(sizes) < len(tables):
            left = plural(len(tables) - len(sizes), "more table")
            prose.append(f"{left} of other protocols: --full")
        notes = told
        tables = [_shorten(table, size) for table, size in zip(tables, sizes, strict=False)]
    summary, *rest = (
        paint(wrap_line(text, width), text, colour) for text in (page.summary, *notes, *prose)
    )
    blocks = [_to_block(table, width, colour) for table in tables]
    return "\n\n".join(filter(None, [summary, *blocks, "\n".join(rest)]))


def _clip(table: Table, width: int) -> Table:
    """Cut long names in the middle, so that there is room for figures."""
    names = [column.fixed for column in table.columns]
    most = max(NAME, width // 3)
    if not any(names):
        names, most = [True] * len(names), max(LEAST_NAME, width // len(names))

    def cut(value: str) -> str:
        half = (most - 1) // 2
        return value if len(value) <= most else type(value)(f"{value[:half]}…{value[-half:]}")

    rows = [[cut(v) if n else v for v, n in zip(row, names, strict=True)] for row in table.rows]
    return replace(table, rows=rows)


def _fit_notes(notes: list[str], width: int, room: int) -> list[str]:
    """The first of the notes in so many lines; the last of these says how many are left."""
    kept: list[str] = []
    for note in notes:
        room -= wrap_line(note, width).count("\n") + 1
        if room < (note != notes[-1]):
            break
        kept.append(note)
    left = len(notes) - len(kept)
    return [*kept, f"{plural(left, 'more note')}: --full"] if left else kept


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
