"""Reads the records of schema 1, which codelength wrote until 0.1, as the ones of today.

A cell had its evidence, its plugin and its digests among its versions, and three fields had other
names. Scores lay in a file of their own; each is a cell whose evidence is an estimate.
"""

import msgspec

from codelength.api.model_card import ModelCard
from codelength.results import cell as today
from codelength.results.cell import CorpusSlice, Environment, Evidence, Status, Struct

SCORES = "scores.jsonl"

DIGESTS = ("weights", "program", "definition")
"""What was a digest among the versions of a cell."""


class Phase(Struct, frozen=True):
    """One direction of a cell."""

    cpu: list[list[float]]
    wall: list[list[float]]
    peak_bytes: int
    rest_bytes: int
    device: str = ""

    def to_today(self) -> today.Phase:
        """The same, as it is stored today."""
        return today.Phase(
            cpu=self.cpu,
            wall=self.wall,
            peak_bytes=self.peak_bytes,
            baseline_rss_bytes=self.rest_bytes,
            device=self.device,
        )


class Cell(Struct, frozen=True, tag="cell"):
    """One row of the results."""

    codec: str
    cut: CorpusSlice
    status: Status
    run: str
    reason: str = ""
    versions: dict[str, str] = {}
    coded_bytes: int = 0
    groups: list[tuple[int, int]] = []
    ledger: dict[str, int] = {}
    prior: dict[str, int | None] = {}
    card: ModelCard | None = None
    header_bytes: int = 0
    blobs: str = ""
    encode: Phase | None = None
    decode: Phase | None = None

    def to_today(self) -> today.Cell:
        """The same, as it is stored today."""
        versions = dict(self.versions)
        plugin = versions.pop("plugin", "")
        digests = {name: versions.pop(name) for name in DIGESTS if name in versions}
        only_here = versions.pop("decodes", "") == Evidence.SAME_MACHINE
        evidence = Evidence.SAME_MACHINE if only_here else Evidence.VERIFIED
        if self.decode is None:
            evidence = Evidence.ESTIMATE
        return today.Cell(
            codec=self.codec,
            slice=self.cut,
            status=self.status,
            run=self.run,
            reason=self.reason,
            evidence=evidence if self.status is Status.OK else None,
            plugin=plugin,
            versions=versions,
            digests=digests,
            coded_bytes=self.coded_bytes,
            groups=self.groups,
            ledger=self.ledger,
            model_bytes=self.prior,
            card=self.card,
            header_bytes=self.header_bytes,
            blobs=self.blobs,
            encode=None if self.encode is None else self.encode.to_today(),
            decode=None if self.decode is None else self.decode.to_today(),
        )


class Chunk(Struct, frozen=True, tag="chunk"):
    """A part of a score, which only a score that was not finished needs."""


class Check(Struct, frozen=True, tag="check"):
    """A sample that was scored and also coded."""

    law: str
    data: str
    blobs: int
    bytes: int
    bits: float
    coded_bytes: int
    cpu_seconds: float


class Score(Struct, frozen=True, tag="score"):
    """The ideal code length of a corpus under a codec's distribution."""

    codec: str
    cut: CorpusSlice
    law: str
    run: str
    bits: float
    cpu_seconds: float
    check: Check
    prior: dict[str, int] = {}

    def to_today(self) -> today.Cell:
        """The cell that it is stored as today.

        `law` is a digest of codec, settings, libraries and weights together.
        """
        check = today.Check(
            data=self.check.data,
            blobs=self.check.blobs,
            bytes=self.check.bytes,
            bits=self.check.bits,
            coded_bytes=self.check.coded_bytes,
            cpu_seconds=self.check.cpu_seconds,
        )
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
