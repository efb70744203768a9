"""Decodes damaged blobs of one codec, `python hostile.py SPEC`, in a process that may well die.

Prints, as JSON, a digest of the intact blobs, the slowest decode in seconds, and the most memory
the process has had, in bytes.
"""

import hashlib
import json
import random
import sys
import time
from contextlib import suppress
from pathlib import Path

import samples

from codelength.plugins import Plugins


def damaged(blob: bytes, chance: random.Random) -> bytes:
    """`blob` with a few bytes changed, more often than not near its start."""
    changed = bytearray(blob)
    reach = min(len(blob), chance.choice((8, 40, 400, len(blob))))
    for _ in range(chance.choice((1, 1, 2, 5))):
        at = chance.randrange(reach)
        changed[at] = chance.choice((changed[at] ^ 1 << chance.randrange(8), 0, 255))
    return bytes(changed)


def main(spec: str) -> None:
    codec = Plugins(only=samples.PLUGINS).codec(spec).item
    chance, digest, slowest = random.Random(spec), hashlib.sha256(), 0.0
    for sample in samples.SMALL:
        blob = codec.encode(bytes(sample.data), sample.media)
        digest.update(blob)
        for _ in range(40 if blob else 0):
            victim = damaged(blob, chance)
            start = time.perf_counter()
            with suppress(Exception):  # whatever the library raises will do
                codec.decode(victim)
            slowest = max(slowest, time.perf_counter() - start)
    status = Path("/proc/self/status").read_text()  # rusage counts the process that started this
    peak = int(status.partition("VmHWM:")[2].split()[0]) * 1024
    json.dump({"digest": digest.hexdigest(), "slowest": slowest, "peak": peak}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
