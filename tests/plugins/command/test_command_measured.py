"""What a run says of a codec that leaves its work to programs."""

import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import pytest
import toml_files

from codelength.measure.worker import Meter
from codelength.results.cell import Status
from codelength.results.store import load

PYTHON = f"encode = '{sys.executable} -S -E {{here}}/program.py'\ndecode = 'cat'"
BUSY = "import time\nwhile time.process_time() < 0.4: pass\nprint('done')"
LARGE = "held = bytearray(b'x') * {size}\nimport time; time.sleep(0.3); print(len(held))"


def measured(folder, program):
    (folder / "program.py").write_text(program)
    codec = toml_files.codec(folder, PYTHON)
    return phase_of(lambda data: [codec.encode(data)])


def phase_of(call):
    meter = Meter()
    with tempfile.TemporaryFile() as file:
        meter.measure(call, b"data", file)
    return meter.measured().phase


def test_cpu_time_is_that_of_the_program(tmp_path):
    before = time.process_time()
    phase = measured(tmp_path, BUSY)
    own = time.process_time() - before
    assert own < 0.2 < 0.4 <= min(phase.cpu[0])
    assert max(phase.cpu[0]) < 1


@pytest.mark.parametrize("size", [20_000_000, 300_000_000])
def test_memory_is_that_of_the_program(tmp_path, size):
    """20 MB are less than this process has, and 300 MB are more: two ways to know."""
    phase = measured(tmp_path, LARGE.format(size=size))
    assert size <= phase.peak_bytes - phase.baseline_rss_bytes < size + 20_000_000


def test_the_memory_of_a_program_counts_for_its_own_batch_only(tmp_path):
    (tmp_path / "program.py").write_text(LARGE.format(size=200_000_000))
    codec = toml_files.codec(tmp_path, PYTHON)
    phase_of(lambda data: [codec.encode(data)])
    small = phase_of(lambda data: [data])
    assert small.peak_bytes - small.baseline_rss_bytes < 20_000_000


WAITS = """
[codec.waits-too-long]
encode = "{here}/waits"
decode = "cat"
timeout = 0.5

[codec.waits]
encode = "{here}/waits"
decode = "cat"

[codec.copies]
encode = "cp {in} {out}"
decode = "cat"
"""


def test_a_program_that_hangs_is_a_timeout_and_leaves_nothing(tmp_path):
    """`timeout` of the definition ends one of them, --timeout of the run the other."""
    toml_files.script(tmp_path, "waits", "sleep 301.5 & wait")
    (tmp_path / "mine.toml").write_text(WAITS)
    command = [sys.executable, "-m", "codelength", "run", "--plugin", "mine.toml", "--timeout", "4"]
    command += ["--codecs", "waits-too-long,waits,copies", "--corpora", "path:mine.toml"]
    ran = subprocess.run([*command, "--out", "out"], cwd=tmp_path, capture_output=True)
    cells = {cell.codec: cell for cell in load(tmp_path / "out").current}
    assert cells["waits-too-long"].status is cells["waits"].status is Status.TIMEOUT
    assert cells["waits-too-long"].reason == "waits was ended after 0.5 s"
    assert cells["copies"].status is Status.OK
    assert cells["copies"].digests.keys() == {"program", "definition", "files"}
    assert ran.returncode == 3
    assert b"sleep\x00301.5\x00" not in running()
    assert not list((tmp_path / "out").glob(".scratch-*"))


def running() -> set[bytes]:
    """The command lines of all processes."""
    lines = set()
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            lines.add(process.read_bytes())
    return lines
