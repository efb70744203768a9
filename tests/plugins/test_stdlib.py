import bz2
import gzip
import lzma
import zlib

import pytest
import samples

from codelength import CorruptBlob
from codelength_stdlib import Bz2, Gzip, Store, Xz, Zlib

PROSE = samples.PROSE * 20


def test_gzip_blobs_are_gzip_files_without_name_or_time():
    blob = Gzip().encode(PROSE)
    assert gzip.decompress(blob) == PROSE
    assert blob[:8] == b"\x1f\x8b\x08\0" + bytes(4)


def test_the_same_deflate_stream_lies_within_gzip_and_zlib():
    assert Gzip().encode(PROSE)[10:-8] == Zlib().encode(PROSE)[2:-4]
    assert zlib.decompress(Zlib().encode(PROSE)) == PROSE


def test_bz2_and_xz_blobs_are_files_that_the_usual_tools_read():
    assert bz2.decompress(Bz2().encode(PROSE)) == PROSE
    assert lzma.decompress(Xz().encode(PROSE)) == PROSE


@pytest.mark.parametrize("codec", [Gzip(), Zlib(), Bz2(), Xz()], ids=lambda codec: codec.name)
def test_what_follows_a_stream_is_not_ignored(codec):
    with pytest.raises(CorruptBlob, match="3 bytes behind the end"):
        codec.decode(codec.encode(b"data") + b"abc")


@pytest.mark.parametrize("preset", ["0", "6", "9", "9e"])
def test_a_small_dictionary_costs_xz_nothing_on_small_data(preset):
    number = int(preset[0]) | (lzma.PRESET_EXTREME if preset.endswith("e") else 0)
    data = PROSE + samples.NOISE
    assert len(Xz(preset).encode(data)) == len(lzma.compress(data, preset=number))


def test_the_payload_of_xz_is_the_raw_lzma2_stream():
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 9, "dict_size": len(PROSE)}]
    raw = lzma.compress(PROSE, lzma.FORMAT_RAW, filters=filters)
    blob = Xz("9").encode(PROSE)
    assert Xz().ledger(blob) == {"framing": len(blob) - len(raw), "payload": len(raw)}


def test_store_copies():
    data = bytes(range(256))
    assert Store().encode(data) == data
    assert Store().encode(data) is not data
    assert Store().decode(data) is not data
