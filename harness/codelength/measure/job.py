"""One cell to be measured, and how another process finds what it takes."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from codelength.api.codec import Codec
from codelength.plugins import Plugins, Registered
from codelength.results.cell import CellKey, CorpusSlice
from codelength.results.machine import memory_bytes
from codelength.workers.sandbox import Sandbox, strongest

TIMEOUT = 3600


def default_memory() -> int:
    """Return most of the machine's memory: what a worker may allocate if nobody says otherwise."""
    return memory_bytes() * 4 // 5


@dataclass(frozen=True)
class Limits:
    """What one cell may take."""

    timeout: float = TIMEOUT
    """Seconds for each direction of a cell."""
    memory: int | None = field(default_factory=default_memory)
    """Bytes that a worker may allocate; None for no limit."""
    threads: int = 1
    """Threads that libraries may use in a worker."""
    sandbox: Sandbox = field(default_factory=strongest)
    """How far a codec's workers are kept to themselves."""


@dataclass(frozen=True)
class Recipe:
    """Enough to build a codec, and some corpora, in another process."""

    codec: str
    """Its spec."""
    plugin: str
    """The entry point or file that the codec is from. Only what is named here is loaded."""
    corpora: tuple[str, ...] = ()
    """Those that corpora and protocols are from."""
    files: tuple[str, ...] = ()
    """Plugins that are not installed."""
    data: Path | None = None
    places: tuple[Path, ...] = ()
    """Where the bytes of the corpora lie on this machine."""

    @classmethod
    def of(
        cls,
        plugins: Plugins,
        entry: Registered[Codec],
        corpora: Iterable[str] = (),
        places: Iterable[Path] = (),
    ) -> "Recipe":
        """For a codec of `plugins`, and for the corpora of the plugins that are named."""
        names, hidden = tuple(sorted(set(corpora))), tuple(sorted(set(places)))
        files = tuple(str(Path(file).expanduser().resolve()) for file in plugins.files)
        return cls(entry.item.spec, entry.plugin.name, names, files, plugins.data, hidden)

    @property
    def folders(self) -> list[str]:
        """Where plugins lie that are not installed."""
        return [str(Path(file).expanduser().resolve().parent) for file in self.files]

    def load(self) -> Plugins:
        """Load the plugins that it takes."""
        names = {self.plugin, *self.corpora}
        return Plugins([file for file in self.files if file in names], self.data, names)


@dataclass(frozen=True)
class Job:
    """One codec, one slice of a corpus under one protocol, and what it may take."""

    recipe: Recipe
    slice: CorpusSlice
    limits: Limits
    run: str
    """The run that the cell is part of."""

    @property
    def key(self) -> CellKey:
        """The place of its cell in the tables."""
        return CellKey(self.recipe.codec, *self.slice.key)
