"""Boards out of results: merged, ranked, and exported as pages."""

from codelength.report.table import Column, Table

__all__ = ["Column", "Table"]
