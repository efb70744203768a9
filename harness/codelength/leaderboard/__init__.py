"""Results of many people and machines as one ranking, with what stands behind each row."""

from codelength.leaderboard.document import Document, document, encoded
from codelength.leaderboard.folders import read
from codelength.leaderboard.merge import Leaderboard, leaderboard
from codelength.leaderboard.page import page
from codelength.leaderboard.sheet import sheet
from codelength.leaderboard.tables import TITLE, markdown, tables

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
