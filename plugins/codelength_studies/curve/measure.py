"""Measures curves: ideal code lengths by position, coded bytes by prefix."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from codelength.api.codec import Codec
from codelength.api.errors import Unsupported
from codelength.api.media import Sample
from codelength.coding.code_length import code_lengths
from codelength.coding.predictor import Predictor
from codelength.coding.predictor_codec import PredictorCodec
from codelength.coding.range_coder import IntArray
from codelength_studies.curve.chunks import edges, shuffled
from codelength_studies.curve.records import Asked, Curve


def measure(codec: Codec, asked: Asked, chunks: Sequence[Sample]) -> Curve | None:
    """The curve that was asked for; None where there is no such control of this codec. Raises
    Unsupported if the codec declines the chunks."""
    if asked.control == "shuffled bytes":
        chunks = [shuffled(chunk, asked.seed, number) for number, chunk in enumerate(chunks)]
    predictor = codec.predictor if isinstance(codec, PredictorCodec) else None
    coding = True
    if asked.control == "random weights":
        predictor = None if predictor is None else predictor.scrambled(asked.seed)
        if predictor is None:
            return None
        coding = False  # the codec is the trained one
    places = edges(asked.length)
    lengths = [n for n in edges(asked.length, chunks[0].media.frame_size) if n]
    return Curve(
        asked=asked,
        chunks=len(chunks),
        edges=places,
        bits=None if predictor is None else _by_position(predictor, chunks, places),
        alone=None if predictor is None else _alone(predictor, chunks),
        prefixes=lengths,
        coded=_by_prefix(codec, chunks, lengths) if coding else None,
    )


def _by_position(
    predictor: Predictor, chunks: Sequence[Sample], places: Sequence[int]
) -> list[list[float]]:
    sequences = [predictor.tokenize(bytes(chunk.data)) for chunk in chunks]
    bits = [np.empty(len(sequence)) for sequence in sequences]
    for which, start, part in code_lengths(predictor, sequences):
        bits[which][start : start + len(part)] = part
    rows = []
    for chunk, sequence, own in zip(chunks, sequences, bits, strict=True):
        costs = by_byte(predictor, sequence, own, len(chunk.data))
        sums = np.add.reduceat(costs, places[:-1])
        rows.append((sums / np.diff(places)).tolist())
    return rows


def by_byte(
    predictor: Predictor, symbols: IntArray, bits: NDArray[np.float64], size: int
) -> NDArray[np.float64]:
    """Bits by symbol as bits by byte, in equal parts on the bytes of each symbol. Raises
    Unsupported where the symbols are not the bytes one after the other."""
    if len(symbols) == size:
        return bits
    sizes = np.array([len(predictor.detokenize(symbols[i : i + 1])) for i in range(len(symbols))])
    if sizes.sum() != size:
        raise Unsupported(f"symbols of {predictor.name} do not stand for bytes of their own")
    return np.repeat(bits / np.maximum(1, sizes), sizes)


def _alone(predictor: Predictor, chunks: Sequence[Sample]) -> list[float]:
    """The code length of each chunk, in bits a byte, if no symbol is told what came before."""
    law = predictor.stepper(1).frequencies()[0].astype(np.int64)
    costs = np.log2(law.sum()) - np.log2(law)
    sequences = [predictor.tokenize(bytes(chunk.data)) for chunk in chunks]
    return [
        float(costs[sequence].sum()) / len(chunk.data)
        for chunk, sequence in zip(chunks, sequences, strict=True)
    ]


def _by_prefix(codec: Codec, chunks: Sequence[Sample], lengths: Sequence[int]) -> list[list[int]]:
    corpus_slice = [chunk.split(0, length) for chunk in chunks for length in lengths]
    sizes = [len(blob) for blob in codec.encode_many(corpus_slice)]
    many = len(lengths)
    return [sizes[start : start + many] for start in range(0, len(sizes), many)]
