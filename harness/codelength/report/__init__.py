"""Rankings and reports out of cells; heavy libraries are imported when something is drawn."""

from codelength.report.export.files import write
from codelength.report.overview import summary, tables
from codelength.report.rankings import KEYS
from codelength.report.table import Column, Table

__all__ = ["KEYS", "Column", "Table", "summary", "tables", "write"]
