"""Finds plugins, loads each behind a guard, and looks up by name what they have registered."""

import hashlib
import importlib.util
import inspect
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from fnmatch import fnmatchcase
from functools import cache
from glob import glob
from importlib.metadata import EntryPoint, entry_points, version
from pathlib import Path
from traceback import FrameSummary
from types import ModuleType
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

import pluggy

from codelength.api import builtin
from codelength.api import hooks as hookspecs
from codelength.api.codec import Codec
from codelength.api.corpus import Corpus
from codelength.api.errors import UsageError, unknown
from codelength.api.hooks import GROUP, Command, Engine, Exporter, FileReader, FolderOpener
from codelength.api.media import Media
from codelength.api.protocol import Protocol
from codelength.api.spec import (
    build,
    escape_bytes,
    expand_spec,
    split_pieces,
    split_spec,
    split_specs,
)
from codelength.running import LOADING, guard_plugin

if TYPE_CHECKING:
    from concurrent.futures import Executor

FILE_MODULE = "codelength_file_"
"""How the module of a plugin file begins."""

T = TypeVar("T")
Configurable = TypeVar("Configurable", Codec, Corpus)


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
        """`codelength 0.1.0`, or the name of the file with the first digits of its digest."""
        return f"{self.package or Path(self.where).name} {self.version}"


@dataclass(frozen=True)
class Registered(Generic[T]):
    """Something that a plugin has registered, and that plugin."""

    item: T
    plugin: Plugin


class Hook(NamedTuple):
    """What a hook may return."""

    attribute: str
    """The attribute of `Plugins` that holds what all plugins return."""
    is_valid: Callable[[Any], bool]
    title: str
    """What each item is, for an error."""
    name: str = "name"
    """The attribute of an item that no two plugins may share."""


HOOKS = (
    Hook("codecs", lambda item: isinstance(item, Codec), "codec"),
    Hook("corpora", lambda item: isinstance(item, Corpus), "corpus"),
    Hook("protocols", lambda item: _is_subclass(item, Protocol), "protocol"),
    Hook("media_kinds", lambda item: _is_subclass(item, Media), "media kind", "kind"),
    Hook("commands", lambda item: isinstance(item, Command), "command"),
    Hook("file_readers", lambda item: isinstance(item, FileReader), "file reader"),
    Hook("executors", lambda item: isinstance(item, Engine), "executor"),
    Hook("folder_openers", lambda item: isinstance(item, FolderOpener), "opener of folders"),
    Hook("exporters", lambda item: callable(getattr(item, "export", None)), "exporter"),
)


class Plugins:
    """The plugins of one command. Nothing is global: build one and pass it on.

    A plugin that raises is listed with its reason; the others work on.

    Args:
        files: Plugins that are not installed: paths of Python files, or of a kind that an installed
            plugin reads.
        data: A local mirror of the standard corpora.
        only: Load only these entry points; None loads all.
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
        self.groups: Mapping[str, Sequence[str]] = {}
        """What `@NAME` in a list stands for, beside the groups that codecs are in."""
        self.found: list[Plugin] = []
        self.codecs: list[Registered[Codec]] = []
        self.corpora: list[Registered[Corpus]] = []
        self.protocols: list[Registered[type[Protocol]]] = []
        self.media_kinds: list[Registered[type[Media]]] = []
        self.commands: list[Registered[Command]] = []
        self.file_readers: list[Registered[FileReader]] = []
        self.executors: list[Registered[Engine]] = []
        self.folder_openers: list[Registered[FolderOpener]] = []
        self.exporters: list[Registered[Exporter]] = []
        built_in = Plugin("built in", builtin.__name__, version("codelength"), "codelength")
        self._register(builtin, built_in)
        wanted = None if only is None else set(only)
        for point in _points():
            if wanted is None or point.name in wanted:
                self._add(_installed(point), point.load)
        for file in files:
            plugin = _file(file)
            self._add(plugin, lambda plugin=plugin: self._open(Path(plugin.where)))  # type: ignore[misc]

    def _add(self, plugin: Plugin, load: Callable[[], object]) -> None:
        try:
            with guard_plugin(f"loading the plugin {plugin.name}", LOADING):
                self._register(load(), plugin)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a plugin may even call sys.exit
            if self._manager.has_plugin(plugin.name):
                self._manager.unregister(name=plugin.name)
            problem = " ".join(f"{type(error).__name__}: {error}".split())[:500]
            self.found.append(replace(plugin, problem=problem))
        else:
            self.found.append(plugin)

    def _register(self, module: object, plugin: Plugin) -> None:
        """Take over what all hooks of a plugin return, or raise and take over nothing."""
        marked = _hooks_of(module)
        self._manager.register(module, plugin.name)
        others = [other for other in self._manager.get_plugins() if other is not module]
        found = []
        for hook in HOOKS:
            call = self._manager.subset_hook_caller(f"codelength_{hook.attribute}", others)
            given = call(data=self.data) if hook.attribute == "corpora" else call()
            known = getattr(self, hook.attribute)
            if f"{GROUP}_{hook.attribute}" in marked:  # pluggy leaves None out
                given = given or [None]
            items = [item for some in given for item in _items(some, hook)]
            found.append((known, list(_checked(items, hook, plugin, known))))
        for known, entries in found:
            known += entries

    def _open(self, path: Path) -> object:
        """Load the plugin in a file: a Python module, or what the reader of its suffix returns."""
        if path.suffix == ".py":
            return import_file(path, f"{FILE_MODULE}{path.stem}")
        readers = _file_readers()
        reader = readers.get(path.suffix.removeprefix("."))
        if reader is None:
            known = ", ".join(f".{suffix}" for suffix in ("py", *sorted(readers)))
            raise UsageError(f"no plugin reads {path.name}; plugin files end in {known}")
        return reader.load()(path)

    @property
    def broken(self) -> list[Plugin]:
        """The plugins that could not be loaded."""
        return [plugin for plugin in self.found if plugin.problem]

    def codec(self, spec: str) -> Registered[Codec]:
        """Return the codec that `spec` names, with its settings. Raises UsageError."""
        if escape_bytes(spec) != spec:
            raise UsageError(f"no codec {escape_bytes(spec)}: the name is not UTF-8")
        return _find(spec, self.codecs, "codec", "codelength list codecs")

    def corpus(self, spec: str) -> Registered[Corpus]:
        """Return the corpus that `spec` names, with its settings. Raises UsageError."""
        return _find(spec, self.corpora, "corpus", "codelength list corpora")

    def protocol(self, spec: str) -> Registered[Protocol]:
        """Return the protocol that `spec` names, with its settings. Raises UsageError."""
        name, settings = split_spec(spec)
        for entry in self.protocols:
            if entry.item.name == name:
                return Registered(build(entry.item, settings), entry.plugin)
        names = [entry.item.name for entry in self.protocols]
        raise unknown("protocol", name, names, "codelength list protocols")

    def select_codecs(self, specs: str | None) -> list[Registered[Codec]]:
        """Return the codecs of a list, or every default row of the plugins.

        In a list, `zstd:level=1..19` is a codec for each value, `cli-*` every default row of such a
        name, `@fast` the default rows of a group (all of them where none is a default), and `-mix`
        leaves out what was chosen before it.
        """
        every = [entry for entry in self.codecs if entry.item.by_default]
        if specs is None:
            return every

        def named(spec: str) -> list[Registered[Codec]]:
            if set(spec) & set("*?[") and ":" not in spec:
                found = [entry for entry in self.codecs if fnmatchcase(entry.item.name, spec)]
                return found or [self.codec(spec)]
            return [self.codec(one) for one in expand_spec(spec)]

        return self._choose(split_specs(specs), every, named, self.codec_groups())

    def select_corpora(self, specs: str | None) -> list[Registered[Corpus]]:
        """Return the corpora of a comma-separated list, or the embedded ones.

        In a list, `@image` stands for the embedded corpora of a kind, or for all of a kind that has
        no embedded ones.
        """
        if specs is None:
            return [entry for entry in self.corpora if entry.item.embedded]
        embedded = [entry for entry in self.corpora if entry.item.embedded]

        def named(spec: str) -> list[Registered[Corpus]]:
            entry = self.corpus(self._with_name(spec, is_path="/" in spec))
            return [replace(entry, item=view) for view in entry.item.views()]

        return self._choose(self._split_corpora(specs), embedded, named, self.corpus_groups())

    def codec_groups(self) -> dict[str, list[Registered[Codec]]]:
        """Return the default rows of each group of codecs; all its rows if none is a default."""
        return _members(
            (group, e, e.item.by_default) for e in self.codecs for group in e.item.groups
        )

    def corpus_groups(self) -> dict[str, list[Registered[Corpus]]]:
        """Return the embedded corpora of each kind; all of a kind that has none embedded."""
        named = (e for e in self.corpora if not (e.item.of_files or e.item.of_models))
        return _members((e.item.kind, e, e.item.embedded) for e in named)

    def _choose(
        self,
        pieces: Sequence[str],
        every: Sequence[Registered[Configurable]],
        named: Callable[[str], list[Registered[Configurable]]],
        members: Mapping[str, Sequence[Registered[Configurable]]],
    ) -> list[Registered[Configurable]]:
        """Go through a list: what is named, `@groups` of it, and `-names` that are left out.

        A list that begins with what is left out begins with `every` default row.
        """
        chosen = {e.item.spec: e for e in every} if pieces and pieces[0].startswith("-") else {}
        for piece in pieces:
            name = piece.removeprefix("-")
            if name.startswith("@"):
                own = self.groups.get(name[1:])
                if own is None and name[1:] not in members:
                    groups = [*self.groups, *members]
                    raise unknown("group", name[1:], groups, "codelength list groups")
                found = self._choose(own, every, named, members) if own else members[name[1:]]
            elif name != piece and ":" not in name:
                found = [entry for entry in chosen.values() if entry.item.name == name]
                found = found or named(name)  # which names what is misspelt
            else:
                found = named(name)
            for entry in found:
                if name == piece:
                    chosen[entry.item.spec] = entry
                else:
                    chosen.pop(entry.item.spec, None)
        return list(chosen.values())

    def _with_name(self, spec: str, is_path: bool = False) -> str:
        """Put `path:` or the like before what is no corpus but a file, a folder or a pattern."""
        names = {entry.item.name: entry.item.of_files for entry in self.corpora}
        of_files = [name for name, takes_files in names.items() if takes_files]
        if split_spec(spec)[0] in names or not of_files:
            return spec
        is_here = is_path or glob(str(Path(spec).expanduser()))  # noqa: PTH207 - it may be absolute
        return f"{of_files[0]}:{spec}" if is_here else spec

    def _split_corpora(self, specs: str) -> list[str]:
        """Split a list. What names no corpus is part of the free text before: `path:Smith, Jo`."""
        known = {entry.item.name: hasattr(entry.item, "from_settings") for entry in self.corpora}
        found: list[str] = []
        for piece in split_pieces(specs):
            name, before = split_spec(piece)[0], split_spec(found[-1])[0] if found else ""
            if known.get(name) or name.startswith(("@", "-")):
                found.append(piece.lstrip())
            elif name not in known and known.get(before) and self._with_name(piece) == piece:
                found[-1] += f",{piece}"
            elif before and not known.get(before) and "=" in piece:
                found[-1:] = split_specs(f"{found[-1]},{piece}")
            else:
                found.append(piece.strip())
        return found

    def executor(self, spec: str, jobs: int = 1) -> "Executor":
        """Return the executor that `NAME:ADDRESS` names. Raises UsageError, Unavailable.

        Args:
            jobs: How many jobs each machine measures at once.
        """
        name, _, address = spec.partition(":")
        for entry in self.executors:
            if entry.item.name == name:
                return entry.item.load()(address, jobs)
        names = ["local", *(entry.item.name for entry in self.executors)]
        raise unknown("executor", name, names, "codelength run --help")

    def select_protocols(self, specs: str) -> list[Registered[Protocol]]:
        """Return the protocols of a comma-separated list."""
        return [self.protocol(spec) for spec in split_specs(specs)]


@cache
def installed_plugins() -> Plugins:
    """Return the installed plugins, loaded once: for the commands and options that they add."""
    return Plugins()


def _members(
    rows: Iterable[tuple[str, Registered[Configurable], bool]],
) -> dict[str, list[Registered[Configurable]]]:
    """Return the rows of each group: its default ones, or all where none of those is."""
    members: dict[str, list[Registered[Configurable]]] = {}
    others: dict[str, list[Registered[Configurable]]] = {}
    for group, row, is_default in rows:
        (members if is_default else others).setdefault(group, []).append(row)
    return {**others, **members}


def _find(
    spec: str, entries: Sequence[Registered[Configurable]], kind: str, listing: str
) -> Registered[Configurable]:
    name, settings = split_spec(spec)
    named = [entry for entry in entries if entry.item.name == name]
    if not named:
        raise unknown(kind, name, {entry.item.name for entry in entries}, listing)
    exact = [entry for entry in named if entry.item.spec == spec]
    if exact:
        return exact[0]
    first = named[0].item
    constants = {f.name: getattr(first, f.name) for f in fields(first) if not f.repr}
    return Registered(build(type(first), settings, **constants), named[0].plugin)


def _hooks_of(module: object) -> list[str]:
    """Return the hooks of a plugin. Raises UsageError for one that is unknown or not marked."""
    hooks = [f"{GROUP}_{hook.attribute}" for hook in HOOKS]
    marked = [name for name in dir(module) if hasattr(getattr(module, name), f"{GROUP}_impl")]
    for name in marked:
        if name not in hooks:
            raise unknown("hook", name, hooks, "codelength_<what>")
    for name in hooks:
        if name not in marked and callable(getattr(module, name, None)):
            raise UsageError(f"{name} has no effect without @hookimpl above it")
    return marked


def _items(given: object, hook: Hook) -> list[Any]:
    """Return what a hook gives as a list. Raises UsageError."""
    name = f"{GROUP}_{hook.attribute}"
    if isinstance(given, str) or not isinstance(given, Iterable):
        what = type(given).__name__
        raise UsageError(f"{name} returns {what}, not a list of {hook.title}s")
    return list(given)


def _checked(
    items: Iterable[Any], hook: Hook, plugin: Plugin, others: Sequence[Registered[Any]]
) -> Iterable[Registered[Any]]:
    """Check what a hook returned: its type, and that no other plugin has taken its name."""
    taken = {getattr(entry.item, hook.name): entry.plugin for entry in others}
    for item in items:
        name = getattr(item, hook.name, None)
        if isinstance(item, type) and not hook.is_valid(item):
            raise UsageError(f"{item.__name__} is a class; build a {hook.title}: {item.__name__}()")
        if not hook.is_valid(item) or not isinstance(name, str):
            raise UsageError(f"{item!r} is no {hook.title} with a {hook.name}")
        if not re.fullmatch(r"[\w.+-]+", name):
            raise UsageError(
                f"{name!r} cannot be named on the command line; use letters and digits"
            )
        if name in taken:
            raise UsageError(f"the name {name!r} is taken by the plugin {taken[name].name}")
        if isinstance(item, Codec | Corpus):
            check_description(item)
        yield Registered(item, plugin)


def check_description(item: Codec | Corpus) -> None:
    """Raise UsageError for settings that no spec can have, or a spec that cannot be stored."""
    own, kind = vars(type(item)), type(item).__name__
    hints = inspect.get_annotations(type(item)).values()
    has_settings = "__init__" in own or any("ClassVar" not in str(hint) for hint in hints)
    if has_settings and "__dataclass_fields__" not in own:
        raise UsageError(f"{kind} has settings and needs @dataclass(frozen=True) above it")
    texts = [item.spec]
    if isinstance(item, Corpus):
        texts += [item.kind, item.title, item.licence, item.source, item.citation, item.published]
    for text in texts:
        if not isinstance(text, str) or escape_bytes(text) != text:
            raise UsageError(f"{kind} {item.name} describes itself by {text!r}, which is no text")


def is_foreign(frames: Iterable[FrameSummary]) -> bool:
    """Whether an exception went through a plugin of others, or a library that was imported then."""
    ours = [f"{Path(__file__).parent}{os.sep}"]
    others: list[str] = []
    for point in _points():
        file = str(getattr(sys.modules.get(point.module), "__file__", None) or os.devnull)
        path = f"{Path(file).parent}{os.sep}" if Path(file).stem == "__init__" else file
        (ours if point.dist and point.dist.name == "codelength" else others).append(path)
    modules = [module for name, module in sys.modules.items() if name.startswith(FILE_MODULE)]
    foreign = (*others, *(str(module.__file__) for module in modules))
    return any(
        frame.filename.startswith(foreign)
        or (frame.name == "<module>" and not frame.filename.startswith(tuple(ours)))
        for frame in frames
    )


def _is_subclass(item: object, contract: type) -> bool:
    return isinstance(item, type) and issubclass(item, contract)


def _points() -> list[EntryPoint]:
    return sorted(entry_points(group=GROUP), key=lambda point: point.name)


def _file_readers() -> dict[str, FileReader]:
    """Return the readers of all installed plugins by suffix.

    A worker that loads only some plugins needs them all the same.
    """
    readers: dict[str, FileReader] = {}
    for point in _points():
        with suppress(Exception):  # a broken plugin is reported by who loads it
            describe = getattr(point.load(), "codelength_file_readers", list)
            readers |= {reader.name: reader for reader in describe()}
    return readers


def _installed(point: EntryPoint) -> Plugin:
    package, release = ("?", "?") if point.dist is None else (point.dist.name, point.dist.version)
    return Plugin(point.name, point.value, release, package)


def _file(name: str) -> Plugin:
    try:
        path = Path(name).expanduser().resolve()
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except (OSError, RuntimeError) as error:  # RuntimeError: ~somebody who is not a user
        reason = getattr(error, "strerror", error)
        raise UsageError(f"no plugin file {name!r}; {reason}") from error
    return Plugin(str(path), str(path), digest[:12])


def import_file(path: Path, *names: str) -> ModuleType:
    """Import a Python file under these names. Raises what it raises, and UsageError."""
    spec = importlib.util.spec_from_file_location(names[0], path)
    if spec is None or spec.loader is None:
        raise UsageError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules.update(dict.fromkeys(names, module))  # dataclasses look it up by name
    try:
        spec.loader.exec_module(module)
    except BaseException:
        for name in names:
            del sys.modules[name]
        raise
    return module
