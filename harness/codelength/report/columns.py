"""Which cells are about the same bytes: the same corpus digest under the same protocol."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from codelength.report import format
from codelength.report.submissions import Folder, Measurement
from codelength.results.cell import CorpusSlice, SliceKey

HEX = 12

Bytes = tuple[str, str]
"""Protocol and digest: what makes two cells comparable, whatever anyone calls the corpus."""


@dataclass(frozen=True)
class LeftOut:
    """Cells of one folder and corpus that were not merged, and why."""

    folder: str
    corpus: str
    protocol: str
    cells: int
    reason: str

    def __str__(self) -> str:
        many = f"{self.cells} cell{'s' * (self.cells != 1)}"
        return f"{self.folder}: {self.corpus} · {self.protocol}: {many} left out: {self.reason}"


def matched(folders: Sequence[Folder]) -> tuple[list[Measurement], list[LeftOut]]:
    """Every measurement under the corpus that its bytes are on the leaderboard, and what is left.

    The first folder that has a corpus under a protocol and limit decides which bytes that is. The
    same bytes under another name are that corpus. Bytes that two limits cut alike (a limit beyond
    the end of a corpus cuts nothing) stand under both, so a measurement may come back twice.
    """
    chosen: dict[SliceKey, tuple[CorpusSlice, str]] = {}
    for folder in folders:
        for cell in folder.cells:
            if cell.slice.digest:
                chosen.setdefault(cell.slice.key, (cell.slice, folder.name))
    places: dict[Bytes, dict[int | None, CorpusSlice]] = defaultdict(dict)
    for corpus_slice, _ in chosen.values():
        places[_bytes(corpus_slice)].setdefault(corpus_slice.limit, corpus_slice)
    found: list[Measurement] = []
    lost: dict[tuple[str, tuple[str, ...]], list[CorpusSlice]] = defaultdict(list)
    for folder in folders:
        for cell in folder.cells:
            here = places.get(_bytes(cell.slice), {}) if cell.slice.digest else {}
            found += [
                Measurement(folder.name, replace(cell, slice=corpus_slice))
                for corpus_slice in here.values()
            ]
            if not here:
                lost[folder.name, cell.slice.identity].append(cell.slice)
    return found, [
        LeftOut(
            name,
            slices[0].corpus,
            protocol_label(slices[0]),
            len(slices),
            _reason(slices[0], chosen),
        )
        for (name, _), slices in lost.items()
    ]


def protocol_label(corpus_slice: CorpusSlice) -> str:
    """As on a board: `whole`, `whole, first 1,000 bytes`."""
    return corpus_slice.protocol + (
        "" if corpus_slice.limit is None else f", first {format.count(corpus_slice.limit)} bytes"
    )


def _bytes(corpus_slice: CorpusSlice) -> Bytes:
    return (corpus_slice.protocol, corpus_slice.digest)


def _reason(corpus_slice: CorpusSlice, chosen: dict[SliceKey, tuple[CorpusSlice, str]]) -> str:
    if not corpus_slice.digest:
        return "the corpus could not be read there, so its bytes are unknown"
    other, folder = chosen[corpus_slice.key]
    told = _told(corpus_slice)
    return f"other bytes ({told}) than in {folder} ({_told(other)}), which was named first"


def _told(corpus_slice: CorpusSlice) -> str:
    samples = f"{format.count(corpus_slice.samples)} sample{'s' * (corpus_slice.samples != 1)}"
    return f"digest {corpus_slice.digest[:HEX]}, {samples}, {format.count(corpus_slice.bytes)} B"
