"""The pytest plugin: a codec of one's own repository against a baseline, as a test.

    def test_squeeze_has_not_got_worse(codelength_baseline):
        codelength_baseline(Squeeze(level=9))

It checks what is exact: round trips, sizes, blobs. pytest loads this module in every project, so
the harness is imported only when a test calls the fixture.
"""

import fcntl
import inspect
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from codelength.api.codec import Codec
    from codelength.gate.baseline import Baseline, Grid
    from codelength.gate.outcome import Outcome
    from codelength.plugins import Plugins

FILE = "codelength-baseline.json"
TIMEOUT = 120.0
"""Seconds for each direction of a cell."""


class CodelengthWarning(UserWarning):
    """Something that is no reason to fail: a smaller size, a cell with another key."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds where the baseline is, what it is made on, and what makes it."""
    parser.addini("codelength_baseline", "the baseline, relative to rootdir", default=FILE)
    parser.addini("codelength_corpora", "what a new baseline is made on; default: those embedded")
    parser.getgroup("codelength").addoption(
        "--codelength-update",
        action="store_true",
        help="accept what codecs give now: writes the baseline of codelength_baseline",
    )


@pytest.fixture
def codelength_baseline(request: pytest.FixtureRequest) -> "Checker":
    """Call it with a codec: the test fails if the codec has got worse since the baseline was
    made. See `Checker.__call__`."""
    config = request.config
    path = config.rootpath / config.getini("codelength_baseline")
    update = config.getoption("codelength_update")
    return Checker(path, config.getini("codelength_corpora") or None, update)


class Checker:
    """Holds codecs against the baseline in one file, or writes them into it."""

    def __init__(self, path: Path, corpora: str | None, update: bool) -> None:
        self._path, self._corpora, self._update = path, corpora, update

    def __call__(self, codec: "Codec | str") -> None:
        """Fails the test unless `codec` gives what it gave before, on all corpora of the baseline.

        A codec that no installed plugin offers is looked for in the file of its class, which has
        to have the hook `codelength_codecs`. What is smaller now, or cannot be compared, is a
        warning.
        """
        __tracebackhide__ = True
        from codelength.api.errors import CodelengthError

        try:
            plugins, spec = found(codec)
            outcome = (
                self._accepted(plugins, spec) if self._update else self._checked(plugins, spec)
            )
        except CodelengthError as error:
            pytest.fail(str(error), pytrace=False)
        lines = [
            f"{spec} on {cell.corpus} ({cell.protocol}) is {cell.verdict}: {cell.detail}"
            for cell in outcome.findings
            if cell.detail and cell.verdict != "declined"
        ]
        if outcome.exit_code:
            pytest.fail("\n".join([f"{spec}: {outcome.headline}", *lines]), pytrace=False)
        for line in lines:
            warnings.warn(CodelengthWarning(line), stacklevel=2)

    def _checked(self, plugins: "Plugins", spec: str) -> "Outcome":
        from msgspec.structs import replace

        from codelength.api.errors import UsageError
        from codelength.gate.baseline import load
        from codelength.gate.grid import Silent
        from codelength.gate.outcome import Policy, check

        if not self._path.exists():
            raise UsageError(f"no baseline {self._path}; 'pytest --codelength-update' makes it")
        before = load(self._path)
        if spec not in before.grid.codecs:
            raise UsageError(
                f"{self._path.name} has no {spec}; 'pytest --codelength-update' takes it in"
            )
        alone = replace(before, grid=replace(before.grid, codecs=[spec]))
        return check(alone, plugins, Silent(), Policy(), timed=False, timeout=TIMEOUT)

    def _accepted(self, plugins: "Plugins", spec: str) -> "Outcome":
        from codelength.gate.acceptance import accept
        from codelength.gate.baseline import load, save
        from codelength.gate.grid import Silent

        before = load(self._path) if self._path.exists() else None
        grid = self._grid(plugins, spec, before)
        made, outcome = accept(grid, plugins, Silent(), timed=False, timeout=TIMEOUT)
        if not outcome.exit_code:
            with alone_in(self._path.parent):  # tests may run beside each other
                save(load(self._path).with_cells(made) if self._path.exists() else made, self._path)
        return outcome

    def _grid(self, plugins: "Plugins", spec: str, before: "Baseline | None") -> "Grid":
        """That of the baseline if there is one, for this codec."""
        from msgspec.structs import replace

        from codelength.gate.baseline import LIMIT, Grid

        if before:
            return replace(before.grid, codecs=[spec], wall=[])
        corpora = [entry.item.spec for entry in plugins.select_corpora(self._corpora)]
        return Grid(codecs=[spec], corpora=corpora, protocols=["whole"], limit=LIMIT)


def found(codec: "Codec | str") -> tuple["Plugins", str]:
    """Plugins that offer a codec, and its spec. Raises UsageError."""
    from codelength.api.errors import UsageError
    from codelength.plugins import Plugins

    plugins = Plugins()
    if isinstance(codec, str):
        return plugins, plugins.codec(codec).item.spec
    if not any(entry.item.name == codec.name for entry in plugins.codecs):
        file = inspect.getfile(type(codec))
        plugins = Plugins([file])
        if not any(entry.item.name == codec.name for entry in plugins.codecs):
            problems = [plugin.problem for plugin in plugins.broken if plugin.where == file]
            reason = problems[0] if problems else "it has no hook codelength_codecs that gives it"
            raise UsageError(
                f"no plugin offers the codec {codec.name!r}, nor does {file}: {reason}"
            )
    return plugins, plugins.codec(codec.spec).item.spec


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """No other process is in this block for the same folder."""
    folder.mkdir(parents=True, exist_ok=True)
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)
