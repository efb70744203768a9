import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]

PLUGIN = """
import os, sys, time, zlib
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from codelength import RAW, Codec, Corpus, Media, Sample, hookimpl

{top}

@dataclass(frozen=True)
class Mine(Codec):
    name: ClassVar[str] = "mine"
    {facts}

    def encode(self, data, media=RAW):
        {encode}

    def decode(self, blob):
        {decode}

@hookimpl
def codelength_codecs():
    return [Mine()]
"""


@pytest.fixture
def codelength(tmp_path: Path) -> Run:
    """Runs the command line in a folder of its own."""

    def run(
        *arguments: str | Path | bytes, environment: dict[str, str] | None = None, **options: object
    ) -> subprocess.CompletedProcess[str]:
        own = {"CODELENGTH_CACHE": str(tmp_path / "cache"), "COLUMNS": "140"}
        return subprocess.run(
            [sys.executable, "-m", "codelength", *arguments],
            env={**os.environ, **own, **(environment or {})},
            **{"cwd": tmp_path, "capture_output": True, "text": True, "timeout": 200, **options},
        )

    return run


@pytest.fixture
def write_codec(tmp_path: Path) -> Callable[..., list[str]]:
    """Writes a plugin with the codec `mine`, zlib but for what is given; returns its options."""

    def write(
        encode: str = "return zlib.compress(data)",
        decode: str = "return zlib.decompress(blob)",
        facts: str = "",
        top: str = "",
    ) -> list[str]:
        file = tmp_path / "mine.py"
        file.write_text(PLUGIN.format(encode=encode, decode=decode, facts=facts, top=top))
        return ["--plugin", str(file)]

    return write
