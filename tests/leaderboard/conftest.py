"""Makes tests/factories.py importable when only this folder is run, and hands in results."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from codelength.result import Cell, Environment
from codelength.store import Store
from factories import environment

HandIn = Callable[..., Path]


@pytest.fixture
def hand_in(tmp_path: Path) -> HandIn:
    """Writes a results folder as a run would: its name, its cells, its environments."""

    def write(name: str, cells: Sequence[Cell], *environments: Environment) -> Path:
        folder = tmp_path / name
        with Store(folder) as store:
            for record in [*(environments or [environment()]), *cells]:
                store.append(record)
        return folder

    return write
