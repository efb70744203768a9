"""Files of batches: how samples, blobs and outputs go from one worker to another.

A batch is the number of its pieces, the size of each, and the pieces. What a codec has written as a
stream is a batch of one piece, with a mark.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO, NamedTuple, Self

PIECE = 1 << 20
"""Bytes that are compared at once."""
REPORTED = 1 << 22
"""After so many bytes of a stream its progress is told."""
NUMBER = 8
"""Bytes of a number."""
STREAMED = 1 << 63
"""The mark, in the number of pieces."""


class Head(NamedTuple):
    """What stands in front of the pieces of a batch."""

    sizes: list[int]
    """None at the end of the file."""
    streamed: bool


def read_head(file: BinaryIO) -> Head:
    """Read the head of the next batch, whose pieces follow. Raises ValueError."""
    number = int.from_bytes(file.read(NUMBER), "little")
    count = number & ~STREAMED
    if NUMBER * count > os.fstat(file.fileno()).st_size:
        cut_off()
    sizes = [int.from_bytes(file.read(NUMBER), "little") for _ in range(count)]
    return Head(sizes, bool(number & STREAMED))


def cut_off() -> bytes:
    """Raise the ValueError of a file that ends too early."""
    raise ValueError("a batch is cut off")


def read_batch(file: BinaryIO) -> list[bytes]:
    """Read the pieces of the next batch; none at the end of the file."""
    return [file.read(size) for size in read_head(file).sizes]


def write_head(file: BinaryIO, sizes: Sequence[int]) -> None:
    """Write what stands in front of pieces of these sizes."""
    numbers = (len(sizes), *sizes)
    file.write(b"".join(number.to_bytes(NUMBER, "little") for number in numbers))


def write_batch(file: BinaryIO, pieces: Sequence[bytes]) -> None:
    """Append a batch."""
    write_head(file, [len(piece) for piece in pieces])
    file.writelines(pieces)


def piece_sizes(file: BinaryIO) -> Iterator[int]:
    """The sizes of all pieces in a file, each when what follows is that piece."""
    while sizes := read_head(file).sizes:
        at = file.tell()
        for size in sizes:
            file.seek(at)
            yield size
            at += size
        file.seek(at)


def is_same_batch(file: BinaryIO, start: int, pieces: Sequence[bytes]) -> bool:
    """Tell whether the last batch of a file, which begins at `start`, has these pieces."""
    file.seek(start)
    same = read_head(file).sizes == [len(piece) for piece in pieces] and all(
        file.read(min(PIECE, len(piece) - at)) == piece[at : at + PIECE]
        for piece in pieces
        for at in range(0, len(piece), PIECE)
    )
    file.seek(0, os.SEEK_END)
    return same


class Aside:
    """Adds up the time of what is not the codec's: the reads and writes of its streams."""

    def __init__(self) -> None:
        self.cpu = self.wall = 0.0

    def __enter__(self) -> Self:
        self._cpu, self._wall = time.thread_time(), time.perf_counter()
        return self

    def __exit__(self, *error: object) -> None:
        self.cpu += time.thread_time() - self._cpu
        self.wall += time.perf_counter() - self._wall


class PieceReader:
    """What a codec reads from: the next `size` bytes of a file."""

    def __init__(
        self, file: BinaryIO, size: int, aside: Aside, progress: Callable[[int], None]
    ) -> None:
        """`progress` is told how many bytes were read, now and then."""
        self._file, self._size, self._aside, self._progress = file, size, aside, progress
        self._at = 0

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes; fewer than `size` only at the end. All of them if it is negative.

        Raises ValueError if the file is shorter than it was.
        """
        with self._aside:
            left = self._size - self._at
            wanted = left if size < 0 else min(size, left)
            data = self._file.read(wanted)
            if len(data) < wanted:
                cut_off()
            before, self._at = self._at, self._at + wanted
            if before // REPORTED < self._at // REPORTED:
                self._progress(self._at)
        return data


class PieceWriter:
    """What a codec writes to: the last piece of a file, which is marked as a stream.

    At first it is written. Each time after that it is compared with what was written.
    """

    def __init__(self, file: BinaryIO, aside: Aside, progress: Callable[[int], None]) -> None:
        """`progress` is told how many bytes were written, now and then."""
        self._file, self._aside, self._progress = file, aside, progress
        self._start = file.tell()
        self._size = self._at = 0
        self._is_first = True
        write_head(file, [0])

    def write(self, data: bytes, /) -> int:
        """Append bytes. Raises ValueError if they are others than at first."""
        with self._aside:
            view = memoryview(data).cast("B")
            before, self._at = self._at, self._at + len(view)
            if before // REPORTED < self._at // REPORTED:
                self._progress(self._at)
            if self._is_first:
                self._file.write(view)
            elif self._file.read(len(view)) != view:
                _differs()
        return len(view)

    def finish(self) -> int:
        """End this time and begin the next; return the bytes that were written."""
        if self._is_first:
            self._size = self._at
            self._file.seek(self._start)
            for number in (1 | STREAMED, self._size):
                self._file.write(number.to_bytes(NUMBER, "little"))
        elif self._at != self._size:
            _differs()
        self._file.seek(self._start + 2 * NUMBER)
        self._is_first, self._at = False, 0
        return self._size

    def close(self) -> None:
        """Leave the file at its end."""
        self._file.seek(0, os.SEEK_END)


def _differs() -> None:
    raise ValueError("a second call on the same input gave other bytes")
