"""The pytest plugin: tests a codec of one's own repository against a baseline.

    def test_squeeze_has_not_got_worse(codelength_baseline):
        codelength_baseline(Squeeze(level=9))

Fixture:
    codelength_baseline: a `Checker`; see `Checker.__call__`.
Settings:
    codelength_baseline: the baseline file, relative to rootdir.
    codelength_corpora: the corpora of a new baseline, as for `codelength run --corpora`.
Option:
    --codelength-update: accept what the codecs give now.

The plugin checks what is exact: round trips, sizes and blobs. pytest loads this module in every
project of an environment that has codelength, so it imports the rest only when a test calls the
fixture.
"""

import inspect
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from codelength.api.codec import Codec
    from codelength.gate.outcome import Outcome
    from codelength.plugins import Plugins

FILE = "codelength-baseline.json"
TIMEOUT = 120.0
"""Seconds for each direction of a cell."""


class CodelengthWarning(UserWarning):
    """Something that does not fail a test: a smaller size, or a cell whose key changed."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the settings and the option."""
    parser.addini("codelength_baseline", "the baseline, relative to rootdir", default=FILE)
    parser.addini("codelength_corpora", "corpora of a new baseline; default: the embedded ones")
    parser.getgroup("codelength").addoption(
        "--codelength-update",
        action="store_true",
        help="accept what codecs give now: write the baseline of codelength_baseline",
    )


@pytest.fixture
def codelength_baseline(request: pytest.FixtureRequest) -> "Checker":
    """Call it with a codec: the test fails if the codec has got worse since the baseline was made.

    See `Checker.__call__`.
    """
    config = request.config
    path = config.rootpath / config.getini("codelength_baseline")
    update = config.getoption("codelength_update")
    return Checker(path, config.getini("codelength_corpora") or None, update)


class Checker:
    """Compares codecs with the baseline in one file, or writes them into it."""

    def __init__(self, path: Path, corpora: str | None, update: bool) -> None:
        self._path, self._corpora, self._update = path, corpora, update

    def __call__(self, codec: "Codec | str") -> None:
        """Fail the test unless `codec` gives what it gave before, on all corpora of the baseline.

        A smaller size, or a cell that cannot be compared, is a `CodelengthWarning`.

        Args:
            codec: A codec, or a spec such as `"zstd:level=19"`. If no installed plugin has this
                codec, the file of its class is loaded as a plugin; it needs the hook
                `codelength_codecs`.
        """
        __tracebackhide__ = True
        from codelength.api.errors import CodelengthError

        try:
            plugins, spec = find_codec(codec)
            outcome = (self._accept if self._update else self._check)(plugins, spec)
        except CodelengthError as error:
            raise pytest.fail.Exception(str(error), pytrace=False) from None
        lines = [
            f"{spec} on {cell.corpus} ({cell.protocol}) is {cell.verdict}: {cell.detail}"
            for cell in outcome.cells
            if cell.detail and cell.verdict != "declined"
        ]
        if outcome.exit_code:
            pytest.fail("\n".join([f"{spec}: {outcome.headline}", *lines]), pytrace=False)
        for line in lines:
            warnings.warn(CodelengthWarning(line), stacklevel=2)

    def _check(self, plugins: "Plugins", spec: str) -> "Outcome":
        from msgspec.structs import replace

        from codelength.api.errors import UsageError
        from codelength.gate.baseline import load
        from codelength.gate.outcome import Policy, check
        from codelength.measure.codec_workers import SILENT

        baseline = load(self._path)
        if baseline is None:
            raise UsageError(f"no baseline {self._path}; 'pytest --codelength-update' makes it")
        if spec not in baseline.grid.codecs:
            raise UsageError(
                f"{self._path.name} has no {spec}; 'pytest --codelength-update' adds it"
            )
        one_codec = replace(baseline, grid=replace(baseline.grid, codecs=[spec]))
        return check(one_codec, plugins, SILENT, Policy(), timed=False, timeout=TIMEOUT)

    def _accept(self, plugins: "Plugins", spec: str) -> "Outcome":
        from msgspec.structs import replace

        from codelength.gate.baseline import LIMIT, Grid, load, update_file
        from codelength.gate.outcome import accept
        from codelength.measure.codec_workers import SILENT

        if before := load(self._path):
            grid = replace(before.grid, codecs=[spec])
        else:
            corpora = [entry.item.spec for entry in plugins.select_corpora(self._corpora)]
            grid = Grid(codecs=[spec], corpora=corpora, protocols=["whole"], limit=LIMIT)
        new, outcome = accept(grid, plugins, SILENT, timed=False, timeout=TIMEOUT)
        if not outcome.exit_code:
            update_file(self._path, new)
        return outcome


def find_codec(codec: "Codec | str") -> tuple["Plugins", str]:
    """Return plugins that have a codec, and its spec. Raises UsageError."""
    from codelength.api.errors import UsageError
    from codelength.plugins import Plugins

    plugins = Plugins()
    if isinstance(codec, str):
        return plugins, plugins.codec(codec).item.spec
    if not any(entry.item.name == codec.name for entry in plugins.codecs):
        try:
            file = inspect.getfile(type(codec))
        except (OSError, TypeError) as error:
            raise UsageError(f"no plugin has the codec {codec.name!r}: {error}") from error
        plugins = Plugins([file])
        if not any(entry.item.name == codec.name for entry in plugins.codecs):
            problems = [plugin.problem for plugin in plugins.broken if plugin.where == file]
            reason = problems[0] if problems else "it has no hook codelength_codecs that gives it"
            raise UsageError(f"no plugin has the codec {codec.name!r}, nor has {file}: {reason}")
    return plugins, plugins.codec(codec.spec).item.spec
