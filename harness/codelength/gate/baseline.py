"""The baseline: what a grid gave when it was last accepted, in one committed JSON file.

Every cell and every timing is a line of its own, so that a diff shows what an update changed.
"""

import os
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path

import msgspec
from msgspec.structs import asdict, replace

from codelength.api.errors import StoreError, UsageError
from codelength.gate.rounds import Clock
from codelength.results.cell import Cell, Status, Struct

SCHEMA = 1
"""Raised when a field changes its meaning; a reader refuses files with a higher one."""


LIMIT = 20_000
"""Bytes of each corpus where nobody says: enough to see a size change, and done in seconds."""


class Grid(Struct, frozen=True):
    """What the gate runs: every codec on every corpus under every protocol."""

    codecs: list[str]
    corpora: list[str]
    protocols: list[str]
    limit: int | None = None
    """Bytes of each corpus."""
    wall: list[str] = []
    """Codecs timed by the wall clock, because they work in threads or on a device."""

    @property
    def places(self) -> Iterator[tuple[str, str, str]]:
        """Codec, corpus and protocol of every cell, in order."""
        return product(self.codecs, self.corpora, self.protocols)

    def clock(self, codec: str) -> Clock:
        """What the codec is timed by."""
        return "wall" if codec in self.wall else "cpu"


class Expected(Struct, frozen=True):
    """What a cell was. Codec, protocol, versions and digest are the key: with another one,
    there is nothing to compare."""

    codec: str
    corpus: str
    protocol: str
    raw_bytes: int
    digest: str
    """Of the corpus as cut."""
    versions: dict[str, str] = {}
    coded_bytes: int = 0
    blobs: str = ""
    """SHA-256 over the blobs, each behind its length."""
    declined: bool = False
    """The codec does not take such data, by design."""

    @property
    def place(self) -> tuple[str, str, str]:
        """Where in the grid it is."""
        return (self.codec, self.corpus, self.protocol)


class Pace(Struct, frozen=True):
    """How long a codec took: see `timing`."""

    codec: str
    clock: Clock
    piece: int
    """At most so many bytes of each corpus were timed."""
    state: float
    """Of the machine, in the rounds that count."""
    encode: list[float]
    """For each pass, the logarithm of the time over that of the references."""
    decode: list[float]


class Baseline(Struct, frozen=True):
    """The contents of the file."""

    schema: int
    made: dict[str, str]
    """When, by what command, which codelength."""
    timed: dict[str, str]
    """The processor and the interpreter that the times are of: on others they are not compared."""
    grid: Grid
    cells: list[Expected]
    paces: list[Pace] = []

    def expected(self) -> dict[tuple[str, str, str], Expected]:
        """The cells by their place."""
        return {cell.place: cell for cell in self.cells}

    def with_cells(self, other: "Baseline") -> "Baseline":
        """This one, with the cells of `other`, made on the same corpora, in place of those that it
        has of the same codecs."""
        new = other.grid.codecs
        codecs = [*self.grid.codecs, *(codec for codec in new if codec not in self.grid.codecs)]
        cells = [cell for cell in self.cells if cell.codec not in new] + list(other.cells)
        turn = {codec: number for number, codec in enumerate(codecs)}
        return replace(
            self,
            grid=replace(self.grid, codecs=codecs),
            cells=sorted(cells, key=lambda cell: turn[cell.codec]),
        )


def accepted(cell: Cell) -> Expected:
    """A measured cell as a baseline holds it. It has to be ok, or declined by its codec."""
    declined = cell.status is Status.UNSUPPORTED
    assert cell.ok or declined, cell.status
    return Expected(
        codec=cell.codec,
        corpus=cell.slice.corpus,
        protocol=cell.slice.protocol,
        raw_bytes=cell.slice.bytes,
        digest=cell.slice.digest,
        versions=libraries(cell.versions),
        coded_bytes=cell.coded_bytes,
        blobs=cell.blobs,
        declined=declined,
    )


def libraries(versions: Mapping[str, str]) -> dict[str, str]:
    """What the blobs of a cell depend on, less the plugin itself: that is what is being tested,
    and a new version of it has to be compared, not excused."""
    package = _canonical(versions.get("plugin", "").rpartition(" ")[0])
    return {
        name: version
        for name, version in sorted(versions.items())
        if name != "plugin" and _canonical(name) != package
    }


def load(path: Path) -> Baseline:
    """The baseline in a file. Raises UsageError if there is none, StoreError if it cannot be
    read."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise UsageError(
            f"no baseline {path}; 'codelength gate --baseline {path} --update' makes it"
        ) from None
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from error
    try:
        schema = msgspec.json.decode(data, type=_Versioned).schema
        if schema > SCHEMA:
            raise StoreError(
                f"{path} has schema {schema}, this codelength reads up to {SCHEMA}; update it"
            )
        return msgspec.json.decode(data, type=Baseline)
    except msgspec.MsgspecError as error:
        raise StoreError(
            f"{path} is no baseline: {error}; without the file, --update makes a new one"
        ) from error


def save(baseline: Baseline, path: Path) -> None:
    """Writes the file in one step. Raises StoreError."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(written(baseline))
        temporary.replace(path)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        temporary.unlink(missing_ok=True)


def written(baseline: Baseline) -> bytes:
    """JSON with a line for each field, and for each entry of a list of records."""
    encode = msgspec.json.Encoder().encode
    lines = []
    for name, value in asdict(baseline).items():
        if isinstance(value, list):
            entries = ",\n".join(encode(entry).decode() for entry in value)
            lines.append(f'"{name}": [\n{entries}\n]')
        else:
            lines.append(f'"{name}": {encode(value).decode()}')
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


class _Versioned(msgspec.Struct):
    schema: int


def _canonical(package: str) -> str:
    return package.lower().replace("_", "-").replace(".", "-")
