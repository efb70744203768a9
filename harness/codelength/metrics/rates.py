"""The figures of one cell: its ratio, what it costs with its model, its speeds and its memory.

A function returns None where the cell has no such figure.
"""

from codelength.results.cell import Cell, Phase

GB = 10**9
DECODER = "decoder"
"""The name of the decoder's own code among the model bytes, where a pricing charges it."""


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
    """All bytes that the receiver must already hold; None where a part has no price."""
    parts = list(cell.model_bytes.values())
    return None if None in parts else sum(part for part in parts if part is not None)


def has_model(cell: Cell) -> bool:
    """Whether the receiver must hold more than the decoder itself."""
    return any(part != DECODER for part in cell.model_bytes)


def adjusted_ratio(cell: Cell, size: int | None = None) -> float | None:
    """The ratio with the model as part of the message: C/N + M/N′.

    N′ is `size` bytes of such data, or the bytes of the corpus itself: all, if a sample was drawn.
    """
    rate, model_bytes = ratio(cell), total_model_bytes(cell)
    if rate is None or model_bytes is None:
        return None
    of = cell.slice.draw or cell.slice
    return rate + model_bytes / (size or of.bytes)


def header_once_ratio(cell: Cell) -> float | None:
    """The ratio as the published protocol counts it: of the fixed headers of all blobs, only one.

    The header is the blob for one zero byte. Only for codecs without a model. Delétang et al.,
    "Language Modeling Is Compression" (ICLR 2024), `evaluate_compressor_chunked` in its code.
    """
    if ratio(cell) is None or has_model(cell):
        return None
    spared = cell.header_bytes * max(0, cell.slice.samples - 1)
    return (cell.coded_bytes - spared) / cell.slice.bytes


def encode_speed(cell: Cell) -> float | None:
    """Raw megabytes (10^6 bytes) encoded in a second of `Phase.times`."""
    return _speed(cell, cell.encode)


def decode_speed(cell: Cell) -> float | None:
    """Raw megabytes (10^6 bytes) decoded in a second of `Phase.times`."""
    return _speed(cell, cell.decode)


def peak_memory(cell: Cell) -> int | None:
    """Bytes that the codec added to its process, in the direction that took more."""
    phases = [phase for phase in (cell.encode, cell.decode) if phase is not None]
    return max(phase.memory_bytes for phase in phases) if cell.ok and phases else None


def _speed(cell: Cell, phase: Phase | None) -> float | None:
    if not cell.ok or phase is None or not cell.slice.bytes or not phase.seconds:
        return None
    return cell.slice.bytes / phase.seconds / 1e6
