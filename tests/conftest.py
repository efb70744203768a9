import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from codelength.results.cell import Cell, Environment

collect_ignore = ["outside"]
"""A package of its own with tests of its own; `test_outside.py` installs it and runs them."""

# What surrounds the tests is for them, and for what they start, as on a new machine.
for variable in ("CODELENGTH_DATA", "CODELENGTH_DEVICE"):
    os.environ.pop(variable, None)
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # so is what a script starts behind itself
    signal.signal(signal.SIGINT, signal.default_int_handler)

HandIn = Callable[..., Path]


@pytest.fixture
def hand_in(tmp_path: Path) -> HandIn:
    """Writes a results folder as a run would: its name, its cells, its environments."""

    from codelength.results.store import Store
    from factories import environment

    def write(name: str, cells: Sequence[Cell], *environments: Environment) -> Path:
        folder = tmp_path / name
        with Store(folder) as store:
            for record in [*(environments or [environment()]), *cells]:
                store.append(record)
        return folder

    return write
