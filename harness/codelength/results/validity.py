"""Which stored records cannot be results: figures that contradict each other, or cannot be."""

import re
from typing import TypeVar

import msgspec

from codelength.results.cell import Cell, Code, Environment, Evidence, Phase, Readings

T = TypeVar("T")

_is_digest = re.compile("[0-9a-f]{64}").fullmatch


def find_problem(record: Cell | Code | Environment | Readings) -> str | None:
    """Return why a record is not a result, in a few words; None if it may be one."""
    if isinstance(record, Code | Environment):
        return None
    if isinstance(record, Readings):
        wrong = [file.name for file in record.files if min(file.on_disk, file.measured) < 0]
        return f"the size of {wrong[0]} is negative" if wrong else None
    of = record.slice
    if min(record.coded_bytes, of.bytes, record.header_bytes) < 0:
        return "a size is negative"
    for name, size in (*record.ledger.items(), *record.model_bytes.items()):
        if size is not None and size < 0:
            return f"its {name} has {size:,} bytes"
    if not (_has_times(record.encode) and _has_times(record.decode)):
        return "a time is missing or negative"
    return _contradiction(record) if record.ok else None


def require_valid(value: T, kind: type[T]) -> T:
    """Return what a reader will find of a value that a plugin has a part in.

    Raises:
        ValueError: It cannot be stored, or not read back as what it should be.
    """
    try:
        return msgspec.json.decode(msgspec.json.encode(value), type=kind)
    except (msgspec.MsgspecError, TypeError, UnicodeError) as error:
        raise ValueError(f"it describes itself by what cannot be stored: {error}") from error


def _contradiction(cell: Cell) -> str | None:
    """Return what does not fit together in a cell that is ok."""
    raw, coded, estimate = cell.slice.bytes, cell.coded_bytes, cell.estimate
    if not _is_digest(cell.slice.digest):
        return f"the digest of its corpus is {cell.slice.digest[:80]!r}"
    if cell.blobs and not _is_digest(cell.blobs):
        return f"the digest of its blobs is {cell.blobs[:80]!r}"
    if raw and not coded:
        return f"{raw:,} bytes are coded as none"
    if estimate and (estimate.bits < 0 or estimate.coded_bytes != coded):
        return f"its {estimate.bits:,} bits are not {coded:,} bytes"
    if cell.ledger or cell.evidence is not Evidence.ESTIMATE:
        total = sum(cell.ledger.values())
        if total != coded:
            return f"its ledger has {total:,} bytes, its blobs {coded:,}"
    if cell.groups:
        raws, codeds = zip(*cell.groups, strict=True)
        if sum(raws) != raw or sum(codeds) != coded or min(raws) < 0 or min(codeds) < 0:
            sums = f"{sum(raws):,} and {sum(codeds):,}"
            return f"its groups have {sums} bytes, its samples and blobs {raw:,} and {coded:,}"
        if cell.clusters and (len(cell.clusters) != len(raws) or min(cell.clusters) < 0):
            return f"it has {len(raws):,} groups and the clusters of {len(cell.clusters):,}"
        if cell.clusters and max(cell.clusters) >= len(raws):
            return "its clusters are not numbered from 0 on"
        of_clusters = [sum(sizes) for sizes in zip(*cell.by_cluster, strict=True)]
        if of_clusters != [raw, coded]:
            return f"its clusters have {of_clusters} bytes, not {raw:,} and {coded:,}"
    return None


def _has_times(phase: Phase | None) -> bool:
    return phase is None or all(
        batch and min(batch) >= 0 for times in (phase.cpu, phase.wall) for batch in times
    )
