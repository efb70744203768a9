"""Documents of a data set: rows of JSONL, CSV or Parquet, one sample each."""

import csv
import gzip
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from glob import glob
from importlib.util import find_spec
from io import TextIOWrapper
from pathlib import Path
from typing import IO, ClassVar, Self, cast

from codelength import TEXT, Corpus, Sample, Unavailable, UsageError, hookimpl
from codelength.api.errors import CorpusError
from codelength.api.spec import written

Row = dict[str, object]
LINES, TABLES, PARQUET = (".jsonl", ".ndjson"), (".csv", ".tsv"), ".parquet"
SUFFIXES = (*LINES, *TABLES, PARQUET)


@dataclass(frozen=True)
class Documents(Corpus):
    """A column of texts: each row of the files is a document, and a cluster of its own.

    `location` is a file, a folder or a pattern. Rows without a text are not measured; the label
    says how many there are.
    """

    name: ClassVar[str] = "documents"
    kind: ClassVar[str] = "text"
    title: ClassVar[str] = (
        "rows of JSONL, CSV or Parquet: documents:FILE,column=text,id=url; also a folder or *.jsonl"
    )
    licence: ClassVar[str] = "yours"
    location: str = ""
    column: str = "text"
    id: str | None = None
    """The column that names documents; without it they are named by the number of the row."""

    @classmethod
    def from_settings(cls, settings: str) -> Self:
        """Parse what follows `documents:`: a location and then settings."""
        location, *rest = settings.split(",")
        given = dict(part.partition("=")[::2] for part in rest)
        if unknown := set(given) - {"column", "id"}:
            raise UsageError(
                f"documents has no setting {sorted(unknown)[0]!r}; it takes "
                "documents:FILE,column=NAME,id=NAME"
            )
        return cls(location.removeprefix("location="), **given)

    @property
    def spec(self) -> str:
        settings = written(self).partition(",")[2]
        return f"documents:{self.location}" + (f",{settings}" if settings else "")

    @property
    def label(self) -> str:
        without = self.__dict__.get("_without", 0)
        return "local" + (f"; {without} rows without {self.column!r}" if without else "")

    def places(self) -> list[Path]:
        return self._files()

    def check_available(self) -> None:
        files = self._files()
        if not files:
            raise UsageError(
                f"no file {self.location!r} with documents; documents:… takes a file, a folder or "
                f"a pattern; files end in {', '.join(SUFFIXES)}, and all but the last also in .gz"
            )
        if find_spec("pyarrow") is None and any(file.suffix == PARQUET for file in files):
            raise Unavailable(
                "documents of Parquet files need pyarrow: python -m pip install pyarrow"
            )

    def samples(self) -> Iterator[Sample]:
        """Raises CorpusError, naming the file and the row, for what is not a table of texts."""
        self.check_available()
        without = 0
        for file in self._files():
            for number, row in enumerate(_rows(file, self._columns), 1):
                place = f"{file.name}#{number}"
                for column in self._columns:
                    if column not in row:
                        raise CorpusError(
                            f"{file}: row {number} has no {column!r}; it has "
                            f"{', '.join(map(repr, row)) or 'nothing'}"
                        )
                text = row[self.column]
                if text is None:
                    without += 1
                    continue
                if not isinstance(text, str):
                    raise CorpusError(
                        f"{file}: {self.column!r} of row {number} is {type(text).__name__}, no text"
                    )
                name = place if self.id is None else f"{file.name}#{row[self.id]}"
                yield Sample(name, text.encode("utf-8", "surrogatepass"), TEXT, place)
        self.__dict__["_without"] = without

    @property
    def _columns(self) -> list[str]:
        return [self.column, *([self.id] if self.id else [])]

    def _files(self) -> list[Path]:
        root = Path(self.location).expanduser()
        if root.is_dir():
            found: Iterable[Path] = (path for path in root.rglob("*") if _suffix(path) in SUFFIXES)
        elif root.is_file():
            found = [root]
        else:
            found = map(Path, glob(str(root), recursive=True))  # noqa: PTH207 - it may be absolute
        return sorted(path for path in found if path.is_file())


def _suffix(file: Path) -> str:
    """The suffix that says what is in the file, without .gz."""
    plain = file.with_suffix("") if file.suffix == ".gz" else file
    return plain.suffix.lower()


def _rows(file: Path, columns: list[str]) -> Iterator[Row]:
    """Read the rows of a file. Raises CorpusError."""
    suffix = _suffix(file)
    try:
        if suffix == PARQUET:
            yield from _parquet(file, columns)
        elif suffix in LINES or suffix in TABLES:
            with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as opened:
                stream = cast("IO[bytes]", opened)
                yield from _lines(stream) if suffix in LINES else _table(stream, suffix)
        else:
            raise CorpusError(
                f"{file} has no documents: it is to end in one of {', '.join(SUFFIXES)}"
            )
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise CorpusError(f"{file} cannot be read: {error}") from error


def _lines(stream: IO[bytes]) -> Iterator[Row]:
    for number, line in enumerate(stream, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise CorpusError(f"{stream.name}: line {number} is no JSON: {error}") from error
        if not isinstance(row, dict):
            raise CorpusError(f"{stream.name}: line {number} is no JSON object")
        yield row


def _table(stream: IO[bytes], suffix: str) -> Iterator[Row]:
    csv.field_size_limit(1 << 30)
    with TextIOWrapper(stream, "utf-8-sig", newline="") as text:
        for row in csv.DictReader(text, delimiter="\t" if suffix == ".tsv" else ","):
            yield {str(name): value for name, value in row.items() if name is not None}


def _parquet(file: Path, columns: list[str]) -> Iterator[Row]:
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        with ParquetFile(file) as table:
            known = [name for name in columns if name in table.schema_arrow.names]
            if len(known) < len(columns):
                yield dict.fromkeys(table.schema_arrow.names)
            for batch in table.iter_batches(1024, columns=known):
                yield from batch.to_pylist()
    except ArrowException as error:
        raise CorpusError(f"{file} cannot be read: {error}") from error


@hookimpl
def codelength_corpora() -> list[Corpus]:
    return [Documents()]
