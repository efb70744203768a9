"""What the two workers of a codec do: one encodes, the other decodes, and both measure.

They are two processes, so that nothing the encoder remembers can help the decoder.
"""

import gc
import hashlib
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

import msgspec

from codelength.api.codec import Codec, versions_of
from codelength.api.corpus import Digest, corpus_digest
from codelength.api.errors import CorpusError, Unavailable, Unsupported
from codelength.api.media import Sample
from codelength.api.model_card import ModelCard
from codelength.coding import device
from codelength.coding.varint import varint
from codelength.measure.job import Recipe
from codelength.measure.plan import read_slice
from codelength.plugins import Plugins
from codelength.results.cell import CorpusSlice, Evidence, Phase, Status
from codelength.results.portability import evidence_of
from codelength.workers.calls import described, report_progress
from codelength.workers.limits import cpu_seconds, limit_memory, peak, reset_peak, resident

BATCH_BYTES, BATCH_SAMPLES = 16 << 20, 8192
"""What a codec is given at once, so that memory stays bounded however large the corpus."""
REPETITIONS, ENOUGH = 5, 0.5
"""A batch is repeated so often, or until its calls took so many seconds."""
CHANGED = "{} changed while it was measured; run again"
GROUPS = 1000
"""How many (raw, coded) pairs of a cell are kept for the intervals."""


class Mismatch(Exception):
    """What came out is not what went in."""


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The codec is there."""

    evidence: Evidence
    plugin: str
    """Where it is from."""
    versions: dict[str, str]
    digests: dict[str, str]
    model_bytes: dict[str, int]
    card: ModelCard | None


class Encoded(msgspec.Struct, frozen=True, tag="encoded"):
    """All samples of the cell are in the scratch file."""

    phase: Phase
    coded_bytes: int
    groups: list[tuple[int, int]]
    ledger: dict[str, int]
    header_bytes: int
    blobs: str


class Decoded(msgspec.Struct, frozen=True, tag="decoded"):
    """All samples came out as they went in."""

    phase: Phase


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """It came to nothing."""

    status: Status
    reason: str


@lru_cache(maxsize=1)
def _loaded(recipe: Recipe) -> tuple[Plugins, Codec]:
    plugins = recipe.load()
    return plugins, plugins.codec(recipe.codec).item


def prepare(recipe: Recipe, memory: int | None) -> Ready | Failed:
    """Load the codec; from then on this process may allocate no more than `memory` bytes."""
    try:
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
    except Exception as error:
        return _failed(error)
    if memory:
        limit_memory(memory)
    return ready


def encode(recipe: Recipe, corpus_slice: CorpusSlice, scratch: str) -> Encoded | Failed:
    """Encode every sample of a slice into the file `scratch`."""
    try:
        return _encoded(recipe, corpus_slice, Path(scratch))
    except Exception as error:
        return _failed(error)


def decode(recipe: Recipe, corpus_slice: CorpusSlice, scratch: str) -> Decoded | Failed:
    """Decode the file `scratch` and compare what comes out with the samples of the slice."""
    try:
        return _decoded(recipe, corpus_slice, Path(scratch))
    except Mismatch as error:
        changed = CorpusError(CHANGED.format(corpus_slice.corpus))
        return _failed(changed if _has_changed(recipe, corpus_slice) else error)
    except Exception as error:
        return _failed(error)


def _encoded(recipe: Recipe, corpus_slice: CorpusSlice, path: Path) -> Encoded:
    plugins, codec = _loaded(recipe)
    digest, blobs_digest = Digest(), hashlib.sha256()
    ledger: Counter[str] = Counter()
    sizes: list[tuple[int, int]] = []
    meter, done = Meter(), 0
    header = b""
    with suppress(Exception):  # loads what the codec loads late, and shows its fixed header
        header = plain(codec.encode(b"\0"))
    with path.open("wb") as scratch:
        _write_batch(scratch, [header] if header else [])
        for batch in batches(read_slice(plugins, corpus_slice)):
            blobs = meter.measure(lambda batch=batch: codec.encode_many(batch))  # type: ignore[misc]
            if len(blobs) != len(batch):
                raise ValueError(f"{len(blobs)} blobs for {len(batch)} samples")
            _write_batch(scratch, blobs)
            for sample, blob in zip(batch, blobs, strict=True):
                digest.add(sample)
                blobs_digest.update(varint(len(blob)))
                blobs_digest.update(blob)
                ledger.update(codec.ledger(blob))
                sizes.append((len(sample.data), len(blob)))
            done += sum(len(sample.data) for sample in batch)
            report_progress(done)
    if digest.hexdigest() != corpus_slice.digest:
        raise CorpusError(CHANGED.format(corpus_slice.corpus))
    coded = sum(size for _, size in sizes)
    if ledger.total() != coded:
        raise ValueError(f"the ledger has {ledger.total()} bytes, the blobs have {coded}")
    return Encoded(
        meter.phase(), coded, grouped(sizes), dict(ledger), len(header), blobs_digest.hexdigest()
    )


def _decoded(recipe: Recipe, corpus_slice: CorpusSlice, path: Path) -> Decoded:
    plugins, codec = _loaded(recipe)
    meter, done = Meter(), 0
    with path.open("rb") as scratch:
        for header in _read_batch(scratch):
            with suppress(Exception):
                codec.decode(header)
        for batch in batches(read_slice(plugins, corpus_slice)):
            blobs = _read_batch(scratch)
            outputs = meter.measure(lambda blobs=blobs: codec.decode_many(blobs))  # type: ignore[misc]
            if len(outputs) != len(batch):
                raise Mismatch(f"{len(outputs)} outputs for {len(batch)} blobs")
            for sample, output in zip(batch, outputs, strict=True):
                data = plain(sample.data)
                if output != data:
                    raise Mismatch(f"{sample.name}: {difference(data, output)}")
            done += sum(len(sample.data) for sample in batch)
            report_progress(done)
    return Decoded(meter.phase())


def _has_changed(recipe: Recipe, corpus_slice: CorpusSlice) -> bool:
    """Tell whether a corpus no longer has the bytes that the encoder saw."""
    plugins, _ = _loaded(recipe)
    try:
        return corpus_digest(read_slice(plugins, corpus_slice)) != corpus_slice.digest
    except Exception:  # it cannot be read any more
        return True


class Meter:
    """Times calls, batch by batch, and keeps the batch that took the most memory."""

    def __init__(self) -> None:
        self._cpu: list[list[float]] = []
        self._wall: list[list[float]] = []
        self._peak = self._rest = 0

    def measure(self, call: Callable[[], list[bytes]]) -> list[bytes]:
        """What `call` returns; it is repeated and must return the same again."""
        reset_peak()
        rest = resident()
        cpu: list[float] = []
        wall: list[float] = []
        first: list[bytes] | None = None
        gc.disable()
        try:
            while len(wall) < REPETITIONS and sum(wall) < ENOUGH:
                wall_start, cpu_start = time.perf_counter(), cpu_seconds()
                result = call()
                cpu.append(cpu_seconds() - cpu_start)
                wall.append(time.perf_counter() - wall_start)
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


def grouped(sizes: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The sums over at most GROUPS equal runs of samples."""
    run = -(-len(sizes) // GROUPS) or 1
    return [
        (
            sum(raw for raw, _ in sizes[at : at + run]),
            sum(coded for _, coded in sizes[at : at + run]),
        )
        for at in range(0, len(sizes), run)
    ]


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


def _write_batch(scratch: BinaryIO, blobs: Sequence[bytes]) -> None:
    lengths = b"".join(len(blob).to_bytes(8, "little") for blob in blobs)
    scratch.write(len(blobs).to_bytes(8, "little") + lengths)
    scratch.writelines(blobs)


def _read_batch(scratch: BinaryIO) -> list[bytes]:
    count = int.from_bytes(scratch.read(8), "little")
    lengths = [int.from_bytes(scratch.read(8), "little") for _ in range(count)]
    return [scratch.read(length) for length in lengths]


def _failed(error: Exception) -> Failed:
    """The status and the line that an exception comes to; the log keeps its traceback."""
    match error:
        case Mismatch():
            return Failed(Status.MISMATCH, str(error))
        case Unsupported() | Unavailable():
            return Failed(Status.UNSUPPORTED, str(error))
        case TimeoutError():
            return Failed(Status.TIMEOUT, str(error))
        case MemoryError():
            return Failed(Status.OUT_OF_MEMORY, "an allocation went past the memory limit")
        case CorpusError():
            return Failed(Status.FAILED, str(error))
    traceback.print_exception(error)
    return Failed(Status.FAILED, described(error))
