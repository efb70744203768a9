"""Ideal code lengths of large corpora: in parallel, chunk by chunk, resumable, always estimates."""

from codelength.results.score import Score, load
from codelength_studies.score.run import Watch, score_all
from codelength_studies.score.table import scores, write

__all__ = ["Score", "Watch", "load", "score_all", "scores", "write"]
