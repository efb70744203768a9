"""Files and pipes that bytes come from and go to; a file appears whole or not at all."""

import os
import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from codelength.api.errors import UsageError
from codelength.workers.calls import report_progress
from codelength_container.fields import ContainerError

PIPE = "-"
STANDARD_INPUT = "standard input"


@dataclass(frozen=True)
class Input:
    """An open file, or standard input; another process may have it open under the same number."""

    descriptor: int
    name: str
    """What messages call it."""
    size: int
    """0 for a pipe."""
    mode: int
    """Who may read what is made of it; the umask is still to be taken off."""


@contextmanager
def opened(file: str) -> Iterator[Input]:
    """Open a file, or standard input for `-`. Raises UsageError."""
    try:
        descriptor = os.dup(0) if file == PIPE else os.open(file, os.O_RDONLY)
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    try:
        if Path(file).is_dir():
            raise UsageError(f"{file} cannot be read: Is a directory")
        status = os.fstat(descriptor)
        if file == PIPE:
            yield Input(descriptor, STANDARD_INPUT, status.st_size, 0o666)
        else:
            yield Input(descriptor, file, status.st_size, status.st_mode & 0o777)
    finally:
        os.close(descriptor)


@contextmanager
def output(out: str, force: bool, mode: int) -> Iterator[int]:
    """Open a descriptor for a file that appears when all is written.

    If `out` is `-`, it is that of standard output. Raises UsageError, ContainerError.
    """
    if out != PIPE:
        with appearing(Path(out).resolve(), force, mode) as descriptor:
            yield descriptor
    elif os.isatty(1):
        raise UsageError("standard output is a terminal; name a file with -o, or use a pipe")
    else:
        descriptor = os.dup(1)
        try:
            yield descriptor
        finally:
            os.close(descriptor)


@contextmanager
def appearing(path: Path, force: bool, mode: int) -> Iterator[int]:
    """Open a descriptor for what is to become `path`.

    The file appears when the context is left, with all of it on the disk. After an exception
    nothing stays. Raises UsageError, ContainerError.
    """
    _check_free(path, force)
    part = path.with_name(f".codelength-{secrets.token_hex(6)}.part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error
    try:
        yield descriptor
        _check_free(path, force)
        _settle(descriptor, part, path)
    finally:
        os.close(descriptor)
        part.unlink(missing_ok=True)


def _settle(descriptor: int, part: Path, path: Path) -> None:
    try:
        os.fsync(descriptor)
        part.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise ContainerError(f"{path} cannot be written: {error.strerror}") from error


def _check_free(path: Path, force: bool) -> None:
    if path.is_dir():
        raise UsageError(f"{path} is a folder; -o takes the name of a file")
    if path.exists() and not path.is_file():
        raise UsageError(f"{path} is no regular file; -o - writes to a pipe")
    if path.exists() and not force:
        raise UsageError(f"{path} is there already; --force overwrites it")


class Reader:
    """Reads from an input, and reports how far it is."""

    def __init__(self, source: Input) -> None:
        self.name = source.name
        self.done, self._reported = 0, 0.0
        self._file = os.fdopen(source.descriptor, "rb", closefd=False)

    def read(self, size: int, /) -> bytes:
        """The next bytes, fewer than `size` only at the end. Raises ContainerError."""
        try:
            data = self._file.read(size)
        except OSError as error:
            raise ContainerError(f"{self.name} cannot be read: {error.strerror}") from error
        self.done += len(data)
        if time.monotonic() - self._reported > 0.1:
            self._reported = time.monotonic()
            report_progress(self.done)
        return data


def write_pieces(descriptor: int, pieces: Iterable[bytes]) -> bool:
    """Write all pieces to a descriptor and close it.

    Returns:
        Whether all was written: False if nobody reads the pipe any more.

    Raises:
        ContainerError: The output cannot be written.
    """
    file = os.fdopen(descriptor, "wb")
    try:
        for piece in pieces:
            with _writing():
                file.write(piece)
        with _writing():
            file.close()
    except BrokenPipeError:
        return False
    finally:
        with suppress(OSError):  # there is a first error to tell
            file.close()
    return True


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise ContainerError(f"the output cannot be written: {error.strerror}") from error
