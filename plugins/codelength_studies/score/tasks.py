"""What the workers do: score pieces, encode them, decode blobs."""

import time
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from codelength.api.codec import Codec
from codelength.api.errors import UsageError
from codelength.api.media import Sample
from codelength.measure.job import Recipe
from codelength_studies.score.chunks import Pieces

if TYPE_CHECKING:
    from numpy.typing import NDArray


@runtime_checkable
class HasSymbols(Protocol):
    """A codec that knows the bits of each of its tokens."""

    def symbols(self, data: bytes) -> "tuple[NDArray[Any], list[bytes], NDArray[np.float64]]":
        """Return the tokens of `data`, what each stands for, and the bits of each."""


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


def keep_symbols(recipe: Recipe, chunk: Pieces, file: str) -> tuple[float, float]:
    """Write the bits of each symbol of a chunk into a Parquet file; return the same as above.

    Columns: `sample`, `offset` (the byte of the sample at which the symbol begins), `token` (its
    number), `bytes` (what it stands for), `bits`.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    codec, start, total = load_codec(recipe), time.process_time(), 0.0
    tables = []
    for piece, (sample, at) in zip(chunk.pieces, chunk.places, strict=True):
        tokens, texts, bits = _symbols(codec, piece)
        total += float(bits.sum())
        offsets = at + np.concatenate([[0], np.cumsum([len(text) for text in texts])[:-1]])
        columns = {
            "sample": pa.array([sample] * len(texts)).dictionary_encode(),
            "offset": pa.array(offsets.astype(np.int64)[: len(texts)]),
            "token": pa.array(tokens.astype(np.int32)),
            "bytes": pa.array(texts, pa.binary()),
            "bits": pa.array(bits.astype(np.float64)),
        }
        tables.append(pa.table(columns))
    Path(file).parent.mkdir(parents=True, exist_ok=True)
    part = Path(f"{file}.part")
    pq.write_table(pa.concat_tables(tables, promote_options="permissive"), part)
    part.replace(file)
    return total, time.process_time() - start


def _symbols(codec: Codec, data: bytes) -> "tuple[NDArray[Any], list[bytes], NDArray[np.float64]]":
    """Return the symbols that a codec sees in some bytes, what they stand for, and their bits."""
    if isinstance(codec, HasSymbols):
        return codec.symbols(data)
    bits = next(iter(codec.code_lengths([Sample("", data)]) or ()))
    if codec.predictor is None or len(bits) == 0:
        values = np.frombuffer(data, np.uint8)
        return values, [bytes([value]) for value in values.tolist()], bits
    tokens = np.asarray(codec.predictor.tokenize(data))
    texts = [codec.predictor.detokenize(tokens[i : i + 1]) for i in range(len(tokens))]
    starts = np.concatenate([[0], np.cumsum([len(text) for text in texts])[:-1]])
    return tokens, texts, np.add.reduceat(bits, starts.astype(np.int64))


def encode_pieces(recipe: Recipe, pieces: tuple[bytes, ...]) -> list[bytes]:
    """Return a blob for each piece."""
    return load_codec(recipe).encode_many([Sample("", piece) for piece in pieces])


def decode_blobs(recipe: Recipe, blobs: list[bytes]) -> list[bytes]:
    """Return the piece behind each blob."""
    return load_codec(recipe).decode_many(blobs)
