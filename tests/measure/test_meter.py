"""How calls are repeated and timed."""

import subprocess
import sys
import tempfile
import time

import pytest

from codelength.coding import device
from codelength.measure.worker import Meter
from codelength.results.cell import Phase

BURNS = """
import sys, time
for line in sys.stdin:
    end = time.process_time() + 0.2
    while time.process_time() < end:
        pass
    print(flush=True)
"""


@pytest.fixture(autouse=True)
def on_the_processor(monkeypatch):
    """Another test may have computed on a device in this process."""
    monkeypatch.setattr(device, "_used", [])


def phase_of(call) -> Phase:
    meter = Meter()
    with tempfile.TemporaryFile() as file:
        meter.measure(call, [b"data"], file)
    return meter.measured().phase


def test_a_codec_that_waits_for_the_processor_is_repeated_as_often_as_on_a_quiet_machine():
    def call(data: list[bytes]) -> list[bytes]:
        time.sleep(0.15)
        return data

    assert len(phase_of(call).cpu[0]) == 5


def test_a_codec_that_waits_for_long_is_not_repeated_for_ever():
    def call(data: list[bytes]) -> list[bytes]:
        time.sleep(3)
        return data

    assert len(phase_of(call).cpu[0]) == 2


def test_cpu_time_of_a_program_that_still_runs_counts():
    with subprocess.Popen(
        [sys.executable, "-c", BURNS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:

        def call(data: list[bytes]) -> list[bytes]:
            program.stdin.write("\n")
            program.stdin.flush()
            program.stdout.readline()
            return data

        call([])
        phase = phase_of(call)
        program.stdin.close()
    assert 0.15 < min(phase.cpu[0]) < max(phase.cpu[0]) < 0.4
