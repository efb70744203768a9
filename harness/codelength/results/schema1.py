"""Reads the records of schema 1, which codelength wrote until 0.1, as the ones of today.

A cell had its evidence, its plugin and its digests among its versions, and two fields had other
names. Scores lay in a file of their own; each is a cell whose evidence is an estimate.
"""

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from codelength.results import cell as today
from codelength.results.cell import CorpusSlice, Environment, Evidence, Status, Struct

T = TypeVar("T", bound=Struct)

SCORES = "scores.jsonl"

DIGESTS = ("weights", "program", "definition")
"""What was a digest among the versions of a cell."""


class Phase(today.Phase, frozen=True, rename={"baseline_rss_bytes": "rest_bytes"}):
    """One direction of a cell."""

    baseline_rss_bytes: int


class Cell(today.Cell, frozen=True, tag="cell", rename={"model_bytes": "prior"}):
    """One row of the results."""

    model_bytes: Mapping[str, int | None] = {}
    encode: Phase | None = None
    decode: Phase | None = None

    def to_today(self) -> today.Cell:
        """Return the same, as it is stored today."""
        versions = dict(self.versions)
        plugin = versions.pop("plugin", "")
        digests = {name: versions.pop(name) for name in DIGESTS if name in versions}
        only_here = versions.pop("decodes", "") == Evidence.SAME_MACHINE
        evidence = Evidence.SAME_MACHINE if only_here else Evidence.VERIFIED
        if self.decode is None:
            evidence = Evidence.ESTIMATE
        return _convert(
            self,
            today.Cell,
            evidence=evidence if self.status is Status.OK else None,
            plugin=plugin,
            versions=versions,
            digests=digests,
            encode=self.encode and _convert(self.encode, today.Phase),
            decode=self.decode and _convert(self.decode, today.Phase),
        )


class Chunk(Struct, frozen=True, tag="chunk"):
    """A part of a score, which only a score that was not finished needs."""


class Check(today.Check, frozen=True, tag="check"):
    """A sample that was scored and also coded."""


class Score(Struct, frozen=True, tag="score"):
    """The ideal code length of a corpus under a codec's distribution."""

    codec: str
    cut: CorpusSlice
    law: str
    """A digest of codec, settings, libraries and weights together."""
    run: str
    bits: float
    cpu_seconds: float
    check: Check
    prior: dict[str, int] = {}

    def to_today(self) -> today.Cell:
        """Return the cell that it is stored as today."""
        check = _convert(self.check, today.Check)
        estimate = today.Estimate(bits=self.bits, cpu_seconds=self.cpu_seconds, check=check)
        return today.Cell(
            codec=self.codec,
            slice=self.cut,
            status=Status.OK,
            run=self.run,
            evidence=Evidence.ESTIMATE,
            digests={"distribution": self.law},
            coded_bytes=estimate.coded_bytes,
            model_bytes=self.prior,
            estimate=estimate,
        )


_read_cell = msgspec.json.Decoder(Cell).decode
_read_score = msgspec.json.Decoder(Chunk | Check | Score | Environment).decode


def read_cell(line: bytes) -> today.Cell:
    """Read one line of `results.jsonl`. Raises msgspec.MsgspecError."""
    return _read_cell(line).to_today()


def read_score(line: bytes) -> today.Cell | Environment | None:
    """Read one line of `scores.jsonl`. Raises msgspec.MsgspecError."""
    record = _read_score(line)
    if isinstance(record, Environment):
        return record
    return record.to_today() if isinstance(record, Score) else None


def _convert(record: Struct, kind: type[T], **changes: object) -> T:
    """Build a record of today with the fields of an old one, some of them changed."""
    fields = {name: getattr(record, name) for name in kind.__struct_fields__}
    return kind(**(fields | changes))
