"""A plugin file: codecs that start processes which try to outlive them, and then hang or die.

What they do is in the environment: HANG says where ("encode", "decode", "time"), MARKER is what the
processes can be told by, END is a signal for a codec that dies instead of hanging.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

sys.path.append(str(Path(__file__).parents[1]))

from codelength import RAW, Codec, Media, hookimpl
from oracle_predictor import Knowing

FAMILY = 4
"""Processes that `start_family` starts."""


def start_family() -> None:
    """Start a child, one with a group of its own, one with a session of its own, and an orphan with
    a session of its own."""
    sleep = ["sleep", os.environ["MARKER"]]
    subprocess.Popen(sleep)
    subprocess.Popen(sleep, process_group=0)
    subprocess.Popen(sleep, start_new_session=True)
    subprocess.run(["setsid", "--fork", *sleep], check=True)


def hang(where: str) -> None:
    """Do what the environment says, if it is about this place."""
    if os.environ.get("HANG") != where:
        return
    start_family()
    if "END" in os.environ:
        os.kill(os.getpid(), int(os.environ["END"]))
    time.sleep(600)


@dataclass(frozen=True)
class Hanging(Codec):
    """Gives back what it is given."""

    name: ClassVar[str] = "hanging"

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        hang("encode")
        if "codelength_gate.stopwatch" in sys.modules:
            hang("time")
        return data

    def decode(self, blob: bytes) -> bytes:
        hang("decode")
        return blob


@dataclass(frozen=True)
class HangingModel(Knowing):
    """Has a predictor."""

    name: ClassVar[str] = "hanging-model"

    def encode_many(self, samples: Sequence[Any]) -> list[bytes]:
        hang("encode")
        return super().encode_many(samples)


@hookimpl
def codelength_codecs() -> Iterable[Codec]:
    return [Hanging(), HangingModel()]
