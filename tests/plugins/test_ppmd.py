import random

import pyppmd
import pytest
import samples

import codelength_ppmd
from codelength import CorruptBlob
from codelength.coding.varint import to_varint
from codelength_ppmd import Ppmd

SMALL = Ppmd(order=6, memory=16)


def test_the_stream_is_that_of_pyppmd_without_its_first_byte_and_its_last_three():
    encoder = pyppmd.Ppmd7Encoder(6, 16 << 20)
    flushed = encoder.encode(samples.PROSE) + encoder.flush()
    blob = SMALL.encode(samples.PROSE)
    assert blob.startswith(to_varint(len(samples.PROSE)) + flushed[1:-4])
    assert len(blob) <= len(to_varint(len(samples.PROSE))) + len(flushed) - 4


def test_the_stream_with_zeros_behind_is_what_pyppmd_decodes():
    stream = SMALL.encode(samples.PROSE)[2:]
    decoder = pyppmd.Ppmd7Decoder(6, 16 << 20)
    assert decoder.decode(b"\0" + stream + bytes(8), len(samples.PROSE)) == samples.PROSE


@pytest.mark.parametrize("seed", range(12))
def test_no_byte_is_lost_where_output_blocks_of_pyppmd_end(seed):
    """Given all at once, pyppmd 1.3.1 writes a broken stream for one in eight such inputs."""
    data = random.Random(seed).randbytes(150_000)
    assert SMALL.decode(SMALL.encode(data)) == data


def test_zeros_that_code_to_nothing_but_zeros_come_back():
    data = bytes(100_000)
    blob = SMALL.encode(data)
    assert blob == to_varint(100_000) + bytes(100_000 // 4096)
    assert SMALL.decode(blob) == data


def test_data_is_decoded_in_pieces_as_at_once(monkeypatch):
    monkeypatch.setattr(codelength_ppmd, "PIECE", 1000)
    data = samples.PROSE * 30 + samples.NOISE
    assert SMALL.decode(SMALL.encode(data)) == data


def test_a_length_that_the_stream_cannot_hold_is_refused():
    with pytest.raises(CorruptBlob, match="claims to hold 1099511627776"):
        SMALL.decode(to_varint(1 << 40) + b"abc")


def test_a_stream_with_an_end_mark_is_refused():
    encoder = pyppmd.Ppmd7Encoder(6, 16 << 20)
    marked = encoder.encode(b"abc") + encoder.flush(True)
    with pytest.raises(CorruptBlob, match="ends after 3 of 1000"):
        SMALL.decode(to_varint(1000) + marked[1:].rstrip(b"\0"))


def test_a_full_model_is_begun_anew_on_both_sides():
    data = random.Random(3).randbytes(400_000)
    small = Ppmd(order=16, memory=1)
    assert small.decode(small.encode(data)) == data


def test_a_primed_model_codes_what_it_has_seen_in_fewer_bytes(tmp_path):
    (tmp_path / "seen").write_bytes(samples.PROSE)
    primed = Ppmd(order=6, memory=16, prime=str(tmp_path / "seen"))
    for data in (b"", b"x", samples.PROSE, samples.PROSE[100:900], samples.NOISE, bytes(9000)):
        assert primed.decode(primed.encode(data)) == data
    assert len(primed.encode(samples.PROSE)) * 3 < len(SMALL.encode(samples.PROSE))
    assert primed.model_bytes == {"prime": len(samples.PROSE)}
    assert primed.spec.endswith(f"prime={tmp_path / 'seen'}")


def test_a_primed_blob_that_leaves_out_more_than_there_is_is_refused(tmp_path):
    (tmp_path / "seen").write_bytes(b"abc")
    primed = Ppmd(order=6, memory=16, prime=str(tmp_path / "seen"))
    with pytest.raises(CorruptBlob, match="leaves out 99 bytes of"):
        primed.decode(to_varint(5) + to_varint(99) + b"abc")
