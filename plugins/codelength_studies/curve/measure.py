"""Measures curves: ideal code lengths by position, coded bytes by prefix."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from codelength.api.codec import Codec
from codelength.api.errors import Unsupported, UsageError
from codelength.api.media import RAW, Sample
from codelength.coding.code_length import code_lengths
from codelength.coding.predictor import Predictor
from codelength.coding.range_coder import IntArray
from codelength_studies.curve.records import Curve, Question
from codelength_studies.plan import predictor_of

PER_OCTAVE = 2
"""Edges for each doubling of the position."""


def edges(length: int, frame_size: int = 1) -> list[int]:
    """Return places that are evenly apart in the logarithm: 0, 1, 2, 3, 4, 6, 8, 11, 16, …, or
    their multiples by `frame_size`, up to the last whole frame of `length` bytes."""
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
    predictor, coding = predictor_of(codec), True
    if question.control == "shuffled bytes":
        chunks = [shuffle_bytes(chunk, question.seed, n) for n, chunk in enumerate(chunks)]
    elif question.control == "random weights":
        predictor = None if predictor is None else predictor.scrambled(question.seed)
        if predictor is None:
            return None
        coding = False  # the codec has the trained weights
    places = edges(question.length)
    lengths = [n for n in edges(question.length, chunks[0].media.frame_size) if n]
    bits, alone = (None, None) if predictor is None else _ideal(predictor, chunks, places)
    return Curve(
        question=question,
        chunks=len(chunks),
        edges=places,
        bits=bits,
        alone=alone,
        prefixes=lengths,
        coded=_coded(codec, chunks, lengths) if coding else None,
    )


def _ideal(
    predictor: Predictor, chunks: Sequence[Sample], places: Sequence[int]
) -> tuple[list[list[float]], list[float]]:
    """Bits a byte of each chunk: between two places, and if no symbol had a context."""
    sequences = [predictor.tokenize(bytes(chunk.data)) for chunk in chunks]
    bits = [np.empty(len(sequence)) for sequence in sequences]
    for which, start, part in code_lengths(predictor, sequences):
        bits[which][start : start + len(part)] = part
    first = predictor.stepper(1).frequencies()[0].astype(np.int64)
    without_context = np.log2(first.sum()) - np.log2(first)
    rows, alone = [], []
    for chunk, sequence, own in zip(chunks, sequences, bits, strict=True):
        by_byte = spread_over_bytes(predictor, sequence, own, len(chunk.data))
        rows.append((np.add.reduceat(by_byte, places[:-1]) / np.diff(places)).tolist())
        alone.append(float(without_context[sequence].sum()) / len(chunk.data))
    return rows, alone


def spread_over_bytes(
    predictor: Predictor, symbols: IntArray, bits: NDArray[np.float64], size: int
) -> NDArray[np.float64]:
    """Spread the bits of each symbol evenly over its bytes.

    Args:
        symbols: (symbols,).
        bits: (symbols,).
        size: How many bytes the symbols stand for.

    Returns:
        (size,): bits of each byte.

    Raises:
        Unsupported: The symbols are not the bytes one after the other.
    """
    if len(symbols) == size:
        return bits
    sizes = np.array([len(predictor.detokenize(symbols[i : i + 1])) for i in range(len(symbols))])
    if sizes.sum() != size:
        raise Unsupported(f"symbols of {predictor.name} do not stand for bytes of their own")
    return np.repeat(bits / np.maximum(1, sizes), sizes)


def _coded(codec: Codec, chunks: Sequence[Sample], lengths: Sequence[int]) -> list[list[int]]:
    prefixes = [chunk.split(0, length) for chunk in chunks for length in lengths]
    sizes = [len(blob) for blob in codec.encode_many(prefixes)]
    return [sizes[i : i + len(lengths)] for i in range(0, len(sizes), len(lengths))]
