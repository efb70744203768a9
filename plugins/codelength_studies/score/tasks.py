"""What the workers do: score pieces, encode them, decode blobs."""

import time
from collections.abc import Sequence
from functools import lru_cache

from codelength.api.codec import Codec
from codelength.api.errors import UsageError
from codelength.api.media import Sample
from codelength.measure.job import Recipe


@lru_cache(maxsize=2)
def load_codec(recipe: Recipe) -> Codec:
    """Return the codec. Raises UsageError if it does not know its code lengths."""
    return require_code_lengths(recipe.load().codec(recipe.codec).item)


def require_code_lengths(codec: Codec) -> Codec:
    """Return `codec`, if it knows its code lengths. Raises UsageError."""
    if codec.code_lengths([]) is None:
        raise UsageError(
            f"{codec.spec} has no predictor, so there is no ideal code length to give; "
            f"'codelength run --codecs {codec.spec}' codes instead"
        )
    return codec


def compute_code_length(recipe: Recipe, pieces: tuple[bytes, ...]) -> tuple[float, float]:
    """Return the ideal code length of all pieces in bits, and the CPU seconds that it took."""
    codec = load_codec(recipe)
    if pieces:  # what is loaded or compiled once is no part of the time
        _bits(codec, [pieces[0][:1]])
    start = time.process_time()
    return _bits(codec, pieces), time.process_time() - start


def _bits(codec: Codec, pieces: Sequence[bytes]) -> float:
    lengths = codec.code_lengths([Sample("", piece) for piece in pieces])
    return sum(float(own.sum()) for own in lengths or ())


def encode_pieces(recipe: Recipe, pieces: tuple[bytes, ...]) -> list[bytes]:
    """Return a blob for each piece."""
    return load_codec(recipe).encode_many([Sample("", piece) for piece in pieces])


def decode_blobs(recipe: Recipe, blobs: list[bytes]) -> list[bytes]:
    """Return the piece behind each blob."""
    return load_codec(recipe).decode_many(blobs)
