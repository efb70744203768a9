"""What can go wrong, as types; each message is one line: the thing, the fact, the next move."""

from collections.abc import Iterable
from difflib import get_close_matches


class CodelengthError(Exception):
    """Something that a person can mend; printed as one line, without traceback."""

    exit_code = 2


class UsageError(CodelengthError):
    """Bad usage: something that does not exist, or a value that is not allowed."""


class Unavailable(CodelengthError):
    """A codec or a corpus is known but cannot be used here: a library or its data is missing."""


class Unsupported(CodelengthError):
    """A codec declines this input by design; the cell's status is `unsupported`."""


class CorruptBlob(CodelengthError):
    """A blob that no encode of this codec can have returned."""


class CorpusError(CodelengthError):
    """A corpus whose bytes cannot be read, or are not the ones that were promised."""

    exit_code = 3


class StoreError(CodelengthError):
    """Results that cannot be written or read back."""

    exit_code = 3


def unknown(kind: str, name: str, known: Iterable[str], listing: str) -> UsageError:
    """The error for a name that nothing answers to, with the nearest name that something does."""
    names = sorted(set(known))
    near = get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return UsageError(f"no {kind} {name!r}; {hint}{listing!r} shows all {len(names)}")
