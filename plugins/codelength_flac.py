"""FLAC for PCM and for any other bytes, by libsndfile."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Annotated, ClassVar

from codelength import RAW, Audio, Codec, CorruptBlob, Media, Setting, hookimpl

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BLOCK = 1 << 18
"""Frames that are converted at a time."""

SUBTYPES = {8: "PCM_S8", 16: "PCM_16", 24: "PCM_24"}
"""Bits of a sample → what libsndfile calls them."""

PLAIN = Audio(rate=16_000, channels=1, depth=8)
"""What bytes are coded as that no hint fits."""


@dataclass(frozen=True)
class Flac(Codec):
    """FLAC: PCM as it is, other bytes as 8-bit mono.

    One file. With an Audio hint that fits the data, its channels and depth are used, and its rate
    where FLAC can name it; otherwise the rate is 16 kHz. Nothing is a file of no bytes: libsndfile
    writes none without a sample.
    """

    name: ClassVar[str] = "flac"
    needs: ClassVar[Mapping[str, str]] = {"soundfile": "codelength[audio]"}
    library: ClassVar[tuple[str, ...]] = ("_soundfile_data",)
    level: Annotated[int, Setting(0, 8, "more is smaller and slower")] = 8

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        import soundfile

        if not data:
            return b""
        audio = _fitting(data, media)
        file = BytesIO()
        with soundfile.SoundFile(
            file,
            "w",
            audio.rate,
            audio.channels,
            subtype=SUBTYPES[audio.depth],
            format="FLAC",
            compression_level=self.level / 8,
        ) as flac:
            for frames in _frames(data, audio):
                flac.write(frames)
        return file.getvalue()

    def drops(self, media: Media) -> bool:
        return isinstance(media, Audio) and not _is_known(media)

    def decode(self, blob: bytes) -> bytes:
        import soundfile

        if not blob:
            return b""
        pieces, read = [], 0
        with soundfile.SoundFile(BytesIO(blob)) as flac:
            if flac.format != "FLAC" or flac.subtype not in SUBTYPES.values():
                raise CorruptBlob(
                    f"a {flac.format} file of {flac.subtype}, which flac never writes"
                )
            depth = next(d for d, subtype in SUBTYPES.items() if subtype == flac.subtype)
            kind = "int32" if depth == 24 else "int16"
            while len(frames := flac.read(BLOCK, dtype=kind, always_2d=True)):
                read += len(frames)
                pieces.append(_bytes(frames, depth))
            if read != flac.frames:
                raise CorruptBlob(f"a FLAC file of {flac.frames} frames that ends after {read}")
        return b"".join(pieces)

    def ledger(self, blob: bytes) -> Mapping[str, int]:
        """Framing is the metadata: where the audio starts, and the name of the encoder."""
        at, last = 4, not blob
        while not last:
            last = bool(blob[at] & 0x80)
            at += 4 + int.from_bytes(blob[at + 1 : at + 4], "big")
        framing = at if blob else 0
        return {"framing": framing, "payload": len(blob) - framing}

    @property
    def versions(self) -> Mapping[str, str]:
        """libFLAC, within libsndfile, names itself in each file it writes."""
        import soundfile

        named = self.encode(b"\0").partition(b"reference libFLAC ")[2][:5]
        return {
            "soundfile": soundfile.__version__,
            "libsndfile": soundfile.__libsndfile_version__,
            "libflac": named.decode("ascii", "replace"),
        }


def _is_known(audio: Audio) -> bool:
    """Tell whether libsndfile writes FLAC of such sound."""
    return audio.depth in SUBTYPES and not audio.floating and 1 <= audio.channels <= 8


def _fitting(data: bytes, media: Media) -> Audio:
    if not isinstance(media, Audio) or not _is_known(media) or len(data) % media.frame_size:
        return PLAIN
    # What each frame's header can spell: 16 bits of Hz, or of tens of Hz.
    rates = range(1, 65_536) if media.rate % 10 else range(10, 655_351)
    rate = media.rate if media.rate in rates else PLAIN.rate
    return Audio(rate, media.channels, media.depth)


def _frames(data: bytes, audio: Audio) -> "Iterator[NDArray[np.int16] | NDArray[np.int32]]":
    """Frames (n, channels) of 16-bit samples, with those of 8 bits in the upper half.

    Of 32-bit ones, with those of 24 bits in the upper part.
    """
    import numpy as np

    for start in range(0, len(data), BLOCK * audio.frame_size):
        piece = memoryview(data)[start : start + BLOCK * audio.frame_size]
        if audio.depth == 8:
            samples = (np.frombuffer(piece, np.uint8) ^ 0x80).view(np.int8).astype(np.int16) << 8
        elif audio.depth == 16:
            samples = np.frombuffer(piece, "<i2").astype(np.int16, copy=False)
        else:
            four = np.zeros((len(piece) // 3, 4), np.uint8)
            four[:, 1:] = np.frombuffer(piece, np.uint8).reshape(-1, 3)
            samples = four.view("<i4").astype(np.int32, copy=False)
        yield samples.reshape(-1, audio.channels)


def _bytes(frames: "NDArray[np.int16] | NDArray[np.int32]", depth: int) -> bytes:
    import numpy as np

    if depth == 16:
        return frames.astype("<i2", copy=False).tobytes()
    if depth == 24:
        four = np.ascontiguousarray(frames.astype("<i4", copy=False)).view(np.uint8)
        return four.reshape(-1, 4)[:, 1:].tobytes()
    return ((frames >> 8).astype(np.int8).view(np.uint8) ^ 0x80).tobytes()


@hookimpl
def codelength_codecs() -> Iterable[Codec]:
    yield Flac(8)
