"""What a run takes from an earlier one, and what its figures are of.

Each of these once survived that the line behind it was taken out.
"""

import os

import pytest

from codelength.results.cell import Status
from codelength.results.store import FILE, Store, load
from factories import cell, environment


@pytest.fixture
def data(tmp_path):
    (tmp_path / "data").write_bytes(b"the cat sat on the mat\n" * 90)
    return tmp_path / "data"


def test_a_file_of_the_same_size_with_other_bytes_is_measured_again(codelength, tmp_path, data):
    command = ("run", "--codecs", "zlib", "--corpora", "path:data", "--out", "out")
    codelength(*command)
    (before,) = load(tmp_path / "out").current
    data.write_bytes(os.urandom(data.stat().st_size))
    again = codelength(*command)
    assert "measured before" not in again.stderr
    (after,) = load(tmp_path / "out").current
    assert after.slice.bytes == before.slice.bytes < after.coded_bytes


def test_a_codec_with_another_version_of_its_library_is_measured_again(
    codelength, tmp_path, data, write_codec
):
    version = tmp_path / "version"  # no file of code, so that only the version tells
    options = write_codec(
        encode="return zlib.compress(data) + bytes(int(self.versions['library']))",
        decode="return zlib.decompressobj().decompress(blob)",
        facts="versions = property(lambda self: {'library': Path('version').read_text()})",
    )
    command = ("run", *options, "--codecs", "mine", "--corpora", "path:data", "--out", "out")
    sizes = []
    for number in ("1", "1", "200"):
        version.write_text(number)
        done = codelength(*command)
        assert done.returncode == 0, done.stderr
        sizes += [cell.coded_bytes for cell in load(tmp_path / "out").current]
    assert sizes[0] == sizes[1] == sizes[2] - 199


def test_a_codec_may_allocate_what_memory_allows_and_no_more(
    codelength, tmp_path, data, write_codec
):
    options = write_codec(encode="bytearray(900 << 20); return zlib.compress(data)")
    command = ("run", *options, "--codecs", "mine", "--corpora", "path:data", "--memory")
    assert codelength(*command, "2GB", "--out", "much").returncode == 0
    assert codelength(*command, "800MB", "--out", "little").returncode == 3
    (cell,) = load(tmp_path / "little").current
    assert cell.status is Status.OUT_OF_MEMORY
    assert cell.reason == "an allocation went past the memory limit"


def test_a_record_is_on_the_disk_when_append_returns(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda file: synced.append(os.fstat(file).st_size))
    sizes = []
    with Store(tmp_path) as store:
        for record in (environment(), cell("a"), cell("b")):
            store.append(record)
            sizes.append((tmp_path / FILE).stat().st_size)
    assert synced == sizes


def test_the_time_of_encoding_is_that_of_encoding(codelength, tmp_path, data, write_codec):
    options = write_codec(
        top="def burn(seconds):\n"
        "    end = time.process_time() + seconds\n"
        "    while time.process_time() < end: pass\n",
        encode="burn(0.3); return zlib.compress(data)",
    )
    codelength("run", *options, "--codecs", "mine", "--corpora", "path:data", "--out", "out")
    (cell,) = load(tmp_path / "out").current
    assert cell.encode.seconds > 0.25
    assert cell.decode.seconds < 0.1


def test_the_memory_of_decoding_is_that_of_decoding(codelength, tmp_path, data, write_codec):
    options = write_codec(decode="b'x' * (300 << 20); return zlib.decompress(blob)")
    codelength("run", *options, "--codecs", "mine", "--corpora", "path:data", "--out", "out")
    (cell,) = load(tmp_path / "out").current
    assert cell.encode.memory_bytes < 100 << 20
    assert cell.decode.memory_bytes > 280 << 20


def test_a_codec_that_writes_to_the_corpus_is_told_that_it_changed(
    codelength, tmp_path, data, write_codec
):
    write = f"with open('{data}', 'r+b') as f: f.write(os.urandom(8))"
    options = write_codec(encode=f"{write}\n        return zlib.compress(data)")
    command = ("run", *options, "--codecs", "mine,zlib", "--corpora", "path:data", "--out", "out")
    done = codelength(*command, "--sandbox", "auto")
    assert done.returncode == 3, done.stderr
    cells = {cell.codec.partition(":")[0]: cell for cell in load(tmp_path / "out").current}
    assert cells["mine"].status is Status.FAILED
    if data.read_bytes().startswith(b"the cat"):  # it wrote to its own copy, or could not write
        reason = cells["mine"].reason
        assert "changed while it was measured" in reason or "Permission" in reason
        assert cells["zlib"].status is Status.OK
