"""PPMd, variant H: prediction by partial matching, as in 7-Zip, by the pyppmd package.

The blob is the data's length as a varint, then the range coder's stream. Of that stream, what
says nothing is left out: the zero byte it always starts with, and the end that zeros can stand
in for. The decoder puts zeros back.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from codelength import RAW, Codec, CorruptBlob, Media, hookimpl
from codelength.errors import UsageError
from codelength.framing import read_varint, varint

SLICE = 1 << 12
"""Bytes handed to pyppmd's encoder at a time. It checks only between two symbols whether its
output block of 32 KiB is full, and loses bytes when one symbol's code straddles the block's end;
a slice never fills a block."""

STEEPEST = 1 << 12
"""A symbol that PPMd is as sure of as it can be costs 1/2836 byte, so a longer claim is a lie."""

REACH = 1 << 12
"""More than the decoder ever reads ahead, or one symbol takes through all escapes."""


@dataclass(frozen=True)
class Ppmd(Codec):
    """`order` symbols of context, `memory` MiB for the model; full, it is thrown away and begun
    anew. Decoding takes as much memory, and as long, as encoding."""

    name: ClassVar[str] = "ppmd"
    needs: ClassVar[Mapping[str, str]] = {"pyppmd": "codelength[classical]"}
    order: int = 8
    memory: int = 256

    def __post_init__(self) -> None:
        if not 2 <= self.order <= 64:
            raise UsageError(f"ppmd takes order 2 to 64, not {self.order}")
        if not 1 <= self.memory <= 4095:
            raise UsageError(f"ppmd takes memory 1 to 4095 (MiB), not {self.memory}")

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        from pyppmd import Ppmd7Encoder

        encoder = Ppmd7Encoder(self.order, self.memory << 20)
        pieces = []
        part = bytearray(SLICE)  # used again and again: pyppmd never lets go of what it is given
        whole = len(data) - len(data) % SLICE
        for start in range(0, whole, SLICE):
            part[:] = data[start : start + SLICE]
            pieces.append(encoder.encode(part))
        pieces += [encoder.encode(data[whole:]), encoder.flush()]
        return varint(len(data)) + _shortened(b"".join(pieces))

    def decode(self, blob: bytes) -> bytes:
        from pyppmd import Ppmd7Decoder

        size, at = read_varint(blob)
        if size > STEEPEST * (len(blob) - at + 4) or blob.endswith(b"\0", at):
            raise CorruptBlob(f"a ppmd blob of {len(blob)} bytes that claims to hold {size}")
        if not size:
            if len(blob) > at:
                raise CorruptBlob("a ppmd blob of nothing, with something in it")
            return b""
        # A decoder that runs out of input leaves a thread waiting that can bring the process down
        # when it is collected, so that must not happen, whatever the blob: behind its end a
        # stream reads like random bits, and random bits decode to a symbol for each byte or less.
        stream = b"".join((b"\0", blob[at:], bytes(size + REACH)))
        decoder = Ppmd7Decoder(self.order, self.memory << 20)
        pieces, left = [], size
        while left:
            piece = decoder.decode(stream, min(left, 1 << 24))
            if not piece:
                raise CorruptBlob(f"a ppmd stream that ends {left} bytes before its data")
            pieces.append(piece)
            left -= len(piece)
            stream = b""  # the decoder has kept what it did not need so far
        return b"".join(pieces)

    def ledger(self, blob: bytes) -> Mapping[str, int]:
        _, at = read_varint(blob)
        return {"length": at, "payload": len(blob) - at}


def _shortened(stream: bytes) -> bytes:
    """`stream`, read as a number, names the low end of the coder's last interval, which is at
    least 2^24 wide. So the next multiple of 2^24 lies within, and its three zero bytes, with any
    others before them, need not be sent. Nothing shorter lies within."""
    kept = stream[:-3]
    if any(stream[-3:]):
        kept = kept.rstrip(b"\xff")  # these turn to zeros as one is carried past them
        kept = kept[:-1] + bytes([kept[-1] + 1])
    return kept[1:].rstrip(b"\0")


@hookimpl
def codelength_codecs() -> Iterable[Codec]:
    return Ppmd(8), Ppmd(16)
