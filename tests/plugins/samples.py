"""Small samples of every kind, some with hints that lie; what the tests of all codecs share."""

import random

from codelength import RAW, TEXT, Array, Audio, Image, Sample

PLUGINS = ["arrays", "bindings", "brotli", "flac", "images", "lz4", "ppmd", "stdlib", "zstd"]

PROSE = (
    b"Call me Ishmael. Some years ago - never mind how long precisely - having little or no money "
    b"in my purse, and nothing particular to interest me on shore, I thought I would sail about a "
    b"little and see the watery part of the world. It is a way I have of driving off the spleen "
    b"and regulating the circulation. "
)
NOISE = random.Random(1851).randbytes(3000)


def slope(width: int, height: int, channels: int, depth: int = 8) -> bytes:
    """An image that gets brighter to the right and downwards, with a little noise."""
    chance, step = random.Random(1), 1 << (depth - 8)
    return b"".join(
        ((x + 2 * y + 40 * channel + chance.randrange(4)) % 256 * step).to_bytes(
            depth // 8, "little"
        )
        for y in range(height)
        for x in range(width)
        for channel in range(channels)
    )


def wave(frames: int, channels: int, depth: int) -> bytes:
    """Two slow triangles, the second later than the first."""
    size, step = depth // 8, 1 << (depth - 8)
    return b"".join(
        (abs((frame + 25 * channel) % 200 - 100) * step).to_bytes(size, "little")
        for frame in range(frames)
        for channel in range(channels)
    )


SMALL = [
    Sample("nothing", b""),
    Sample("one zero byte", b"\0"),
    Sample("one byte", b"\xff"),
    Sample("zeros", bytes(3000)),
    Sample("prose", PROSE * 2, TEXT),
    Sample("noise", NOISE, RAW),
    Sample("gray", slope(31, 17, 1), Image(31, 17, 1)),
    Sample("gray and alpha", slope(13, 7, 2), Image(13, 7, 2)),
    Sample("colour", slope(31, 17, 3), Image(31, 17, 3)),
    Sample("colour and alpha", slope(13, 7, 4), Image(13, 7, 4)),
    Sample("deep gray", slope(13, 7, 1, 16), Image(13, 7, 1, 16)),
    Sample("deep colour", slope(13, 7, 3, 16), Image(13, 7, 3, 16)),
    Sample("speech", wave(700, 1, 16), Audio(16_000, 1, 16)),
    Sample("stereo", wave(700, 2, 16), Audio(44_100, 2, 16)),
    Sample("8-bit sound", wave(700, 1, 8), Audio(8_000, 1, 8)),
    Sample("numbers", wave(700, 1, 16), Array("<i2", (700,))),
    Sample("numbers, upper byte first", wave(350, 1, 32), Array(">f4", (35, 10))),
    Sample("half a number", wave(70, 1, 16)[:-1], Array("<i2", (70,))),
    Sample("numbers of no known type", bytes(32), Array("<c16", (2,))),
    Sample("an image that is too short", slope(31, 17, 3)[:-1], Image(31, 17, 3)),
    Sample("five channels", slope(3, 3, 5), Image(3, 3, 5)),
    Sample("an image of no width", b"abc", Image(0, 5)),
    Sample("half a frame of sound", wave(700, 2, 16)[:-1], Audio(44_100, 2, 16)),
    Sample("a rate beyond all", wave(70, 1, 16), Audio(10**9, 1, 16)),
    Sample("nine channels", wave(70, 9, 16), Audio(16_000, 9, 16)),
]
