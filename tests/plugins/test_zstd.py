import io

import pytest
import samples
import zstandard

from codelength import CorruptBlob, Sample, UsageError
from codelength_zstd import Zstd

PROSE = samples.PROSE * 20


@pytest.mark.parametrize("codec", [Zstd(-5), Zstd(3), Zstd(22, 27)], ids=lambda codec: codec.spec)
def test_blobs_are_frames_that_the_streaming_reader_reads(codec):
    blob = codec.encode(PROSE)
    assert zstandard.ZstdDecompressor().stream_reader(io.BytesIO(blob)).read() == PROSE


def test_frames_name_their_size_and_carry_no_checksum():
    frame = zstandard.get_frame_parameters(Zstd().encode(PROSE))
    assert frame.content_size == len(PROSE)
    assert not frame.has_checksum


def test_a_setting_that_is_not_set_is_not_in_the_spec():
    assert Zstd(19).spec == "zstd:level=19"
    assert Zstd(22, 27).spec == "zstd:level=22,long=27"


def test_a_long_window_finds_what_a_short_one_has_forgotten():
    noise = samples.NOISE * 100
    data = samples.NOISE[::-1] + bytes(range(256)) * 1200 + noise + samples.NOISE[::-1]
    near, far = Zstd(3, long=10), Zstd(3, long=20)
    assert len(far.encode(data)) < len(near.encode(data)) - 2000
    assert far.decode(far.encode(data)) == data


def test_a_frame_that_claims_the_impossible_is_refused_before_memory_is_taken():
    header = bytes.fromhex("28b52ffd e0") + (1 << 50).to_bytes(8, "little")
    with pytest.raises(CorruptBlob, match="claims to hold 1125899906842624"):
        Zstd().decode(header + bytes.fromhex("010000"))


def test_a_megabyte_of_zeros_is_within_what_is_possible():
    data = bytes(1 << 20)
    assert Zstd(19).decode(Zstd(19).encode(data)) == data


def test_the_ledger_finds_all_blocks_of_a_frame():
    data = samples.NOISE * 3 + bytes(300_000) + samples.NOISE[::-1]
    blob = Zstd().encode(data)
    framing = Zstd().ledger(blob)["framing"]
    header = zstandard.frame_header_size(blob)
    assert framing > header
    assert (framing - header) % 3 == 0


def records(start: int, count: int) -> list[Sample]:
    return [
        Sample(str(i), f'{{"id": {i}, "user": "user-{i * 7919 % 1000}", "state": "open"}}'.encode())
        for i in range(start, start + count)
    ]


def test_a_dictionary_is_trained_on_samples_and_is_model_bytes(tmp_path):
    held = Zstd(19).train(records(0, 500), 2000)
    (tmp_path / "records.dict").write_bytes(held)
    codec = Zstd(19, dictionary=str(tmp_path / "records.dict"))
    new = [bytes(sample.data) for sample in records(5000, 50)]
    assert [codec.decode(codec.encode(data)) for data in new] == new
    assert sum(len(codec.encode(d)) for d in new) * 2 < sum(len(Zstd(19).encode(d)) for d in new)
    assert len(held) <= 2000
    assert codec.model_bytes == {"dictionary": len(held)}
    assert codec.requires == codec.digests != {}
    assert codec.groups == ("trained",)
    assert zstandard.get_frame_parameters(codec.encode(new[0])).dict_id == 0


def test_a_blob_needs_its_dictionary(tmp_path):
    (tmp_path / "d").write_bytes(Zstd(19).train(records(0, 500), 2000))
    blob = Zstd(19, dictionary=str(tmp_path / "d")).encode(bytes(records(7, 1)[0].data))
    with pytest.raises(zstandard.ZstdError):
        Zstd(19).decode(blob)


def test_too_few_samples_and_a_dictionary_that_is_not_there_are_one_line():
    with pytest.raises(UsageError, match="10 samples or more"):
        Zstd().train(records(0, 9), 2000)
    with pytest.raises(UsageError, match="ask for a smaller one, or give more data"):
        Zstd().train([Sample("empty", b"")] * 20, 2000)
    with pytest.raises(UsageError, match="dictionary=nowhere: there is no such file"):
        Zstd(dictionary="nowhere")
