"""Tries in a worker what can be loaded, for a process that must not end by it."""

from collections.abc import Iterable
from functools import cache, partial
from importlib import import_module
from importlib.metadata import entry_points

from codelength.api.errors import UsageError
from codelength.api.hooks import GROUP
from codelength.plugins import Plugins
from codelength.running import LOADING
from codelength.workers.calls import report_progress
from codelength.workers.supervisor import CallFailed, Supervisor, WorkerLost


@cache
def require_loading(*files: str) -> None:
    """Raise UsageError if an installed plugin, or one of `files`, ends the process or hangs.

    A plugin that only raises is no problem here: `Plugins.broken` has it.
    """
    names = sorted(point.name for point in entry_points(group=GROUP))
    loading = [0]
    with Supervisor() as worker:
        try:
            worker.call(partial(_load, names, files), LOADING, lambda at: loading.insert(0, at))
        except WorkerLost as error:
            plugin = [*names, *files][loading[0]]
            raise UsageError(f"loading the plugin {plugin}: the process {error.problem}") from error


def _load(names: list[str], files: tuple[str, ...]) -> None:
    for number, name in enumerate(names):
        report_progress(number)
        Plugins(only=[name])
    for number, file in enumerate(files, len(names)):
        report_progress(number)
        Plugins([file], only=())


def import_problems(modules: Iterable[str]) -> dict[str, str]:
    """Return, of the modules that cannot be imported, why."""
    problems = {}
    for module in modules:
        try:
            with Supervisor() as worker:
                worker.call(partial(_import, module), LOADING)
        except CallFailed as error:
            problems[module] = str(error)
    return problems


def _import(module: str) -> None:
    import_module(module)
