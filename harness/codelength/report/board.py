"""Cells that may be compared: a grid of codecs and corpora under one protocol and limit."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from codelength.metrics import STORED, Mean, Pricing, apply_price, means
from codelength.report.format import count
from codelength.results.cell import Cell, CorpusSlice

KINDS = ("text", "image", "audio", "raw")


@dataclass(frozen=True)
class Board:
    """Codecs × corpora. Rows and columns are called what tells them apart: a codec by its spec,
    with its library's version where there are several; a corpus by its spec, with its digest."""

    name: str
    """`all`, a kind of media, or `controls`."""
    protocol: str
    limit: int | None
    slices: Mapping[str, CorpusSlice]
    codecs: tuple[str, ...]
    grid: Mapping[tuple[str, str], Cell]
    pricing: Pricing = STORED
    """What the cells were charged."""

    @property
    def protocol_label(self) -> str:
        """`whole`, `whole, first 1,000,000 bytes`."""
        limit = "" if self.limit is None else f", first {count(self.limit)} bytes"
        return self.protocol + limit

    @property
    def cells(self) -> list[Cell]:
        """All of them, corpus by corpus."""
        pairs = ((codec, corpus) for corpus in self.slices for codec in self.codecs)
        return [self.grid[pair] for pair in pairs if pair in self.grid]

    def row(self, codec: str) -> list[Cell | None]:
        """The codec's cells, one for each corpus."""
        return [self.grid.get((codec, corpus)) for corpus in self.slices]

    def column(self, corpus: str) -> dict[str, Cell]:
        """The cells of a corpus by codec."""
        return {c: self.grid[c, corpus] for c in self.codecs if (c, corpus) in self.grid}

    @cached_property
    def means(self) -> dict[str, Mean]:
        """The geometric mean of each codec's ratios."""
        return means({codec: self.row(codec) for codec in self.codecs})

    @property
    def labels(self) -> list[str]:
        """What must be known about corpora whose bytes are not the standard ones."""
        return [
            f"{name}: {corpus_slice.label}."
            for name, corpus_slice in self.slices.items()
            if corpus_slice.label
        ]

    def parts(self) -> list["Board"]:
        """What is averaged: the corpora of each kind, and before them all. Controls and corpora
        without a byte are left out: no one's data look like them."""
        plain = {n: c for n, c in self.slices.items() if c.entropy is None and c.bytes}
        kinds = [(k, {n: c for n, c in plain.items() if c.kind == k}) for k in KINDS]
        return [self._part(n, slices) for n, slices in [("all", plain), *kinds] if slices]

    def controls(self) -> "Board | None":
        """The corpora whose entropy is known."""
        slices = {n: c for n, c in self.slices.items() if c.entropy is not None}
        return self._part("controls", slices) if slices else None

    def _part(self, name: str, slices: Mapping[str, CorpusSlice]) -> "Board":
        grid = {pair: cell for pair, cell in self.grid.items() if pair[1] in slices}
        present = {codec for codec, _ in grid}
        codecs = tuple(codec for codec in self.codecs if codec in present)
        return Board(name, self.protocol, self.limit, slices, codecs, grid, self.pricing)


def boards(cells: Iterable[Cell], pricing: Pricing = STORED) -> list[Board]:
    """One board for each protocol and limit, of all that was measured under them: samples as they
    are first, the published cut last, the whole of the corpora before the head of them. Priors
    are charged by `tariff`."""
    groups: dict[tuple[str, int | None], list[Cell]] = defaultdict(list)
    for cell in cells:
        groups[cell.slice.protocol, cell.slice.limit].append(apply_price(cell, pricing))
    found = [replace(_board(group), pricing=pricing) for group in groups.values()]
    return sorted(found, key=turn)


def arranged(slices: Mapping[str, CorpusSlice], grid: Mapping[tuple[str, str], Cell]) -> Board:
    """The board of a grid of rows and columns, which have their names already, in the order of
    every board. All cuts are of one protocol and limit."""
    named = dict(sorted(slices.items(), key=lambda item: _place(item[1])))
    first = next(iter(named.values()))
    rows = tuple(sorted({row for row, _ in grid}, key=_natural))
    return Board("everything", first.protocol, first.limit, named, rows, grid)


def turn(board: Board) -> tuple[object, ...]:
    """What boards are sorted by."""
    published = any(corpus_slice.header_once for corpus_slice in board.slices.values())
    corpus_slice = (board.limit is not None, board.limit or 0)
    return (published, board.protocol != "whole", _natural(board.protocol), *corpus_slice)


def family(codec: str) -> str:
    """`zstd:level=19` → `zstd`."""
    return codec.partition(" ")[0].partition(":")[0]


def _board(cells: list[Cell]) -> Board:
    slices: dict[tuple[str, ...], CorpusSlice] = {}
    for cell in cells:
        slices.setdefault(cell.slice.identity, cell.slice)
    corpora = Counter(corpus_slice.corpus for corpus_slice in slices.values())
    names = {
        key: corpus_slice.corpus
        + (f"@{corpus_slice.digest[:6]}" if corpora[corpus_slice.corpus] > 1 else "")
        for key, corpus_slice in slices.items()
    }
    versions: dict[str, set[str]] = defaultdict(set)
    for cell in cells:
        versions[cell.codec].add(_versions(cell))
    grid = {}
    for cell in cells:
        known = versions[cell.codec] - {""}  # a cell that failed early may not know its own
        suffix = f" ({_versions(cell) or 'version unknown'})" if len(known) > 1 else ""
        grid[cell.codec + suffix, names[cell.slice.identity]] = cell
    return arranged({names[key]: corpus_slice for key, corpus_slice in slices.items()}, grid)


def _place(corpus_slice: CorpusSlice) -> tuple[object, ...]:
    return (
        corpus_slice.entropy is not None,
        KINDS.index(corpus_slice.kind),
        corpus_slice.corpus,
        corpus_slice.digest,
    )


def _versions(cell: Cell) -> str:
    return ", ".join(f"{name} {value}" for name, value in sorted(cell.depends_on.items()))


def _natural(name: str) -> list[tuple[bool, int, str]]:
    """So that level=9 stands before level=19."""
    import re

    parts = re.findall(r"\d+|\D+", name)
    return [(part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts]
