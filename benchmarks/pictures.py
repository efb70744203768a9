"""What `mixer-media` takes of photographs, and JPEG XL beside it.

    python benchmarks/pictures.py kodak,clic --crop 256 --data DIR

It prints a row for each picture and for each corpus. Crops are squares from the middle; without
`--crop` the pictures are whole. Each blob is decoded and compared.
"""

import argparse
import math
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from codelength import Image, Sample
from codelength.plugins import Plugins


def cropped(sample: Sample, side: int) -> Sample:
    """Return the square of `side` pixels in the middle of a picture, or all of a smaller one."""
    media = sample.media
    if not isinstance(media, Image) or not side:
        return sample
    pixels = np.frombuffer(bytes(sample.data), np.uint8).reshape(media.height, media.width, -1)
    top, left = max(0, (media.height - side) // 2), max(0, (media.width - side) // 2)
    part = pixels[top : top + side, left : left + side]
    shape = Image(part.shape[1], part.shape[0], media.channels, media.depth)
    return Sample(sample.name, part.tobytes(), shape)


def rows(plugins: Plugins, corpus: str, crop: int, count: int | None) -> Iterator[float]:
    """Print a row for each picture; yield the logarithm of the ratio of sizes."""
    mixer, jxl = (plugins.codec(spec).item for spec in ("mixer-media", "jxl:effort=9"))
    for number, whole in enumerate(plugins.corpus(corpus).item.samples()):
        if number == count:
            return
        sample = cropped(whole, crop)
        data = bytes(sample.data)
        start = time.process_time()
        blob = mixer.encode(data, sample.media)
        seconds = time.process_time() - start
        if mixer.decode(blob) != data:
            raise SystemExit(f"{sample.name} does not come back")
        other = len(jxl.encode(data, sample.media))
        print(
            f"{sample.name:40} {8 * len(blob) / len(data):8.4f} {8 * other / len(data):8.4f} "
            f"{100 * (len(blob) / other - 1):+7.2f}% {len(data) / seconds / 1000:7.0f} kB/s",
            flush=True,
        )
        yield math.log(len(blob) / other)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpora", help="corpora of pictures, with commas between them")
    parser.add_argument("--crop", type=int, default=0, help="pixels along a side")
    parser.add_argument("--count", type=int, help="the most pictures of a corpus")
    parser.add_argument("--data", type=Path, help="a mirror of the corpora")
    arguments = parser.parse_args()
    plugins = Plugins(data=arguments.data)
    print(f"{'picture':40} {'mixer':>8} {'jxl':>8}")
    for corpus in arguments.corpora.split(","):
        ratios = list(rows(plugins, corpus, arguments.crop, arguments.count))
        mean = 100 * (math.exp(sum(ratios) / len(ratios)) - 1)
        print(f"{corpus}: {mean:+.2f}% of {len(ratios)} pictures, as a geometric mean")


if __name__ == "__main__":
    main()
