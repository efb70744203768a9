"""The baseline: what a grid gave when it was last accepted, in one committed JSON file.

Every record is a line of its own, and so is the comma between two of them. So a diff shows what an
update changed, and branches that changed different records can be merged.
"""

import json
import os
import re
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Literal, TypeVar

import msgspec
from msgspec.structs import fields, replace

from codelength.api.errors import StoreError
from codelength.results.cell import Cell, CellKey, Status, Struct
from codelength.results.files import lock_file, write_file

SCHEMA = 2
"""Raised when a field changes its meaning; a reader refuses files with a higher one."""

LIMIT = 20_000
"""Bytes of each corpus in a new grid: enough to see a size change, and quick."""

Clock = Literal["cpu", "wall"]
R = TypeVar("R")


class Grid(Struct, frozen=True):
    """What every codec of a baseline has to code."""

    corpora: list[str]
    protocols: list[str]
    limit: int | None = None
    """Bytes of each corpus."""

    def keys(self, codecs: Iterable[str]) -> Iterator[CellKey]:
        """Return the keys of all cells of some codecs, in order."""
        for codec, corpus, protocol in product(codecs, self.corpora, self.protocols):
            yield CellKey(codec, corpus, protocol, self.limit)


class DefaultRows(Struct, frozen=True):
    """The codecs that a plugin offered by default, those too that the baseline has no cells of."""

    plugin: str
    codecs: list[str]


class ExpectedCell(Struct, frozen=True):
    """What a cell of the grid gave.

    It is compared only with a cell of the same codec, protocol, library versions and corpus digest.
    """

    codec: str
    corpus: str
    protocol: str
    raw_bytes: int
    digest: str
    """Of the corpus slice."""
    versions: dict[str, str] = {}
    coded_bytes: int = 0
    blobs: str = ""
    """SHA-256 over the blobs, each behind its length."""
    declined: bool = False
    """The codec does not take such data, by design."""


class BaselineTiming(Struct, frozen=True, rename={"prefix_bytes": "piece", "contention": "state"}):
    """How long a codec took when the baseline was made: see `timing`."""

    codec: str
    clock: Clock
    prefix_bytes: int
    """At most so many bytes of each corpus were timed."""
    contention: float
    """Of the quiet rounds: see `stopwatch.Round.contention`."""
    encode: list[float]
    """For each pass, the logarithm of the codec's time over that of the references."""
    decode: list[float]
    on: dict[str, str] = {}
    """Processor and interpreter. Times from others are not compared with it."""


class Baseline(Struct, frozen=True, rename={"provenance": "made", "timings": "paces"}):
    """The contents of the file."""

    schema: int
    provenance: dict[str, str]
    """When the file was first made, and by which codelength. Updates keep it."""
    grid: Grid
    cells: list[ExpectedCell]
    rows: list[DefaultRows] = []
    timings: list[BaselineTiming] = []

    @property
    def codecs(self) -> list[str]:
        """The codecs that it has cells of."""
        return list(dict.fromkeys(cell.codec for cell in self.cells))

    @property
    def by_key(self) -> dict[CellKey, ExpectedCell]:
        """The cells by their keys."""
        limit = self.grid.limit
        return {CellKey(c.codec, c.corpus, c.protocol, limit): c for c in self.cells}

    def cells_of(self, codec: str) -> list[ExpectedCell]:
        """The cells of a codec."""
        return [cell for cell in self.cells if cell.codec == codec]

    def updated(self, new: "Baseline", gone: Collection[str] = ()) -> "Baseline":
        """Replace the cells of the codecs in `new`, and those rows and timings that `new` has.

        If the corpora are not the same in both, `new` takes the place of everything. The records
        are sorted, so that their place depends on their names alone.

        Args:
            gone: Codecs to take out.
        """
        old = self if self.grid == new.grid else new
        cells = [c for c in old.cells if c.codec not in {*new.codecs, *gone}] + new.cells
        rows = {record.plugin: record for record in [*old.rows, *new.rows]}
        timings = {t.codec: t for t in [*old.timings, *new.timings] if t.codec not in gone}
        return replace(
            old,
            cells=sorted(cells, key=lambda cell: (cell.codec, cell.corpus, cell.protocol)),
            rows=[rows[plugin] for plugin in sorted(rows)],
            timings=[timings[codec] for codec in sorted(timings)],
        )


def to_expected(cell: Cell) -> ExpectedCell:
    """Convert a measured cell, which has to be ok or declined by its codec."""
    declined = cell.status is Status.UNSUPPORTED
    assert cell.ok or declined, cell.status
    return ExpectedCell(
        codec=cell.codec,
        corpus=cell.slice.corpus,
        protocol=cell.slice.protocol,
        raw_bytes=cell.slice.bytes,
        digest=cell.slice.digest,
        versions=library_versions(cell),
        coded_bytes=cell.coded_bytes,
        blobs=cell.blobs,
        declined=declined,
    )


def library_versions(cell: Cell) -> dict[str, str]:
    """Return what the blobs depend on, without the plugin itself.

    The plugin is what the gate tests, so cells of its old and new version have to be compared.
    """
    package = _canonical(cell.plugin.rpartition(" ")[0])
    depends_on = sorted({**cell.versions, **cell.digests}.items())
    return {name: version for name, version in depends_on if _canonical(name) != package}


def load(path: Path) -> Baseline | None:
    """Read a baseline file, of an earlier schema, too; None if there is no such file.

    Raises:
        StoreError: The file cannot be read, or has something twice.
    """
    try:
        data = _BETWEEN.sub(b"}\n,\n{", path.read_bytes())
        if data.startswith(b"<<<<<<< ") or b"\n<<<<<<< " in data:
            raise StoreError(
                f"{path} has the conflict of a merge; keep the lines of both sides, or --update "
                "the one that you take"
            )
        if (schema := msgspec.json.decode(data, type=_Versioned).schema) > SCHEMA:
            raise StoreError(
                f"{path} has schema {schema}, this codelength reads up to {SCHEMA}; update it"
            )
        stored = msgspec.json.decode(data, type=_Stored)
        stored = replace(stored, cells=_once(stored.cells), timings=_once(stored.timings))
        twice = _find_twice(data, stored)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from error
    except (msgspec.MsgspecError, ValueError) as error:
        raise StoreError(
            f"{path} is no baseline: {error}; remove it, and --update makes a new one"
        ) from error
    if twice:
        raise StoreError(
            f"{path} has {twice} twice, as a merge that kept both sides; remove one of the lines"
        )
    return Baseline(
        schema=SCHEMA,
        provenance=stored.provenance,
        grid=stored.grid,
        rows=_joined(stored.rows),
        cells=stored.cells,
        timings=[t if t.on else replace(t, on=stored.timed) for t in stored.timings],
    )


def update_file(
    path: Path, new: Baseline, gone: Collection[str] = ()
) -> tuple[Baseline | None, Baseline]:
    """Put the records of `new` into a baseline file; if they change nothing, leave it as it is.

    Args:
        gone: Codecs to take out.

    Returns:
        What was in the file, and what is in it now.

    Raises:
        StoreError: The file cannot be read or written.
    """
    with _locked(path.resolve().parent):  # another process may have written it meanwhile
        before = load(path)
        after = (before or new).updated(new, gone)
        if after != before:
            write_file(path, to_json(after))
    return before, after


def to_json(baseline: Baseline) -> bytes:
    """Write JSON with one line for each field and each record of a list, and for each comma.

    So no line of a record depends on what stands before or behind it. Four lines stand between the
    records of two lists: git takes changes with three lines between them for one.
    """
    lines = []
    for field in fields(baseline):
        value = getattr(baseline, field.name)
        text = " " + msgspec.json.encode(value).decode()
        if isinstance(value, list):
            records = "\n,\n".join(msgspec.json.encode(v).decode() for v in value)
            text = f"\n[\n{records}\n]" if value else "\n[\n]"
        lines.append(f'"{field.encode_name}":{text}')
    return ("{\n" + "\n,\n".join(lines) + "\n}\n").encode()


_BETWEEN = re.compile(rb"\}[\s,]*\n[\s,]*\{")
"""Between two records: a merge by hand may leave a comma too many, or none."""


class _Versioned(msgspec.Struct):
    schema: int


class _Stored(Baseline, frozen=True):
    timed: dict[str, str] = {}
    """In schema 1: what `BaselineTiming.on` is for every timing."""


def _once(records: list[R]) -> list[R]:
    """Leave out what is there again as it was: a merge may repeat what stands between changes."""
    return list({msgspec.json.encode(record): record for record in records}.values())


def _joined(rows: list[DefaultRows]) -> list[DefaultRows]:
    """Return one record for each plugin: two branches may each have added a codec to it."""
    codecs: dict[str, set[str]] = {}
    for record in rows:
        codecs.setdefault(record.plugin, set()).update(record.codecs)
    return [DefaultRows(plugin=name, codecs=sorted(own)) for name, own in codecs.items()]


def _find_twice(data: bytes, baseline: Baseline) -> str | None:
    """Name a field, a cell or the times of a codec, if the file has two of it."""
    names = [f"the field {name!r}" for name, _ in json.loads(data, object_pairs_hook=list)]
    names += [f"the cell {c.codec} on {c.corpus} ({c.protocol})" for c in baseline.cells]
    names += [f"the times of {timing.codec}" for timing in baseline.timings]
    return next((name for name, number in Counter(names).items() if number > 1), None)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other processes out of this block for the same folder."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if sys.platform == "win32":  # which opens no folders
            descriptor = os.open(folder / ".codelength-lock", os.O_RDWR | os.O_CREAT)
        else:
            descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise StoreError(f"{folder} cannot be written: {error.strerror}") from error
    try:
        lock_file(descriptor, wait=True)
        yield
    finally:
        os.close(descriptor)


def _canonical(package: str) -> str:
    return package.lower().replace("_", "-").replace(".", "-")
