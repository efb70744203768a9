"""Scores on disk: every chunk as it comes, the check that was coded, and the sum of each target."""

from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from codelength.api.errors import StoreError
from codelength.results.cell import SCHEMA, CellKey, CorpusSlice, Environment, Struct
from codelength.results.journal import records

FILE = "scores.jsonl"


class Chunk(Struct, frozen=True, tag="chunk"):
    """Some consecutive pieces of a corpus under one law."""

    law: str
    """What tells one law from others: codec, settings, libraries, weights."""
    data: str
    """The digest of the pieces, cuts included."""
    bytes: int
    bits: float
    cpu_seconds: float


class Check(Struct, frozen=True, tag="check"):
    """A sample that was scored, and also coded, decoded in another process and found equal."""

    law: str
    data: str
    blobs: int
    bytes: int
    bits: float
    coded_bytes: int
    cpu_seconds: float
    """Of scoring them."""

    @property
    def excess(self) -> float:
        """The part by which the coded pieces exceed their ideal code length."""
        return 8 * self.coded_bytes / self.bits - 1

    @property
    def bits_a_blob(self) -> float:
        """By how many bits a blob exceeds its ideal code length, on average."""
        return (8 * self.coded_bytes - self.bits) / self.blobs


class Score(Struct, frozen=True, tag="score", rename={"slice": "cut", "model_bytes": "prior"}):
    """An estimate for a codec on a cut corpus: what no process has coded."""

    codec: str
    slice: CorpusSlice
    law: str
    run: str
    """The environment record under which the last chunk was scored."""
    bits: float
    cpu_seconds: float
    check: Check
    model_bytes: dict[str, int] = {}

    @property
    def key(self) -> CellKey:
        """The place in the tables: of two scores with the same key, the later one counts."""
        return CellKey(self.codec, *self.slice.key)

    @property
    def bits_per_byte(self) -> float:
        """Ideal bits for each raw byte."""
        return self.bits / self.slice.bytes

    @property
    def ratio(self) -> float:
        """Ideal bytes for each raw byte."""
        return self.bits / 8 / self.slice.bytes

    def adjusted(self, size: int) -> float:
        """The ratio with the prior as part of the message, for `size` bytes of such data."""
        return self.ratio + sum(self.model_bytes.values()) / size


@dataclass
class Scores:
    """What a folder holds."""

    chunks: dict[tuple[str, str], Chunk] = field(default_factory=dict)
    checks: dict[tuple[str, str], Check] = field(default_factory=dict)
    by_key: dict[CellKey, Score] = field(default_factory=dict)
    environments: dict[str, Environment] = field(default_factory=dict)

    def find(self, codec: str, law: str, corpus_slice: CorpusSlice) -> Score | None:
        """The score of these very bytes under this very law, if there is one."""
        found = self.by_key.get(CellKey(codec, *corpus_slice.key))
        same = found and found.law == law and found.slice.identity == corpus_slice.identity
        return found if same else None


_read = msgspec.json.Decoder(Chunk | Check | Score | Environment).decode


def load(folder: Path) -> Scores:
    """What is in `folder`, which may be nothing. Raises StoreError."""
    scores = Scores()
    for number, record in records(folder / FILE, _read):
        if isinstance(record, Chunk):
            scores.chunks[record.law, record.data] = record
        elif isinstance(record, Check):
            scores.checks[record.law, record.data] = record
        elif isinstance(record, Score):
            scores.by_key[record.key] = record
        elif record.schema > SCHEMA:
            raise StoreError(
                f"{folder / FILE}:{number} has schema {record.schema}, this codelength reads up to "
                f"{SCHEMA}; update it, or choose another --out"
            )
        else:
            scores.environments[record.run] = record
    return scores
