"""A page: sections of prose, tables and charts, built once and rendered by every exporter."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from codelength.report.table import Table


@dataclass(frozen=True)
class Heading:
    """The start of a section."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Prose:
    """A paragraph; what stands between backticks is code. A `Bad` text tells of a failure."""

    text: str


@dataclass(frozen=True)
class Chart:
    """A picture that is drawn when an exporter wants it."""

    name: str
    """The name of its file."""
    caption: str
    draw: Callable[[], bytes]
    """Draws it, as SVG."""


@dataclass(frozen=True)
class Folded:
    """A table that opens on a click."""

    table: Table


Section = Heading | Prose | Table | Chart | Folded


@dataclass(frozen=True)
class Records:
    """The figures of a page as one flat table, for spreadsheets and data frames."""

    heads: Sequence[str]
    rows: Sequence[Sequence[object]]


class Document(Protocol):
    """What can be read from the beginning to the end."""

    @property
    def title(self) -> str:
        """What the page is headed with."""

    @property
    def summary(self) -> str:
        """One paragraph below the title."""

    @property
    def first(self) -> Sequence[Section]:
        """All of what a terminal shows, and the top of a file."""

    @property
    def details(self) -> Sequence[Section]:
        """The sections behind it."""


class Page(Document, Protocol):
    """What an exporter renders: sections to read, and the same figures as data."""

    @property
    def records(self) -> Records:
        """All figures, a line each."""

    @property
    def document(self) -> Mapping[str, object]:
        """All there is to know, as what can be written as JSON; `boards` in it are rankings."""


@dataclass(frozen=True)
class PlainPage:
    """A page whose parts are all there already."""

    title: str
    summary: str
    first: Sequence[Section]
    document: Mapping[str, object]
    records: Records
    details: Sequence[Section] = ()
