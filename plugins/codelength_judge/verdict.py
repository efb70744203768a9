"""The verdict on a submission: what each part took, and whether it is within the limits."""

from collections.abc import Sequence

import msgspec

from codelength.report.format import bits, count, significant, size
from codelength.report.table import Bad, Column, Table
from codelength_judge.contest import Limits

SCHEMA = 1

NETWORK = {
    "namespaces": "none",
    "landlock": "no TCP connections from Linux 6.7 on; the decoder could read files",
    "none": "not cut off; the decoder could read files and use the network",
}
"""What kept the decoder from the data and the network, by the sandbox."""


class Direction(msgspec.Struct, frozen=True, kw_only=True):
    """Encoding or decoding a part once, in a process of its own."""

    seconds: float
    """Wall time from the start of the process: interpreter, libraries and model among it."""
    cpu_seconds: float
    peak_bytes: int
    """The most that was resident in one process."""


class PartResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a part."""

    part: str
    files: int
    bytes: int
    digest: str
    """SHA-256 over the files, each behind its length in eight bytes."""
    blob_bytes: int | None = None
    blob_digest: str = ""
    model_bytes: int | None = None
    decoder_bytes: int | None = None
    encode: Direction | None = None
    decode: Direction | None = None
    round_trip: bool = False
    problem: str = ""
    is_mismatch: bool = False

    @property
    def total(self) -> int | None:
        """Bytes of blob, model and decoder together; None if one is not known."""
        parts = (self.blob_bytes, self.model_bytes, self.decoder_bytes)
        return None if None in parts else sum(part or 0 for part in parts)

    @property
    def bits_per_byte(self) -> float | None:
        """Bits of the blob for each byte of the part."""
        return None if self.blob_bytes is None else 8 * self.blob_bytes / max(1, self.bytes)


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a judge found, all that it takes to find it again, and what was not kept away."""

    schema: int = SCHEMA
    accepted: bool
    reasons: list[str]
    """Why it is not accepted."""
    contest: str
    submission: str
    codec: str
    files: dict[str, str]
    """SHA-256 of the submission's own files."""
    limits: Limits
    parts: list[PartResult]
    totals: dict[str, int | None]
    """Bytes of blob, model and decoder together, by part."""
    bits_per_byte: dict[str, float | None]
    """Of the blob alone, by part."""
    model: dict[str, int]
    """What the receiver must hold, as the codec says it, or as the submission's files are."""
    decoder: list[str]
    """The modules and files whose code is charged, zipped."""
    code: dict[str, str]
    """Name → digest of all code that was loaded."""
    versions: dict[str, str]
    digests: dict[str, str]
    sandbox: str
    network: str
    judged: str
    """When, in UTC."""
    codelength: str
    commit: str
    machine: dict[str, str]

    @property
    def exit_code(self) -> int:
        """0 if it is accepted, 4 if a round trip failed, 3 if it broke down, 1 if it took more."""
        if self.accepted:
            return 0
        if any(part.is_mismatch for part in self.parts):
            return 4
        return 3 if any(part.problem for part in self.parts) else 1


def find_reasons(parts: Sequence[PartResult], limits: Limits) -> list[str]:
    """List what keeps a submission from being accepted."""
    reasons = []
    for part in parts:
        if part.problem:
            reasons.append(part.problem)
            continue
        if limits.bytes is not None and part.total is None:
            reasons.append(
                f"{part.part}: the size of the decoder is not known; a codec names the modules "
                "that decode in Codec.library, and they have to be installed here"
            )
        elif limits.bytes is not None and part.total is not None and part.total > limits.bytes:
            reasons.append(f"{part.part}: {part.total:,} bytes in all, of {limits.bytes:,}")
        for what, direction in (("encode", part.encode), ("decode", part.decode)):
            if direction is None:
                continue
            if limits.seconds is not None and direction.seconds > limits.seconds:
                took = f"{direction.seconds:,.1f} s to {what}, of {limits.seconds:g}"
                reasons.append(f"{part.part}: {took}")
            if limits.memory is not None and direction.peak_bytes > limits.memory:
                took = f"{size(direction.peak_bytes)} of memory to {what}, of {size(limits.memory)}"
                reasons.append(f"{part.part}: {took}")
    return reasons


COLUMNS = (
    Column("part", "left", fixed=True),
    *map(Column, ("bytes", "blob", "model", "decoder", "total", "bpb")),
    *map(Column, ("encode\ns", "decode\ns", "memory")),
)


def to_table(verdict: Verdict) -> Table:
    """Return what is shown of a verdict."""
    rows = [_row(part) for part in verdict.parts]
    limits = verdict.limits
    allowed = significant(limits.seconds) if limits.seconds is not None else ""
    total = count(limits.bytes) if limits.bytes is not None else ""
    memory = size(limits.memory) if limits.memory is not None else ""
    rows.append(["limits", "", "", "", "", total, "", allowed, allowed, memory])
    notes = [
        "total: blob, model and decoder (its code, zipped). bpb: bits of the blob for each byte.",
        f"Sandbox of the codec: {verdict.sandbox}. Its network: {verdict.network}.",
        *(f"Not accepted: {reason}." for reason in verdict.reasons),
        *(["Accepted: every part came back, within all limits."] if verdict.accepted else []),
    ]
    title = f"{verdict.submission} · {verdict.codec} · contest: {verdict.contest}"
    return Table(title, COLUMNS, rows, notes=notes)


def _row(part: PartResult) -> list[str]:
    directions = (part.encode, part.decode)
    peaks = [direction.peak_bytes for direction in directions if direction]
    sizes = (part.blob_bytes, part.model_bytes, part.decoder_bytes, part.total)
    row = [part.part, count(part.bytes), *map(count, sizes), bits(part.bits_per_byte)]
    row += [significant(direction.seconds if direction else None) for direction in directions]
    row.append(size(max(peaks)) if peaks else "n/a")
    return [Bad(text) if part.problem else text for text in row]
