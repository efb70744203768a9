"""Measures curves: ideal code lengths by position, coded bytes by prefix."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from codelength.api.codec import Codec
from codelength.api.errors import UsageError
from codelength.api.media import RAW, Sample
from codelength.coding.code_length import Bits, bits_by_byte, bits_of_every_symbol, code_lengths
from codelength.coding.predictor import Predictor
from codelength_studies.curve.records import Curve, Question

PER_OCTAVE = 2
"""Edges for each doubling of the position."""


def edges(length: int, frame_size: int = 1) -> list[int]:
    """Return places that are evenly apart in the logarithm.

    0, 1, 2, 3, 4, 6, 8, 11, 16, …, or their multiples by `frame_size`, up to the last whole frame
    of `length` bytes.
    """
    frames = length // frame_size
    last = int(np.log2(frames) * PER_OCTAVE) if frames else -1
    steps = {round(2 ** (k / PER_OCTAVE)) for k in range(last + 1)}
    return sorted({0, *(frame_size * step for step in steps), frame_size * frames})


def take_chunks(samples: Iterable[Sample], length: int, count: int) -> list[Sample]:
    """Return at most `count` chunks of `length` bytes, from all over the samples.

    Raises:
        UsageError: There are fewer than two, which show no spread.
    """
    whole = [
        (sample, start)
        for sample in samples
        for start in range(0, len(sample.data) - length + 1, length)
    ]
    if len(whole) < 2:
        raise UsageError(
            f"fewer than two pieces of {length} bytes; take a smaller --length, or another corpus"
        )
    taken = np.unique(np.linspace(0, len(whole) - 1, min(count, len(whole))).round().astype(int))
    return [whole[i][0].split(whole[i][1], whole[i][1] + length) for i in taken]


def shuffle_bytes(chunk: Sample, seed: int, number: int) -> Sample:
    """Return the same bytes in random order: what is left is how often each occurs."""
    order = np.random.default_rng([seed, number]).permutation(len(chunk.data))
    data = np.frombuffer(chunk.data, np.uint8)[order].tobytes()
    return Sample(chunk.name, data, chunk.media if chunk.media.frame_size > 1 else RAW)


def measure_curve(codec: Codec, question: Question, chunks: Sequence[Sample]) -> Curve | None:
    """Return the curve that answers the question; None where the codec has no such control.

    Raises:
        Unsupported: The codec declines the chunks.
    """
    if question.control == "shuffled bytes":
        chunks = [shuffle_bytes(chunk, question.seed, n) for n, chunk in enumerate(chunks)]
    predictor, bits = codec.predictor, codec.code_lengths(chunks)
    scrambled = question.control == "random weights"
    if scrambled:
        predictor = None if predictor is None else predictor.scrambled(question.seed)
        if predictor is None:
            return None
        bits = _bits(predictor, chunks)
    places = edges(question.length)
    widths = np.diff(places)
    lengths = [n for n in edges(question.length, chunks[0].media.frame_size) if n]
    return Curve(
        question=question,
        chunks=len(chunks),
        edges=places,
        bits=None
        if bits is None
        else [(np.add.reduceat(own, places[:-1]) / widths).tolist() for own in bits],
        alone=None if predictor is None else _without_context(predictor, chunks),
        prefixes=lengths,
        coded=None if scrambled else _coded(codec, chunks, lengths),
    )


def _bits(predictor: Predictor, chunks: Sequence[Sample]) -> Iterator[Bits]:
    """Yield the bits of each byte of each chunk, of a predictor that no codec codes with."""
    sequences = [predictor.tokenize(bytes(chunk.data)) for chunk in chunks]
    lengths = code_lengths(predictor, sequences)
    for chunk, symbols, bits in zip(chunks, sequences, lengths, strict=True):
        yield bits_by_byte(predictor, symbols, bits, len(chunk.data))


def _without_context(predictor: Predictor, chunks: Sequence[Sample]) -> list[float]:
    """Bits a byte of each chunk, if no symbol had a context."""
    costs = bits_of_every_symbol(predictor.stepper([1]).frequencies()[0])
    return [
        float(costs[predictor.tokenize(bytes(chunk.data))].sum()) / len(chunk.data)
        for chunk in chunks
    ]


def _coded(codec: Codec, chunks: Sequence[Sample], lengths: Sequence[int]) -> list[list[int]]:
    prefixes = [chunk.split(0, length) for chunk in chunks for length in lengths]
    sizes = [len(blob) for blob in codec.encode_many(prefixes)]
    return [sizes[i : i + len(lengths)] for i in range(0, len(sizes), len(lengths))]
