"""The baseline: what a grid gave when it was last accepted, in one committed JSON file.

Every cell and every timing is a line of its own, so that a diff shows what an update changed.
"""

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Literal

import msgspec
from msgspec.structs import fields, replace

from codelength.api.errors import StoreError, UsageError
from codelength.results.cell import Cell, Status, Struct

SCHEMA = 1
"""Raised when a field changes its meaning; a reader refuses files with a higher one."""

LIMIT = 20_000
"""Bytes of each corpus in a new grid: enough to see a size change, and quick."""

Clock = Literal["cpu", "wall"]
Key = tuple[str, str, str]
"""Codec, corpus and protocol of a cell in a grid."""


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
    def keys(self) -> Iterator[Key]:
        """The keys of all cells, in order."""
        return product(self.codecs, self.corpora, self.protocols)

    def clock(self, codec: str) -> Clock:
        """The clock that times the codec."""
        return "wall" if codec in self.wall else "cpu"


class ExpectedCell(Struct, frozen=True):
    """What a cell of the grid gave.

    It is compared only with a cell of the same codec, protocol, library versions and corpus digest.
    """

    codec: str
    corpus: str
    protocol: str
    raw_bytes: int
    digest: str
    """Of the corpus slice."""
    versions: dict[str, str] = {}
    coded_bytes: int = 0
    blobs: str = ""
    """SHA-256 over the blobs, each behind its length."""
    declined: bool = False
    """The codec does not take such data, by design."""

    @property
    def key(self) -> Key:
        """The key in the grid."""
        return (self.codec, self.corpus, self.protocol)


class BaselineTiming(Struct, frozen=True, rename={"prefix_bytes": "piece", "contention": "state"}):
    """How long a codec took when the baseline was made: see `timing`."""

    codec: str
    clock: Clock
    prefix_bytes: int
    """At most so many bytes of each corpus were timed."""
    contention: float
    """Of the quiet rounds: see `stopwatch.Round.contention`."""
    encode: list[float]
    """For each pass, the logarithm of the codec's time over that of the references."""
    decode: list[float]


class Baseline(
    Struct,
    frozen=True,
    rename={"provenance": "made", "timed_on": "timed", "timings": "paces"},
):
    """The contents of the file."""

    schema: int
    provenance: dict[str, str]
    """When the baseline was made, and by which codelength."""
    timed_on: dict[str, str]
    """Processor and interpreter of the timings. Times from others are not compared with them."""
    grid: Grid
    cells: list[ExpectedCell]
    timings: list[BaselineTiming] = []

    def with_cells(self, other: "Baseline") -> "Baseline":
        """Replace the cells of the codecs in `other`, which has to be on the same corpora."""
        new = other.grid.codecs
        codecs = [*self.grid.codecs, *(codec for codec in new if codec not in self.grid.codecs)]
        cells = [cell for cell in self.cells if cell.codec not in new] + other.cells
        return replace(
            self,
            grid=replace(self.grid, codecs=codecs),
            cells=sorted(cells, key=lambda cell: codecs.index(cell.codec)),
        )


def to_expected(cell: Cell) -> ExpectedCell:
    """Convert a measured cell, which has to be ok or declined by its codec."""
    declined = cell.status is Status.UNSUPPORTED
    assert cell.ok or declined, cell.status
    return ExpectedCell(
        codec=cell.codec,
        corpus=cell.slice.corpus,
        protocol=cell.slice.protocol,
        raw_bytes=cell.slice.bytes,
        digest=cell.slice.digest,
        versions=library_versions(cell),
        coded_bytes=cell.coded_bytes,
        blobs=cell.blobs,
        declined=declined,
    )


def library_versions(cell: Cell) -> dict[str, str]:
    """Return what the blobs depend on, without the plugin itself.

    The plugin is what the gate tests, so cells of its old and new version have to be compared.
    """
    package = _canonical(cell.plugin.rpartition(" ")[0])
    depends_on = sorted({**cell.versions, **cell.digests}.items())
    return {name: version for name, version in depends_on if _canonical(name) != package}


def load(path: Path) -> Baseline:
    """Read a baseline file.

    Raises:
        UsageError: There is no such file.
        StoreError: The file cannot be read.
    """
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
            f"{path} is no baseline: {error}; remove it, and --update makes a new one"
        ) from error


def to_json(baseline: Baseline) -> bytes:
    """Write JSON with one line for each field, and for each record of a list."""
    lines = []
    for field in fields(baseline):
        value = getattr(baseline, field.name)
        text = msgspec.json.encode(value).decode()
        if isinstance(value, list):
            text = "[\n" + ",\n".join(msgspec.json.encode(v).decode() for v in value) + "\n]"
        lines.append(f'"{field.encode_name}": {text}')
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


class _Versioned(msgspec.Struct):
    schema: int


def _canonical(package: str) -> str:
    return package.lower().replace("_", "-").replace(".", "-")
