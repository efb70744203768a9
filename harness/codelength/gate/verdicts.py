"""The exact part of the gate: what became of each cell since the baseline was made."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from codelength.gate.baseline import Baseline, ExpectedCell, library_versions
from codelength.results.cell import Cell, Status, Struct


class Verdict(StrEnum):
    """What became of a cell, the worst first."""

    MISMATCH = "round trip failed"
    LARGER = "larger"
    OTHER_BYTES = "other bytes"
    """The size is the same and the bytes are not: blobs that were kept may not decode any more."""
    FAILED = "failed"
    VANISHED = "vanished"
    UNRECORDED = "not in the baseline"
    CHANGED_KEY = "changed key"
    """The library or the data are not those of the baseline, so sizes are not compared."""
    SMALLER = "smaller"
    DECLINED = "declined"
    """The codec does not take such data, in the baseline and now."""
    EQUAL = "equal"

    @property
    def is_compared(self) -> bool:
        """Whether the size was compared with that of the baseline."""
        return self in (self.EQUAL, self.SMALLER, self.LARGER, self.OTHER_BYTES)


class CellFinding(Struct, frozen=True):
    """The verdict on one cell of the grid."""

    codec: str
    corpus: str
    protocol: str
    verdict: Verdict
    detail: str = ""
    """The fact and the next move, in one line; empty for an equal cell."""
    before: int | None = None
    """Coded bytes in the baseline."""
    now: int | None = None


def find_changes(
    baseline: Baseline, cells: Sequence[Cell], missing: Mapping[str, str]
) -> list[CellFinding]:
    """Compare every cell of the baseline's grid with what was measured now.

    Args:
        missing: For each codec or corpus that cannot be used here, the reason.

    Returns:
        One finding for each cell of the grid, in the order of the grid.
    """
    expected, measured = baseline.by_key, {cell.key: cell for cell in cells}
    findings = []
    for key in baseline.grid.keys:
        before, now = expected.get(key), measured.get(key)
        reason = missing.get(key.codec) or missing.get(key.corpus) or "it was not measured"
        verdict, detail = verdict_of(before, now, reason)
        findings.append(
            CellFinding(
                codec=key.codec,
                corpus=key.corpus,
                protocol=key.protocol,
                verdict=verdict,
                detail=detail,
                before=before.coded_bytes if before and not before.declined else None,
                now=now.coded_bytes if now and now.ok else None,
            )
        )
    return findings


def verdict_of(before: ExpectedCell | None, now: Cell | None, reason: str) -> tuple[Verdict, str]:
    """Return the verdict on a cell and the detail; `reason` says why `now` is missing."""
    if now is None:
        return Verdict.VANISHED, reason
    if now.status is Status.MISMATCH:
        return Verdict.MISMATCH, now.reason
    if now.status is Status.UNSUPPORTED and (before is None or before.declined):
        return Verdict.DECLINED, now.reason
    if not now.ok:
        return Verdict.FAILED, f"{now.status}: {now.reason}"
    if before is None:
        return Verdict.UNRECORDED, "nothing to compare with; --update adds it"
    if before.declined:
        return Verdict.CHANGED_KEY, "the codec declined such data before; --update accepts it"
    key = changed_key(before, now)
    if key:
        return Verdict.CHANGED_KEY, f"{key}; not compared, --update accepts it"
    step = now.coded_bytes - before.coded_bytes
    if step:
        share = f", {step / before.coded_bytes:+.3%}" if before.coded_bytes else ""
        change = f"{before.coded_bytes:,} → {now.coded_bytes:,} B ({step:+,} B{share})"
        if step > 0:
            return Verdict.LARGER, change
        return Verdict.SMALLER, f"{change}; --update keeps it"
    if before.blobs != now.blobs:
        return Verdict.OTHER_BYTES, (
            f"{now.coded_bytes:,} B as before, in other bytes: blobs written before may not "
            "decode now; if this is intended, --update accepts it"
        )
    return Verdict.EQUAL, ""


def changed_key(before: ExpectedCell, now: Cell) -> str:
    """Describe which library versions or corpus bytes differ; empty if none does."""
    versions = library_versions(now)
    parts = [
        f"{name} {before.versions.get(name, 'none')} → {versions.get(name, 'none')}"
        for name in sorted(before.versions.keys() | versions.keys())
        if before.versions.get(name) != versions.get(name)
    ]
    if before.digest != now.slice.digest:
        parts.append(
            f"{now.slice.corpus} has other bytes ({before.digest[:12]}… → {now.slice.digest[:12]}…)"
        )
    return ", ".join(parts)
