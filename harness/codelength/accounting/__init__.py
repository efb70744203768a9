"""What follows from measured cells: rates, priors paid for, ranks, means. Nothing is rounded here.

Everything gives None (or leaves a row out) where a cell is not `ok` or its corpus is empty: there
is no figure then, and no figure is not zero.
"""

from codelength.accounting.contamination import Seen, seen
from codelength.accounting.crossing import break_even
from codelength.accounting.means import CONFIDENCE, RESAMPLES, Mean, means
from codelength.accounting.price import STORED, WEIGHTS, Price, Tariff, charged
from codelength.accounting.ranks import Rank, geometric_mean, pareto, ranks
from codelength.accounting.rates import (
    DECODER,
    GB,
    adjusted,
    bits_per_byte,
    decode_speed,
    encode_speed,
    excess,
    header_once,
    learned_before,
    memory,
    prequential,
    prior_bytes,
    ratio,
)
from codelength.result import Cell

__all__ = [
    "CONFIDENCE",
    "DECODER",
    "GB",
    "RESAMPLES",
    "STORED",
    "WEIGHTS",
    "Cell",
    "Mean",
    "Price",
    "Rank",
    "Seen",
    "Tariff",
    "adjusted",
    "bits_per_byte",
    "break_even",
    "charged",
    "decode_speed",
    "encode_speed",
    "excess",
    "geometric_mean",
    "header_once",
    "learned_before",
    "means",
    "memory",
    "pareto",
    "prequential",
    "prior_bytes",
    "ranks",
    "ratio",
    "seen",
]
