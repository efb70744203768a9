"""The host: finds plugins, loads each behind a guard, and answers for their codecs and corpora."""

import hashlib
import importlib.util
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Generic, TypeVar

import pluggy

from codelength.api import hooks as hookspecs
from codelength.api.codec import Codec
from codelength.api.corpus import Corpus
from codelength.api.errors import UsageError, unknown
from codelength.api.hooks import GROUP
from codelength.api.spec import build, split_spec, split_specs

T = TypeVar("T", Codec, Corpus)

FILE_GROUP = "codelength.files"
"""The entry-point group of readers for plugins that are no Python: suffix → a function from a path
to an object with hooks."""


@dataclass(frozen=True)
class Plugin:
    """Where a plugin comes from, and why it is not active, if it is not."""

    name: str
    """The entry point's name, or the path of a file."""
    where: str
    """The module, or the file."""
    version: str
    package: str = ""
    """The distribution that it was installed with; empty for a file."""
    problem: str | None = None

    @property
    def label(self) -> str:
        """`codelength 0.1.0`, or the file with the first digits of its digest."""
        return f"{self.package or self.where} {self.version}"


@dataclass(frozen=True)
class Registered(Generic[T]):
    """A codec or a corpus, and the plugin that registered it."""

    item: T
    plugin: Plugin


class Plugins:
    """The plugins of one command. Nothing is global: build one and pass it on.

    `only` loads just these entry points (a worker needs no others); `files` are plugins that are
    not installed. A plugin that raises is listed with its reason and costs only its own rows.
    """

    def __init__(
        self,
        files: Sequence[str] = (),
        data: Path | None = None,
        only: Iterable[str] | None = None,
    ) -> None:
        self._manager = pluggy.PluginManager(GROUP)
        self._manager.add_hookspecs(hookspecs)
        self.data = data
        self.files = tuple(files)
        self.found: list[Plugin] = []
        self.codecs: list[Registered[Codec]] = []
        self.corpora: list[Registered[Corpus]] = []
        wanted = None if only is None else set(only)
        for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
            if wanted is None or point.name in wanted:
                self._add(_installed(point), point)
        for file in files:
            self._add(_file(file), None)

    def _add(self, plugin: Plugin, point: EntryPoint | None) -> None:
        try:
            module = point.load() if point else _opened(Path(plugin.where))
            self._manager.register(module, plugin.name)
            self._manager.check_pending()
            hooks = self._manager.subset_hook_caller
            others = [p for p in self._manager.get_plugins() if p is not module]
            codecs = [item for some in hooks("codelength_codecs", others)() for item in some]
            given = hooks("codelength_corpora", others)(data=self.data)
            corpora = [item for some in given for item in some]
            codecs_found = _checked(codecs, Codec, plugin, self.codecs)  # type: ignore[type-abstract]
            corpora_found = _checked(corpora, Corpus, plugin, self.corpora)  # type: ignore[type-abstract]
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a plugin may even call sys.exit
            if self._manager.has_plugin(plugin.name):
                self._manager.unregister(name=plugin.name)
            problem = f"{type(error).__name__}: {error}".splitlines()[0]
            self.found.append(replace(plugin, problem=problem))
        else:
            self.codecs += codecs_found
            self.corpora += corpora_found
            self.found.append(plugin)

    @property
    def broken(self) -> list[Plugin]:
        """Those that were found and could not be loaded."""
        return [plugin for plugin in self.found if plugin.problem]

    def codec(self, spec: str) -> Registered[Codec]:
        """The codec that `spec` names, with its settings. Raises UsageError."""
        return _resolved(spec, self.codecs, "codec", "codelength list codecs")

    def corpus(self, spec: str) -> Registered[Corpus]:
        """The corpus that `spec` names, with its settings. Raises UsageError."""
        return _resolved(spec, self.corpora, "corpus", "codelength list corpora")

    def select_codecs(self, specs: str | None) -> list[Registered[Codec]]:
        """Those that a comma-separated list names, or every default row of the plugins."""
        if specs is None:
            return [entry for entry in self.codecs if entry.item.by_default]
        return _unique(self.codec(spec) for spec in split_specs(specs))

    def select_corpora(self, specs: str | None) -> list[Registered[Corpus]]:
        """Those that a comma-separated list names, or the embedded ones."""
        if specs is None:
            return [entry for entry in self.corpora if entry.item.embedded]
        named = [self.corpus(spec) for spec in self._rejoined(split_specs(specs))]
        return _unique(replace(entry, item=view) for entry in named for view in entry.item.views())

    def _rejoined(self, specs: Iterable[str]) -> list[str]:
        """The specs of corpora, where a piece that names none belongs to free text before it.

        A file may have a comma in its name.
        """
        known = {entry.item.name: entry.item for entry in self.corpora}
        joined: list[str] = []
        for spec in specs:
            before = known.get(split_spec(joined[-1])[0]) if joined else None
            if split_spec(spec)[0] not in known and hasattr(before, "from_settings"):
                joined[-1] += f",{spec}"
            else:
                joined.append(spec)
        return joined


def _resolved(
    spec: str, entries: Sequence[Registered[T]], kind: str, listing: str
) -> Registered[T]:
    name, settings = split_spec(spec)
    named = [entry for entry in entries if entry.item.name == name]
    if not named:
        raise unknown(kind, name, {entry.item.name for entry in entries}, listing)
    exact = [entry for entry in named if entry.item.spec == spec]
    if exact:
        return exact[0]
    given = named[0].item
    fixed = {f.name: getattr(given, f.name) for f in fields(given) if not f.repr}
    return Registered(build(type(given), settings, **fixed), named[0].plugin)


def _unique(entries: Iterable[Registered[T]]) -> list[Registered[T]]:
    return list({entry.item.spec: entry for entry in entries}.values())


def _checked(
    items: Iterable[object], contract: type[T], plugin: Plugin, others: Sequence[Registered[T]]
) -> list[Registered[T]]:
    """Those items that keep the contract and whose names nobody else has taken."""
    taken = {entry.item.name: entry.plugin for entry in others}
    entries = []
    for item in items:
        name = getattr(item, "name", None)
        if not isinstance(item, contract) or not isinstance(name, str):
            raise UsageError(f"{item!r} is not a {contract.__name__} with a name")
        if not re.fullmatch(r"[\w.+-]+", name):
            raise UsageError(
                f"{name!r} cannot be named on the command line; use letters and digits"
            )
        if name in taken:
            raise UsageError(f"the name {name!r} is taken by the plugin {taken[name].name}")
        entries.append(Registered(item, plugin))
    return entries


def _installed(point: EntryPoint) -> Plugin:
    package, version = ("?", "?") if point.dist is None else (point.dist.name, point.dist.version)
    return Plugin(point.name, point.value, version, package)


def _file(name: str) -> Plugin:
    path = Path(name).expanduser().resolve()
    if not path.is_file():
        raise UsageError(f"no plugin file {name!r}; --plugin takes the path of one")
    return Plugin(str(path), str(path), hashlib.sha256(path.read_bytes()).hexdigest()[:12])


def _opened(path: Path) -> object:
    """The plugin in a file: a Python module, or what the reader of its suffix makes of it."""
    if path.suffix == ".py":
        return _imported(path)
    readers = {point.name: point for point in entry_points(group=FILE_GROUP)}
    reader = readers.get(path.suffix.removeprefix("."))
    if reader is None:
        known = ", ".join(f".{suffix}" for suffix in ("py", *sorted(readers)))
        raise UsageError(f"{path.name} is no plugin: nothing reads its kind, but {known}")
    return reader.load()(path)


def _imported(path: Path) -> ModuleType:
    name = f"codelength_file_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UsageError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up by name
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
