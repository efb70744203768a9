"""Rankings and reports out of cells; heavy libraries are imported when something is drawn."""

from codelength.report.overview import summary, tables
from codelength.report.rankings import KEYS
from codelength.report.table import Column, Table
from codelength.report.write import write

__all__ = ["KEYS", "Column", "Table", "summary", "tables", "write"]
