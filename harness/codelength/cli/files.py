"""Files and pipes that bytes come from and go to; a file appears whole or not at all."""

import os
import secrets
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, BinaryIO, Self

import click

from codelength.api.errors import UsageError
from codelength.container.fields import ContainerError

PIPE = "-"


@contextmanager
def appearing(path: Path, force: bool, mode: int) -> Iterator[int]:
    """A descriptor for what is to become `path`: nothing is there until all is written and on the
    disk, and nothing stays if that does not come to pass. Raises UsageError, ContainerError."""
    _check_free(path, force)
    part = path.with_name(f".codelength-{secrets.token_hex(6)}.part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error
    try:
        with _interruptible():
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


STANDARD_INPUT = "standard input"


class Input:
    """A file, or standard input, that tells a terminal how far it has been read."""

    def __init__(self, file: str) -> None:
        """Raises UsageError if it cannot be opened."""
        self.name = STANDARD_INPUT if file == PIPE else file
        self.done, self._told = 0, time.monotonic()
        try:
            self._file: BinaryIO = (
                sys.stdin.buffer if file == PIPE else Path(file).open("rb")  # noqa: SIM115
            )
            status = os.fstat(self._file.fileno())
        except OSError as error:
            raise UsageError(f"{file} cannot be read: {error.strerror}") from error
        self._size = status.st_size
        self.mode = 0o666 if file == PIPE else status.st_mode & 0o777
        """Who may read what is made of it; the umask is still to be taken off."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        if self._file is not sys.stdin.buffer:
            self._file.close()
        if self.done and sys.stderr.isatty():
            click.echo("\r\033[K", err=True, nl=False)

    def read(self, size: int, /) -> bytes:
        """The next bytes, fewer than `size` only at the end. Raises ContainerError."""
        try:
            data = self._file.read(size)
        except OSError as error:
            raise ContainerError(f"{self.name} cannot be read: {error.strerror}") from error
        self.done += len(data)
        if sys.stderr.isatty() and time.monotonic() - self._told > 0.1:
            self._told = time.monotonic()
            share = f"{100 * self.done // self._size} % of " if self._size else ""
            size = self._size or self.done
            click.echo(f"\r{self.name}: {share}{size / 1e6:.1f} MB\033[K", err=True, nl=False)
        return data


class Output:
    """Standard output, which from then on is closed to what a codec prints."""

    def __enter__(self) -> Self:
        if os.isatty(1):
            raise UsageError("standard output is a terminal; name a file with -o, or use a pipe")
        self._pipe = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)
        return self

    def __exit__(self, *raised: object) -> None:
        try:
            self._checked(self._pipe.close)
        except (ContainerError, BrokenPipeError):
            if raised[0] is None:  # or else there is a first error to tell
                raise

    def write(self, data: bytes) -> None:
        """Raises BrokenPipeError, ContainerError."""
        self._checked(lambda: self._pipe.write(data))

    def _checked(self, action: Any) -> None:
        try:
            action()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise ContainerError(f"the output cannot be written: {error.strerror}") from error


class Ended(Exception):
    """Another process has failed and has said why."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@contextmanager
def _interruptible() -> Iterator[None]:
    """What would end the process at once is like Ctrl-C inside."""
    signals = (signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, _interrupt) for number in signals]
    try:
        yield
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
