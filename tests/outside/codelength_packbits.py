"""PackBits, pages to try it on, and one of each other thing that a plugin may add."""

import zlib
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

from codelength import (
    RAW,
    Codec,
    Command,
    Corpus,
    CorruptBlob,
    Engine,
    Exporter,
    FileReader,
    Image,
    Media,
    Protocol,
    Sample,
    UsageError,
    hookimpl,
)

LONGEST = 128
"""Bytes that one header can stand for."""


@dataclass(frozen=True)
class PackBits(Codec):
    """PackBits (TIFF 6.0, section 9), and zlib at level `deflate` on top of it if that is not 0."""

    name = "packbits"
    deflate: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.deflate <= 9:
            raise UsageError(f"packbits takes deflate 0 to 9, not {self.deflate}")

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        packed = b"".join(_packed(data))
        return zlib.compress(packed, self.deflate) if self.deflate else packed

    def decode(self, blob: bytes) -> bytes:
        return b"".join(_unpacked(zlib.decompress(blob) if self.deflate else blob))

    @property
    def versions(self) -> Mapping[str, str]:
        return {"codelength-packbits": version("codelength-packbits")}


@dataclass(frozen=True)
class Pages(Corpus):
    """Pages of rules and columns, one byte a pixel."""

    name = "pages"
    title = "two pages of black rules on white, 200 by 120"
    licence = "CC0-1.0"
    kind = "image"
    digest = "82acebb08b608fc53a6a7a61a7c97bc6c983ad2ad4afd9b56e82a8a5800a7a71"

    def samples(self) -> Iterator[Sample]:
        width, height = 200, 120
        for name, pitch in (("columns", 40), ("ruled", 12)):
            pixels = bytes(
                0 if (x % pitch < 2 if name == "columns" else y % pitch < 1) else 255
                for y in range(height)
                for x in range(width)
            )
            yield Sample(name, pixels, Image(width, height))


@dataclass(frozen=True)
class Video(Media):
    """Frames of pixels, one after the other."""

    kind: ClassVar[str] = "video"
    width: int = 8
    height: int = 8

    @property
    def frame_size(self) -> int:
        return self.width * self.height


@dataclass(frozen=True)
class Clip(Corpus):
    """Four frames that get brighter."""

    name = "clip"
    title = "four frames of 8 by 8 pixels"
    licence = "CC0-1.0"
    kind = "video"

    def samples(self) -> Iterator[Sample]:
        frames = b"".join(bytes([50 * number]) * 64 for number in range(4))
        yield Sample("brighter", frames, Video())


@dataclass(frozen=True)
class Frames(Protocol):
    """The first `count` frames of each sample, one by one."""

    name = "frames"
    summary = "frames:N takes the first N frames of each sample, each by itself"
    count: int = 2

    def split(self, samples: Iterable[Sample]) -> Iterator[Sample]:
        for sample in samples:
            size = sample.media.frame_size
            for start in range(0, min(len(sample.data), self.count * size), size):
                yield sample.split(start, start + size)

    @property
    def spec(self) -> str:
        return f"frames:{self.count}"


@dataclass(frozen=True)
class Names:
    """An exporter: the names of the codecs on a page, one a line."""

    name: str = "names"
    suffix: str = ".txt"
    help: str = "the names of the codecs"

    def export(self, page: Any) -> bytes:
        rows = [dict(zip(page.records.heads, row, strict=True)) for row in page.records.rows]
        return "".join(f"{name}\n" for name in dict.fromkeys(r["codec"] for r in rows)).encode()


@dataclass(frozen=True)
class LevelsFile:
    """A plugin out of a file: one level of `deflate` in each line."""

    path: Path

    @hookimpl
    def codelength_codecs(self) -> Iterable[Codec]:
        return [Levelled(int(line)) for line in self.path.read_text().split()]


@dataclass(frozen=True)
class Levelled(PackBits):
    """PackBits at the levels that a file names."""

    name = "levelled"


def _packed(data: bytes) -> Iterator[bytes]:
    """Runs of three or more as a header and a byte, what is between them behind its length."""
    at = start = 0
    while at < len(data):
        run = 1
        while run < LONGEST and data[at : at + 1] == data[at + run : at + run + 1]:
            run += 1
        if run >= 3:
            yield from _literal(data[start:at])
            yield bytes([257 - run, data[at]])
            start = at + run
        at += run
    yield from _literal(data[start:])


def _literal(data: bytes) -> Iterator[bytes]:
    for at in range(0, len(data), LONGEST):
        piece = data[at : at + LONGEST]
        yield bytes([len(piece) - 1]) + piece


def _unpacked(blob: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(blob):
        header = blob[at]
        if header == LONGEST:
            raise CorruptBlob(f"header 128 at byte {at}, which PackBits never writes")
        count, size = (header + 1, header + 1) if header < LONGEST else (1, 257 - header)
        piece = blob[at + 1 : at + 1 + count]
        if len(piece) < count:
            raise CorruptBlob(f"{len(piece)} bytes behind byte {at}, which announces {count}")
        yield piece if header < LONGEST else piece * size
        at += 1 + count


@hookimpl
def codelength_codecs() -> Iterable[Codec]:
    return PackBits(), PackBits(deflate=9)


@hookimpl
def codelength_corpora() -> Iterable[Corpus]:
    return [Pages(), Clip()]


@hookimpl
def codelength_protocols() -> Iterable[type[Protocol]]:
    return [Frames]


@hookimpl
def codelength_media_kinds() -> Iterable[type[Media]]:
    return [Video]


@hookimpl
def codelength_commands() -> Iterable[Command]:
    return [Command("hello", "Say hello.", "codelength_packbits_hello:command")]


@hookimpl
def codelength_file_readers() -> Iterable[FileReader]:
    return [FileReader("levels", "codelength_packbits:LevelsFile")]


def make_threads(address: str, jobs: int) -> Executor:
    """Make an executor of threads; there is no address."""
    return ThreadPoolExecutor(jobs)


@hookimpl
def codelength_executors() -> Iterable[Engine]:
    return [Engine("threads", "threads of this process", "codelength_packbits:make_threads")]


@hookimpl
def codelength_exporters() -> Iterable[Exporter]:
    return [Names()]
