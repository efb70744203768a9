"""A stratified sample of a corpus: blocks of every file, drawn by a fixed rule.

The blocks of a file are divided into as many equal parts as are to be drawn. A hash says which
block of a part it is. So a draw is spread evenly, and is the same on every machine.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from codelength.api.media import Image, Sample
from codelength.api.spec import parse_size

Limit = int | str | None
"""The bytes of a corpus that are measured: all; an int for its first ones; `sample:64000000`."""

SAMPLED, HEAD = "sample:", "head:"
BLOCK, SMALLEST = 64_000, 512
"""Bytes of a block, if every file can have one, and the least."""


@dataclass(frozen=True)
class Draw:
    """What was drawn from a corpus, and all that it takes to draw it again."""

    blocks: int
    block: int
    """Bytes of a block; images end at a row, recordings at a frame, and the last block of a file
    is shorter."""
    files: int
    """Samples of the corpus; each has a block, if there are enough."""
    bytes: int
    """Bytes of the corpus."""


def parse_limit(value: int | str) -> int | str:
    """Read `2MB`, for a sample of so many bytes, or `head:2MB`. Raises UsageError."""
    if isinstance(value, str) and value.startswith(HEAD):
        return parse_size(value.removeprefix(HEAD))
    return f"{SAMPLED}{parse_size(value)}"


def sample_size(limit: Limit) -> int | None:
    """Return the bytes to be drawn; None if the limit is no sample."""
    return int(limit.removeprefix(SAMPLED)) if isinstance(limit, str) else None


def plan_draw(samples: Iterable[Sample], size: int) -> Draw | None:
    """Plan a draw of about `size` bytes; None if the corpus has no more."""
    files = total = 0
    is_image = True
    for sample in samples:
        files += 1
        total += len(sample.data)
        is_image &= isinstance(sample.media, Image)
    if total <= size:
        return None
    block = max(SMALLEST, size // files)
    if not is_image:  # a picture is cut into as few bands as can be
        block = min(block, BLOCK)
    return Draw(max(1, size // block), block, files, total)


def draw_blocks(samples: Iterable[Sample], draw: Draw) -> Iterator[Sample]:
    """Draw the blocks, in the order of the samples.

    Every file has one, and the others fall to files by their size. If there are fewer blocks than
    files, all fall to files by their size.
    """
    each = int(draw.blocks >= draw.files)
    share = (draw.blocks - each * draw.files) / draw.bytes
    due = 0.5
    for sample in samples:
        size, frame = len(sample.data), sample.media.frame_size
        block = max(frame, draw.block - draw.block % frame)
        blocks = max(1, -(-size // block))
        due += share * size
        count = min(blocks, each + int(due))
        due -= count - each
        for part in range(count):
            low, high = part * blocks // count, (part + 1) * blocks // count
            seed = hashlib.sha256(f"{sample.name}\0{part}".encode()).digest()
            start = block * (low + int.from_bytes(seed[:8], "big") % (high - low))
            yield sample if blocks == 1 else sample.split(start, min(start + block, size))
