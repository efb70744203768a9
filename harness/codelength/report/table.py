"""A table of strings, and the two ways it is shown: aligned text, and Markdown."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any, Literal

GAP = 2
LEAST = 24
"""Characters that a column which may wrap keeps, however narrow the terminal."""

CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
"""Code in prose: text between as many backticks as stand before it."""


class Bold(str):
    """A value that stands out, such as the best of its column."""

    __slots__ = ()


class Bad(str):
    """A value that says that something failed."""

    __slots__ = ()


def paint(text: str, like: str, colour: bool) -> str:
    """Paint a text for a terminal as `like` asks for; without `colour` it stays as it is."""
    code = {Bold: "1", Bad: "31"}.get(type(like)) if colour else None
    return f"\x1b[{code}m{text}\x1b[0m" if code else text


@dataclass(frozen=True)
class Column:
    """A head, whose lines are stacked in a terminal, and how what is under it is set."""

    head: str
    align: Literal["left", "right"] = "right"
    fixed: bool = False
    """Repeated on the left where a table is too wide for the terminal and goes on below."""
    wrap: bool = False
    """Prose: wrapped in a terminal."""
    drop: int = 0
    """Columns with the largest number are left out first by `Table.fit`; those with 0 never."""
    show: Callable[[Any], str] = str
    """What stands in the row of an item, for `build_table`."""

    @property
    def title(self) -> str:
        """The head in one line."""
        return re.sub(r"(?<=[-_:@=/,])\n", "", self.head).replace("\n", " ")


@dataclass(frozen=True)
class Table:
    """What is shown, already in words."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    method: str = ""
    """How the figures came about."""
    notes: Sequence[str] = ()
    """What the marks in the table mean."""
    facts: Sequence[Mapping[str, object]] = ()
    """Of a ranking, what the script of a page knows of each row: `name`, `tags`, and its figures
    `size`, `encode`, `decode`."""

    def text(self, width: int | None = None, colour: bool = False) -> str:
        """Aligned text without boxes, nothing cut off; with `colour`, what stands out is painted.

        `width` is the terminal's: prose is wrapped to it, and a wider table moves its columns
        together or, if that is not enough, goes on in a further block. Without it (a pipe, a file)
        every row is one line.
        """
        title, *notes = (wrap_line(text, width) for text in (self.title, *self.notes))
        parts = [title, ""]
        sizes = self._widths()
        gap = next((gap for gap in (GAP, 1) if len(self._blocks(sizes, width, gap)) == 1), GAP)
        for block in self._blocks(sizes, width, gap):
            parts += [self._align(block, list(sizes), width, gap, colour), ""]
        return "\n".join([*parts, *notes]).rstrip("\n") + "\n"

    def markdown(self, level: int = 3) -> str:
        """A heading, how it was made, a pipe table, and the notes."""
        heads = [column.title for column in self.columns]
        cells = [[_cell_to_markdown(value) for value in row] for row in [heads, *self.rows]]
        widths = [max(3, *map(len, values)) for values in zip(*cells, strict=True)]
        right = [column.align == "right" for column in self.columns]
        cells.insert(1, ["-" * (w - r) + ":" * r for w, r in zip(widths, right, strict=True)])
        form = " | ".join(
            f"{{:{'>' if r else '<'}{w}}}" for w, r in zip(widths, right, strict=True)
        )
        lines = [f"| {form.format(*row)} |" for row in cells]
        heading = f"{'#' * level} {escape_markdown(self.title)}" if self.title else ""
        parts = [heading, prose_to_markdown(to_line(self.method)), "\n".join(lines)]
        parts += [escape_markdown(note) for note in self.notes]
        return "\n\n".join(filter(None, parts)) + "\n"

    def fit(self, width: int | None) -> "Table":
        """The table in one block of `width`, without the columns that do not fit.

        A note names them.
        """
        columns = list(self.columns)
        widths = zip(columns, self._widths(), strict=True)
        sizes = [min(size, LEAST) if column.wrap else size for column, size in widths]
        needed = sum(sizes) + len(sizes) - 1
        left_out: set[int] = set()
        droppable = sorted(range(len(columns)), key=lambda i: (-columns[i].drop, -i))
        for i in droppable:
            if width is None or needed <= width or not columns[i].drop:
                break
            needed -= sizes[i] + 1
            left_out.add(i)
        if not left_out:
            return self
        kept = [i for i in range(len(columns)) if i not in left_out]
        heads = ", ".join(columns[i].title for i in sorted(left_out))
        rows = [[row[i] for i in kept] for row in self.rows]
        notes = [*self.notes, f"Too wide for this terminal: {heads}."]
        return replace(self, columns=[columns[i] for i in kept], rows=rows, notes=notes)

    def _widths(self) -> list[int]:
        widths = [max(map(_width, _head_lines(column))) for column in self.columns]
        for row in self.rows:
            for i, value in enumerate(row):
                if len(value) > widths[i] or not value.isascii() or not value.isprintable():
                    widths[i] = max(widths[i], _width(to_line(value)))
        return widths

    def _blocks(self, widths: Sequence[int], width: int | None, gap: int) -> list[list[int]]:
        """Indices of the columns that go beside each other."""
        every = list(range(len(self.columns)))
        if width is None:
            return [every]
        sizes = [
            (min(size, LEAST) if column.wrap else size) + gap
            for size, column in zip(widths, self.columns, strict=True)
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

    def _align(
        self, block: Sequence[int], sizes: list[int], width: int | None, gap: int, colour: bool
    ) -> str:
        columns = [self.columns[i] for i in block]
        wide = sum(sizes[i] for i in block) + gap * (len(block) - 1)
        prose = [i for i in block if self.columns[i].wrap]
        if width is not None and wide > width and prose:
            rest = wide - sum(sizes[i] for i in prose)
            for i in prose:
                sizes[i] = min(sizes[i], max(LEAST, (width - rest) // len(prose)))
        heads = list(map(_head_lines, columns))
        deepest = max(len(lines) for lines in heads)
        stacked = [[""] * (deepest - len(lines)) + lines for lines in heads]
        rows = [
            ([lines[depth] for lines in stacked], [""] * len(block)) for depth in range(deepest)
        ]
        for row in self.rows:
            values = [row[i] for i in block]
            folded = _fold([*map(to_line, values)], [sizes[i] for i in block])
            rows += [(line, values) for line in folded]
        lines = []
        for line, values in rows:
            padded = (
                _pad(v, sizes[i], c.align) for v, i, c in zip(line, block, columns, strict=True)
            )
            painted = (paint(v, like, colour) for v, like in zip(padded, values, strict=True))
            lines.append((" " * gap).join(painted).rstrip())
        return "\n".join(lines)


def build_table(
    title: str,
    items: Iterable[object],
    columns: Sequence[Column],
    method: str = "",
    notes: Sequence[str] = (),
) -> Table:
    """Build a table with a row for each item, out of what each column shows of it."""
    rows = [[column.show(item) for column in columns] for item in items]
    return Table(title, columns, rows, method, notes)


def join_rows(rows: Iterable[Sequence[str]], column: int) -> list[list[str]]:
    """Join the rows that differ only in one column, and list what they have there."""
    joined: dict[tuple[str, ...], dict[str, None]] = {}
    for row in rows:
        rest = (*row[:column], *row[column + 1 :])
        joined.setdefault(rest, {})[row[column]] = None
    return [[*rest[:column], ", ".join(own), *rest[column:]] for rest, own in joined.items()]


def to_printable(value: str) -> str:
    """Spell out what would steer a terminal or turn the direction of reading; lines are kept.

    Names and reasons may come from other people's files.
    """
    if value.isprintable():
        return value
    return "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in value)


def to_line(value: str) -> str:
    """Put a text into one line, and spell out what is not printable."""
    return value if value.isprintable() else to_printable(" ".join(value.split()))


def escape_markdown(value: str) -> str:
    """Escape what Markdown would take for markup; one line."""
    return re.sub(r"([\\|*_<`\[~])", r"\\\1", to_line(value))


def _cell_to_markdown(value: str) -> str:
    text = escape_markdown(value)
    return f"**{text}**" if isinstance(value, Bold | Bad) and text else text


def to_code(value: str) -> str:
    """Quote a text as code within prose."""
    line, ticks = to_line(value), "`"
    while ticks in line:
        ticks += "`"
    return f"{ticks} {line} {ticks}" if len(ticks) > 1 else f"`{line}`"


def split_code(prose: str) -> Iterator[tuple[str, bool]]:
    """Split a line of prose into texts, and whether each is code, as `to_code` quotes it."""
    parts = CODE.split(prose)
    for plain, ticks, code in zip_longest(parts[::3], parts[1::3], parts[2::3], fillvalue=""):
        yield plain, False
        if ticks:
            yield code.strip() if len(ticks) > 1 else code, True


def prose_to_markdown(prose: str) -> str:
    """Escape what is not code in prose. A block of code between fences is left as it is."""
    if prose.startswith("```"):
        return prose
    return "\n".join(
        "".join(to_code(t) if is_code else escape_markdown(t) for t, is_code in split_code(line))
        for line in prose.split("\n")
    )


def stack_head(name: str) -> str:
    """Break a long name over several lines, behind its own punctuation."""
    lines = [""]
    for piece in re.findall(r"[^-_:@=/,]+[-_:@=/,]*|[-_:@=/,]+", to_line(name)):
        if lines[-1] and len(lines[-1]) + len(piece) > 9:
            lines.append("")
        lines[-1] += piece
    return "\n".join(lines)


def _head_lines(column: Column) -> list[str]:
    return to_printable(column.head).split("\n")


def _width(text: str) -> int:
    """The columns that a text takes in a terminal."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(c) else 1 + (east_asian_width(c) in "WF") for c in text)


def _pad(text: str, size: int, align: str) -> str:
    room = " " * (size - _width(text))
    return room + text if align == "right" else text + room


def _fold(row: list[str], sizes: Sequence[int]) -> list[list[str]]:
    """A row as lines, each value no wider than its column."""
    pairs = list(zip(row, sizes, strict=True))
    if all(len(value) <= size for value, size in pairs):
        return [row]
    from textwrap import wrap

    folded = [wrap(value, size, break_on_hyphens=False) for value, size in pairs]
    deepest = max(map(len, folded))
    return [[lines[at] if at < len(lines) else "" for lines in folded] for at in range(deepest)]


def wrap_line(text: str, width: int | None) -> str:
    """Break a paragraph into lines of at most `width` columns, words kept whole; None: one line."""
    from textwrap import fill

    line = to_line(text)
    if width is None:
        return line
    return fill(line, max(LEAST, width), break_long_words=False, break_on_hyphens=False)
