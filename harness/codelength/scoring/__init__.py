"""Ideal code lengths of large corpora: in parallel, chunk by chunk, resumable, always estimates."""

from codelength.scoring.records import Score, load
from codelength.scoring.run import Watch, score_all
from codelength.scoring.table import scores, write

__all__ = ["Score", "Watch", "load", "score_all", "scores", "write"]
