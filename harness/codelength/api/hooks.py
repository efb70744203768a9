"""The hooks that a plugin implements, and what they return.

A plugin is a module, or any object, with functions that `hookimpl` marks. It implements the hooks
that it needs. The entry-point group `codelength` names the plugins of a package.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from typing import Protocol as TypingProtocol

import pluggy

from codelength.api.codec import Codec
from codelength.api.corpus import Corpus
from codelength.api.media import Media
from codelength.api.protocol import Protocol

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import click

GROUP = "codelength"
"""The entry-point group of plugins, and the name of the project in pluggy."""

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


class Command(NamedTuple):
    """A command, described so that `--help` need not import it."""

    name: str
    help: str
    """One line for the list of commands."""
    target: str
    """A click command, as `module:attribute`."""

    def load(self) -> "click.Command":
        """Import the command."""
        command: click.Command = _load(self.target)
        return command


class FileReader(NamedTuple):
    """A reader of plugin files that are not Python."""

    name: str
    """The suffix of the files, without the dot: `toml`."""
    target: str
    """A function from a path to an object with hooks, as `module:attribute`."""

    def load(self) -> Callable[[Path], object]:
        """Import the reader."""
        reader: Callable[[Path], object] = _load(self.target)
        return reader


class Engine(NamedTuple):
    """What measures on other machines, described so that nothing of it is imported."""

    name: str
    """As in `--on NAME:ADDRESS`."""
    help: str
    target: str
    """A function, as `module:attribute`, from an address, which may be empty, and how many jobs a
    machine measures at once, to an executor in the manner of `concurrent.futures`."""

    def load(self) -> "Callable[[str, int], Executor]":
        """Import the function."""
        make: Callable[[str, int], Executor] = _load(self.target)
        return make


class OpenFolder(TypingProtocol):
    """A results folder behind a URL."""

    @property
    def path(self) -> Path:
        """A folder of this machine with what the URL has; what is written to it goes there."""

    def close(self) -> None:
        """Send what is left. Raises StoreError."""


class FolderOpener(NamedTuple):
    """What opens results folders that are URLs."""

    name: str
    target: str
    """A function from a URL to an `OpenFolder`, as `module:attribute`."""

    def load(self) -> Callable[[str], OpenFolder]:
        """Import the function."""
        opener: Callable[[str], OpenFolder] = _load(self.target)
        return opener


class Exporter(TypingProtocol):
    """A format that a page can be written in."""

    @property
    def name(self) -> str:
        """The name of its option: `json` for `--json FILE`."""

    @property
    def suffix(self) -> str:
        """How its files end: `.json`."""

    @property
    def help(self) -> str:
        """What it writes, in a few words."""

    def export(self, page: Any) -> bytes:  # noqa: ANN401 - the API does not import reports
        """Render a `codelength.report.page.Page` as one file. Import here what this needs."""


@hookspec
def codelength_codecs() -> Iterable[Codec]:  # type: ignore[empty-body]
    """Return one codec for each setting that deserves a row of its own."""


@hookspec
def codelength_corpora(data: Path | None) -> Iterable[Corpus]:  # type: ignore[empty-body]
    """Return one object for each corpus.

    :param data: A local mirror of the standard corpora. Leave it out of your signature if you do
        not use it.
    """


@hookspec
def codelength_protocols() -> Iterable[type[Protocol]]:  # type: ignore[empty-body]
    """Return one class for each way to cut a corpus."""


@hookspec
def codelength_media_kinds() -> Iterable[type[Media]]:  # type: ignore[empty-body]
    """Return one class for each kind of media, such as video."""


@hookspec
def codelength_commands() -> Iterable[Command]:  # type: ignore[empty-body]
    """Describe commands of `codelength`. Only the one that is called is imported."""


@hookspec
def codelength_file_readers() -> Iterable[FileReader]:  # type: ignore[empty-body]
    """Describe readers for the files that `--plugin` takes."""


@hookspec
def codelength_executors() -> Iterable[Engine]:  # type: ignore[empty-body]
    """Describe what `--on` takes."""


@hookspec
def codelength_folder_openers() -> Iterable[FolderOpener]:  # type: ignore[empty-body]
    """Return what opens results folders that are URLs. The first one is used."""


@hookspec
def codelength_exporters() -> Iterable[Exporter]:  # type: ignore[empty-body]
    """Return formats of reports. Each becomes an option of every command that shows a board."""


def _load(target: str) -> Any:  # noqa: ANN401
    from importlib import import_module

    module, _, attribute = target.partition(":")
    return getattr(import_module(module), attribute)
