"""Samples that are too large to be held in memory."""

import time
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import pytest

from codelength.api.media import LARGE
from codelength.measure.batch_file import read_batch
from codelength.measure.worker import Meter
from codelength.metrics.price import Pricing
from codelength.report.marks import explain
from codelength.results.cell import Cell, Status
from codelength.results.store import load

PLUGIN = """
from dataclasses import dataclass
from codelength import RAW, Codec, hookimpl


class Copy(Codec):
    streams = True

    def encode(self, data, media=RAW):
        raise ValueError("it was given the whole sample")

    def decode(self, blob):
        raise ValueError("it was given the whole blob")

    def encode_stream(self, source, sink, size):
        while piece := source.read(1 << 20):
            sink.write(piece)

    def decode_stream(self, source, sink):
        self.encode_stream(source, sink, 0)


@dataclass(frozen=True)
class Honest(Copy):
    name = "honest-stream"


@dataclass(frozen=True)
class Short(Copy):
    name = "short-stream"

    def decode_stream(self, source, sink):
        sink.write(source.read(1 << 20)[:-1])


@hookimpl
def codelength_codecs():
    return [Honest(), Short()]
"""


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Cell]:
    """Cells of codecs on a file of 70 MB, by the names of the codecs."""
    from codelength import run

    folder = tmp_path_factory.mktemp("large")
    (folder / "plugin.py").write_text(PLUGIN)
    (folder / "large").write_bytes(bytes(range(250)) * 280_000)
    codecs = ["honest-stream", "short-stream", "zstd:level=1", "zlib:level=0"]
    plugins = [str(folder / "plugin.py")]
    run(codecs, f"path:{folder / 'large'}", limit=None, out=folder / "out", plugins=plugins)
    return {cell.codec: cell for cell in load(folder / "out").current}


@pytest.mark.parametrize("codec", ["honest-stream", "zstd:level=1"])
def test_a_codec_that_streams_holds_a_part_of_the_sample(cells, codec):
    cell = cells[codec]
    assert (cell.status, cell.large_samples, cell.streamed) == (Status.OK, 1, 1)
    for phase in (cell.encode, cell.decode):
        assert phase.baseline_rss_bytes < LARGE
        assert phase.memory_bytes < LARGE / 2
    assert sum(cell.ledger.values()) == cell.coded_bytes
    assert cell.groups == [(70_000_000, cell.coded_bytes)]


def test_any_other_codec_holds_the_whole_sample_and_the_report_says_so(cells):
    cell = cells["zlib:level=0"]
    assert (cell.status, cell.large_samples, cell.streamed) == (Status.OK, 1, 0)
    assert cell.encode.baseline_rss_bytes > LARGE
    (note,) = [line for line in explain(cells.values(), [], Pricing()) if "Samples of more" in line]
    assert "streamed by honest-stream, zstd:level=1" in note
    assert "held in memory as a whole by zlib:level=0" in note


def test_a_stream_that_gives_other_bytes_is_found(cells):
    cell = cells["short-stream"]
    assert cell.status is Status.MISMATCH
    assert "wrote 70000000 bytes, read 1048575" in cell.reason


class Slow(BytesIO):
    """A file that takes a while to read."""

    def read(self, size: int | None = -1, /) -> bytes:
        end = time.thread_time() + 0.3
        while time.thread_time() < end:
            pass
        return super().read(size)


def copy(source: BinaryIO, sink: BinaryIO) -> None:
    sink.write(source.read())


def test_the_time_to_read_and_write_is_not_the_codecs():
    meter = Meter()
    assert meter.measure_stream(copy, Slow(b"data"), 4, BytesIO()) == 4
    phase = meter.measured().phase
    assert max(phase.cpu[0]) < 0.1 < 0.3


def test_a_stream_is_repeated_and_has_to_be_the_same_again(tmp_path: Path):
    calls: list[int] = []

    def other(source: BinaryIO, sink: BinaryIO) -> None:
        calls.append(1)
        sink.write(source.read()[len(calls) - 1 :])

    with (tmp_path / "out").open("w+b") as file, pytest.raises(ValueError, match="other bytes"):
        Meter().measure_stream(other, BytesIO(b"data"), 4, file)
    with (tmp_path / "out").open("w+b") as file:
        meter = Meter()
        meter.measure_stream(copy, BytesIO(b"data"), 4, file)
        meter.measure_stream(copy, BytesIO(b"more"), 4, file)
        assert [len(batch) for batch in meter.measured().phase.cpu] == [5, 5]
        file.seek(0)
        assert [read_batch(file) for _ in range(3)] == [[b"data"], [b"more"], []]
