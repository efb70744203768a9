"""The journal of a study: what was measured, by key, so that nothing is measured twice."""

from collections.abc import Sequence
from functools import reduce
from hashlib import sha256
from operator import or_
from pathlib import Path
from typing import Generic, NamedTuple, Protocol, Self, TypeVar

import msgspec

from codelength.results.journal import Journal, find_journals, records


class Key(NamedTuple):
    """What a record is about."""

    distribution: str
    """The digest of codec, settings, libraries, weights and code."""
    data: str
    """The digest of the bytes and of what was asked about them."""


class Keyed(Protocol):
    """A record that says what it is about."""

    @property
    def key(self) -> Key: ...


R = TypeVar("R", bound=Keyed)
K = TypeVar("K")


class StudyJournal(Generic[R]):
    """Records in JSON lines, one file a writer; of two with the same key the later one counts.

    A file is open for writing while the journal is used as a context. Without a folder the
    records are kept in memory alone.
    """

    def __init__(
        self,
        folder: Path | None,
        file: str,
        kinds: Sequence[type[R]],
        skipped: Sequence[type] = (),
        fresh: bool = False,
    ) -> None:
        """Read the journals of a folder that are called `file`, or like it; see `find_journals`.

        Args:
            kinds: Of records.
            skipped: Kinds of records that older versions wrote into the same file.
            fresh: Do not find what is in the file.

        Raises:
            StoreError: A file cannot be read, or none can be written.
        """
        self.problems: list[str] = []
        """The lines that are no records, and why."""
        self._file = None if folder is None else Journal(folder, file)
        self._records: dict[tuple[type, Key], R] = {}
        if folder is not None:
            decoder: msgspec.json.Decoder[R]
            decoder = msgspec.json.Decoder(reduce(or_, [*kinds, *skipped]))
            for journal in [] if fresh else find_journals(folder, file):
                for record in records(journal, decoder.decode, self.problems):
                    if type(record) in kinds:
                        self._records[type(record), record.key] = record

    def find(self, kind: type[K], key: Key) -> K | None:
        """Return the record of this kind with this key, if there is one."""
        record = self._records.get((kind, key))
        return record if isinstance(record, kind) else None

    def append(self, record: R) -> None:
        """Store one record at once. Raises StoreError."""
        self._records[type(record), record.key] = record
        if self._file is not None:
            self._file.append(record)  # type: ignore[arg-type]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._file is not None:
            self._file.__exit__(*error)


def distribution_digest(spec: str, versions: dict[str, str], code: str) -> str:
    """Return a digest that changes with the settings, the libraries, the weights and the code."""
    facts = [spec, *(f"{name} {value}" for name, value in sorted(versions.items())), code]
    return sha256("\n".join(facts).encode()).hexdigest()[:32]


def data_digest(*parts: object) -> str:
    """Return a digest of what was asked about some data."""
    return sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()[:32]
