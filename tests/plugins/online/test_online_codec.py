"""Blobs of `online`: decoded in other processes, and refused if damaged."""

import hashlib
import os
import random
import subprocess
import sys
import zlib
from contextlib import suppress
from pathlib import Path

import pytest

from codelength import CorruptBlob, Sample
from codelength.coding.varint import to_varint
from codelength.plugins import Plugins
from codelength.testing import check_codec
from codelength_online import OnlineCodec
from codelength_online.coding import (
    BLOCK,
    CHEAPEST,
    EARLY,
    EARLY_BLOCK,
    STREAM_SIZE,
    STREAMS,
    coding_order,
)

CODEC = OnlineCodec()
HERE = Path(__file__).parent


def text(size):
    """Words, common ones more often."""
    chance = random.Random(7)
    words = ["the", "of", "and", "model", "learns", "what", "it", "codes", "byte", "block"]
    return " ".join(words[min(chance.choices(range(10), k=2))] for _ in range(size))[:size].encode()


def edges():
    """Sizes around which the number of streams, or of blocks, changes."""
    for size in (EARLY_BLOCK, 2 * STREAM_SIZE):
        yield from (size - 1, size, size + 1)


@pytest.mark.parametrize("size", [0, 1, 2, *edges(), STREAMS * STREAM_SIZE + 5])
def test_what_goes_in_comes_out(size):
    data = text(size)
    blob = CODEC.encode(data)
    assert CODEC.decode(blob) == data
    assert sum(CODEC.ledger(blob).values()) == len(blob)


def test_nothing_is_one_byte():
    assert CODEC.encode(b"") == b"\0"


def test_noise_becomes_hardly_longer():
    data = random.Random(3).randbytes(5000)
    blob = CODEC.encode(data)
    assert CODEC.decode(blob) == data
    assert len(blob) < 1.15 * len(data)


def test_another_process_with_other_threads_decodes_a_large_sample(tmp_path):
    data = text(EARLY + BLOCK + 3)
    blob = tmp_path / "blob"
    blob.write_bytes(CODEC.encode(data))
    program = (
        "import sys, zlib; from pathlib import Path; from codelength_online import OnlineCodec\n"
        "data = OnlineCodec().decode(Path(sys.argv[1]).read_bytes())\n"
        "print(len(data), zlib.crc32(data))"
    )
    threads = dict.fromkeys(("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "2")
    command = [sys.executable, "-c", program, str(blob)]
    done = subprocess.run(command, capture_output=True, check=True, env={**os.environ, **threads})
    assert done.stdout.split() == [b"%d" % len(data), b"%d" % zlib.crc32(data)]


DIGEST = "53ceecb1ecedff50"
"""Of the blob of text(5000). Another one is another format."""

SHOW = (
    "import hashlib, test_online_codec as test\n"
    "print(hashlib.sha256(test.CODEC.encode(test.text(5000))).hexdigest()[:16])"
)


def test_the_blob_is_the_one_that_was_made_elsewhere():
    assert hashlib.sha256(CODEC.encode(text(5000))).hexdigest()[:16] == DIGEST


@pytest.mark.slow
def test_a_processor_without_wide_vectors_makes_the_same_blob():
    given = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": "", "PYTHONPATH": str(HERE)}
    command = [sys.executable, "-c", SHOW]
    done = subprocess.run(command, capture_output=True, check=True, env={**os.environ, **given})
    assert done.stdout.decode().strip() == DIGEST


def test_a_blob_does_not_depend_on_what_was_coded_before():
    samples = [Sample("", text(300)), Sample("", bytes(100)), Sample("", text(300))]
    blobs = CODEC.encode_many(samples)
    assert blobs[0] == blobs[2]
    assert CODEC.decode_many(blobs[::-1]) == [bytes(sample.data) for sample in samples[::-1]]


@pytest.mark.parametrize(
    "blob",
    [
        b"",
        b"\0more",
        b"\x80\0",
        b"\xff" * 8 + b"\x7f",
        to_varint(CHEAPEST * 9 + 1) + b"x",
        b"\x90\x4eabc",
    ],
)
def test_what_is_no_blob_is_refused(blob):
    with pytest.raises(CorruptBlob):
        CODEC.decode(blob)


def test_a_blob_that_breaks_off_or_goes_on_is_refused():
    blob = CODEC.encode(text(900))
    for other in (blob[:-1], blob[: len(blob) // 2], blob + b"\0", blob + b"x"):
        with pytest.raises(CorruptBlob):
            CODEC.decode(other)


def test_a_changed_byte_is_refused_or_gives_other_bytes():
    data = text(900)
    blob, chance = CODEC.encode(data), random.Random(5)
    for _ in range(20):
        changed = bytearray(blob)
        changed[chance.randrange(2, len(blob))] ^= 1 << chance.randrange(8)
        with suppress(CorruptBlob):
            assert CODEC.decode(bytes(changed)) != data


def test_streams_are_coded_in_the_coding_order():
    assert coding_order(8, 3).tolist() == [0, 3, 6, 1, 4, 7, 2, 5]
    assert coding_order(0, 1).tolist() == []
    assert sorted(coding_order(100, 16).tolist()) == list(range(100))


def test_it_is_offered_with_nothing_to_hold_beforehand():
    (entry,) = Plugins(only=["online"]).codecs
    assert entry.item == CODEC
    assert CODEC.spec == "online"
    assert not CODEC.model_bytes
    dense = 192 * 96 + 96 * (6 * 96) + 96 + 96 * 96 + 2 * 96 * 192 + 96 * 256 + 256
    assert CODEC.card.parameters == dense + 257 * 96 + 6 * (1 << 17) * 32


@pytest.mark.slow
def test_it_passes_the_kit():
    check_codec(CODEC)
