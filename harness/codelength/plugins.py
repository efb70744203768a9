"""The host: finds plugins, loads each behind a guard, and answers for their codecs and corpora."""

import hashlib
import importlib.util
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
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
class Origin:
    """Where a plugin comes from, enough to load it again in another process."""

    name: str
    """The entry point's name, or the path of a file."""
    where: str
    """The module, or the file."""
    version: str
    package: str = ""

    @property
    def label(self) -> str:
        """`codelength 0.1.0`, or the file with the head of its digest."""
        return f"{self.package or self.where} {self.version}"


@dataclass(frozen=True)
class Plugin:
    """One plugin as it was found, and why it is not active, if it is not."""

    origin: Origin
    problem: str | None = None


@dataclass(frozen=True)
class Offer(Generic[T]):
    """A codec or a corpus with the plugin that offers it."""

    item: T
    origin: Origin


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
        self.codecs: list[Offer[Codec]] = []
        self.corpora: list[Offer[Corpus]] = []
        wanted = None if only is None else set(only)
        for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
            if wanted is None or point.name in wanted:
                self._add(_installed(point), point)
        for file in files:
            self._add(_file(file), None)

    def _add(self, origin: Origin, point: EntryPoint | None) -> None:
        try:
            module = point.load() if point else _opened(Path(origin.where))
            self._manager.register(module, origin.name)
            self._manager.check_pending()
            hooks = self._manager.subset_hook_caller
            others = [p for p in self._manager.get_plugins() if p is not module]
            codecs = [item for some in hooks("codelength_codecs", others)() for item in some]
            given = hooks("codelength_corpora", others)(data=self.data)
            corpora = [item for some in given for item in some]
            codec_offers = _offers(codecs, Codec, origin, self.codecs)  # type: ignore[type-abstract]
            corpus_offers = _offers(corpora, Corpus, origin, self.corpora)  # type: ignore[type-abstract]
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a plugin may even call sys.exit
            if self._manager.has_plugin(origin.name):
                self._manager.unregister(name=origin.name)
            self.found.append(Plugin(origin, f"{type(error).__name__}: {error}".splitlines()[0]))
        else:
            self.codecs += codec_offers
            self.corpora += corpus_offers
            self.found.append(Plugin(origin))

    @property
    def broken(self) -> list[Plugin]:
        """Those that were found and could not be loaded."""
        return [plugin for plugin in self.found if plugin.problem]

    def codec(self, spec: str) -> Offer[Codec]:
        """The codec that `spec` names, with its settings. Raises UsageError."""
        return _resolved(spec, self.codecs, "codec", "codelength list codecs")

    def corpus(self, spec: str) -> Offer[Corpus]:
        """The corpus that `spec` names, with its settings. Raises UsageError."""
        return _resolved(spec, self.corpora, "corpus", "codelength list corpora")

    def select_codecs(self, specs: str | None) -> list[Offer[Codec]]:
        """Those that a comma-separated list names, or every row that plugins offer by default."""
        if specs is None:
            return [offer for offer in self.codecs if offer.item.by_default]
        return _unique(self.codec(spec) for spec in split_specs(specs))

    def select_corpora(self, specs: str | None) -> list[Offer[Corpus]]:
        """Those that a comma-separated list names, or the embedded ones."""
        if specs is None:
            return [offer for offer in self.corpora if offer.item.embedded]
        return _unique(self.corpus(spec) for spec in split_specs(specs))


def _resolved(spec: str, offers: Sequence[Offer[T]], kind: str, listing: str) -> Offer[T]:
    name, settings = split_spec(spec)
    named = [offer for offer in offers if offer.item.name == name]
    if not named:
        raise unknown(kind, name, {offer.item.name for offer in offers}, listing)
    exact = [offer for offer in named if offer.item.spec == spec]
    if exact:
        return exact[0]
    given = named[0].item
    fixed = {f.name: getattr(given, f.name) for f in fields(given) if not f.repr}
    return Offer(build(type(given), settings, **fixed), named[0].origin)


def _unique(offers: Iterable[Offer[T]]) -> list[Offer[T]]:
    return list({offer.item.spec: offer for offer in offers}.values())


def _offers(
    items: Iterable[object], contract: type[T], origin: Origin, others: Sequence[Offer[T]]
) -> list[Offer[T]]:
    """Offers of items that keep the contract and whose names nobody else has taken."""
    taken = {offer.item.name: offer.origin for offer in others}
    offers = []
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
        offers.append(Offer(item, origin))
    return offers


def _installed(point: EntryPoint) -> Origin:
    package, version = ("?", "?") if point.dist is None else (point.dist.name, point.dist.version)
    return Origin(point.name, point.value, version, package)


def _file(name: str) -> Origin:
    path = Path(name).expanduser().resolve()
    if not path.is_file():
        raise UsageError(f"no plugin file {name!r}; --plugin takes the path of one")
    return Origin(str(path), str(path), hashlib.sha256(path.read_bytes()).hexdigest()[:12])


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


def plugin_names(origins: Iterable[Origin]) -> Iterator[str]:
    """The entry points among some origins; the rest are files."""
    return (origin.name for origin in origins if origin.package)
