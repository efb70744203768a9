"""The process that times a codec: with a clock of its own making, and for real."""

import subprocess
import sys
from pathlib import Path

import pytest

from codelength.measure.job import Recipe
from codelength_gate.stopwatch import (
    DISTURBED,
    FEWEST,
    PAUSE,
    ROUND,
    ROUNDS,
    TURN,
    Request,
    Stopwatch,
)
from codelength_gate.timing import TimingError, answer

HERE = Path(__file__).parents[2]


class World:
    """Time goes by only when something is called, or sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.log: list[str] = []

    def call(self, name: str, seconds: float):
        def called() -> None:
            self.log.append(name)
            self.now += seconds

        return called

    def sleep(self, seconds: float) -> None:
        self.log.append("sleep")
        self.now += seconds

    def rounds(self, *calls, good=lambda seconds: True) -> list[list[float]]:
        return Stopwatch(lambda: self.now, self.sleep).rounds(calls, good)


def test_a_round_says_what_one_call_takes():
    world = World()
    rounds = world.rounds(world.call("short", 0.00025), world.call("long", 0.004))
    assert len(rounds) == ROUNDS
    for seconds in rounds:
        assert seconds == pytest.approx([0.00025, 0.004])


def test_calls_take_turns_until_the_round_is_full():
    world = World()
    world.rounds(world.call("a", TURN / 4), world.call("b", TURN))
    tail = world.log[6:]  # after three calls of each, to see what one takes
    assert "".join(tail[:15]) == "aaaab" * 3
    assert len(tail) / ROUNDS == round(ROUND / (2 * TURN)) * 5


def test_of_long_calls_there_are_fewer_rounds():
    world = World()
    rounds = world.rounds(world.call("model", 0.4))
    assert rounds == [[pytest.approx(0.4)]] * FEWEST


def test_it_waits_while_the_machine_is_disturbed_and_goes_on_when_it_is_not():
    world = World()
    rounds = world.rounds(world.call("a", 0.001), good=lambda _: world.now > 2)
    assert world.log.count("sleep") == len(rounds) - ROUNDS
    assert 2 <= world.log.count("sleep") * PAUSE <= 2.5


def test_it_gives_up_on_a_machine_that_is_always_disturbed():
    world = World()
    rounds = world.rounds(world.call("a", 0.001), good=lambda _: False)
    assert len(rounds) == world.log.count("sleep") == DISTURBED


def request(codec: str, **changes: object) -> Request:
    fields: dict[str, object] = {
        "slices": [("prose", "whole")],
        "clock": "cpu",
        "prefix_bytes": 2000,
        "shorten": False,
        "contention": None,
    }
    faulty = str(HERE / "faulty_plugin.py")
    plugin = faulty if codec.startswith("liar") else "stdlib"
    recipe = Recipe(codec, plugin, ("embedded",), (faulty,))
    return Request(recipe, **(fields | changes))  # type: ignore[arg-type]


def test_a_codec_is_timed_in_both_directions_beside_two_references():
    made = answer(request("gzip:level=9"), 60)
    assert len(made.rounds) == ROUNDS
    assert made.prefix_bytes == 2000
    for seconds in made.rounds:
        assert 0 < seconds.decode < seconds.encode < 1
        assert 0 < seconds.deflate < 1
        assert 0 < seconds.bytecode < 1


def test_a_slow_codec_is_given_less_to_do():
    made = answer(request("xz:preset=9e", prefix_bytes=20_000, shorten=True), 60)
    assert made.prefix_bytes < 20_000


@pytest.mark.parametrize(
    ("codec", "line"),
    [
        ("liar-segfaults", "its process died of SIGSEGV"),
        ("liar-exits", "its process ended with exit code 7"),
        ("liar-raises", "ValueError: this liar raises"),
    ],
)
def test_a_codec_that_breaks_its_process_costs_a_line(codec, line):
    with pytest.raises(TimingError, match=line):
        answer(request(codec), 60)


def test_a_codec_that_hangs_is_ended():
    with pytest.raises(TimingError, match="no result after 2 s"):
        answer(request("liar-hangs"), 2)


def test_what_a_codec_prints_is_not_taken_for_an_answer():
    assert len(answer(request("liar-prints"), 60).rounds) == ROUNDS


def test_timing_loads_neither_the_report_nor_numpy():
    """Each pass is a process, and starts as fast as a codec can be loaded."""
    code = "import sys, codelength_gate.stopwatch as s; print(*sorted(sys.modules))"

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    loaded = set(ran.stdout.split())
    assert "codelength_gate.stopwatch" in loaded
    assert loaded.isdisjoint({"numpy", "rich", "codelength.report", "codelength.measure.engine"})
