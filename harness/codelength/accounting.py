"""What follows from measured cells: rates, priors paid for, ranks, means. Nothing is rounded here.

Everything gives None (or leaves a row out) where a cell is not `ok` or its corpus is empty: there
is no figure then, and no figure is not zero.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zlib import crc32

from codelength.result import Cell, Phase, cut_key

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

GB = 10**9
RESAMPLES = 1000
CONFIDENCE = 0.95


def ratio(cell: Cell) -> float | None:
    """Coded bytes for each raw byte; smaller is better."""
    return cell.coded_bytes / cell.cut.bytes if cell.ok and cell.cut.bytes else None


def bits_per_byte(cell: Cell) -> float | None:
    """Coded bits for each raw byte."""
    rate = ratio(cell)
    return None if rate is None else 8 * rate


def excess(cell: Cell) -> float | None:
    """Bits per byte above the entropy of the source, where that is known."""
    bpb = bits_per_byte(cell)
    return None if bpb is None or cell.cut.entropy is None else bpb - cell.cut.entropy


def prior_bytes(cell: Cell) -> int:
    """What the receiver must already hold, all of it together."""
    return sum(cell.prior.values())


def adjusted(cell: Cell, size: int | None = None) -> float | None:
    """The ratio with the prior as part of the message: C/N + M/N′, where N′ is `size` bytes of
    such data, or the bytes of the corpus itself."""
    rate = ratio(cell)
    return None if rate is None else rate + prior_bytes(cell) / (size or cell.cut.bytes)


def header_once(cell: Cell) -> float | None:
    """The ratio as the published protocol counts it: of the fixed headers of all blobs, only one.

    The header is the blob for one zero byte. Only for codecs without a prior. Delétang et al.,
    "Language Modeling Is Compression" (ICLR 2024), `evaluate_compressor_chunked` in its code.
    """
    if ratio(cell) is None or prior_bytes(cell):
        return None
    spared = cell.header_bytes * max(0, cell.cut.samples - 1)
    return (cell.coded_bytes - spared) / cell.cut.bytes


def break_even(larger: Cell, smaller: Cell) -> float | None:
    """Bytes of such data from which on the codec with the larger prior is the cheaper of the two:
    N* = ΔM / (rate of the smaller − rate of the larger); infinite where that never happens."""
    more, rate, other = prior_bytes(larger) - prior_bytes(smaller), ratio(larger), ratio(smaller)
    if rate is None or other is None or cut_key(larger.cut) != cut_key(smaller.cut):
        return None
    if more < 0:
        raise ValueError(f"{larger.codec} has a smaller prior than {smaller.codec}")
    return more / (other - rate) if rate < other else math.inf


def encode_speed(cell: Cell) -> float | None:
    """Raw megabytes (10^6 bytes) encoded in a CPU second."""
    return _speed(cell, cell.encode)


def decode_speed(cell: Cell) -> float | None:
    """Raw megabytes (10^6 bytes) decoded in a CPU second."""
    return _speed(cell, cell.decode)


def memory(cell: Cell) -> int | None:
    """Bytes that the hungrier of the two directions added to its process."""
    phases = [phase for phase in (cell.encode, cell.decode) if phase is not None]
    return max(phase.memory_bytes for phase in phases) if cell.ok and phases else None


@dataclass(frozen=True)
class Rank:
    """A place from 1 on; several share it if `tied`, and the places after them are left out."""

    place: int
    tied: bool

    def __str__(self) -> str:
        return f"{self.place}=" if self.tied else str(self.place)


def ranks(values: Sequence[float]) -> list[Rank]:
    """The rank of each value, the smallest first. Equal is equal: nothing is rounded before."""
    return [Rank(1 + sum(v < value for v in values), values.count(value) > 1) for value in values]


def pareto(points: Sequence[tuple[float, float]]) -> list[bool]:
    """For each (cost, speed), whether no other point is at least as good in both and better in
    one."""
    return [
        not any(c <= cost and s >= speed and (c, s) != (cost, speed) for c, s in points)
        for cost, speed in points
    ]


def geometric_mean(values: Sequence[float]) -> float:
    """The mean under which halving one ratio is worth as much as halving any other."""
    if not values:
        raise ValueError("nothing has no mean")
    return 0.0 if min(values) == 0 else math.exp(math.fsum(map(math.log, values)) / len(values))


@dataclass(frozen=True)
class Mean:
    """A geometric mean of ratios over corpora, or how many of them there were to average."""

    value: float | None
    """None over a hole."""
    low: float | None
    high: float | None
    done: int
    of: int
    rigid: int
    """Corpora of a single group, which cannot be resampled: they add nothing to the interval."""


def means(
    rows: Mapping[str, Sequence[Cell | None]], resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, Mean]:
    """For each row (a codec's cells, one for each corpus of a board, in the same order) the
    geometric mean of its ratios, with a percentile bootstrap interval of 95%.

    Resampled are the groups of samples within each corpus, the same ones for every codec; the
    choice of corpora is taken as given. A row with a hole has no mean. The draws of a corpus
    depend on `seed` and on the corpus alone.
    """
    results: dict[str, Mean] = {}
    whole: dict[str, list[Cell]] = {}
    for name, cells in rows.items():
        good = [cell for cell in cells if cell is not None and ratio(cell) is not None]
        if good and len(good) == len(cells):
            whole[name] = good
        results[name] = Mean(None, None, None, len(good), len(cells), 0)
    for name, (low, high) in _intervals(whole, resamples, seed).items():
        value = geometric_mean([cell.coded_bytes / cell.cut.bytes for cell in whole[name]])
        rigid = sum(len(cell.groups) < 2 for cell in whole[name])
        size = len(whole[name])
        # One group apiece has no spread at all, and rounding must not show one.
        bounds = (value, value) if rigid == size else (low, high)
        results[name] = Mean(value, *bounds, size, size, rigid)
    return results


def _intervals(
    whole: Mapping[str, Sequence[Cell]], resamples: int, seed: int
) -> dict[str, tuple[float, float]]:
    if not whole:
        return {}
    import numpy as np

    names = list(whole)
    corpora = len(whole[names[0]])
    logs = np.zeros((len(names), resamples))
    for corpus in range(corpora):
        draws: dict[int, NDArray[np.float64]] = {}  # codecs of one corpus share their draws
        for row, name in enumerate(names):
            cell = whole[name][corpus]
            pairs = cell.groups or [(cell.cut.bytes, cell.coded_bytes)]
            if len(pairs) not in draws:
                draws[len(pairs)] = _draws(cell, len(pairs), resamples, seed)
            raw, coded = (draws[len(pairs)] @ np.array(pairs, np.float64)).T
            with np.errstate(divide="ignore", invalid="ignore"):  # a draw of empty files only
                logs[row] += np.log(coded / raw)
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.exp(np.nanpercentile(logs / corpora, [tail, 100 - tail], axis=1))
    return {name: (float(low[row]), float(high[row])) for row, name in enumerate(names)}


def _draws(cell: Cell, groups: int, resamples: int, seed: int) -> "NDArray[np.float64]":
    """How often each group was drawn in each resample: (resamples, groups)."""
    import numpy as np

    random = np.random.default_rng([seed, crc32(" ".join(cut_key(cell.cut)).encode())])
    drawn = random.integers(groups, size=(resamples, groups))
    places = drawn + groups * np.arange(resamples)[:, None]
    counts = np.bincount(places.ravel(), minlength=resamples * groups)
    return counts.reshape(resamples, groups).astype(np.float64)


def _speed(cell: Cell, phase: Phase | None) -> float | None:
    if not cell.ok or phase is None or not cell.cut.bytes or not phase.cpu_seconds:
        return None
    return cell.cut.bytes / phase.cpu_seconds / 1e6
