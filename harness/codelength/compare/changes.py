"""Two runs side by side: the cells that both have, and those that only one has."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from codelength.compare.speeds import Factor, factor
from codelength.results.cell import Cell, CorpusSlice
from codelength.results.store import Results

DIRECTIONS = ("encode", "decode")


@dataclass(frozen=True)
class Pair:
    """One codec on one corpus, in both runs."""

    before: Cell
    after: Cell

    @property
    def codec(self) -> str:
        """The codec of both."""
        return self.before.codec

    @property
    def slice(self) -> CorpusSlice:
        """Of the first; its bytes are those of the second if they are `comparable`."""
        return self.before.slice

    @property
    def comparable(self) -> bool:
        """Whether both are ok, and coded the same bytes."""
        return self.before.ok and self.after.ok and same_data(self.before, self.after)

    @property
    def step(self) -> int:
        """Coded bytes more than before."""
        return self.after.coded_bytes - self.before.coded_bytes

    @property
    def effect(self) -> float:
        """How far the sizes are from each other, in either direction; 0 if they are equal."""
        if not self.step:
            return 0.0
        small, large = sorted((self.before.coded_bytes, self.after.coded_bytes))
        return large / small if small else float("inf")

    @property
    def rewritten(self) -> bool:
        """Whether the blobs differ, whatever their size; False where a run recorded no digest."""
        known = bool(self.before.blobs and self.after.blobs)
        return known and self.before.blobs != self.after.blobs

    @cached_property
    def factors(self) -> dict[str, Factor]:
        """By direction, how many times as long the second run took, where both were timed."""
        found = {
            direction: factor([(getattr(self.before, direction), getattr(self.after, direction))])
            for direction in DIRECTIONS
        }
        return {direction: made for direction, made in found.items() if made is not None}


@dataclass(frozen=True)
class Comparison:
    """All pairs of two runs, and what has no partner."""

    before: Results
    after: Results
    pairs: Sequence[Pair]
    only_before: Sequence[Cell]
    only_after: Sequence[Cell]

    @cached_property
    def comparable(self) -> list[Pair]:
        """Those whose figures may stand beside each other."""
        return [pair for pair in self.pairs if pair.comparable]

    @property
    def turned(self) -> list[Pair]:
        """Pairs of which a run has no figures: one only, or both for other reasons."""
        return [
            pair
            for pair in self.pairs
            if (pair.before.status, pair.before.reason) != (pair.after.status, pair.after.reason)
            and not (pair.before.ok and pair.after.ok)
        ]

    @property
    def other_data(self) -> list[Pair]:
        """Pairs that are ok and coded other bytes under the same name."""
        return [
            pair
            for pair in self.pairs
            if pair.before.ok and pair.after.ok and not same_data(pair.before, pair.after)
        ]


def compare(before: Results, after: Results) -> Comparison:
    """The latest cells of both, by codec, corpus, protocol and limit."""
    first = {cell.key: cell for cell in before.current}
    second = {cell.key: cell for cell in after.current}
    return Comparison(
        before,
        after,
        [Pair(cell, second[slot]) for slot, cell in first.items() if slot in second],
        [cell for slot, cell in first.items() if slot not in second],
        [cell for slot, cell in second.items() if slot not in first],
    )


def same_data(before: Cell, after: Cell) -> bool:
    """Whether both coded the same bytes, cut the same way."""
    return before.slice.identity == after.slice.identity


def grouped(pairs: Iterable[Pair]) -> dict[tuple[str, int | None], list[Pair]]:
    """Pairs by protocol and limit, which are never mixed in one mean."""
    groups: dict[tuple[str, int | None], list[Pair]] = defaultdict(list)
    for pair in pairs:
        groups[pair.slice.protocol, pair.slice.limit].append(pair)
    return groups
