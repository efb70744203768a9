"""Numbers and names as they are printed: the only place where anything is rounded."""

import math
from collections.abc import Iterable, Mapping

from codelength.api.sampling import Limit, sample_size
from codelength.results.cell import CorpusSlice

NA = "n/a"
NEVER = "never"


def percent(rate: float | None) -> str:
    """0.28134 → `28.13`; four digits below one percent, none after the point past a thousand."""
    if rate is None:
        return NA
    value = 100 * rate
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.2f}" if value >= 1 or value <= 0 else f"{value:.4f}"


def bits(value: float | None) -> str:
    """Bits per byte: `2.251`."""
    return NA if value is None else f"{value:.3f}"


def significant(value: float | None, digits: int = 3) -> str:
    """As many digits that mean something, never an exponent: `1,234`, `12.3`, `0.0012`."""
    if value is None:
        return NA
    if not value:
        return "0"
    digits = min(digits, 2) if abs(value) < 0.01 else digits  # room, where speeds are tiny
    rounded = round(value, digits - 1 - math.floor(math.log10(abs(value))))
    decimals = digits - 1 - math.floor(math.log10(abs(rounded)))  # 9.996 has become 10.0
    return f"{rounded if decimals > 0 else value:,.{max(0, decimals)}f}"


def times(factor: float | None) -> str:
    """How many times: `2.34`, `31.2`."""
    return NA if factor is None else f"{factor:.2f}" if factor < 10 else f"{factor:,.1f}"


def megabytes(size: float | None) -> str:
    """Bytes as MB of 10^6, no finer than 10 kB: `268`, `7.6`, `0.04`."""
    if size is None:
        return NA
    value = size / 1e6
    return f"{value:,.0f}" if value >= 9.95 else f"{value:.1f}" if value >= 0.95 else f"{value:.2f}"


def count(value: int | None) -> str:
    """`2,810,784`."""
    return NA if value is None else f"{value:,}"


def size(value: float | None) -> str:
    """Bytes with a decimal unit: `2.81 MB`; `never` for an infinity."""
    if value is None:
        return NA
    if math.isinf(value):
        return NEVER
    for unit, scale in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if value >= scale:
            return f"{significant(value / scale)} {unit}"
    return f"{math.ceil(value)} B"


def interval(low: float | None, high: float | None) -> str:
    """Two ratios in percent: `27.90–28.41`."""
    return NA if low is None or high is None else f"{percent(low)}–{percent(high)}"


def plural(number: int, one: str, more: str = "") -> str:
    """`1 corpus`, `1,234 corpora`."""
    return f"{count(number)} {one if number == 1 else more or one + 's'}"


def versions(found: Mapping[str, str]) -> str:
    """`brotli 1.2.0, plugin codelength 0.1.0`."""
    return ", ".join(f"{name} {value}" for name, value in sorted(found.items()))


def protocol(corpus_slice: CorpusSlice) -> str:
    """`whole`; `whole, first 1,000 bytes`; `whole, sample of 2 MB`."""
    return ", ".join(filter(None, [corpus_slice.protocol, limit(corpus_slice.limit)]))


def limit(of: Limit) -> str:
    """`first 1,000 bytes`; `sample of 2 MB`; nothing where all was measured."""
    if isinstance(of, str):
        return f"sample of {size(sample_size(of))}"
    return "" if of is None else f"first {count(of)} bytes"


def draws(slices: Iterable[CorpusSlice]) -> str:
    """`64.0 MB of 512 MB: 1,024 blocks of up to 64 kB from 12 files`; nothing without a sample."""
    drawn = [(of, of.draw) for of in slices if of.draw]
    if not drawn:
        return ""
    blocks = plural(sum(draw.blocks for _, draw in drawn), "block")
    most = size(max(draw.block for _, draw in drawn))
    read = sum(min(draw.blocks, draw.files) for _, draw in drawn)
    files = plural(sum(draw.files for _, draw in drawn), "file")
    files = files if files == plural(read, "file") else f"{count(read)} of {files}"
    measured, total = sum(of.bytes for of, _ in drawn), sum(draw.bytes for _, draw in drawn)
    return f"{size(measured)} of {size(total)}: {blocks} of up to {most} from {files}"
