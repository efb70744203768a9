"""What rows can be ranked by. A new ranking key is one more entry of `KEYS`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from codelength.api.errors import unknown
from codelength.metrics import rates
from codelength.metrics.ranking import Rank, assign_ranks, geometric_mean
from codelength.results.cell import Cell

Figure = Callable[[Cell], float | None]


@dataclass(frozen=True)
class Key:
    """Something to rank by."""

    title: str
    figure: Figure
    """Its value for one cell."""
    larger: bool = False
    """Whether the larger value is the better one."""
    combine: Callable[[list[float]], float] = geometric_mean
    """Its value for several corpora."""

    @property
    def direction(self) -> str:
        """Which end is the better one, in words."""
        return "larger is better" if self.larger else "smaller is better"

    def rank(self, values: Mapping[str, float | None]) -> dict[str, Rank]:
        """Rank those that have a value, the best first."""
        sign = -1 if self.larger else 1
        costs = {name: sign * value for name, value in values.items() if value is not None}
        ranked = zip(costs, assign_ranks(list(costs.values())), strict=True)
        return dict(sorted(ranked, key=lambda item: item[1].place))


KEYS = {
    "ratio": Key("size", rates.ratio),
    "adjusted": Key("size with the model", rates.adjusted_ratio),
    "encode": Key("encode speed", rates.encode_speed, larger=True),
    "decode": Key("decode speed", rates.decode_speed, larger=True),
    "memory": Key("memory", rates.peak_memory, combine=max),
}


def find_key(name: str) -> Key:
    """Look a key up. Raises UsageError."""
    if name not in KEYS:
        raise unknown("ranking key", name, KEYS, "codelength report --help")
    return KEYS[name]
