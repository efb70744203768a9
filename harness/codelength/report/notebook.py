"""Codecs, corpora, runs and boards for a script or a notebook, in one call each."""

import os
import sys
import warnings
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from codelength.api.codec import Codec
from codelength.api.corpus import Corpus
from codelength.api.errors import UsageError
from codelength.api.sampling import parse_limit
from codelength.plugins import Plugins, installed_plugins
from codelength.results import store

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import pandas as pd

Specs = str | Iterable[str]
"""One spec, several with commas, or a list of specs."""

Given = store.Results | str | os.PathLike[str]
"""Results, or the folder that they are in."""


class Results(store.Results):
    """The cells of a results folder. A notebook shows them as their board."""

    def to_dataframe(self, level: str = "cells") -> "pd.DataFrame":
        """Return the latest cells as a data frame of pandas.

        Args:
            level: `cells` for a row for each cell; `samples` for a row for each sample, or group of
                samples, of each cell.

        Raises:
            Unavailable: pandas is not installed.
            UsageError: There is no such level.

        Examples:
            >>> results.to_dataframe().groupby("codec")["ratio"].mean()
        """
        from codelength.report.frames import to_dataframe

        return to_dataframe(self.latest, level)

    def __repr__(self) -> str:
        from codelength.report.format import plural

        cells, runs = len(self.cells), len(self.environments)
        return f"<Results: {plural(cells, 'cell')} of {plural(runs, 'run')}>"

    def _repr_html_(self) -> str:
        return board(self)._repr_html_()


class Rankings:
    """The rankings of some results. Printed it is text, in a notebook it is tables."""

    def __init__(self, folders: Mapping[str, store.Results], key: str = "ratio") -> None:
        from codelength.report.board import build_board
        from codelength.report.board_page import BoardPage

        self.page = BoardPage(build_board(folders), key=key)

    def __str__(self) -> str:
        from codelength.report.export.terminal import to_screen

        return to_screen(self.page)

    def _repr_html_(self) -> str:
        from codelength.report.export.html import render_section

        return "\n".join(line for part in self.page.first for line in render_section(part))


def codec(spec: str) -> Codec:
    """Return a codec by its spec.

    Args:
        spec: The name with settings, as on the command line.

    Raises:
        UsageError: No installed plugin has such a codec, or it has no such setting.

    Examples:
        >>> codelength.codec("gzip:level=9").encode(b"to be or not to be")
    """
    return _plugins().codec(spec).item


def corpus(spec: str) -> Corpus:
    """Return a corpus by its spec.

    Args:
        spec: The name with settings, as on the command line.

    Raises:
        UsageError: No installed plugin has such a corpus, or it has no such setting.

    Examples:
        >>> next(codelength.corpus("prose").samples()).name
    """
    return _plugins().corpus(spec).item


def load(folder: str | os.PathLike[str]) -> Results:
    """Return the results in a folder.

    A line that is not a result is passed over with a warning.

    Raises:
        UsageError: There is no such folder.
        StoreError: They cannot be read.

    Examples:
        >>> codelength.load("codelength-results").to_dataframe()
    """
    if not Path(folder).is_dir():
        raise UsageError(f"there is no folder {folder}")
    loaded = store.load(Path(folder))
    for problem in loaded.problems:
        warnings.warn(problem, stacklevel=2)
    return Results(**vars(loaded))


def run(
    codecs: Specs,
    corpora: Specs,
    protocols: Specs = "whole",
    *,
    out: str | os.PathLike[str] = "codelength-results",
    limit: int | str | None = None,
    jobs: int = 1,
    executor: "Executor | str | None" = None,
    threads: int = 1,
    timeout: float = 3600,
    plugins: Iterable[str | os.PathLike[str]] = (),
    progress: bool | None = None,
) -> Results:
    """Measure every codec on every corpus, each in processes of its own, and return the results.

    What the folder holds already is not measured again.

    Args:
        codecs: Specs, as in `"gzip,zstd:level=19"` or `["gzip", "zstd:level=19"]`.
        corpora: Specs of corpora.
        protocols: How corpora are cut.
        out: The folder that keeps the results.
        limit: Bytes of each corpus, as 20000 or "20kB", drawn from all its files; "head:20kB" for
            its first ones; None for all.
        jobs: Cells that are measured at once on a machine; above 1 speeds are less exact.
        executor: Where cells are measured: as `--on` takes it, or an executor in the manner of
            `concurrent.futures`; None for this machine.
        threads: Threads that the libraries of a codec may use.
        timeout: Seconds for each direction of a cell.
        plugins: Files with codecs, corpora or protocols that are not installed.
        progress: Whether standard error says how it goes on; None: in a terminal or a notebook.

    Raises:
        UsageError: A spec names nothing, or a value cannot be.
        Unavailable: A corpus is not here.
        StoreError: The results cannot be written.

    Examples:
        >>> codelength.run("gzip,xz", "prose", "whole,chunks:2048", out="results")
    """
    from codelength.measure.codec_workers import SILENT
    from codelength.measure.engine import execute
    from codelength.measure.job import Limits
    from codelength.measure.plan import make_plan
    from codelength.report.progress import watch

    if jobs < 1 or threads < 1 or timeout <= 0:
        raise UsageError("jobs, threads and timeout are above 0")
    size = None if limit is None else parse_limit(limit)
    loaded = _plugins(plugins)
    chosen = loaded.select_corpora(_joined(corpora))
    for entry in chosen:
        entry.item.check_available()
    rules = loaded.select_protocols(_joined(protocols))
    entries = loaded.select_codecs(_joined(codecs))
    if not (entries and chosen and rules):
        raise UsageError("nothing to run: name a codec, a corpus and a protocol")
    if progress is None:
        progress = sys.stderr.isatty() or "ipykernel" in sys.modules
    shown = watch(sys.stderr) if progress else nullcontext(SILENT)
    with ExitStack() as stack:
        watcher = stack.enter_context(shown)
        journal = stack.enter_context(store.Store(Path(out)))
        on: Executor | int = jobs if executor is None or isinstance(executor, str) else executor
        if isinstance(executor, str) and executor != "local":
            on = stack.enter_context(loaded.executor(executor, jobs))
        plan = make_plan(loaded, entries, chosen, rules, size, watcher.reading)
        execute(plan, journal, Limits(timeout, threads=threads), on, watcher)
    results = load(out)
    return replace(results, cells=plan.latest(results))


def board(results: Given | Iterable[Given], sort: str = "ratio") -> Rankings:
    """Rank results.

    Args:
        results: What `run` or `load` returned, or results folders; one of them, or several, of
            which the first one decides what a corpus is.
        sort: What tables are ranked by: `ratio`, `adjusted`, `encode`, `decode` or `memory`.

    Raises:
        UsageError: There is no such ranking, or these are no results.
        StoreError: A folder cannot be read.

    Examples:
        >>> print(codelength.board(codelength.load("codelength-results"), sort="decode"))
    """
    several = [results] if isinstance(results, str | os.PathLike | store.Results) else list(results)
    paths = [Path(one) for one in several if isinstance(one, str | os.PathLike)]
    if paths and len(paths) == len(several):
        from codelength.report.submissions import read_folders

        return Rankings(read_folders(paths), sort)
    folders = {}
    for number, one in enumerate(several, 1):
        if not isinstance(one, store.Results):
            raise UsageError(f"a board is of folders, or of Results, not of {one!r:.60}")
        folders[f"results {number}" if len(several) > 1 else "results"] = one
    return Rankings(folders, sort)


def _plugins(files: Iterable[str | os.PathLike[str]] = ()) -> Plugins:
    """Load these files and what is installed, with the mirror that the environment names."""
    mirror = os.environ.get("CODELENGTH_DATA")
    if not files and not mirror:
        return installed_plugins()
    found = Plugins([os.fspath(file) for file in files], Path(mirror).resolve() if mirror else None)
    for plugin in found.broken:
        if not plugin.package:
            raise UsageError(f"plugin {plugin.name} cannot be loaded: {plugin.problem}")
    return found


def _joined(specs: Specs) -> str:
    listed = [specs] if isinstance(specs, str) or not isinstance(specs, Iterable) else list(specs)
    for spec in listed:
        if not isinstance(spec, str):
            raise UsageError(
                f"name it by its spec, a text such as 'NAME:level=9', not {spec!r:.60}"
            )
    return ",".join(listed)
