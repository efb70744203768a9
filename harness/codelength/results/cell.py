"""What was measured, as it is stored; everything else is derived where it is asked for."""

from collections.abc import Mapping
from enum import StrEnum
from hashlib import sha256
from math import ceil
from statistics import median
from typing import NamedTuple

import msgspec

from codelength.api.corpus import Reading
from codelength.api.media import Kind
from codelength.api.model_card import ModelCard
from codelength.api.sampling import Draw, Limit

SCHEMA = 2
"""The version of the stored records. A reader refuses files with a higher one, and reads those with
a lower one through `codelength.results.schema1`."""

WEIGHTS = "weights"
"""The name of a model's parameters in `Cell.model_bytes`, and of their digest in `Cell.digests`."""


class Status(StrEnum):
    """How a cell ended. Only an `ok` cell has figures that may be compared."""

    OK = "ok"
    FAILED = "failed"
    MISMATCH = "mismatch"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out-of-memory"
    UNSUPPORTED = "unsupported"


class Evidence(StrEnum):
    """What stands behind the figures of an `ok` cell, the strongest first."""

    VERIFIED = "verified"
    """Every blob was decoded in another process and compared."""
    SAME_MACHINE = "same-machine"
    """The same, but the blobs are only known to decode on the machine that encoded them."""
    ESTIMATE = "estimate"
    """Nothing was decoded: an ideal code length, printed with ≈."""

    @property
    def is_ranked(self) -> bool:
        """Whether a row has a place: an estimate stands below everything that was decoded."""
        return self is not Evidence.ESTIMATE


class Struct(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The base of stored records: unset fields take no room in the file."""


class SliceKey(NamedTuple):
    """A corpus under a protocol, as somebody asks for it."""

    corpus: str
    protocol: str
    limit: Limit


class CellKey(NamedTuple):
    """A codec on a corpus under a protocol, as somebody asks for it."""

    codec: str
    corpus: str
    protocol: str
    limit: Limit

    @property
    def slice(self) -> SliceKey:
        """What the codec met."""
        return SliceKey(*self[1:])


class CorpusSlice(Struct, frozen=True):
    """A corpus under a protocol, as every codec of the run sees it."""

    corpus: str
    protocol: str
    kind: Kind
    samples: int
    bytes: int
    digest: str
    limit: Limit = None
    draw: Draw | None = None
    """What was drawn, where the limit is a sample and less than the corpus."""
    label: str = ""
    """`local` or `partial: …` where the bytes are not the standard ones."""
    remark: str = ""
    """What must be known beside every figure."""
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


class Phase(Struct, frozen=True):
    """Raw measurements of one direction.

    Times are in seconds; `cpu[b][r]` is repetition r of batch b, all threads of the process
    together.
    """

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


class Check(Struct, frozen=True):
    """A sample that was scored, and also coded, decoded in another process and compared."""

    data: str
    """The digest of the pieces of the corpus that were coded."""
    blobs: int
    bytes: int
    bits: float
    coded_bytes: int
    cpu_seconds: float
    """CPU time of scoring them."""
    unstrided_bits: float | None = None
    """Where the model reads tokens again: their bits without that."""
    exact_bits: float | None = None
    """Where another codec has coded them, because this one codes nothing: their bits by it."""

    @property
    def excess(self) -> float:
        """The share by which the coded pieces exceed their ideal code length."""
        return 8 * self.coded_bytes / self.bits - 1

    @property
    def bits_per_blob(self) -> float:
        """The bits by which a blob exceeds its ideal code length, on average."""
        return (8 * self.coded_bytes - self.bits) / self.blobs


class Estimate(Struct, frozen=True):
    """The ideal code length of a corpus: what no process has coded."""

    bits: float
    cpu_seconds: float
    check: Check

    @property
    def coded_bytes(self) -> int:
        """Whole bytes that hold the bits."""
        return ceil(self.bits / 8)


class Cell(Struct, frozen=True, tag="cell", rename={"slice": "cut"}):
    """Codec × corpus × protocol: one row of the results."""

    codec: str
    slice: CorpusSlice
    status: Status
    run: str
    """The identity of the environment record that it was measured under."""
    reason: str = ""
    """One line, where the status is not `ok`."""
    evidence: Evidence | None = None
    """None where the status is not `ok`."""
    plugin: str = ""
    """The plugin that the codec comes from, and its version: `codelength 0.1.0`."""
    versions: dict[str, str] = {}
    """The versions of the libraries that the blobs depend on."""
    digests: dict[str, str] = {}
    """The digests of the files that the blobs depend on: `{"weights": "sha256:…"}`."""
    coded_bytes: int = 0
    groups: list[tuple[int, int]] = []
    """(raw, coded) bytes by sample; past 1000 samples, by cluster; past 1000 clusters, by equal
    runs of consecutive ones."""
    clusters: list[int] | None = None
    """The number of each group's cluster (`Sample.cluster`); empty if each group is one of its own.
    None in cells of before clusters were kept."""
    cluster_sizes: list[tuple[int, int]] = []
    """(raw, coded) bytes of each cluster, in order, where `groups` are runs of several."""
    ledger: dict[str, int] = {}
    model_bytes: Mapping[str, int | None] = {}
    """By what it is, in bytes as measured. None: what it costs is not known, in a copy of the cell
    at another price (`metrics.price.apply_price`)."""
    card: ModelCard | None = None
    dropped_hints: int = 0
    """Samples that the codec coded as plain bytes although it uses hints of their kind."""
    large_samples: int = 0
    """Samples of more than `codelength.api.media.LARGE` bytes."""
    streamed: int = 0
    """Those of them that the codec took piece by piece; it held each of the others as a whole."""
    header_bytes: int = 0
    """The size of the blob for one zero byte: what the published protocol takes for a header."""
    blobs: str = ""
    """SHA-256 over the blobs, each behind its length."""
    encode: Phase | None = None
    decode: Phase | None = None
    estimate: Estimate | None = None
    """What stands behind the size of a cell whose evidence is an estimate."""
    code: str = ""
    """The digest of the record of the code that was loaded."""

    @property
    def key(self) -> CellKey:
        """The place in the tables: of two cells with the same key, the later one counts."""
        return CellKey(self.codec, *self.slice.key)

    @property
    def by_cluster(self) -> list[tuple[int, int]]:
        """(raw, coded) bytes of each cluster (each file of a folder), in order."""
        if self.cluster_sizes or not self.clusters:
            return self.cluster_sizes or self.groups
        sums = dict.fromkeys(self.clusters, (0, 0))
        for number, (raw, coded) in zip(self.clusters, self.groups, strict=True):
            sums[number] = sums[number][0] + raw, sums[number][1] + coded
        return list(sums.values())

    @property
    def ok(self) -> bool:
        """Whether it has a size: measured and compared equal, or estimated."""
        return self.status is Status.OK

    @property
    def depends_on(self) -> dict[str, str]:
        """Libraries, files and plugin together: what the coded size depends on."""
        plugin = {"plugin": self.plugin} if self.plugin else {}
        return {**self.versions, **self.digests, **plugin}

    @property
    def is_learned(self) -> bool:
        """Whether the codec comes with trained weights."""
        return WEIGHTS in self.model_bytes or WEIGHTS in self.digests


class Readings(Struct, frozen=True, tag="readings"):
    """The ledger of a corpus that was read from files: what became of each of them."""

    corpus: str
    run: str
    files: list[Reading]


class Code(Struct, frozen=True, tag="code"):
    """The code that the processes of a codec had loaded: a later run reuses only cells of it."""

    run: str
    files: dict[str, str]
    """Name → digest."""

    @property
    def digest(self) -> str:
        """What cells call it by."""
        return sha256(msgspec.json.encode(self.files, order="sorted")).hexdigest()


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
    sandbox: str = ""
    """What kept codecs to themselves: `namespaces`, `landlock` or `none`; empty in old files."""
