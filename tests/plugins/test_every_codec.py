"""What every classical codec promises, whichever it is."""

import hashlib
import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import samples
from hypothesis import given, settings
from hypothesis import strategies as st

from codelength import RAW, TEXT, Audio, Codec, Image, UsageError
from codelength.api.spec import build, split_spec
from codelength.plugins import Plugins

HERE = Path(__file__).parent
PLUGINS = Plugins(only=samples.PLUGINS)

each_codec = pytest.mark.parametrize(
    "codec",
    [
        pytest.param(codec, id=codec.spec, marks=() if codec.by_default else pytest.mark.slow)
        for codec in (entry.item for entry in PLUGINS.codecs)
    ],
)
each_sample = pytest.mark.parametrize("sample", samples.SMALL, ids=lambda sample: sample.name)


@cache
def hostile(spec: str) -> dict[str, float | str]:
    """What hostile.py found out in a process of its own; raises if that process died."""
    command = [sys.executable, HERE / "hostile.py", spec]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"{spec}: exit status {done.returncode}\n{done.stderr[-2000:]}"
    found: dict[str, float | str] = json.loads(done.stdout)
    return found


def test_all_plugins_load():
    assert [plugin.problem for plugin in PLUGINS.found] == [None] * len(samples.PLUGINS)


@each_sample
@each_codec
def test_what_goes_in_comes_out(codec, sample):
    blob = codec.encode(sample.data, sample.media)
    assert type(blob) is bytes
    assert codec.decode(blob) == sample.data


@each_codec
@given(
    data=st.binary(max_size=600) | st.binary(max_size=60).map(lambda piece: piece * 12),
    media=st.sampled_from([RAW, TEXT])
    | st.builds(Image, st.integers(0, 12), st.integers(0, 12), st.integers(0, 5))
    | st.builds(Audio, st.integers(0, 10**6), st.integers(1, 9), st.sampled_from([8, 16, 24])),
)
@settings(max_examples=15, deadline=None)
def test_any_bytes_survive_any_hint(codec, data, media):
    assert codec.decode(codec.encode(data, media)) == data


@each_sample
@each_codec
def test_a_blob_that_breaks_off_is_never_taken_for_the_whole(codec, sample):
    blob = codec.encode(sample.data, sample.media)
    for end in sorted({*range(0, len(blob), 97), *range(min(20, len(blob)))}):
        assert not reads_as(codec, blob[:end], sample.data), f"{end} bytes from the start"
    for missing in range(1, min(20, len(blob))):
        assert not reads_as(codec, blob[:-missing], sample.data), f"all but {missing} bytes"


def reads_as(codec: Codec, blob: bytes, data: bytes) -> bool:
    try:
        return codec.decode(blob) == data
    except Exception:  # whatever the library raises will do
        return False


@each_codec
def test_damaged_blobs_neither_hang_nor_crash_nor_eat_all_memory(codec):
    found = hostile(codec.spec)
    assert found["slowest"] < 20
    assert found["peak"] < 1 << 30


@each_codec
def test_another_process_writes_the_same_blobs(codec):
    digest = hashlib.sha256()
    for sample in samples.SMALL:
        digest.update(codec.encode(sample.data, sample.media))
    assert digest.hexdigest() == hostile(codec.spec)["digest"]


@each_codec
def test_every_byte_is_on_the_ledger(codec):
    for sample in samples.SMALL:
        blob = codec.encode(sample.data, sample.media)
        ledger = codec.ledger(blob)
        assert sum(ledger.values()) == len(blob)
        assert min(ledger.values()) >= 0


@each_codec
def test_the_library_behind_it_has_a_version(codec):
    assert codec.versions
    assert all(version[:1].isdigit() for version in codec.versions.values()), codec.versions


@each_codec
def test_what_it_needs_is_there(codec):
    codec.check_available()


@each_codec
def test_its_spec_builds_it_again(codec):
    _, settings = split_spec(codec.spec)
    assert build(type(codec), settings) == codec


@pytest.mark.parametrize(
    ("spec", "range_"),
    [
        ("gzip:level=10", "0 to 9"),
        ("zlib:level=-1", "0 to 9"),
        ("bz2:level=0", "1 to 9"),
        ("xz:preset=10", "0 to 9"),
        ("xz:preset=e", "0e to 9e"),
        ("zstd:level=23", "to 22"),
        ("zstd:long=32", "10 to 31"),
        ("brotli:quality=12", "0 to 11"),
        ("brotli:window=25", "10 to 24"),
        ("lz4:level=13", "to 12"),
        ("ppmd:order=1", "2 to 64"),
        ("ppmd:memory=0", "1 to 4095"),
        ("webp:level=10", "0 to 9"),
        ("jxl:effort=0", "1 to 10"),
        ("flac:level=9", "0 to 8"),
    ],
)
def test_a_setting_out_of_range_is_refused_in_one_line_that_names_the_range(spec, range_):
    with pytest.raises(UsageError, match=range_) as caught:
        PLUGINS.codec(spec)
    assert "\n" not in str(caught.value)


def test_listing_the_codecs_imports_no_library():
    program = (
        "import sys\n"
        "from codelength.plugins import Plugins\n"
        f"[entry.item.spec for entry in Plugins(only={samples.PLUGINS}).codecs]\n"
        "heavy = 'brotli imagecodecs lz4 numpy pyppmd soundfile zstandard'.split()\n"
        "print([name for name in heavy if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"[]\n"
