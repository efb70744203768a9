"""Measures a curve: code lengths by position, coded bytes by prefix, and a target in contexts.

The target is the second half of each piece but for its first few bytes, which are part of every
context. It is coded in several contexts, from none to its own. Two of them have something else in
place of the first half: nothing, or the first half of a piece of another file. What the own first
half gains over a foreign one of equal length is what the model has learned from this text.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from codelength.api.codec import Codec
from codelength.api.errors import UsageError
from codelength.api.media import RAW, Sample
from codelength.coding.code_length import (
    Bits,
    bits_by_byte,
    bits_of_every_symbol,
    code_lengths,
)
from codelength.coding.predictor import Predictor
from codelength_studies.curve.pieces import Piece, choose_foreign, draw_surrogate, shuffle_bytes
from codelength_studies.curve.records import (
    EMPTY,
    FOREIGN,
    INITIAL,
    LAST,
    NONE,
    OWN,
    SHUFFLED,
    SURROGATE,
    UNIGRAM,
    Curve,
    Question,
)

DIGITS = 5
"""Decimals of the bits that are stored."""
PER_OCTAVE = 2
"""Edges for each doubling of the position."""
Lengths = Callable[[Sequence[Sample]], Sequence[Bits]]
"""Samples → the bits of each byte of each."""


@dataclass(frozen=True)
class Target:
    """The bytes of each piece that are coded in several contexts."""

    middle: int
    """Where the second half begins."""
    start: int
    """Where the target begins, `last` bytes later. It ends with the piece."""
    last: int

    @classmethod
    def of(cls, length: int, frame_size: int, last: int) -> "Target":
        """Place the target in pieces of `length` bytes, in whole frames.

        Raises:
            UsageError: The pieces are too short for one.
        """
        middle = length // 2 // frame_size * frame_size
        last = -(-last // frame_size) * frame_size
        if not middle or middle + 2 * last > length:
            raise UsageError(
                f"pieces of {length} bytes are too short: half of one has to hold the last {last} "
                "bytes twice; take a larger --length or a smaller --last"
            )
        return cls(middle, middle + last, last)


def edges(length: int, frame_size: int = 1) -> list[int]:
    """Return places that are evenly apart in the logarithm.

    0, 1, 2, 3, 4, 6, 8, 11, 16, …, or their multiples by `frame_size`, up to the last whole frame
    of `length` bytes.
    """
    frames = length // frame_size
    last = int(np.log2(frames) * PER_OCTAVE) if frames else -1
    steps = {round(2 ** (k / PER_OCTAVE)) for k in range(last + 1)}
    return sorted({0, *(frame_size * step for step in steps), frame_size * frames})


def measure_curve(codec: Codec, question: Question, pieces: Sequence[Piece]) -> Curve | None:
    """Return the curve that answers the question; None where the codec has no such control.

    Raises:
        Unsupported: The codec declines the pieces.
        UsageError: The pieces are too short.
    """
    chunks, clusters = _controlled(question, pieces), [piece.cluster for piece in pieces]
    predictor, is_initial = codec.predictor, question.control == INITIAL
    if is_initial:
        predictor = None if predictor is None else predictor.initialised(question.seed)
        if predictor is None:
            return None
    lengths = _predicted_lengths(predictor) if is_initial and predictor else _own_lengths(codec)
    bits = None if lengths is None else lengths(chunks)
    places = edges(question.length)
    frame_size = chunks[0].media.frame_size
    prefixes = [n for n in edges(question.length, frame_size) if n]
    target = Target.of(question.length, frame_size, question.last)
    variants = _variants(chunks, clusters, target)
    contexts: dict[str, list[float]] = {}
    kept: list[int] = []
    learned: list[list[float]] = []
    if predictor is not None:
        contexts |= _without_context(predictor, chunks, clusters, target)
    if lengths is None or bits is None:
        contexts |= _coded_contexts(codec, variants, target)
    else:
        costs = _ideal_contexts(lengths, bits, variants, target)
        contexts |= {name: [float(own.mean()) for own in of] for name, of in costs.items()}
        second = edges(question.length - target.middle)
        kept = [target.last, *(n for n in second if n > target.last)]
        gains = np.array(costs[FOREIGN]) - np.array(costs[OWN])
        learned = [_means(own, [n - target.last for n in kept]) for own in gains]
    return Curve(
        question=question,
        chunks=len(chunks),
        edges=places,
        bits=None if bits is None else [_means(own, places) for own in bits],
        prefixes=prefixes,
        coded=None if is_initial else _code_prefixes(codec, chunks, prefixes),
        clusters=clusters,
        contexts=contexts,
        kept=kept,
        learned=learned,
    )


def _means(bits: Bits, places: Sequence[int]) -> list[float]:
    """Return the mean between each two places."""
    means = np.add.reduceat(bits, places[:-1]) / np.diff(places)
    rounded: list[float] = means.round(DIGITS).tolist()
    return rounded


def _controlled(question: Question, pieces: Sequence[Piece]) -> list[Sample]:
    samples = [piece.sample for piece in pieces]
    if question.control == SHUFFLED:
        return [shuffle_bytes(sample, question.seed, n) for n, sample in enumerate(samples)]
    if question.control == SURROGATE:
        order, seed = question.order, question.seed
        return [draw_surrogate(sample, order, seed, n) for n, sample in enumerate(samples)]
    return samples


def _own_lengths(codec: Codec) -> Lengths | None:
    """Return what computes the code lengths of a codec; None if it does not know them."""
    if codec.code_lengths([]) is None:
        return None
    return lambda samples: list(codec.code_lengths(samples) or ())


def _predicted_lengths(predictor: Predictor) -> Lengths:
    """Return what computes the code lengths of a predictor that no codec codes with."""

    def compute(samples: Sequence[Sample]) -> list[Bits]:
        sequences = [predictor.tokenize(bytes(sample.data)) for sample in samples]
        lengths = code_lengths(predictor, sequences)
        return [
            bits_by_byte(predictor, symbols, bits, len(sample.data))
            for sample, symbols, bits in zip(samples, sequences, lengths, strict=True)
        ]

    return compute


def _without_context(
    predictor: Predictor, chunks: Sequence[Sample], clusters: Sequence[int], target: Target
) -> dict[str, list[float]]:
    """Return the cost of the target if no symbol had a context, and under the unigram.

    The unigram of a piece is the mean of the distributions that the model gives at all positions of
    the pieces of other files (of all other pieces, where there is one file).
    """
    sequences = [predictor.tokenize(bytes(chunk.data)) for chunk in chunks]
    row = predictor.stepper([1]).frequencies()[0]
    first = bits_of_every_symbol(row, predictor.precision)
    sums = np.zeros((len(chunks), len(first)))
    for at in range(0, len(chunks), predictor.batch):
        for stream, rows in predictor.frequencies(sequences[at : at + predictor.batch]):
            sums[at + stream] += (rows / rows.sum(axis=1, keepdims=True)).sum(axis=0)
    own = np.array(clusters)
    if len(set(clusters)) < 2:
        own = np.arange(len(chunks))
    costs: dict[str, list[float]] = {NONE: [], UNIGRAM: []}
    for n, (chunk, symbols) in enumerate(zip(chunks, sequences, strict=True)):
        others = sums[own != own[n]].sum(axis=0)
        for name, table in ((NONE, first), (UNIGRAM, -np.log2(others / others.sum()))):
            bits = bits_by_byte(predictor, symbols, table[symbols], len(chunk.data))
            costs[name].append(float(bits[target.start :].mean()))
    return costs


def _variants(
    chunks: Sequence[Sample], clusters: Sequence[int], target: Target
) -> dict[str, list[Sample]]:
    """Return the pieces with other bytes, or none, before the last own ones.

    For LAST these are several samples for each piece: `last` bytes of the target in each, or what
    is left, behind as many own bytes.
    """
    middle, last, length = target.middle, target.last, len(chunks[0].data)
    foreign = [chunks[other] for other in choose_foreign(list(clusters))]
    return {
        LAST: [
            _cut(chunk, at - last, min(at + last, length))
            for chunk in chunks
            for at in range(target.start, length, last)
        ],
        EMPTY: [_cut(chunk, middle, length) for chunk in chunks],
        FOREIGN: [
            Sample(
                chunk.name,
                bytes(other.data[:middle]) + bytes(chunk.data[middle:]),
                chunk.media,
            )
            for chunk, other in zip(chunks, foreign, strict=True)
        ],
        OWN: list(chunks),
    }


def _ideal_contexts(
    lengths: Lengths, own: Sequence[Bits], variants: Mapping[str, list[Sample]], target: Target
) -> dict[str, list[Bits]]:
    """Return the bits of each byte of each piece's target, by context."""
    last = np.concatenate([bits[target.last :] for bits in lengths(variants[LAST])])
    return {
        LAST: list(last.reshape(len(own), -1)),
        EMPTY: [bits[target.last :] for bits in lengths(variants[EMPTY])],
        FOREIGN: [bits[target.start :] for bits in lengths(variants[FOREIGN])],
        OWN: [bits[target.start :] for bits in own],
    }


def _coded_contexts(
    codec: Codec, variants: Mapping[str, list[Sample]], target: Target
) -> dict[str, list[float]]:
    """Return the mean bits a byte of each piece's target: the blob with it less that without."""
    costs = {}
    for name, samples in variants.items():
        known = target.start if name in (FOREIGN, OWN) else target.last
        before = [_cut(sample, 0, known) for sample in samples]
        pairs = zip(codec.encode_many(samples), codec.encode_many(before), strict=True)
        added = np.array([len(whole) - len(part) for whole, part in pairs])
        raw = np.array([len(sample.data) - known for sample in samples])
        pieces = len(variants[OWN])
        bits = 8 * added.reshape(pieces, -1).sum(axis=1) / raw.reshape(pieces, -1).sum(axis=1)
        costs[name] = bits.tolist()
    return costs


def _cut(sample: Sample, start: int, stop: int) -> Sample:
    data = bytes(sample.data[start:stop])
    media = sample.media.resized(len(data)) if sample.media.frame_size > 1 else RAW
    return Sample(sample.name, data, media)


def _code_prefixes(
    codec: Codec, chunks: Sequence[Sample], lengths: Sequence[int]
) -> list[list[int]]:
    prefixes = [chunk.split(0, length) for chunk in chunks for length in lengths]
    sizes = [len(blob) for blob in codec.encode_many(prefixes)]
    return [sizes[i : i + len(lengths)] for i in range(0, len(sizes), len(lengths))]
