"""What the workers of a codec do: one encodes, one decodes, and one reads and compares.

The one that reads has loaded the corpora, and never the codec. It makes a file of samples for the
encoder, counts the blobs, and compares what the decoder has made of them.
"""

import gc
import hashlib
import os
import pickle
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache, partial
from itertools import chain
from pathlib import Path
from stat import S_ISREG
from statistics import median
from typing import BinaryIO, ParamSpec, TypeVar

import msgspec

from codelength.api.codec import Codec, versions_of
from codelength.api.corpus import Digest
from codelength.api.errors import CodelengthError, CorpusError
from codelength.api.media import LARGE, RAW, TEXT, Array, Audio, FileBytes, Image, Kind, Sample
from codelength.api.model_card import ModelCard
from codelength.coding import device
from codelength.coding.varint import to_varint
from codelength.measure.batch_file import (
    PIECE,
    Aside,
    PieceReader,
    PieceWriter,
    cut_off,
    is_same_batch,
    piece_sizes,
    read_head,
    write_batch,
    write_head,
)
from codelength.measure.code import noting_late_code
from codelength.measure.job import Recipe
from codelength.measure.plan import read_slice
from codelength.plugins import Plugins
from codelength.results.cell import CorpusSlice, Evidence, Phase
from codelength.results.portability import evidence_of
from codelength.workers.calls import report_progress
from codelength.workers.limits import (
    children_cpu_seconds,
    cpu_seconds,
    limit_memory,
    peak,
    reset_peak,
    resident,
)

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
Times = tuple[float, float]
"""Seconds of CPU time and of wall time."""
Progress = Callable[[int], None]

BATCH_BYTES, BATCH_SAMPLES = 16 << 20, 8192
"""What a codec is given at once, so that memory stays bounded however large the corpus."""
REPETITIONS, ENOUGH, PATIENCE = 5, 0.5, 5.0
"""A batch is repeated so often, or until its calls took so many seconds: of CPU time, and of wall
time for a codec that waits."""
SLOW_FIRST, MUCH_FASTER = 0.001, 5
"""A first call of so many seconds, and repetitions so many times as fast, call for a look."""
STAMPED = 10_000
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


class Measured(msgspec.Struct, frozen=True):
    """One direction of a cell, as the codec's process has measured it."""

    phase: Phase
    cpu_seconds: float
    """Of all calls together, also of those that do not count."""
    dropped_hints: int = 0
    streamed: int = 0
    """Both as in `Cell`."""


class Counted(msgspec.Struct, frozen=True):
    """The blobs of a cell, counted outside of the codec's process; as in `Cell`."""

    coded_bytes: int
    groups: list[tuple[int, int]]
    clusters: list[int]
    cluster_sizes: list[tuple[int, int]]
    blobs: str
    large_samples: int
    smallest: int
    """Bytes of the smallest blob."""


@lru_cache(maxsize=1)
def _plugins(recipe: Recipe) -> Plugins:
    return recipe.load()


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


def warm_up(recipe: Recipe, decoding: bool) -> int:
    """Have the codec load what it loads late; return the size of its blob for one zero byte."""
    _, codec = _loaded(recipe)
    header = b""
    with suppress(Exception), noting_late_code():  # it may decline one byte
        header = plain(codec.encode(b"\0"))
        if decoding:
            codec.decode(header)
    gc.collect()
    gc.freeze()  # what is there to stay is not searched again while the codec is measured
    return len(header)


TYPICAL = (
    TEXT,
    Image(width=10, height=8, channels=3),
    Image(width=20, height=12),
    Image(width=10, height=12, depth=16),
    Audio(rate=44100, channels=2),
    Array("<f8", (30,)),
)
"""Hints for 240 bytes."""


def has_compiled() -> bool:
    """Whether this process has compiled machine code that was not kept from an earlier one."""
    compiled = sys.modules.get("codelength.coding.compiled")
    return compiled is not None and compiled.compiled_anew() > 0


def keep_compiled(recipe: Recipe, kind: Kind) -> None:
    """Compile what the codec needs for data of a kind, so that later processes find it.

    A process whose files are a copy cannot do that: what it compiles is gone with it.
    """
    _, codec = _loaded(recipe)
    for media in (RAW, *(media for media in TYPICAL if media.kind == kind)):
        samples = [Sample(str(i), bytes(range(240)), media) for i in range(8)]
        with suppress(Exception):  # it may decline such data
            codec.decode_many(codec.encode_many(samples))
            codec.decode(codec.encode(bytes(samples[0].data), media))


_read: list[tuple[int, str]] = []
"""In the worker that reads: the size of each sample that it has read last, and its cluster."""


def read(recipe: Recipe, corpus_slice: CorpusSlice, samples_file: str) -> None:
    """Read the samples of a slice into a file. Raises CorpusError if they are not what they were.

    In front of each batch stand their names and what they are.
    """
    digest = Digest()
    _read.clear()
    with Path(samples_file).open("wb") as file:
        for batch in batches(read_slice(_plugins(recipe), corpus_slice)):
            _read.extend((len(sample.data), sample.cluster) for sample in batch)
            heads = pickle.dumps([(sample.name, sample.media) for sample in batch])
            write_head(file, [len(heads), *(len(sample.data) for sample in batch)])
            file.write(heads)
            for sample in batch:
                file.writelines(digest.pieces(sample))
    if digest.hexdigest() != corpus_slice.digest:
        raise CorpusError(CHANGED.format(corpus_slice.corpus))


def encode(recipe: Recipe, samples_file: str, blobs_file: str) -> Measured:
    """Encode every sample in a file into another file."""
    _, codec = _loaded(recipe)
    meter, done, dropped, streamed = Meter(), 0, 0, 0
    with Path(samples_file).open("rb") as source, Path(blobs_file).open("w+b") as file:
        while sizes := read_head(source).sizes:
            heads = pickle.loads(source.read(sizes.pop(0)))
            dropped += sum(codec.drops(media) for _, media in heads)
            with noting_late_code():
                if sizes[0] > LARGE and codec.streams:  # it is the only one of its batch
                    call = partial(codec.encode_stream, size=sizes[0])
                    meter.measure_stream(call, source, sizes[0], file, reading=progress(done))
                    streamed += 1
                else:
                    batch = [
                        Sample(name, source.read(size), media)
                        for (name, media), size in zip(heads, sizes, strict=True)
                    ]
                    meter.measure(codec.encode_many, batch, file, _alter_samples)
            done += sum(sizes)
            report_progress(done)
    return meter.measured(dropped, streamed)


def progress(before: int) -> Progress:
    """Return what reports how far a worker is, behind so many bytes."""
    return lambda at: report_progress(before + at)


def itemize(recipe: Recipe, blobs_file: str) -> dict[str, int]:
    """Return where the bytes of the blobs in a file went, as the codec says."""
    _, codec = _loaded(recipe)
    ledger: Counter[str] = Counter()
    with Path(blobs_file).open("rb") as file:
        while (head := read_head(file)).sizes:
            for size in head.sizes:
                at = file.tell()
                if head.streamed:  # it is not read: a codec looks at a few places
                    blob: bytes | FileBytes = FileBytes(Path(blobs_file), at, at + size)
                else:
                    blob = file.read(size)
                ledger.update(codec.ledger(blob))  # type: ignore[arg-type]
                file.seek(at + size)
    return dict(ledger)


def stamp(places: Sequence[Path]) -> dict[str, tuple[int, int]]:
    """Return size and time of the files in some places, as this process finds them.

    At most STAMPED files are looked at. Names are in hexadecimal digits, as they may be any bytes.
    """
    stamps: dict[str, tuple[int, int]] = {}
    for path in chain.from_iterable(chain([place], place.rglob("*")) for place in places):
        with suppress(OSError):  # it was removed meanwhile
            of = path.stat()
            if S_ISREG(of.st_mode):
                stamps[os.fsencode(path).hex()] = of.st_size, of.st_mtime_ns
        if len(stamps) == STAMPED:
            break
    return stamps


def count(blobs_file: str) -> Counted:
    """Count the blobs of the samples that have been read, and their bytes.

    Raises ValueError if the file has anything else.
    """
    digest, sizes, at = hashlib.sha256(), list[int](), 0
    with Path(blobs_file).open("rb") as file:
        for size in piece_sizes(file):
            digest.update(to_varint(size))
            at = file.tell() + size
            while left := at - file.tell():
                digest.update(file.read(min(left, PIECE)) or cut_off())
            sizes.append(size)
        if file.tell() != os.fstat(file.fileno()).st_size:
            raise ValueError("its file of blobs holds something else, too")
    if len(sizes) != len(_read):
        raise ValueError(f"{len(sizes)} blobs for {len(_read)} samples")
    pairs = [(raw, size) for (raw, _), size in zip(_read, sizes, strict=True)]
    grouped = group_sizes(pairs, [cluster for _, cluster in _read])
    large = sum(raw > LARGE for raw, _ in _read)
    return Counted(sum(sizes), *grouped, digest.hexdigest(), large, min(sizes, default=0))


def decode(recipe: Recipe, blobs_file: str, outputs_file: str) -> Measured:
    """Decode every blob in a file into another file."""
    _, codec = _loaded(recipe)
    meter, done = Meter(), 0

    def other_blobs(blobs: Sequence[bytes]) -> list[bytes]:
        return codec.encode_many(
            _alter_samples([Sample("", plain(data)) for data in codec.decode_many(blobs)])
        )

    with Path(blobs_file).open("rb") as source, Path(outputs_file).open("w+b") as file:
        while (head := read_head(source)).sizes:
            if head.streamed and codec.streams:
                size = head.sizes[0]
                call = codec.decode_stream
                done += meter.measure_stream(call, source, size, file, writing=progress(done))
            else:
                blobs = [source.read(size) for size in head.sizes]
                done += meter.measure(codec.decode_many, blobs, file, other_blobs)
            report_progress(done)
    return meter.measured()


def compare(recipe: Recipe, corpus_slice: CorpusSlice, outputs_file: str) -> None:
    """Compare what has been decoded with the samples of a slice.

    Raises Mismatch, or CorpusError if the corpus is not what it was any more.
    """
    digest, mismatch = Digest(), ""
    with Path(outputs_file).open("rb") as file:
        lengths = piece_sizes(file)
        for sample in read_slice(_plugins(recipe), corpus_slice):
            pieces = digest.pieces(sample)
            if not mismatch:
                problem = _difference(pieces, len(sample.data), next(lengths, None), file)
                mismatch = problem and f"{sample.name}: {problem}"
            for _ in pieces:  # the rest is digested
                pass
        if not mismatch and next(lengths, None) is not None:
            mismatch = "there are more outputs than samples"
    if digest.hexdigest() != corpus_slice.digest:
        raise CorpusError(CHANGED.format(corpus_slice.corpus))
    if mismatch:
        raise Mismatch(mismatch)


def _difference(wrote: Iterator[bytes], whole: int, size: int | None, file: BinaryIO) -> str:
    """Where the output of `size` bytes that follows in a file parts from its sample, if it does.

    Args:
        wrote: The sample, of `whole` bytes, in pieces.
        size: None if there is no output.
        file: Where it follows.
    """
    if size is None:
        return "there is no output"
    at = 0
    for piece in wrote:
        expected = piece[: size - at]
        found = file.read(len(expected))
        if found != expected:
            return difference(expected, found, at, whole)
        at += len(expected)
        if len(expected) < len(piece):
            break
    return "" if size == whole else _sizes_differ(whole, size)


def difference(wrote: bytes, read: bytes, start: int = 0, size: int | None = None) -> str:
    """Where two byte strings part: offset, wrote, read.

    Args:
        wrote: What was to be read.
        read: What was read.
        start: Where they stand in what they are pieces of.
        size: Bytes of the whole of what was wrote.
    """
    size = len(wrote) if size is None else size
    at = next((i for i, (a, b) in enumerate(zip(wrote, read, strict=False)) if a != b), None)
    if at is not None:
        return f"byte {start + at} of {size}: wrote {wrote[at]:#04x}, read {read[at]:#04x}"
    return _sizes_differ(size, start + len(read))


def _sizes_differ(wrote: int, read: int) -> str:
    return f"wrote {wrote} bytes, read {read}; they agree as far as the shorter goes"


def _alter_samples(samples: Sequence[Sample]) -> list[Sample]:
    """Samples of the same kind that the codec has not seen: the last bit of each is another."""
    return [Sample(sample.name, _alter(plain(sample.data)), sample.media) for sample in samples]


def _alter(data: bytes) -> bytes:
    return b"".join((memoryview(data)[:-1], bytes([data[-1] ^ 1]))) if data else data


class Meter:
    """Times calls, batch by batch, and keeps the batch that took the most memory."""

    def __init__(self) -> None:
        self._cpu: list[list[float]] = []
        self._wall: list[list[float]] = []
        self._peak = self._rest = 0
        self._spent = 0.0
        self._process = os.getpid()

    def measure(
        self,
        call: Callable[[T], list[bytes]],
        given: T,
        file: BinaryIO,
        others: Callable[[T], T] | None = None,
    ) -> int:
        """Append what `call(given)` returns to a file; return how many bytes that is.

        The call is repeated and must return the same again. If repetitions are much faster than the
        first call, and a call on what `others` makes of `given` is not, then the codec remembers
        results, and only the first call counts.
        """
        start, size = file.tell(), 0

        def once() -> Times:
            nonlocal size
            result, times = self._timed(_plain_results, call, given)
            if file.tell() == start:
                size = sum(map(len, result))
                write_batch(file, result)
            elif not is_same_batch(file, start, result):
                raise ValueError("a second call on the same input gave other bytes")
            return times

        self._repeat(once, lambda times: others and self._remembers(times, call, given, others))
        return size

    def measure_stream(
        self,
        call: Callable[[PieceReader, PieceWriter], None],
        source: BinaryIO,
        size: int,
        file: BinaryIO,
        *,
        reading: Progress = lambda _: None,
        writing: Progress = lambda _: None,
    ) -> int:
        """Append what `call` writes to a file; return how many bytes that is.

        It reads the next `size` bytes of `source`. The time of its reads and writes does not count.
        Otherwise as `measure`; but if repetitions are much faster, only the first call counts.

        Args:
            call: It reads and writes.
            source: What it reads.
            size: Bytes of that.
            file: What it writes to.
            reading: Is told how many bytes it has read.
            writing: Is told how many bytes it has written.
        """
        start, aside = source.tell(), Aside()
        writer = PieceWriter(file, aside, writing)
        written = 0

        def once() -> Times:
            nonlocal written
            source.seek(start)
            aside.cpu = aside.wall = 0.0
            _, times = self._timed(call, PieceReader(source, size, aside, reading), writer)
            written = writer.finish()
            self._spent -= aside.cpu
            return max(0.0, times[0] - aside.cpu), max(0.0, times[1] - aside.wall)

        self._repeat(once, lambda _: True)
        source.seek(start + size)
        writer.close()
        return written

    def _repeat(
        self, once: Callable[[], Times], remembers: Callable[[list[float]], object]
    ) -> None:
        """Call `once` until there is enough, and keep its times, those of a batch."""
        reset_peak()
        rest = resident()
        cpu: list[float] = []
        wall: list[float] = []
        times = wall if device.used() else cpu
        while len(cpu) < REPETITIONS and sum(times) < ENOUGH and sum(wall) < PATIENCE:
            gc.disable()
            try:
                of_cpu, of_wall = once()
            finally:
                gc.enable()
            cpu.append(of_cpu)
            wall.append(of_wall)
            times = wall if device.used() else cpu
        if peak() - rest >= self._peak - self._rest:
            self._peak, self._rest = peak(), rest
        first, again = times[0], median(times[1:] or times)
        if first >= SLOW_FIRST and first >= MUCH_FASTER * again and remembers(times):
            del cpu[1:], wall[1:]
        self._cpu.append(cpu)
        self._wall.append(wall)

    def _timed(self, call: Callable[P, R], /, *given: P.args, **named: P.kwargs) -> tuple[R, Times]:
        """Return what a call returns, its CPU seconds, and its wall seconds."""
        wall, cpu = time.perf_counter(), children_cpu_seconds() + cpu_seconds()
        result = call(*given, **named)
        cpu = cpu_seconds() + children_cpu_seconds() - cpu
        wall = time.perf_counter() - wall
        if os.getpid() != self._process:  # the codec has forked, and only the parent goes on
            os._exit(1)
        self._spent += cpu
        return result, (cpu, wall)

    def _remembers(
        self,
        times: Sequence[float],
        call: Callable[[T], list[bytes]],
        given: T,
        others: Callable[[T], T],
    ) -> bool:
        """Tell whether repetitions were fast because the codec keeps its results.

        The first call may also be slow because it loads something. Then a call on other data is
        about as fast as a repetition, and not as slow as the first one.
        """
        start = cpu_seconds()
        try:
            other = others(given)
            self._spent += cpu_seconds() - start
            _, (cpu, wall) = self._timed(_plain_results, call, other)
        except Exception:
            return True
        return (wall if device.used() else cpu) ** 2 > times[0] * median(times[1:])

    def measured(self, dropped_hints: int = 0, streamed: int = 0) -> Measured:
        """All measurements so far."""
        phase = Phase(
            cpu=self._cpu,
            wall=self._wall,
            peak_bytes=self._peak,
            baseline_rss_bytes=self._rest,
            device=device.used(),
        )
        return Measured(phase, self._spent, dropped_hints, streamed)


def _plain_results(call: Callable[[T], list[bytes]], given: T) -> list[bytes]:
    return [plain(data) for data in call(given)]


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


Sizes = list[tuple[int, int]]
"""(raw, coded) bytes."""


def group_sizes(sizes: Sizes, clusters: Sequence[str]) -> tuple[Sizes, list[int], Sizes]:
    """Sum the sizes of samples, so that at most GROUPS are kept.

    Returns:
        What `Cell.groups`, `Cell.clusters` and `Cell.cluster_sizes` are.
    """
    numbers: dict[str, int] = {}
    of = [numbers.setdefault(cluster, len(numbers)) for cluster in clusters]
    if len(sizes) <= GROUPS:
        return list(sizes), [] if len(numbers) == len(sizes) else of, []
    by_cluster = _summed(sizes, of)
    run = -(-len(numbers) // GROUPS)
    groups = _summed(by_cluster, [number // run for number in range(len(numbers))])
    return groups, [], by_cluster if run > 1 else []


def _summed(sizes: Sizes, numbers: Sequence[int]) -> Sizes:
    """Sum the sizes with the same number; the numbers go from 0 on."""
    sums = [(0, 0)] * (max(numbers) + 1)
    for (raw, coded), number in zip(sizes, numbers, strict=True):
        sums[number] = sums[number][0] + raw, sums[number][1] + coded
    return sums


def plain(data: object) -> bytes:
    """Copy what a codec gave into bytes of exactly that type.

    A class of its own could say that it is as long as it likes, and equal to anything. Raises
    TypeError if it is no bytes at all.
    """
    return data if type(data) is bytes else memoryview(data).tobytes()  # type: ignore[arg-type]
