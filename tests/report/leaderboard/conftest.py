"""Hands in results."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from codelength.results.cell import Cell, Environment
from codelength.results.store import Store
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
