"""Why PNG and FLAC differ from their published rates at 2048 bytes: the published code's own way of
calling them, on the corpora here, beside what it takes to make the difference.

    python benchmarks/published.py --data DIR

The code behind "Language Modeling Is Compression" hands Pillow every chunk as an image 32 pixels
wide, also the image patches, which are 64 wide; Pillow chooses a filter for every row. It hands
FLAC's encoder 8-bit sound as 16-bit samples, by ffmpeg. One header is subtracted for each chunk.
"""

import argparse
import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image

from codelength.plugins import Plugins

CORPORA = {"text": "enwik6", "image": "imagenet", "audio": "librispeech"}
PUBLISHED = {
    "png": {"text": 80.6, "image": 61.7, "audio": 37.6},
    "flac": {"text": 88.9, "image": 60.9, "audio": 30.3},
}


def png(width: int) -> Callable[[bytes], bytes]:
    """Pillow's PNG, as the published code calls it for a width of 32."""

    def encode(data: bytes) -> bytes:
        size = (width, len(data) // width) if len(data) % width == 0 else (len(data), 1)
        out = io.BytesIO()
        Image.frombytes("L", size, data).save(out, "PNG", optimize=True)
        return out.getvalue()

    return encode


def flac(bits: int) -> Callable[[bytes], bytes]:
    """libsndfile's FLAC of 8-bit sound, in samples of 8 bits or of 16 with the lower ones zero."""

    def encode(data: bytes) -> bytes:
        samples = (np.frombuffer(data, np.uint8).astype(np.int16) - 128) << 8
        out = io.BytesIO()
        soundfile.write(
            out, samples, 16_000, format="FLAC", subtype="PCM_S8" if bits == 8 else "PCM_16",
            compression_level=1.0,
        )  # fmt: skip
        return out.getvalue()

    return encode


WAYS = {
    "png": {"width 32, as published": png(32), "width 64": png(64)},
    "flac": {"16-bit, as published": flac(16), "8-bit": flac(8)},
}


def chunks(plugins: Plugins, corpus: str) -> Iterator[bytes]:
    for sample in plugins.protocol("paper").item.split(plugins.corpus(corpus).item.samples()):
        if len(sample.data) == 2048:
            yield bytes(sample.data)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    plugins = Plugins(data=parser.parse_args().data)
    print(f"{'codec':5} {'way':23} " + " ".join(f"{kind:>16}" for kind in CORPORA))
    for codec, ways in WAYS.items():
        for way, encode in ways.items():
            head = len(encode(b"\0"))
            rates = []
            for kind, corpus in CORPORA.items():
                sizes = [len(encode(chunk)) for chunk in chunks(plugins, corpus)]
                rate = 100 * (sum(sizes) - head * (len(sizes) - 1)) / (2048 * len(sizes))
                rates.append(f"{rate:6.1f} ({rate - PUBLISHED[codec][kind]:+5.1f})")
            print(f"{codec:5} {way:23} " + " ".join(f"{rate:>16}" for rate in rates))
    print("percent of raw bytes, header counted once; in brackets, points from the published rate")
    return 0


if __name__ == "__main__":
    sys.exit(main())
