"""What follows from measured cells: rates, priors paid for, ranks, means. Nothing is rounded here.

Everything gives None (or leaves a row out) where a cell is not `ok` or its corpus is empty: there
is no figure then, and no figure is not zero.
"""

from codelength.metrics.break_even import break_even
from codelength.metrics.contamination import Seen, seen
from codelength.metrics.means import CONFIDENCE, RESAMPLES, Mean, means
from codelength.metrics.price import STORED, Price, Pricing, apply_price
from codelength.metrics.ranking import Rank, geometric_mean, pareto, ranks
from codelength.metrics.rates import (
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
    ratio,
    total_model_bytes,
)
from codelength.results.cell import Cell

__all__ = [
    "CONFIDENCE",
    "DECODER",
    "GB",
    "RESAMPLES",
    "STORED",
    "Cell",
    "Mean",
    "Price",
    "Pricing",
    "Rank",
    "Seen",
    "adjusted",
    "apply_price",
    "bits_per_byte",
    "break_even",
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
    "ranks",
    "ratio",
    "seen",
    "total_model_bytes",
]
