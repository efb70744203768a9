"""Targets that do what no decoder may do, once an input was damaged."""

import os
import time

import fuzz_targets
from fuzz_targets import TARGETS, Target

SEED = b"a valid input"

BEHAVIOURS = {
    "raises": lambda: {}["no such key"],
    "ends": lambda: os._exit(9),
    "hangs": lambda: time.sleep(600),
    "allocates": lambda: bytes(1 << 30),
}


def target(name):
    def take(data):
        if data != SEED:
            BEHAVIOURS[name]()

    return Target(lambda: ([SEED], take))


def try_inputs(name: str, start: int, count: int) -> tuple[int, float, list[tuple[int, str]]]:
    """As the function of `fuzz_targets`, which knows these targets in this process alone."""
    TARGETS.update({name: target(name) for name in BEHAVIOURS})
    return fuzz_targets.try_inputs(name, start, count)
