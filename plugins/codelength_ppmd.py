"""PPMd, variant H: prediction by partial matching, as in 7-Zip, by the pyppmd package.

The blob is the data's length as a varint, then the range coder's stream. Of that stream, what
says nothing is left out: the zero byte it always starts with, and the end that zeros can stand
in for. The decoder puts zeros back. But a stream keeps a byte for every 4096 symbols, so that no
short blob can claim to hold more than fits into memory.

A primed model has seen a text before. It codes that text and then the data, and the blob leaves out
what the text alone gives, which the decoder makes again. So each blob takes as long as the text.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, ClassVar

from codelength import RAW, Codec, CorruptBlob, Media, Setting, hookimpl
from codelength.api.model_file import ModelFileCodec
from codelength.coding.varint import read_varint, to_varint

SLICE = 1 << 12
"""Bytes handed to pyppmd's encoder at a time. It checks only between two symbols whether its
output block of 32 KiB is full, and loses bytes when one symbol's code straddles the block's end;
a slice never fills a block."""

STEEPEST = 1 << 12
"""A stream has a byte for as many symbols; PPMd at its surest fits 2836 into one."""

PIECE = 1 << 24
"""Bytes asked of the decoder at a time; it takes no number beyond 2^31."""

REACH = 1 << 12
"""More than the decoder ever reads ahead, or one symbol takes through all escapes."""


THREAD = 16 << 20
"""Bytes that the library takes besides its model: a thread, and pieces."""


@dataclass(frozen=True)
class Ppmd(ModelFileCodec):
    """PPMd, variant H, with `order` symbols of context.

    The model has `memory` MiB; when they are full, it is thrown away and begun anew. Decoding
    takes as much memory, and as long, as encoding.
    """

    name: ClassVar[str] = "ppmd"
    needs: ClassVar[Mapping[str, str]] = {"pyppmd": "codelength[classical]"}
    library: ClassVar[tuple[str, ...]] = ("pyppmd.c._ppmd",)
    order: Annotated[int, Setting(2, 64, "symbols of context")] = 8
    memory: Annotated[int, Setting(1, 4095, "MiB of the model")] = 256
    prime: Annotated[str | None, Setting(meaning="a file that the model has seen before")] = None

    @property
    def model_file(self) -> tuple[str, str] | None:
        return ("prime", self.prime) if self.prime else None

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        size = to_varint(len(data))
        if not self.prime or not data:
            return size + self._stream(data)
        known, stream = _primed(self, self.model), self._stream(self.model + data)
        pairs = zip(known, stream, strict=False)
        common = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(known), len(stream)))
        return size + to_varint(len(known) - common) + stream[common:]

    def decode(self, blob: bytes) -> bytes:
        size, at = read_varint(blob)
        if not self.prime or not size:
            return self._data(blob[at:], size)
        left_out, at = read_varint(blob, at)
        known = _primed(self, self.model)
        if left_out > len(known):
            raise CorruptBlob(f"a ppmd blob that leaves out {left_out} bytes of {len(known)}")
        stream = known[: len(known) - left_out] + blob[at:]
        return self._data(stream, len(self.model) + size)[len(self.model) :]

    def _stream(self, data: bytes) -> bytes:
        from pyppmd import Ppmd7Encoder

        self._require_memory()
        encoder = Ppmd7Encoder(self.order, self.memory << 20)
        pieces = []
        part = bytearray(SLICE)  # used again and again: pyppmd never lets go of what it is given
        whole = len(data) - len(data) % SLICE
        for start in range(0, whole, SLICE):
            part[:] = data[start : start + SLICE]
            pieces.append(encoder.encode(part))
        pieces += [encoder.encode(data[whole:]), encoder.flush()]
        stream = _shortened(b"".join(pieces))
        return stream.ljust(len(data) // STEEPEST, b"\0")

    def _data(self, stream: bytes, size: int) -> bytes:
        from pyppmd import Ppmd7Decoder

        least = size // STEEPEST
        if len(stream) < least:
            raise CorruptBlob(f"a ppmd stream of {len(stream)} bytes that claims to hold {size}")
        if stream.startswith(b"\xff" * 4) or (len(stream) > least and stream.endswith(b"\0")):
            raise CorruptBlob("a ppmd stream that starts or ends as none does")
        if not size:
            if stream:
                raise CorruptBlob("a ppmd blob of nothing, with something in it")
            return b""
        # A decoder that runs out of input leaves a thread waiting that can bring the process down
        # when it is collected, so that must not happen, whatever the blob: behind its end a
        # stream reads like random bits, and random bits decode to a symbol for each byte or less.
        stream = b"".join((b"\0", stream, bytes(size + REACH)))
        self._require_memory()
        decoder = Ppmd7Decoder(self.order, self.memory << 20)
        pieces = []
        for start in range(0, size, PIECE):
            wanted = min(PIECE, size - start)
            piece = decoder.decode(stream, wanted)
            if len(piece) < wanted:  # an end mark, behind which the library would crash
                raise CorruptBlob(f"a ppmd stream that ends after {start + len(piece)} of {size}")
            pieces.append(piece)
            stream = b""  # the decoder keeps what it has not needed so far
        return b"".join(pieces)

    def _require_memory(self) -> None:
        """Raise MemoryError where the library would free the same memory twice."""
        bytes((self.memory << 20) + THREAD)  # zeros that the system gives and nobody touches

    def ledger(self, blob: bytes) -> Mapping[str, int]:
        _, at = read_varint(blob)
        return {"length": at, "payload": len(blob) - at}

    @property
    def versions(self) -> Mapping[str, str]:
        import pyppmd

        return {"pyppmd": pyppmd.__version__}


def _shortened(stream: bytes) -> bytes:
    """Leave out the zeros that end a stream, and need not be sent.

    The stream, read as a number, names the low end of the coder's last interval, which is at least
    2^24 wide. So the next multiple of 2^24 lies within, and its three zero bytes, with any others
    before them, need not be sent. Nothing shorter lies within.
    """
    kept = stream[:-3]
    if any(stream[-3:]):
        kept = kept.rstrip(b"\xff")  # these turn to zeros as one is carried past them
        kept = kept[:-1] + bytes([kept[-1] + 1])
    return kept[1:].rstrip(b"\0")


@lru_cache(1)
def _primed(codec: Ppmd, text: bytes) -> bytes:
    """The stream of the text that a model is primed with."""
    return codec._stream(text)


@hookimpl
def codelength_codecs() -> Iterable[Codec]:
    return Ppmd(8), Ppmd(16)
