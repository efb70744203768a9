"""Results of many people and machines as one ranking, with what stands behind each row."""

from codelength.report.export.csv import sheet
from codelength.report.export.html import page
from codelength.report.export.json import Document, document, encoded
from codelength.report.leaderboard_tables import TITLE, markdown, tables
from codelength.report.merge import Leaderboard, leaderboard
from codelength.report.submissions import read

__all__ = [
    "TITLE",
    "Document",
    "Leaderboard",
    "document",
    "encoded",
    "leaderboard",
    "markdown",
    "page",
    "read",
    "sheet",
    "tables",
]
