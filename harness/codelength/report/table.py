"""A table of strings, and the two ways it is shown: aligned text, and Markdown."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Literal

GAP = 2
LEAST = 24
"""Characters that a column which may wrap keeps, however narrow the terminal."""


@dataclass(frozen=True)
class Column:
    """A head, whose lines are stacked in a terminal, and how what is under it is set."""

    head: str
    align: Literal["left", "right"] = "right"
    fixed: bool = False
    """Repeated on the left where a table is too wide for the terminal and goes on below."""
    wrap: bool = False
    """Prose: wrapped in a terminal."""


@dataclass(frozen=True)
class Table:
    """What is shown, already in words. `made` says how the figures came about, `notes` what the
    marks mean."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    made: str = ""
    notes: Sequence[str] = ()

    def text(self, width: int | None = None) -> str:
        """Aligned plain text, without colours or boxes, nothing cut off.

        `width` is the terminal's: prose is wrapped to it, and a wider table moves its columns
        together or, if that is not enough, goes on in a further block. Without it (a pipe, a file)
        every row is one line.
        """
        title, notes = printable(self.title), list(map(printable, self.notes))
        parts = [title if width is None else _wrapped(title, width), ""]
        gap = next((gap for gap in (GAP, 1) if len(self._blocks(width, gap)) == 1), GAP)
        for block in self._blocks(width, gap):
            parts += [self._aligned(block, width, gap), ""]
        parts += [note if width is None else _wrapped(note, width) for note in notes]
        return "\n".join(parts).rstrip("\n") + "\n"

    def markdown(self, level: int = 3) -> str:
        """A heading, how it was made, a pipe table, and the notes."""
        cells = [[column.head.replace("\n", " ") for column in self.columns]]
        cells += [[_escaped(value) for value in row] for row in self.rows]
        widths = [max(3, *(len(row[i]) for row in cells)) for i in range(len(self.columns))]
        right = [column.align == "right" for column in self.columns]
        rule = ["-" * (w - r) + ":" * r for w, r in zip(widths, right, strict=True)]
        cells.insert(1, rule)
        lines = [
            "| "
            + " | ".join(
                value.rjust(width) if r else value.ljust(width)
                for value, width, r in zip(row, widths, right, strict=True)
            )
            + " |"
            for row in cells
        ]
        parts = [f"{'#' * level} {_escaped(self.title)}", self.made, "\n".join(lines)]
        parts += [_escaped(note) for note in self.notes]
        return "\n\n".join(filter(None, parts)) + "\n"

    def _widths(self) -> list[int]:
        from rich.cells import cell_len

        lines = [column.head.split("\n") for column in self.columns]
        for row in self.rows:
            for i, value in enumerate(row):
                lines[i] = [*lines[i], printable(value)]
        return [max(map(cell_len, column)) for column in lines]

    def _blocks(self, width: int | None, gap: int) -> list[list[int]]:
        """Indices of the columns that go beside each other."""
        every = list(range(len(self.columns)))
        if width is None:
            return [every]
        sizes = [
            (min(size, LEAST) if column.wrap else size) + gap
            for size, column in zip(self._widths(), self.columns, strict=True)
        ]
        fixed = [i for i in every if self.columns[i].fixed]
        blocks = [list(fixed)]
        for i in every:
            if i in fixed:
                continue
            taken = sum(sizes[j] for j in blocks[-1])
            if len(blocks[-1]) > len(fixed) and taken + sizes[i] - gap > width:
                blocks.append(list(fixed))
            blocks[-1].append(i)
        return blocks

    def _aligned(self, block: Sequence[int], width: int | None, gap: int) -> str:
        from rich.console import Console
        from rich.table import Table as Rich
        from rich.text import Text

        sizes = self._widths()
        columns = [self.columns[i] for i in block]
        wide = sum(sizes[i] for i in block) + gap * (len(block) - 1)
        prose = [i for i in block if self.columns[i].wrap]
        if width is not None and wide > width and prose:
            rest = wide - sum(sizes[i] for i in prose)
            for i in prose:
                sizes[i] = min(sizes[i], max(LEAST, (width - rest) // len(prose)))
            wide = sum(sizes[i] for i in block) + gap * (len(block) - 1)
        grid = Rich(box=None, padding=(0, gap, 0, 0), pad_edge=False, show_header=False)
        for i, column in zip(block, columns, strict=True):
            grid.add_column(justify=column.align, width=sizes[i], overflow="fold")
        heads = [column.head.split("\n") for column in columns]
        deepest = max(len(lines) for lines in heads)
        for depth in range(deepest):
            start = [depth - deepest + len(lines) for lines in heads]
            grid.add_row(
                *(
                    Text(lines[at] if at >= 0 else "")
                    for lines, at in zip(heads, start, strict=True)
                )
            )
        for row in self.rows:
            grid.add_row(*(Text(printable(row[i])) for i in block))
        # Written into memory, so that neither the kind of terminal nor the locale has a say.
        console = Console(file=StringIO(), width=wide, color_system=None, legacy_windows=False)
        with console.capture() as captured:
            console.print(grid)
        return "\n".join(line.rstrip() for line in captured.get().splitlines())


def printable(value: str) -> str:
    """`value` with what would steer a terminal, or turn the direction of reading, spelt out:
    names and reasons may come from other people's files."""
    if value.isprintable():
        return value
    return "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in value)


def _wrapped(prose: str, width: int) -> str:
    from textwrap import fill

    return fill(prose, max(LEAST, width), break_long_words=False, break_on_hyphens=False)


def _escaped(value: str) -> str:
    """`value` as Markdown shows it; one line."""
    line = printable(" ".join(value.split()) if "\n" in value else value)
    return re.sub(r"([\\|*_<`\[])", r"\\\1", line)
