"""What segments, shared streams and the eighth bit cost, as Markdown.

    python benchmarks/coding.py --data DIR > reports/speed/coding.md

Sizes are those of blobs, which (but for the one of one state throughout) are decoded and compared.
Separate streams are counted as a blob would have them, each but the last behind its size. CPU times
are of the coder alone, under a distribution that costs nothing, one thread, the smallest of three.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from codelength.api.media import Sample
from codelength.coding.code_length import bits_of
from codelength.coding.predictor import Predictor, Stepper
from codelength.coding.range_coder import IntArray
from codelength.coding.segments import GROUP
from codelength.coding.streams import decode, encode
from codelength.plugins import Plugins
from codelength_exact.file_codec import FileCodec

SEGMENTS = (1 << 16, 1 << 14, 1 << 12, 1 << 11)
KINDS = {"text": "enwik6", "image patches": "imagenet", "speech": "librispeech"}


@dataclass(frozen=True)
class Fixed(Predictor):
    """The same distribution at every position."""

    name: ClassVar[str] = "fixed"
    batch: ClassVar[int] = 256
    distribution: Any = None

    def stepper(self, lengths: Sequence[int]) -> Stepper:
        return FixedStepper(np.repeat(self.distribution[None], len(lengths), 0))

    def frequencies(self, batch: Sequence[IntArray]) -> Iterator[tuple[int, IntArray]]:
        rows = np.repeat(self.distribution[None], max(map(len, batch)), 0)
        return ((i, rows[: len(symbols)]) for i, symbols in enumerate(batch))


class FixedStepper(Stepper):
    def __init__(self, rows: IntArray) -> None:
        self._rows = rows

    def frequencies(self) -> IntArray:
        return self._rows

    def advance(self, symbols: IntArray) -> None:
        pass

    def keep(self, streams: int) -> None:
        self._rows = self._rows[:streams]


def split(data: bytes, size: int) -> list[IntArray]:
    """Cut data into segments."""
    return [np.frombuffer(data[at : at + size], np.uint8) for at in range(0, len(data), size)]


def grouped(segments: list[IntArray]) -> list[list[IntArray]]:
    """Return the segments that share each stream."""
    return [segments[at : at + GROUP] for at in range(0, len(segments), GROUP)]


def seconds(work: Callable[[], object]) -> float:
    """Return the least CPU time of three runs."""
    taken = []
    for _ in range(3):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return min(taken)


def decode_seconds(predictor: Predictor, groups: list[list[IntArray]]) -> float:
    """Return the CPU time of decoding groups of segments."""
    streams = encode(predictor, groups)
    lengths = [[len(segment) for segment in group] for group in groups]
    return seconds(lambda: decode(predictor, streams, lengths))


def segments_table(codec: FileCodec, data: bytes) -> Iterator[str]:
    predictor = codec.model_predictor
    yield f"## Segments: {codec.spec} on {len(data):,} bytes of text"
    yield ""
    yield "| segment | own streams: bytes | shared: bytes | saved | shared, above one state |"
    yield "|--:|--:|--:|--:|--:|"
    whole = len(replace(codec, segment=len(data)).encode(data))
    yield f"| all | {whole:,} | {whole:,} | | |"
    for size in SEGMENTS:
        segments = split(data, size)
        alone = encode(predictor, [[segment] for segment in segments])
        separate = sum(map(len, alone)) + sum(2 + (len(s) > 16383) for s in alone[:-1])
        blob = replace(codec, segment=size).encode(data)
        assert replace(codec, segment=size).decode(blob) == data
        saved = f"{separate - len(blob):,} ({1 - len(blob) / separate:.3%})"
        above = f"{len(blob) / whole - 1:+.2%}"
        yield f"| {size:,} | {separate:,} | {len(blob):,} | {saved} | {above} |"
    yield ""


def coder_table(data: bytes) -> Iterator[str]:
    distribution = np.bincount(np.frombuffer(data, np.uint8), minlength=256).astype(np.int64)
    predictor = Fixed(
        distribution=(distribution * 16_000_000 // distribution.sum() + 1).astype(np.int32)
    )
    yield "## The coder's CPU time, ns for each byte"
    yield ""
    yield "| segment | encode: own streams | shared | decode: own streams | shared |"
    yield "|--:|--:|--:|--:|--:|"
    for size in (1 << 14, 1 << 11):
        segments = split(data, size)
        groups = grouped(segments)
        single = [[segment] for segment in segments]
        times = [
            *(seconds(lambda: encode(predictor, own)) for own in (single, groups)),  # noqa: B023
            *(decode_seconds(predictor, own) for own in (single, groups)),
        ]
        yield f"| {size:,} | " + " | ".join(f"{1e9 * t / len(data):.0f}" for t in times) + " |"
    yield ""


def ideal_table(codec: FileCodec, chunks: list[Sample]) -> Iterator[str]:
    """Return a table of chunks, each a stream of its own."""
    predictor = codec.model_predictor
    sequences = [np.frombuffer(chunk.data, np.uint8) for chunk in chunks]
    ideal = interval = 0.0
    done = [0] * len(sequences)
    for i, rows in predictor.frequencies(sequences):
        start, done[i] = done[i], done[i] + len(rows)
        symbols = sequences[i][start : done[i]]
        ideal -= float(np.log2(rows[np.arange(len(rows)), symbols] / rows.sum(1)).sum())
        interval += float(bits_of(rows, symbols).sum())
    coded = 8 * sum(map(len, encode(predictor, [[sequence] for sequence in sequences])))
    yield f"## Coded against ideal: {codec.spec}, {len(chunks)} streams of 2048 bytes"
    yield ""
    yield "| | bits | above the ideal |"
    yield "|---|--:|--:|"
    yield f"| −Σ log2 p under the frequencies | {ideal:,.0f} | |"
    yield f"| the same in 24-bit intervals | {interval:,.0f} | {interval / ideal - 1:+.4%} |"
    each = (coded - interval) / len(chunks)
    ends = f"{coded / ideal - 1:+.4%}, of which endings {each:.1f} bits a stream"
    yield f"| coded streams | {coded:,} | {ends} |"
    yield ""


def seven_table(codec: FileCodec, samples: dict[str, list[Sample]]) -> Iterator[str]:
    yield f"## Seven bits: {codec.spec} at 2048-byte chunks"
    yield ""
    yield "| data | chunks | with an eighth bit | 8 bits: bpb | 7 bits: bpb | of which eighth bit |"
    yield "|---|--:|--:|--:|--:|--:|"
    for kind, chunks in samples.items():
        size = sum(len(chunk.data) for chunk in chunks)
        eight = codec.encode_many(chunks)
        other = replace(codec, bits=7)
        seven = other.encode_many(chunks)
        assert other.decode_many(seven) == [chunk.data for chunk in chunks]
        beside = sum(other.ledger(blob)["eighth bit"] for blob in seven)
        needed = sum(not bytes(chunk.data).isascii() for chunk in chunks)
        rates = [8 * sum(map(len, blobs)) / size for blobs in (eight, seven)]
        row = [kind, f"{len(chunks)}", f"{needed}", *(f"{rate:.4f}" for rate in rates)]
        yield "| " + " | ".join([*row, f"{8 * beside / size:.4f}"]) + " |"
    yield ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--codec", default="recurrent:size=0.9m")
    parser.add_argument("--bytes", type=int, default=1_000_000, help="of enwik6, for segments")
    parser.add_argument("--chunks", type=int, default=200, help="of each kind, for seven bits")
    options = parser.parse_args()
    plugins = Plugins(data=options.data)
    codec = plugins.codec(options.codec).item
    (text,) = plugins.corpus("enwik6").item.samples()
    data = bytes(text.data[: options.bytes])
    samples = {}
    for kind, corpus in KINDS.items():
        every = list(plugins.protocol("paper").item.split(plugins.corpus(corpus).item.samples()))
        step = max(1, len(every) // options.chunks)
        samples[kind] = every[::step][: options.chunks]
    print("<!-- python benchmarks/coding.py --data DIR -->\n")
    for line in (
        *segments_table(codec, data),
        *ideal_table(codec, samples["text"]),
        *coder_table(data),
        *seven_table(codec, samples),
    ):
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
