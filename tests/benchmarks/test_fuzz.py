"""The fuzz targets: a few hundred damaged inputs for each, and what counts as a fault."""

from functools import partial

import fuzz
import fuzz_broken
import pytest
from fuzz_targets import TARGETS, inputs, try_inputs

from codelength.workers.supervisor import Supervisor

MODELS = ("seven-bits", "recurrent", "transformer", "online", "mix", "hf-token")
"""Slow to load."""


@pytest.fixture(scope="module")
def worker():
    with Supervisor() as supervisor:
        yield supervisor


def check(worker: Supervisor, name: str, count: int) -> None:
    good, slowest, faults = worker.call(partial(try_inputs, name, 0, count), 120)
    assert faults == []
    assert slowest < fuzz.HANG
    assert 0 < good < count


@pytest.mark.parametrize("name", [name for name in TARGETS if name not in MODELS])
def test_damaged_input_is_read_or_refused_with_the_documented_error(worker, name):
    check(worker, name, 300)


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_a_damaged_blob_of_a_model_is_decoded_or_refused(worker, name):
    check(worker, name, 1000)


def test_an_input_is_the_same_whenever_it_is_made():
    seeds = [b"abcdefgh", b"0123"]
    assert [*inputs("wav", seeds, 0, 50)] == [
        *inputs("wav", seeds, 0, 20),
        *inputs("wav", seeds, 20, 30),
    ]
    assert len({*inputs("wav", seeds, 0, 50)}) > 40


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("raises", "raises input 0: KeyError: 'no such key'"),
        ("ends", "ends input 0: its process ended with exit code 9"),
        ("hangs", "hangs input 0: its process gave no result in 1 s"),
        ("allocates", "allocates input 0: MemoryError"),
    ],
)
def test_what_is_no_answer_is_a_fault_with_its_number(monkeypatch, name, fault):
    monkeypatch.setattr(fuzz, "try_inputs", fuzz_broken.try_inputs)
    monkeypatch.setattr(fuzz, "HANG", 1.0)
    monkeypatch.setattr(fuzz, "CHUNK", 0.0)
    tally = fuzz.new_tally(0)
    faults = fuzz.fuzz(name, tally, 2, 30)
    assert len(faults) == 2
    assert faults[0].startswith(fault)
    assert tally["inputs"] == 2


@pytest.mark.slow
def test_a_run_goes_on_where_the_last_one_stopped_and_writes_its_figures(monkeypatch, tmp_path):
    for count in ("100", "250"):
        arguments = ["--only", "varint", "--from", "7000", "--inputs", count]
        arguments += ["--out", str(tmp_path)]
        monkeypatch.setattr("sys.argv", ["fuzz.py", *arguments])
        assert fuzz.main() == 0
    text = (tmp_path / "fuzz.md").read_text()
    assert "| varint | 250 |" in text
    assert f"python benchmarks/fuzz.py {' '.join(arguments)}" in text
