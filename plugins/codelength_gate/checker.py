"""What the fixture of the pytest plugin does: compares one codec with a baseline, or writes it."""

import inspect
import warnings
from pathlib import Path

import pytest
from msgspec.structs import replace

from codelength.api.codec import Codec
from codelength.api.errors import CodelengthError, UsageError
from codelength.measure.codec_workers import SILENT
from codelength.plugins import Plugins
from codelength.workers.loading import require_loading
from codelength_gate.baseline import LIMIT, Grid, load, update_file
from codelength_gate.outcome import Outcome, Policy, accept, check
from codelength_gate.page import QUIET
from codelength_gate.rows import update_rows

TIMEOUT = 120.0
"""Seconds for each direction of a cell."""


class CodelengthWarning(UserWarning):
    """Something that does not fail a test: a smaller size, or a cell whose key changed."""


class Checker:
    """Compares codecs with the baseline in one file, or writes them into it.

    It checks what is exact: round trips, sizes and blobs.
    """

    def __init__(self, path: Path, corpora: str | None, update: bool) -> None:
        self._path, self._corpora, self._update = path, corpora, update

    def __call__(self, codec: Codec | str) -> None:
        """Fail the test unless `codec` gives what it gave before, on all corpora of the baseline.

        A smaller size, or a cell that cannot be compared, is a `CodelengthWarning`.

        Args:
            codec: A codec, or a spec such as `"zstd:level=19"`. If no installed plugin has this
                codec, the file of its class is loaded as a plugin; it needs the hook
                `codelength_codecs`.
        """
        __tracebackhide__ = True
        try:
            plugins, spec = find_codec(codec)
            outcome = (self._accept if self._update else self._check)(plugins, spec)
        except CodelengthError as error:
            raise pytest.fail.Exception(str(error), pytrace=False) from None
        lines = [
            f"{spec} on {cell.corpus} ({cell.protocol}) is {cell.verdict}: {cell.detail}"
            for cell in outcome.cells
            if cell.verdict not in QUIET
        ]
        if outcome.exit_code:
            pytest.fail("\n".join([f"{spec}: {outcome.headline}", *lines]), pytrace=False)
        for line in lines:
            warnings.warn(CodelengthWarning(line), stacklevel=2)

    def _check(self, plugins: Plugins, spec: str) -> Outcome:
        baseline = load(self._path)
        if baseline is None:
            raise UsageError(f"no baseline {self._path}; 'pytest --codelength-update' makes it")
        cells = baseline.cells_of(spec)
        if not cells:
            raise UsageError(
                f"{self._path.name} has no {spec}; 'pytest --codelength-update' adds it"
            )
        one_codec = replace(baseline, cells=cells, rows=[])
        return check(one_codec, plugins, SILENT, Policy(), timed=False, timeout=TIMEOUT)

    def _accept(self, plugins: Plugins, spec: str) -> Outcome:
        if before := load(self._path):
            grid = before.grid
        else:
            corpora = [entry.item.spec for entry in plugins.select_corpora(self._corpora)]
            grid = Grid(corpora=corpora, protocols=["whole"], limit=LIMIT)
        rows = update_rows(before.rows if before else (), plugins, [spec], ())
        new, outcome = accept(
            [spec], grid, plugins, SILENT, timed=False, timeout=TIMEOUT, rows=rows
        )
        if not outcome.exit_code:
            update_file(self._path, new)
        return outcome


def find_codec(codec: Codec | str) -> tuple[Plugins, str]:
    """Return plugins that have a codec, and its spec. Raises UsageError."""
    require_loading()  # a plugin that ends its process must not end that of pytest, and with 0
    plugins = Plugins()
    if isinstance(codec, str):
        return plugins, plugins.codec(codec).item.spec
    if not any(entry.item.name == codec.name for entry in plugins.codecs):
        try:
            file = inspect.getfile(type(codec))
        except (OSError, TypeError) as error:
            raise UsageError(f"no plugin has the codec {codec.name!r}: {error}") from error
        require_loading(file)
        plugins = Plugins([file])
        if not any(entry.item.name == codec.name for entry in plugins.codecs):
            problems = [plugin.problem for plugin in plugins.broken if plugin.where == file]
            reason = problems[0] if problems else "it has no hook codelength_codecs that gives it"
            raise UsageError(f"no plugin has the codec {codec.name!r}, nor has {file}: {reason}")
    return plugins, plugins.codec(codec.spec).item.spec
