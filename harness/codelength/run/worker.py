"""One codec in a process of its own: takes tasks, measures, and says how each one went.

Two of them serve a codec: one only encodes, the other only decodes, so that nothing the encoder
remembers can help the decoder.
"""

import gc
import hashlib
import os
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from codelength.api.codec import Codec, versions_of
from codelength.api.corpus import Corpus, Digest
from codelength.api.errors import CorpusError, Unavailable, Unsupported
from codelength.api.media import Sample
from codelength.coding import device
from codelength.coding.varint import varint
from codelength.plugins import Plugins
from codelength.results.cell import Phase, Status
from codelength.run.plan import read_slice
from codelength.workers import messages
from codelength.workers.limits import (
    cpu_seconds,
    die_with_parent,
    limit_memory,
    peak,
    reset_peak,
    resident,
)
from codelength.workers.messages import Answer, Decoded, Encoded, Failed, Ready, Setup, Task

BATCH_BYTES, BATCH_SAMPLES = 16 << 20, 8192
"""What a codec is given at once, so that memory stays bounded however large the corpus."""
REPETITIONS, ENOUGH = 5, 0.5
"""A batch is repeated so often, or until its calls took so many seconds."""
GROUPS = 1000
"""How many (raw, coded) pairs of a cell are kept for the intervals."""


class Mismatch(Exception):
    """What came out is not what went in."""


def main() -> None:
    """Serves until the engine closes its end."""
    die_with_parent()
    channel = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # whatever a codec prints must not end up between the messages

    def say(answer: Answer) -> None:
        line = messages.encode(answer)
        messages.read_answer(line)  # a codec may give a number where no such number can be
        channel.write(line + b"\n")

    setup = messages.read_order(sys.stdin.buffer.readline())
    assert isinstance(setup, Setup)
    data = Path(setup.data) if setup.data else None
    try:
        plugins = Plugins(setup.files, data, setup.plugins)
        codec = plugins.codec(setup.codec).item
        codec.check_available()
        say(_ready(codec))
    except Exception as error:
        say(_failed(error))
        return
    if setup.memory:
        limit_memory(setup.memory)
    for line in sys.stdin.buffer:
        task = messages.read_order(line)
        assert isinstance(task, Task)
        run = decoded if task.decode else encoded
        try:
            say(run(task, codec, plugins.corpus(task.slice.corpus).item, say))
        except Exception as error:
            say(_failed(error))


def encoded(task: Task, codec: Codec, corpus: Corpus, say: Callable[[Answer], None]) -> Encoded:
    """Encodes every sample into the scratch file."""
    digest, blobs_digest = Digest(), hashlib.sha256()
    ledger: Counter[str] = Counter()
    sizes: list[tuple[int, int]] = []
    meter, done = Meter(), 0
    header = b""
    with suppress(Exception):  # loads what the codec loads late, and shows its fixed header
        header = codec.encode(b"\0")
    with Path(task.scratch).open("wb") as scratch:
        _write_batch(scratch, [header] if header else [])
        for batch in batches(read_slice(corpus, task.slice)):
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
            say(messages.Beat(done))
    if digest.hexdigest() != task.slice.digest:
        raise CorpusError(f"{task.slice.corpus} changed while it was measured; run again")
    coded = sum(size for _, size in sizes)
    if ledger.total() != coded:
        raise ValueError(f"the ledger has {ledger.total()} bytes, the blobs have {coded}")
    return Encoded(
        meter.phase(), coded, grouped(sizes), dict(ledger), len(header), blobs_digest.hexdigest()
    )


def decoded(task: Task, codec: Codec, corpus: Corpus, say: Callable[[Answer], None]) -> Decoded:
    """Decodes the scratch file and compares with the samples. Raises Mismatch."""
    meter, done = Meter(), 0
    with Path(task.scratch).open("rb") as scratch:
        for header in _read_batch(scratch):
            with suppress(Exception):
                codec.decode(header)
        for batch in batches(read_slice(corpus, task.slice)):
            blobs = _read_batch(scratch)
            outputs = meter.measure(lambda blobs=blobs: codec.decode_many(blobs))  # type: ignore[misc]
            if len(outputs) != len(batch):
                raise Mismatch(f"{len(outputs)} outputs for {len(batch)} blobs")
            for sample, output in zip(batch, outputs, strict=True):
                if output != sample.data:
                    raise Mismatch(f"{sample.name}: {difference(bytes(sample.data), output)}")
            done += sum(len(sample.data) for sample in batch)
            say(messages.Beat(done))
    return Decoded(meter.phase())


def _ready(codec: Codec) -> Ready:
    return Ready(
        versions_of(codec),
        dict(codec.digests),
        codec.portable,
        dict(codec.model_bytes),
        codec.card,
    )


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
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(frame.filename).name}:{frame.lineno}"
    line = " ".join(f"{type(error).__name__}: {error}".split())
    return Failed(Status.FAILED, f"{line[:300]} ({place})")


if __name__ == "__main__":
    main()
