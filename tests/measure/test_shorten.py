"""A cell that would pass its timeout is measured on less."""

from pathlib import Path

from codelength.results.cell import Status
from codelength.results.store import load

PLUGIN = """
import time
from codelength import RAW, Codec, hookimpl


class Waits(Codec):
    name = "waits"

    def encode(self, data, media=RAW):
        time.sleep(600 if len(data) > 20_000 else 0)
        return data

    def decode(self, blob):
        return blob


@hookimpl
def codelength_codecs():
    return [Waits()]
"""


def test_a_codec_that_is_too_slow_is_compared_with_the_others_on_a_sample(codelength, tmp_path):
    (tmp_path / "waits.py").write_text(PLUGIN)
    Path(tmp_path / "data").write_bytes(bytes(range(100)) * 1600)
    command = ["--plugin", "waits.py", "--codecs", "waits,zlib", "--corpora", "path:data"]
    ran = codelength("run", *command, "--limit", "all", "--timeout", "20", "--out", "out")
    cells = {(cell.codec, cell.slice.limit): cell for cell in load(tmp_path / "out").current}
    assert {key: cell.status for key, cell in cells.items()} == {
        ("waits", None): Status.TIMEOUT,
        ("zlib:level=9", None): Status.OK,
        ("waits", "sample:10000"): Status.OK,
        ("zlib:level=9", "sample:10000"): Status.OK,
    }, ran.stderr
    digests = {cell.slice.digest for key, cell in cells.items() if key[1]}
    assert len(digests) == 1
    assert "waits" in ran.stdout
