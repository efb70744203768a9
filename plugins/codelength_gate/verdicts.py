"""The exact part of the gate: what became of each cell since the baseline was made."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum

from codelength.metrics.budget import Budget, check_budget
from codelength.results.cell import Cell, Status, Struct
from codelength_gate.baseline import Baseline, ExpectedCell, library_versions
from codelength_gate.rows import UNCHANGED, RowChanges


class Verdict(StrEnum):
    """What became of a cell, the worst first."""

    MISMATCH = "round trip failed"
    LARGER = "larger"
    OTHER_BYTES = "other bytes"
    """The size is the same and the bytes are not: blobs that were kept may not decode any more."""
    CHANGED_ROW = "changed row"
    """The plugin's default row has other settings."""
    OVER_BUDGET = "over budget"
    """All cells of a codec together take more than they may."""
    FAILED = "failed"
    VANISHED = "vanished"
    GONE_ROW = "gone row"
    """The plugin has no such default row any more."""
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


class CellFinding(Struct, frozen=True, kw_only=False):
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
    baseline: Baseline,
    codecs: Sequence[str],
    cells: Sequence[Cell],
    missing: Mapping[str, str],
    rows: RowChanges = UNCHANGED,
) -> list[CellFinding]:
    """Compare every cell of some codecs on the baseline's grid with what was measured now.

    Args:
        missing: For each codec or corpus that cannot be used here, the reason.
        rows: What became of the default rows.

    Returns:
        One finding for each cell of the grid, in the order of the grid, gone rows last.
    """
    expected, measured = baseline.by_key, {cell.key: cell for cell in cells}
    findings = []
    for key in baseline.grid.keys(codecs):
        old = rows.changed.get(key.codec, "")
        before, now = expected.get(key._replace(codec=old or key.codec)), measured.get(key)
        reason = missing.get(key.codec) or missing.get(key.corpus) or "it was not measured"
        verdict, detail = verdict_of(before, now, reason, old)
        findings.append(
            CellFinding(
                *key[:3],
                verdict,
                detail,
                before.coded_bytes if before and not before.declined else None,
                now.coded_bytes if now and now.ok else None,
            )
        )
    for cell in baseline.cells:
        if cell.codec in rows.gone and cell.codec not in rows.changed.values():
            detail = "its plugin does not offer it by default any more; --update takes it out"
            place = (cell.codec, cell.corpus, cell.protocol)
            findings.append(CellFinding(*place, Verdict.GONE_ROW, detail))
    return findings


def codecs_to_check(baseline: Baseline, rows: RowChanges) -> list[str]:
    """Return the codecs of the baseline that are not gone, and the new default rows."""
    kept = [codec for codec in baseline.codecs if codec not in rows.gone]
    return list(dict.fromkeys([*kept, *rows.new]))


def find_over_budget(cells: Sequence[Cell], budget: Budget) -> Iterator[CellFinding]:
    """Find the codecs whose cells together exceed a limit, or have no figure for it."""
    for codec in dict.fromkeys(cell.codec for cell in cells):
        taken = [c for c in cells if c.codec == codec and c.status is not Status.UNSUPPORTED]
        for use in check_budget(taken, budget) if taken else ():
            verdict = Verdict.FAILED if use.used is None else Verdict.OVER_BUDGET
            if not use.is_within:
                yield CellFinding(codec, "all", "all", verdict, str(use))


def verdict_of(
    before: ExpectedCell | None, now: Cell | None, reason: str, old: str = ""
) -> tuple[Verdict, str]:
    """Return the verdict on a cell and the detail.

    Args:
        before: With `old`, what the default row `old` gave, whose place this one has taken.
        reason: Why `now` is missing.
    """
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
    step = now.coded_bytes - before.coded_bytes
    share = f", {step / before.coded_bytes:+.3%}" if before.coded_bytes else ""
    change = f"{before.coded_bytes:,} → {now.coded_bytes:,} B ({step:+,} B{share})"
    if old:
        return Verdict.CHANGED_ROW, f"was {old}: {change}; --update accepts it"
    if key := changed_key(before, now):
        return Verdict.CHANGED_KEY, f"{key}; not compared, --update accepts it"
    if step:
        return (
            (Verdict.LARGER, change)
            if step > 0
            else (Verdict.SMALLER, f"{change}; --update keeps it")
        )
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
