"""What changed between two runs: sizes exactly, speeds with intervals."""

from codelength.compare.changes import Comparison, compare
from codelength.compare.json import to_json
from codelength.compare.tables import summarize, to_markdown, to_tables

__all__ = ["Comparison", "compare", "summarize", "to_json", "to_markdown", "to_tables"]
