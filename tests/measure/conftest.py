import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]

HERE = Path(__file__).parent.parent


@pytest.fixture
def faulty_plugin() -> list[str]:
    """The options that load the codecs and corpora that lie."""
    return ["--plugin", str(HERE / "faulty_plugin.py")]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with two small texts."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "a.txt").write_text("the cat sat on the mat and the dog sat on the cat\n" * 40)
    (folder / "b.txt").write_text(
        "".join(f"{i} bottles on the wall, {i * i}\n" for i in range(200))
    )
    return folder


@pytest.fixture
def codelength(tmp_path: Path) -> Run:
    """Runs the command line in a folder of its own."""

    def run(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "codelength", *map(str, arguments)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            env={**os.environ, "CODELENGTH_CACHE": str(tmp_path / "cache")},
            **options,  # type: ignore[call-overload]
        )

    return run
