"""Image patches and 8-bit sound as the published experiments cut them (needs numpy)."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from codelength.api.media import Audio, Image, Sample

PATCH = Image(width=64, height=32)
SPEECH = Audio(rate=16_000, depth=8)
CHUNK = 2048


def patches(sample: Sample, image: Image) -> Iterator[Sample]:
    """Grayscale patches of 32×64 in raster order; the mean over the colour channels, truncated."""
    kind = np.dtype("<u2") if image.depth == 16 else np.dtype("u1")
    shape = image.height, image.width, image.channels
    pixels = np.frombuffer(bytes(sample.data), kind).reshape(shape)
    colours = pixels[..., : 1 if image.channels < 3 else 3]  # an alpha channel is not a colour
    gray = colours.astype(np.uint32).sum(axis=-1) // colours.shape[-1] >> (image.depth - 8)
    gray = gray.astype(np.uint8)
    for top in range(0, image.height - PATCH.height + 1, PATCH.height):
        for left in range(0, image.width - PATCH.width + 1, PATCH.width):
            patch = gray[top : top + PATCH.height, left : left + PATCH.width]
            yield Sample(f"{sample.name}@{top},{left}", patch.tobytes(), PATCH, sample.cluster)


def speech(sample: Sample, audio: Audio) -> Iterator[Sample]:
    """Mono, 16 kHz, the upper 8 bits, 2048 at a time. Sound of a lower rate keeps that rate."""
    frames = _sixteen_bits(bytes(sample.data), audio).reshape(-1, audio.channels)
    mono = (frames.sum(axis=1) // audio.channels).astype(np.int32)
    kind = replace(SPEECH, rate=min(audio.rate, SPEECH.rate))
    eight = ((_resampled(mono, audio.rate) >> 8) + 128).astype(np.uint8)
    for start in range(0, len(eight) - CHUNK + 1, CHUNK):
        data = eight[start : start + CHUNK].tobytes()
        yield Sample(f"{sample.name}@{start}", data, kind, sample.cluster)


def _sixteen_bits(data: bytes, audio: Audio) -> NDArray[np.int32]:
    """Samples as 16-bit values, whatever they are stored as."""
    if audio.floating:
        floats = np.nan_to_num(np.frombuffer(data, f"<f{audio.depth // 8}"))
        sixteen: NDArray[np.int32] = np.rint(np.clip(floats, -1, 1) * 32767).astype(np.int32)
        return sixteen
    size = audio.depth // 8
    if size == 1:
        return (np.frombuffer(data, np.uint8).astype(np.int32) - 128) * 256
    upper = np.frombuffer(data, np.uint8).reshape(-1, size)[:, size - 2 :]
    return np.ascontiguousarray(upper).view("<i2").reshape(-1).astype(np.int32)


def _resampled(mono: NDArray[np.int32], rate: int) -> NDArray[np.int32]:
    """Each new frame is the mean of the old ones over its time, in integers.

    The same samples on every machine, which a filter in floating point would not promise.
    """
    if rate <= SPEECH.rate:
        return mono
    size = len(mono) * SPEECH.rate // rate
    sums = np.concatenate([[0], np.cumsum(mono, dtype=np.int64)])
    edges = np.arange(size + 1, dtype=np.int64) * rate  # in 16,000ths of a frame
    whole, part = edges // SPEECH.rate, edges % SPEECH.rate
    ahead = np.append(mono, 0)[whole].astype(np.int64)
    area = sums[whole] * SPEECH.rate + ahead * part
    mean: NDArray[np.int32] = (np.diff(area) // rate).astype(np.int32)
    return mean
