"""Which cells are about the same bytes: the same corpus digest under the same protocol."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from codelength.leaderboard.folders import Folder, Measurement
from codelength.report import figures
from codelength.result import Cut

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
    chosen: dict[tuple[str, ...], tuple[Cut, str]] = {}
    for folder in folders:
        for cell in folder.cells:
            if cell.cut.digest:
                chosen.setdefault(cell.cut.slot, (cell.cut, folder.name))
    places: dict[Bytes, dict[int | None, Cut]] = defaultdict(dict)
    for cut, _ in chosen.values():
        places[_bytes(cut)].setdefault(cut.limit, cut)
    found: list[Measurement] = []
    lost: dict[tuple[str, ...], list[Cut]] = defaultdict(list)
    for folder in folders:
        for cell in folder.cells:
            here = places.get(_bytes(cell.cut), {}) if cell.cut.digest else {}
            found += [Measurement(folder.name, replace(cell, cut=cut)) for cut in here.values()]
            if not here:
                lost[(folder.name, *cell.cut.slot, cell.cut.digest)].append(cell.cut)
    return found, [
        LeftOut(name, cuts[0].corpus, protocol_label(cuts[0]), len(cuts), _reason(cuts[0], chosen))
        for (name, *_), cuts in lost.items()
    ]


def protocol_label(cut: Cut) -> str:
    """As on a board: `whole`, `whole, first 1,000 bytes`."""
    return cut.protocol + ("" if cut.limit is None else f", first {figures.count(cut.limit)} bytes")


def _bytes(cut: Cut) -> Bytes:
    return (cut.protocol, cut.digest)


def _reason(cut: Cut, chosen: dict[tuple[str, ...], tuple[Cut, str]]) -> str:
    if not cut.digest:
        return "the corpus could not be read there, so its bytes are unknown"
    other, folder = chosen[cut.slot]
    return f"other bytes ({_told(cut)}) than in {folder} ({_told(other)}), which was named first"


def _told(cut: Cut) -> str:
    samples = f"{figures.count(cut.samples)} sample{'s' * (cut.samples != 1)}"
    return f"digest {cut.digest[:HEX]}, {samples}, {figures.count(cut.bytes)} B"
