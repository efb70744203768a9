"""The exact part of the gate: each cell of the baseline against the same cell now."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from codelength.gate.baseline import Baseline, Expected, libraries
from codelength.results.cell import Cell, Status, Struct


class Verdict(StrEnum):
    """What became of a cell, the gravest first."""

    MISMATCH = "round trip failed"
    LARGER = "larger"
    OTHER_BYTES = "other bytes"
    """Of the same size: blobs that were kept may not decode any more."""
    FAILED = "failed"
    VANISHED = "vanished"
    UNRECORDED = "not in the baseline"
    CHANGED_KEY = "changed key"
    """Another library or other data: there is nothing to compare with."""
    SMALLER = "smaller"
    DECLINED = "declined"
    """By the codec, by design, then as now."""
    EQUAL = "equal"

    @property
    def compared(self) -> bool:
        """Whether sizes stood against each other."""
        return self in (self.EQUAL, self.SMALLER, self.LARGER, self.OTHER_BYTES)

    @property
    def regression(self) -> bool:
        """Whether what was accepted has got worse."""
        return self in (self.LARGER, self.OTHER_BYTES)

    @property
    def hole(self) -> bool:
        """Whether there is no figure where there was one."""
        return self in (self.FAILED, self.VANISHED, self.UNRECORDED)


class Finding(Struct, frozen=True):
    """One cell of the grid."""

    codec: str
    corpus: str
    protocol: str
    verdict: Verdict
    detail: str = ""
    """The fact and the next move, in one line; nothing for an equal cell."""
    before: int | None = None
    """Coded bytes in the baseline."""
    now: int | None = None


def findings(
    baseline: Baseline, cells: Sequence[Cell], missing: Mapping[str, str]
) -> list[Finding]:
    """One for every cell of the baseline's grid, in its order. `missing` says of codecs and
    corpora that are not here why."""
    expected = baseline.expected()
    measured = {(cell.codec, cell.slice.corpus, cell.slice.protocol): cell for cell in cells}
    found = []
    for place in baseline.grid.places:
        codec, corpus, protocol = place
        before, now = expected.get(place), measured.get(place)
        reason = missing.get(codec) or missing.get(corpus) or "it was not measured"
        verdict, detail = judged(before, now, reason)
        found.append(
            Finding(
                codec=codec,
                corpus=corpus,
                protocol=protocol,
                verdict=verdict,
                detail=detail,
                before=before.coded_bytes if before and not before.declined else None,
                now=now.coded_bytes if now and now.ok else None,
            )
        )
    return found


def judged(before: Expected | None, now: Cell | None, reason: str) -> tuple[Verdict, str]:
    """What became of a cell, and the line about it; `reason` is why there is none now."""
    if now is None:
        return Verdict.VANISHED, reason
    if now.status is Status.MISMATCH:
        return Verdict.MISMATCH, now.reason
    declined = now.status is Status.UNSUPPORTED
    if declined and (before is None or before.declined):
        return Verdict.DECLINED, now.reason
    if not now.ok:
        return Verdict.FAILED, f"{now.status}: {now.reason}"
    if before is None:
        return Verdict.UNRECORDED, "nothing to compare with; --update takes it in"
    if before.declined:
        return Verdict.CHANGED_KEY, "the codec declined such data before; --update accepts it"
    key = changed_key(before, now)
    if key:
        return Verdict.CHANGED_KEY, f"{key}; not compared, --update accepts it"
    step = now.coded_bytes - before.coded_bytes
    if step:
        share = f", {step / before.coded_bytes:+.3%}" if before.coded_bytes else ""
        change = f"{before.coded_bytes:,} → {now.coded_bytes:,} B ({step:+,} B{share})"
        return (
            (Verdict.LARGER, change)
            if step > 0
            else (Verdict.SMALLER, f"{change}; --update keeps it")
        )
    if before.blobs != now.blobs:
        return Verdict.OTHER_BYTES, (
            f"{now.coded_bytes:,} B as before, in other bytes: what was written before may not "
            "decode now; --update if that is meant"
        )
    return Verdict.EQUAL, ""


def changed_key(before: Expected, now: Cell) -> str:
    """What differs in the keys of two cells of one place, in words; empty if they are the same."""
    versions = libraries(now.versions)
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
