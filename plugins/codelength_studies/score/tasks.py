"""What the processes do: score pieces, code them, decode blobs."""

import time
from functools import lru_cache

from codelength.api.codec import Codec
from codelength.api.errors import UsageError
from codelength.api.media import Sample
from codelength.coding.predictor_codec import PredictorCodec
from codelength.run.job import Recipe


@lru_cache(maxsize=2)
def codec_of(recipe: Recipe) -> PredictorCodec:
    """The codec. Raises UsageError if it has no predictor."""
    return with_predictor(recipe.load().codec(recipe.codec).item)


def with_predictor(codec: Codec) -> PredictorCodec:
    """`codec`, if it is made out of a predictor. Raises UsageError."""
    if not isinstance(codec, PredictorCodec):
        raise UsageError(
            f"{codec.spec} has no predictor, so there is no ideal code length to give; "
            f"'codelength run --codecs {codec.spec}' codes instead"
        )
    return codec


def ideal(recipe: Recipe, pieces: tuple[bytes, ...]) -> tuple[float, float]:
    """The ideal code length of all pieces in bits, and the CPU seconds that it took."""
    from codelength.coding.code_length import code_lengths

    predictor = codec_of(recipe).predictor
    if pieces:  # what is loaded or compiled once is no part of the time
        first = predictor.tokenize(pieces[0][:1])
        for _ in code_lengths(predictor, [first]):
            pass
    start = time.process_time()
    symbols = [predictor.tokenize(piece) for piece in pieces]
    bits = [float(lengths.sum()) for _, _, lengths in code_lengths(predictor, symbols)]
    return sum(bits), time.process_time() - start


def coded(recipe: Recipe, pieces: tuple[bytes, ...]) -> list[bytes]:
    """A blob for each piece."""
    return codec_of(recipe).encode_many([Sample("", piece) for piece in pieces])


def decoded(recipe: Recipe, blobs: list[bytes]) -> list[bytes]:
    """The piece behind each blob."""
    return codec_of(recipe).decode_many(blobs)
