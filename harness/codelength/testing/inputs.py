"""What every codec has to encode.

Small inputs, many of them edge cases, with the same bytes on every machine. And how their blobs are
damaged.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import shake_256

from codelength.api.media import TEXT, Audio, Image, Media, Sample

VOCABULARY = """
the of and a to in is was it for on he be with as his at by had not are but from or have an they
which one you were all her she there would naïve “quoted” 42 3.14 — øre 東京 🙂
"""


LONG = Sample("70,000 zeros", bytes(70_000))
"""More than 2^16 equal bytes: too many for a counter of 16 bits."""

DAMAGED = ("text", "RGB image", "16-bit stereo sound")
"""Names of the samples whose blobs are damaged."""

FIRST_BYTES = 6
"""Bytes at the start of a blob that are changed one by one: headers are there."""
SPREAD = 10
"""Other places where a byte is changed."""
IMAGES = {
    "gray image": Image(24, 18),
    "RGB image": Image(16, 12, 3),
    "RGBA image": Image(12, 10, 4),
    "16-bit gray image": Image(16, 12, 1, 16),
    "16-bit RGB image": Image(9, 7, 3, 16),
    "gray image with alpha": Image(7, 9, 2),
    "image of five channels": Image(6, 5, 5),
    "image of one pixel": Image(1, 1),
    "image of one row": Image(100, 1, 3),
    "image of one column": Image(1, 100),
}
SOUNDS = {
    "8-bit mono sound": Audio(16_000, 1, 8),
    "16-bit mono sound": Audio(16_000, 1, 16),
    "16-bit stereo sound": Audio(44_100, 2, 16),
    "8-bit stereo sound": Audio(44_100, 2, 8),
    "sound of seven channels": Audio(12_345, 7, 16),
}


def make_noise(size: int, seed: str) -> bytes:
    """Return bytes that no codec can make smaller."""
    return shake_256(f"codelength testing {seed}".encode()).digest(size)


def make_prose(words: int) -> bytes:
    """Return words in UTF-8, common ones more often, in sentences of ten."""
    picks, known = make_noise(2 * words, "prose"), VOCABULARY.split()
    text = [
        known[min(a, b) * len(known) // 256] + (".\n" if at % 10 == 9 else " ")
        for at, (a, b) in enumerate(zip(picks[::2], picks[1::2], strict=True))
    ]
    return "".join(text).encode()


def make_picture(media: Image) -> bytes:
    """Return a slope with some noise."""
    values = media.width * media.height * media.channels
    dither = make_noise(values, "picture")
    slope = (at * 97 // media.channels // 7 + (dither[at] & 7) for at in range(values))
    return _packed(slope, media.depth)


def make_tone(media: Audio, frames: int) -> bytes:
    """Return a triangle wave for each channel, with some noise."""
    values = frames * media.channels
    hiss, bits = make_noise(values, "tone"), media.depth
    silence = 128 if bits == 8 else 0
    places = (divmod(at, media.channels) for at in range(values))
    wave = (abs(time * (5 + channel) % 240 - 120) - 60 for time, channel in places)
    return _packed(
        (silence + (value << bits - 8) + (hiss[at] & 3) for at, value in enumerate(wave)), bits
    )


def make_inputs() -> Mapping[str, Sequence[Sample]]:
    """Return the samples of each check, by its name. Names of samples are unique."""
    return {
        "empty input": [Sample("nothing", b"")],
        "plain bytes": _plain(),
        "text": [
            Sample("text", make_prose(200), TEXT),
            Sample("one letter of text", b"a", TEXT),
            Sample("text with every line end", b"a\nb\r\nc\rd\0e\n\n", TEXT),
        ],
        "images": [_image(name, media) for name, media in IMAGES.items()],
        "sound": [_sound(name, media) for name, media in SOUNDS.items()],
        "hints left out": [
            Sample("pixels without a hint", make_picture(IMAGES["RGB image"])),
            Sample("sound without a hint", make_tone(SOUNDS["16-bit stereo sound"], 300)),
            Sample("text without a hint", make_prose(100)),
        ],
        "hints that do not fit": [Sample(name, *what) for name, what in _misfits().items()],
    }


def truncate(blob: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield shorter blobs, each with what was done to it."""
    size = len(blob)
    for left in sorted({0, 1, size // 4, size // 2, size * 3 // 4, size - 1}):
        if left < size:
            yield f"cut to {left} of {size} bytes", blob[:left]


def corrupt(blob: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield damaged blobs, each with what was done to it."""
    for at in _places(len(blob)):
        for mask in (0xFF,) if at < FIRST_BYTES else (0x01, 0x80):
            yield f"with byte {at} changed", blob[:at] + bytes([blob[at] ^ mask]) + blob[at + 1 :]
    half = len(blob) // 2
    yield "with 8 bytes of ones in front", b"\xff" * 8 + blob
    yield "without its first byte", blob[1:]
    yield "with its halves swapped", blob[half:] + blob[:half]
    yield "followed by a zero", blob + b"\0"
    yield "followed by itself", blob + blob


def _plain() -> list[Sample]:
    runs = [bytes([value]) * size for value, size in ((0, 1000), (255, 257), (7, 600), (0, 255))]
    return [
        Sample("one byte", b"a"),
        Sample("a zero byte", b"\0"),
        Sample("two bytes", b"\xff\xfe"),
        Sample("every byte value", bytes(range(256))),
        Sample("incompressible bytes", make_noise(2500, "plain")),
        Sample("long runs", b"".join(runs)),
        Sample("a run and then noise", bytes(300) + make_noise(300, "after a run")),
    ]


def _image(name: str, media: Image) -> Sample:
    return Sample(name, make_picture(media), media)


def _sound(name: str, media: Audio) -> Sample:
    return Sample(name, make_tone(media, 300), media)


def _misfits() -> dict[str, tuple[bytes, Media]]:
    data = make_noise(300, "misfit")
    huge = 1 << 31
    return {
        "image hint, too few bytes": (data, Image(101, 3)),
        "image hint, too many bytes": (data, Image(10, 3, 3)),
        "image hint, no bytes": (b"", Image(10, 10)),
        "16-bit image hint, odd number of bytes": (data[:299], Image(10, 15, 1, 16)),
        "image hint of 2^31 x 2^31": (data, Image(huge, huge, 3)),
        "image hint of 1 x 2^40": (data, Image(1, 1 << 40)),
        "image hint of no width": (data, Image(0, 300)),
        "image hint of no height": (data, Image(300, 0)),
        "image hint of nothing, no bytes": (b"", Image(0, 0)),
        "image hint of no channels": (data, Image(10, 30, 0)),
        "image hint of 12 bits": (data, Image(10, 20, 1, 12)),
        "image hint on text": (make_prose(50), Image(10, 10)),
        "sound hint, half a frame": (data[:299], Audio(44_100, 2, 16)),
        "sound hint, three bytes": (data[:3], Audio(44_100, 2, 16)),
        "sound hint, no bytes": (b"", Audio(44_100, 2, 16)),
        "sound hint of no rate": (data, Audio(0, 1, 16)),
        "sound hint of a rate of 2^40": (data, Audio(1 << 40, 1, 16)),
        "sound hint of no channels": (data, Audio(44_100, 0, 16)),
        "sound hint of 150 channels": (data, Audio(44_100, 150, 16)),
        "sound hint of 24 bits": (data, Audio(44_100, 2, 24)),
        "sound hint on text": (make_prose(50), Audio(16_000, 1, 8)),
        "text hint on noise": (data, TEXT),
        "text hint on what is no UTF-8": (b"\xff\xfe\x80 \xc3", TEXT),
    }


def _packed(values: Iterable[int], depth: int) -> bytes:
    """Pack values modulo 2^depth, as bytes or as little-endian pairs."""
    size = depth // 8
    return b"".join((value % (1 << depth)).to_bytes(size, "little") for value in values)


def _places(size: int) -> list[int]:
    spread = {place * (size - 1) // (SPREAD - 1) for place in range(SPREAD)}
    return sorted({*range(min(FIRST_BYTES, size)), *spread})
