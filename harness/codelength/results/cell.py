"""What was measured, as it is stored; everything else is derived where it is asked for."""

from collections.abc import Mapping
from enum import StrEnum
from statistics import median
from typing import NamedTuple

import msgspec

from codelength.api.media import Kind
from codelength.api.model_card import ModelCard

SCHEMA = 1
"""Raised when a field changes its meaning; a reader refuses files with a higher one."""


class Status(StrEnum):
    """How a cell ended. Only an `ok` cell has figures that may be compared."""

    OK = "ok"
    FAILED = "failed"
    MISMATCH = "mismatch"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out-of-memory"
    UNSUPPORTED = "unsupported"


class Struct(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The base of stored records: unset fields take no room in the file."""


class SliceKey(NamedTuple):
    """A corpus under a protocol, as somebody asks for it."""

    corpus: str
    protocol: str
    limit: int | None


class CellKey(NamedTuple):
    """A codec on a corpus under a protocol, as somebody asks for it."""

    codec: str
    corpus: str
    protocol: str
    limit: int | None


class CorpusSlice(Struct, frozen=True):
    """A corpus under a protocol, as every codec of the run sees it."""

    corpus: str
    protocol: str
    kind: Kind
    samples: int
    bytes: int
    digest: str
    limit: int | None = None
    label: str = ""
    """`local` or `partial: …` where the bytes are not the standard ones."""
    entropy: float | None = None
    """Bits per byte of the source, where known."""
    header_once: bool = False
    published: str = ""
    """From when on models may have been trained on it."""

    @property
    def key(self) -> SliceKey:
        """What was asked for, whatever bytes it turned out to be."""
        return SliceKey(self.corpus, self.protocol, self.limit)

    @property
    def identity(self) -> tuple[str, ...]:
        """What was coded: equal on two machines only if the bytes are equal."""
        return (self.corpus, self.protocol, str(self.limit), self.digest)


class Phase(Struct, frozen=True, rename={"baseline_rss_bytes": "rest_bytes"}):
    """Raw measurements of one direction. Times are in seconds; `cpu[b][r]` is repetition r of
    batch b, all threads of the process together."""

    cpu: list[list[float]]
    wall: list[list[float]]
    peak_bytes: int
    """The most that was resident at any moment of the cell."""
    baseline_rss_bytes: int
    """What was resident before: interpreter, libraries, and the batch itself."""
    device: str = ""
    """Where models computed, if not on the processor."""

    @property
    def times(self) -> list[list[float]]:
        """What speeds are of: CPU time, or wall time where a device has computed."""
        return self.wall if self.device else self.cpu

    @property
    def seconds(self) -> float:
        """Once over the cell: the median repetition of every batch."""
        return sum(median(batch) for batch in self.times)

    @property
    def measured_seconds(self) -> float:
        """Wall time of all repetitions together."""
        return sum(map(sum, self.wall))

    @property
    def memory_bytes(self) -> int:
        """What the codec added to the process at its peak."""
        return max(0, self.peak_bytes - self.baseline_rss_bytes)


class Cell(Struct, frozen=True, tag="cell", rename={"slice": "cut", "model_bytes": "prior"}):
    """Codec × corpus × protocol: one row of the results."""

    codec: str
    slice: CorpusSlice
    status: Status
    run: str
    """The identity of the environment record that it was measured under."""
    reason: str = ""
    """One line, where the status is not `ok`."""
    versions: dict[str, str] = {}
    coded_bytes: int = 0
    groups: list[tuple[int, int]] = []
    """(raw, coded) bytes by sample; past 1000 samples, by equal runs of consecutive ones."""
    ledger: dict[str, int] = {}
    model_bytes: Mapping[str, int | None] = {}
    """By what it is, in bytes as measured. None: what it costs is not known, in a copy of the cell
    at another price (`accounting.charged`)."""
    card: ModelCard | None = None
    header_bytes: int = 0
    """The size of the blob for one zero byte: what the published protocol takes for a header."""
    blobs: str = ""
    """SHA-256 over the blobs, each behind its length."""
    encode: Phase | None = None
    decode: Phase | None = None

    @property
    def key(self) -> CellKey:
        """The place in the tables: of two cells with the same key, the later one counts."""
        return CellKey(self.codec, *self.slice.key)

    @property
    def ok(self) -> bool:
        """Encoded, decoded in another process, compared equal."""
        return self.status is Status.OK


class Environment(Struct, frozen=True, tag="environment"):
    """What a run was made with; cells refer to it by `run`."""

    run: str
    schema: int
    started: str
    command: str
    codelength: str
    commit: str
    machine: dict[str, str]
    """CPU, cores, memory, governor, load, system."""
    versions: dict[str, str]
    threads: int
    jobs: int
    """More than one: cells were timed beside each other, and their speeds say so."""
