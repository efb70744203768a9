"""Geometric means over the corpora that both runs have, for each codec."""

from collections.abc import Sequence
from dataclasses import dataclass

from codelength.compare.changes import DIRECTIONS, Comparison, Pair, grouped
from codelength.compare.speeds import Factor, factor
from codelength.metrics import geometric_mean, ratio


@dataclass(frozen=True)
class Average:
    """One codec under one protocol. Without a ratio if it is not ok, in either run, on one of the
    corpora: nothing is averaged over a hole."""

    protocol: str
    limit: int | None
    codec: str
    done: int
    of: int
    """Corpora of the protocol that both runs have, with the same bytes; controls not counted."""
    turned: bool
    """Whether one of the cells is ok in one run only."""
    before: float | None = None
    after: float | None = None
    factors: dict[str, Factor] | None = None

    @property
    def changed(self) -> bool:
        """Whether there is something to say: another size, a clear change of speed, a new hole."""
        if self.before is None:
            return self.turned
        return self.before != self.after or any(f.clear for f in (self.factors or {}).values())

    @property
    def effect(self) -> tuple[float, float]:
        """How far the ratios are from each other, then how far the speeds are."""
        ratios = sorted((self.before or 1.0, self.after or 1.0))
        speeds = max((f.effect for f in (self.factors or {}).values() if f.clear), default=1.0)
        return ratios[1] / ratios[0], speeds


def averages(compared: Comparison) -> list[Average]:
    """For each protocol and limit, each codec, in the order of the first run."""
    found = []
    for (protocol, limit), pairs in grouped(compared.pairs).items():
        corpora = {pair.slice.corpus for pair in pairs if _counts(pair)}
        by_codec: dict[str, list[Pair]] = {}
        for pair in pairs:
            by_codec.setdefault(pair.codec, []).append(pair)
        for codec, mine in by_codec.items():
            good = [pair for pair in mine if _counts(pair)]
            turned = any(pair.before.ok != pair.after.ok for pair in mine)
            head = (protocol, limit, codec, len(good), len(corpora), turned)
            whole = len(good) == len(corpora) and good
            found.append(Average(*head, *_means(good)) if whole else Average(*head))
    return found


def _counts(pair: Pair) -> bool:
    return pair.comparable and pair.slice.bytes > 0 and pair.slice.entropy is None


def _means(pairs: Sequence[Pair]) -> tuple[float, float, dict[str, Factor]]:
    before = [rate for pair in pairs if (rate := ratio(pair.before)) is not None]
    after = [rate for pair in pairs if (rate := ratio(pair.after)) is not None]
    made = {
        direction: factor(
            [(getattr(p.before, direction), getattr(p.after, direction)) for p in pairs]
        )
        for direction in DIRECTIONS
    }
    factors = {direction: found for direction, found in made.items() if found is not None}
    return geometric_mean(before), geometric_mean(after), factors
