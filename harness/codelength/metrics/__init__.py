"""What follows from measured cells: rates, prices, ranks, means. Nothing is rounded here.

A figure is None where a cell is not `ok` or its corpus is empty.
"""

from codelength.metrics.bootstrap import CONFIDENCE, RESAMPLES, draw_counts, percentile_interval
from codelength.metrics.contamination import Contamination, contamination_of
from codelength.metrics.inference import (
    FEWEST,
    METHOD,
    Mean,
    WholeEstimate,
    compute_means,
    estimate_whole,
)
from codelength.metrics.price import COMPRESSED, STORED, Price, Pricing, apply_price
from codelength.metrics.ranking import (
    Rank,
    assign_ranks,
    find_pareto_front,
    geometric_mean,
    kendall_tau,
    mean_places,
)
from codelength.metrics.rates import (
    DECODER,
    GB,
    adjusted_ratio,
    bits_per_byte,
    decode_speed,
    encode_speed,
    excess,
    has_model,
    header_once_ratio,
    peak_memory,
    ratio,
    total_model_bytes,
)

__all__ = [
    "COMPRESSED",
    "CONFIDENCE",
    "DECODER",
    "FEWEST",
    "GB",
    "METHOD",
    "RESAMPLES",
    "STORED",
    "Contamination",
    "Mean",
    "Price",
    "Pricing",
    "Rank",
    "WholeEstimate",
    "adjusted_ratio",
    "apply_price",
    "assign_ranks",
    "bits_per_byte",
    "compute_means",
    "contamination_of",
    "decode_speed",
    "draw_counts",
    "encode_speed",
    "estimate_whole",
    "excess",
    "find_pareto_front",
    "geometric_mean",
    "has_model",
    "header_once_ratio",
    "kendall_tau",
    "mean_places",
    "peak_memory",
    "percentile_interval",
    "ratio",
    "total_model_bytes",
]
