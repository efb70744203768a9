"""Log-probabilities of tokens from a Parquet file, checked against the bytes of a corpus."""

import hashlib
import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from codelength import UsageError
from codelength.api.errors import CorpusError
from codelength.coding.code_length import Bits
from codelength_hf.checkpoint import open_checkpoint
from codelength_hf.tokens import Tokens, tokens_of


class ImportedSample(NamedTuple):
    """The tokens of one sample."""

    name: str
    tokens: NDArray[np.int64]
    pieces: list[bytes]
    bits: Bits


@dataclass(frozen=True)
class ImportedScores:
    """All samples of a file, by the SHA-256 of their bytes."""

    path: Path
    samples: dict[str, ImportedSample]

    def find(self, data: bytes) -> tuple[NDArray[np.int64], list[bytes], Bits]:
        """Return tokens, pieces and bits of a sample. Raises CorpusError if it is not there."""
        if not data:
            return np.empty(0, np.int64), [], np.empty(0)
        found = self.samples.get(hashlib.sha256(data).hexdigest())
        if found is None:
            raise CorpusError(self._miss(data))
        return found.tokens, found.pieces, found.bits

    def _miss(self, data: bytes) -> str:
        """Say how a sample that is not in the file parts from the nearest one that is."""
        texts = {s.name: b"".join(s.pieces) for s in self.samples.values()}
        common = {name: _common(data, text) for name, text in texts.items()}
        name = max(common, key=lambda name: common[name])
        return (
            f"{self.path} has no tokens for a sample of {len(data):,} bytes: the nearest one, "
            f"{name!r} of {len(texts[name]):,} bytes, parts from it at byte {common[name]:,}; "
            "compute the log-probabilities of exactly these bytes, or choose the corpus and the "
            "protocol that they are of"
        )


def _common(one: bytes, other: bytes) -> int:
    """Return how many bytes two texts have in common from the beginning on."""
    size = min(len(one), len(other))
    a, b = (np.frombuffer(text[:size], np.uint8) for text in (one, other))
    differ = np.flatnonzero(a != b)
    return int(differ[0]) if len(differ) else size


@lru_cache(maxsize=2)
def read_scores(path: Path, model: str | None, revision: str | None) -> ImportedScores:
    """Read a file; see `scored.ImportedModel`. Raises UsageError, Unavailable."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise UsageError(f"{path} is no Parquet file: {error}") from error
    names = set(table.column_names)
    if "bits" in names:
        bits = _numbers(table, "bits", path)
    elif "logprob" in names:
        bits = -_numbers(table, "logprob", path) / math.log(2)
    else:
        raise UsageError(f"{path} has neither a column logprob nor a column bits")
    if not (np.isfinite(bits) & (bits >= 0)).all():
        row = int(np.flatnonzero(~(np.isfinite(bits) & (bits >= 0)))[0])
        raise UsageError(f"{path}: row {row} has a probability that is not between 0 and 1")
    ids = table["token"].to_numpy().astype(np.int64) if "token" in names else None
    if "bytes" in names:
        pieces = [bytes(piece) for piece in table["bytes"].to_pylist()]
    elif ids is not None and model is not None:
        pieces = _pieces_of(ids, tokens_of(open_checkpoint(model, revision, False)), path)
    else:
        raise UsageError(
            f"{path}: the bytes of its tokens are not known; give imported:model=… for the "
            "tokenizer, or a column bytes"
        )
    if ids is None:
        ids = np.full(len(pieces), -1, np.int64)
    labels = table["sample"].to_pylist() if "sample" in names else [""] * len(pieces)
    samples = {}
    for name in dict.fromkeys(labels):
        own = np.flatnonzero(np.array([label == name for label in labels]))
        parts = [pieces[i] for i in own]
        digest = hashlib.sha256(b"".join(parts)).hexdigest()
        samples[digest] = ImportedSample(str(name), ids[own], parts, bits[own])
    if not samples:
        raise UsageError(f"{path} has no rows")
    return ImportedScores(path, samples)


def _numbers(table: Any, column: str, path: Path) -> Bits:  # noqa: ANN401 - pyarrow is untyped
    try:
        numbers: Bits = table[column].to_numpy().astype(np.float64)
    except (ValueError, TypeError) as error:
        raise UsageError(f"{path}: the column {column} is no numbers") from error
    return numbers


def _pieces_of(ids: NDArray[np.int64], tokens: Tokens, path: Path) -> list[bytes]:
    wrong = np.flatnonzero((ids < 0) | (ids >= tokens.count))
    if len(wrong):
        raise UsageError(
            f"{path}: row {wrong[0]} has token {ids[wrong[0]]}, and the model has {tokens.count}"
        )
    return tokens.pieces_of(ids)
