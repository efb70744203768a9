"""The figures of one cell: what it codes to, what that costs with its prior, how fast, in how much
memory. None where there is no figure."""

from codelength.results.cell import Cell, Phase

GB = 10**9
DECODER = "decoder"
"""What the decoder's own code is called among the parts of a prior that a tariff charges."""


def ratio(cell: Cell) -> float | None:
    """Coded bytes for each raw byte; smaller is better."""
    return cell.coded_bytes / cell.slice.bytes if cell.ok and cell.slice.bytes else None


def bits_per_byte(cell: Cell) -> float | None:
    """Coded bits for each raw byte."""
    rate = ratio(cell)
    return None if rate is None else 8 * rate


def excess(cell: Cell) -> float | None:
    """Bits per byte above the entropy of the source, where that is known."""
    bpb = bits_per_byte(cell)
    return None if bpb is None or cell.slice.entropy is None else bpb - cell.slice.entropy


def total_model_bytes(cell: Cell) -> int | None:
    """What the receiver must already hold, all of it together; None where a part has no price."""
    parts = list(cell.model_bytes.values())
    return None if None in parts else sum(part for part in parts if part is not None)


def learned_before(cell: Cell) -> bool:
    """Whether the receiver must hold anything but the decoder itself."""
    return any(part != DECODER for part in cell.model_bytes)


def adjusted(cell: Cell, size: int | None = None) -> float | None:
    """The ratio with the prior as part of the message: C/N + M/N′, where N′ is `size` bytes of
    such data, or the bytes of the corpus itself."""
    rate, model_bytes = ratio(cell), total_model_bytes(cell)
    if rate is None or model_bytes is None:
        return None
    return rate + model_bytes / (size or cell.slice.bytes)


def prequential(cell: Cell) -> float | None:
    """The ratio of a codec that learns nothing but what it codes: there are no weights to send, so
    its blobs are all of the message. None for a codec with a prior: what it learned beforehand is
    in no blob, and `adjusted` is its figure."""
    return None if learned_before(cell) else ratio(cell)


def header_once(cell: Cell) -> float | None:
    """The ratio as the published protocol counts it: of the fixed headers of all blobs, only one.

    The header is the blob for one zero byte. Only for codecs without a prior. Delétang et al.,
    "Language Modeling Is Compression" (ICLR 2024), `evaluate_compressor_chunked` in its code.
    """
    if ratio(cell) is None or learned_before(cell):
        return None
    spared = cell.header_bytes * max(0, cell.slice.samples - 1)
    return (cell.coded_bytes - spared) / cell.slice.bytes


def encode_speed(cell: Cell) -> float | None:
    """Raw megabytes (10^6 bytes) encoded in a second of `Phase.times`."""
    return _speed(cell, cell.encode)


def decode_speed(cell: Cell) -> float | None:
    """Raw megabytes (10^6 bytes) decoded in a second of `Phase.times`."""
    return _speed(cell, cell.decode)


def memory(cell: Cell) -> int | None:
    """Bytes that the hungrier of the two directions added to its process."""
    phases = [phase for phase in (cell.encode, cell.decode) if phase is not None]
    return max(phase.memory_bytes for phase in phases) if cell.ok and phases else None


def _speed(cell: Cell, phase: Phase | None) -> float | None:
    if not cell.ok or phase is None or not cell.slice.bytes or not phase.seconds:
        return None
    return cell.slice.bytes / phase.seconds / 1e6
