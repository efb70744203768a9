import lz4.block
import pytest
import samples

from codelength import CorruptBlob
from codelength_lz4 import Lz4


def test_the_payload_of_a_small_frame_is_one_lz4_block():
    blob = Lz4().encode(samples.PROSE)
    ledger = Lz4().ledger(blob)
    assert ledger["framing"] == 4 + 2 + 8 + 1 + 4 + 4  # magic, flags, size, check, block, end
    block = blob[19 : 19 + ledger["payload"]]
    assert lz4.block.decompress(block, uncompressed_size=len(samples.PROSE)) == samples.PROSE


def test_frames_of_several_blocks_come_back():
    data = samples.NOISE * 3000  # 9 MB, in blocks of 4 MiB
    blob = Lz4().encode(data)
    assert Lz4().decode(blob) == data
    assert Lz4().ledger(blob)["framing"] == 15 + 3 * 4 + 4


def test_what_follows_a_frame_is_not_ignored():
    with pytest.raises(CorruptBlob, match="1 bytes behind the end"):
        Lz4().decode(Lz4().encode(b"data") + b"x")


def test_a_frame_that_claims_the_impossible_is_refused_before_memory_is_taken():
    blob = bytearray(Lz4().encode(samples.PROSE))
    blob[6:14] = (1 << 40).to_bytes(8, "little")
    for check in range(256):  # the header's checksum; one of these is right
        blob[14] = check
        with pytest.raises((CorruptBlob, RuntimeError)):
            Lz4().decode(bytes(blob))
