"""What changed between two runs: exactly for sizes, with intervals for speeds."""

from codelength.compare.changes import Comparison, compare
from codelength.compare.json import document, encoded
from codelength.compare.tables import markdown, summary, tables

__all__ = ["Comparison", "compare", "document", "encoded", "markdown", "summary", "tables"]
