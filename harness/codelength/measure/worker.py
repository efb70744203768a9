"""What the workers of a codec do: one encodes, one decodes, and one compares."""

import gc
import hashlib
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from statistics import median
from typing import BinaryIO, TypeVar

import msgspec

from codelength.api.codec import Codec, versions_of
from codelength.api.corpus import Digest
from codelength.api.errors import CodelengthError, CorpusError
from codelength.api.media import Sample
from codelength.api.model_card import ModelCard
from codelength.coding import device
from codelength.coding.varint import varint
from codelength.measure.code import noting_late_code
from codelength.measure.job import Recipe
from codelength.measure.plan import read_slice
from codelength.plugins import Plugins
from codelength.results.cell import CorpusSlice, Evidence, Phase
from codelength.results.portability import evidence_of
from codelength.workers.calls import report_progress
from codelength.workers.limits import cpu_seconds, limit_memory, peak, reset_peak, resident

T = TypeVar("T")

BATCH_BYTES, BATCH_SAMPLES = 16 << 20, 8192
"""What a codec is given at once, so that memory stays bounded however large the corpus."""
REPETITIONS, ENOUGH = 5, 0.5
"""A batch is repeated so often, or until its calls took so many seconds."""
SLOW_FIRST, MUCH_FASTER = 0.001, 5
"""A first call of so many seconds, and repetitions so many times as fast, call for a look."""
CHANGED = "{} changed while it was measured; run again"
GROUPS = 1000
"""How many (raw, coded) pairs of a cell are kept for the intervals."""


class Mismatch(CodelengthError):
    """What came out is not what went in."""

    exit_code = 4


class Ready(msgspec.Struct, frozen=True):
    """The codec is there; what it says of itself, as in `Cell`."""

    evidence: Evidence
    plugin: str
    """Where it is from."""
    versions: dict[str, str]
    digests: dict[str, str]
    model_bytes: dict[str, int]
    card: ModelCard | None


class Encoded(msgspec.Struct, frozen=True):
    """The blobs of all samples are in the file."""

    encode: Phase
    coded_bytes: int
    groups: list[tuple[int, int]]
    clusters: list[int]
    ledger: dict[str, int]
    header_bytes: int
    blobs: str
    dropped_hints: int


@lru_cache(maxsize=1)
def _loaded(recipe: Recipe) -> tuple[Plugins, Codec]:
    plugins = recipe.load()
    return plugins, plugins.codec(recipe.codec).item


def load(recipe: Recipe, memory: int | None) -> Ready:
    """Load the codec; from then on this process may allocate no more than `memory` bytes."""
    plugins, codec = _loaded(recipe)
    codec.check_available()
    entry = plugins.codec(recipe.codec)
    ready = Ready(
        evidence=evidence_of(entry, codec.portable),
        plugin=entry.plugin.label,
        versions=versions_of(codec),
        digests=dict(codec.digests),
        model_bytes=dict(codec.model_bytes),
        card=codec.card,
    )
    if memory:
        limit_memory(memory)
    return ready


def encode(recipe: Recipe, corpus_slice: CorpusSlice, blobs_file: str) -> Encoded:
    """Encode every sample of a slice into a file."""
    plugins, codec = _loaded(recipe)
    digest, blobs_digest = Digest(), hashlib.sha256()
    ledger: Counter[str] = Counter()
    sizes: list[tuple[int, int]] = []
    clusters: list[str] = []
    meter, done, dropped = Meter(), 0, 0
    header = b""
    with suppress(Exception), noting_late_code():  # and it shows its fixed header
        header = plain(codec.encode(b"\0"))
    with Path(blobs_file).open("wb") as file:
        for batch in batches(read_slice(plugins, corpus_slice)):
            with noting_late_code():
                blobs = meter.measure(codec.encode_many, batch, _alter_samples)
            if len(blobs) != len(batch):
                raise ValueError(f"{len(blobs)} blobs for {len(batch)} samples")
            _write_batch(file, blobs)
            for sample, blob in zip(batch, blobs, strict=True):
                digest.add(sample)
                blobs_digest.update(varint(len(blob)))
                blobs_digest.update(blob)
                ledger.update(codec.ledger(blob))
                sizes.append((len(sample.data), len(blob)))
                clusters.append(sample.cluster)
                dropped += codec.drops(sample.media)
            done += sum(len(sample.data) for sample in batch)
            report_progress(done)
    if digest.hexdigest() != corpus_slice.digest:
        raise CorpusError(CHANGED.format(corpus_slice.corpus))
    coded = sum(size for _, size in sizes)
    if ledger.total() != coded:
        raise ValueError(f"the ledger has {ledger.total()} bytes, the blobs have {coded}")
    return Encoded(
        meter.phase(),
        coded,
        *group_sizes(sizes, clusters),
        dict(ledger),
        len(header),
        blobs_digest.hexdigest(),
        dropped,
    )


def decode(recipe: Recipe, blobs_file: str, outputs_file: str) -> Phase:
    """Decode every blob in a file into another file."""
    _, codec = _loaded(recipe)
    meter, done = Meter(), 0
    with suppress(Exception):  # as before encoding
        codec.decode(codec.encode(b"\0"))

    def other_blobs(blobs: Sequence[bytes]) -> list[bytes]:
        samples = [Sample("", plain(data)) for data in codec.decode_many(blobs)]
        return codec.encode_many(_alter_samples(samples))

    with Path(blobs_file).open("rb") as source, Path(outputs_file).open("wb") as file:
        while blobs := _read_batch(source):
            outputs = meter.measure(codec.decode_many, blobs, other_blobs)
            _write_batch(file, outputs)
            done += sum(map(len, outputs))
            report_progress(done)
    return meter.phase()


def compare(recipe: Recipe, corpus_slice: CorpusSlice, outputs_file: str) -> None:
    """Compare what has been decoded with the samples of a slice; the codec is not here.

    Raises Mismatch, or CorpusError if the corpus is not what it was any more.
    """
    plugins = recipe.load()
    digest = Digest()
    mismatch = ""
    with Path(outputs_file).open("rb") as file:
        for batch in batches(read_slice(plugins, corpus_slice)):
            outputs = [] if mismatch else _read_batch(file)
            for sample in batch:
                digest.add(sample)
            if not mismatch:
                mismatch = _difference(batch, outputs)
    if digest.hexdigest() != corpus_slice.digest:
        raise CorpusError(CHANGED.format(corpus_slice.corpus))
    if mismatch:
        raise Mismatch(mismatch)


def _difference(batch: Sequence[Sample], outputs: Sequence[bytes]) -> str:
    """Where the first wrong output parts from its sample; empty if all are right."""
    if len(outputs) != len(batch):
        return f"{len(outputs)} outputs for {len(batch)} blobs"
    for sample, output in zip(batch, outputs, strict=True):
        data = plain(sample.data)
        if output != data:
            return f"{sample.name}: {difference(data, output)}"
    return ""


def _alter_samples(samples: Sequence[Sample]) -> list[Sample]:
    """Samples of the same kind that the codec has not seen: the last bit of each is another."""
    return [
        Sample(sample.name, data[:-1] + bytes([data[-1] ^ 1]), sample.media) if data else sample
        for sample, data in ((sample, bytes(sample.data)) for sample in samples)
    ]


class Meter:
    """Times calls, batch by batch, and keeps the batch that took the most memory."""

    def __init__(self) -> None:
        self._cpu: list[list[float]] = []
        self._wall: list[list[float]] = []
        self._peak = self._rest = 0

    def measure(
        self,
        call: Callable[[T], list[bytes]],
        given: T,
        others: Callable[[T], T] | None = None,
    ) -> list[bytes]:
        """Return what `call(given)` does; it is repeated and must return the same again.

        If repetitions are much faster than the first call, and a call on what `others` makes of
        `given` is not, then the codec remembers results, and only the first call counts.
        """
        reset_peak()
        rest = resident()
        cpu: list[float] = []
        wall: list[float] = []
        first: list[bytes] | None = None
        process = os.getpid()
        gc.disable()
        try:
            while len(wall) < REPETITIONS and sum(wall) < ENOUGH:
                wall_start, cpu_start = time.perf_counter(), cpu_seconds()
                result = call(given)
                cpu.append(cpu_seconds() - cpu_start)
                wall.append(time.perf_counter() - wall_start)
                if os.getpid() != process:  # the codec has forked, and only the parent goes on
                    os._exit(1)
                result = [plain(data) for data in result]
                if first is None:
                    first = result
                elif result != first:
                    raise ValueError("a second call on the same input gave other bytes")
                del result
        finally:
            gc.enable()
        if peak() - rest >= self._peak - self._rest:
            self._peak, self._rest = peak(), rest
        if others and _remembers(wall if device.used() else cpu, call, given, others):
            del cpu[1:], wall[1:]
        self._cpu.append(cpu)
        self._wall.append(wall)
        assert first is not None
        return first

    def phase(self) -> Phase:
        """All measurements so far."""
        return Phase(
            cpu=self._cpu,
            wall=self._wall,
            peak_bytes=self._peak,
            baseline_rss_bytes=self._rest,
            device=device.used(),
        )


def _remembers(
    times: Sequence[float], call: Callable[[T], object], given: T, others: Callable[[T], T]
) -> bool:
    """Tell whether repetitions were fast because the codec keeps its results.

    The first call may also be slow because it loads something. Then a call on other data is about
    as fast as a repetition, and not as slow as the first one.
    """
    first, again = times[0], median(times[1:] or times)
    if first < SLOW_FIRST or first < MUCH_FASTER * again:
        return False
    try:
        other = others(given)
        start = time.perf_counter(), cpu_seconds()
        call(other)
        seconds = time.perf_counter() - start[0] if device.used() else cpu_seconds() - start[1]
    except Exception:
        return True
    return seconds**2 > first * again


def batches(samples: Iterator[Sample]) -> Iterator[list[Sample]]:
    """Consecutive samples, as many as a codec is given at once."""
    batch: list[Sample] = []
    size = 0
    for sample in samples:
        if batch and (size + len(sample.data) > BATCH_BYTES or len(batch) == BATCH_SAMPLES):
            yield batch
            batch, size = [], 0
        batch.append(sample)
        size += len(sample.data)
    if batch:
        yield batch


def group_sizes(
    sizes: Sequence[tuple[int, int]], clusters: Sequence[str]
) -> tuple[list[tuple[int, int]], list[int]]:
    """Sum the sizes of samples, so that at most GROUPS are kept: `Cell.groups`, `Cell.clusters`."""
    numbers: dict[str, int] = {}
    of = [numbers.setdefault(cluster, len(numbers)) for cluster in clusters]
    if len(numbers) == len(sizes) <= GROUPS:
        return list(sizes), []
    if len(sizes) <= GROUPS:
        return list(sizes), of
    run = -(-len(numbers) // GROUPS)
    sums = [[0, 0] for _ in range(0, len(numbers), run)]
    for (raw, coded), number in zip(sizes, of, strict=True):
        sums[number // run][0] += raw
        sums[number // run][1] += coded
    return [(raw, coded) for raw, coded in sums], []


def plain(data: object) -> bytes:
    """Copy what a codec gave into bytes of exactly that type.

    A class of its own could say that it is as long as it likes, and equal to anything. Raises
    TypeError if it is no bytes at all.
    """
    return data if type(data) is bytes else memoryview(data).tobytes()  # type: ignore[arg-type]


def difference(wrote: bytes, read: bytes) -> str:
    """Where two byte strings part: offset, wrote, read."""
    at = next((i for i, (a, b) in enumerate(zip(wrote, read, strict=False)) if a != b), None)
    if at is not None:
        return f"byte {at} of {len(wrote)}: wrote {wrote[at]:#04x}, read {read[at]:#04x}"
    return f"wrote {len(wrote)} bytes, read {len(read)}; they agree as far as the shorter goes"


def _write_batch(file: BinaryIO, blobs: Sequence[bytes]) -> None:
    lengths = b"".join(len(blob).to_bytes(8, "little") for blob in blobs)
    file.write(len(blobs).to_bytes(8, "little") + lengths)
    file.writelines(blobs)


def read_lengths(file: BinaryIO) -> list[int]:
    """Read the sizes of the next batch, whose pieces follow; none at the end of the file."""
    count = int.from_bytes(file.read(8), "little")
    if 8 * count > os.fstat(file.fileno()).st_size:
        raise ValueError("a batch is cut off")
    return [int.from_bytes(file.read(8), "little") for _ in range(count)]


def _read_batch(file: BinaryIO) -> list[bytes]:
    return [file.read(length) for length in read_lengths(file)]
