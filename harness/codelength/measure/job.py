"""One cell to be measured, and how another process finds what it takes."""

import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from codelength.api.codec import Codec
from codelength.coding.device import PROCESSOR, chosen
from codelength.plugins import Plugins, Registered
from codelength.results.cell import Cell, CellKey, Code, CorpusSlice
from codelength.results.files import write_file
from codelength.results.machine import memory_bytes
from codelength.workers.sandbox import Sandbox, strongest

TIMEOUT = 3600
WITHOUT_MODEL = 500_000_000
"""Bytes of memory that the workers of a codec without a model take, or more."""
COPIES = 4
"""Bytes of memory for each byte of a model: encoder and decoder hold it, and what is made of it."""


def default_memory() -> int:
    """Return most of the machine's memory: what a worker may allocate if nobody says otherwise."""
    return memory_bytes() * 4 // 5


@dataclass(frozen=True)
class Limits:
    """What one cell may take."""

    timeout: float = TIMEOUT
    """Seconds for each direction of a cell."""
    memory: int | None = None
    """Bytes that a worker may allocate; None for most of the memory of the machine."""
    threads: int = 1
    """Threads that libraries may use in a worker."""
    sandbox: Sandbox = field(default_factory=strongest)
    """How far a codec's workers are kept to themselves."""


class Resources(NamedTuple):
    """What a machine needs for a job."""

    cores: int = 1
    memory: int = WITHOUT_MODEL
    """Bytes."""
    gpus: int = 0

    @classmethod
    def of(cls, codec: Codec, limits: Limits) -> "Resources":
        """For a codec, as it says itself, or else by the size of its model."""
        try:
            model, said = sum(codec.model_bytes.values()), codec.resources
        except Exception:  # its model is not here
            model, said = 0, {}
        known = cls(
            limits.threads, WITHOUT_MODEL + COPIES * model, int(model > 0 and chosen() != PROCESSOR)
        )
        return known._replace(**said)


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
    contents: tuple[bytes, ...] = ()
    """What is in them, for a machine that has other files."""
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
        contents = tuple(Path(file).read_bytes() for file in files)
        return cls(entry.item.spec, entry.plugin.name, names, files, contents, plugins.data, hidden)

    @property
    def folders(self) -> list[str]:
        """Where plugins lie that are not installed."""
        return [str(Path(file).expanduser().resolve().parent) for file in self.files]

    def unpack(self) -> "Recipe":
        """Write plugin files that are not on this machine, and return the same with their paths."""
        folder = Path(tempfile.gettempdir(), f"codelength-plugins-{os.getpid()}")
        mirror = os.environ.get("CODELENGTH_DATA")
        places = {}
        for file, data in zip(self.files, self.contents, strict=True):
            path = Path(file)
            if not path.is_file() or path.read_bytes() != data:
                path = folder / sha256(data).hexdigest()[:12] / path.name
                if not path.exists():
                    write_file(path, data)
            places[file] = str(path)
        return replace(
            self,
            plugin=places.get(self.plugin, self.plugin),
            corpora=tuple(places.get(name, name) for name in self.corpora),
            files=tuple(places.values()),
            data=Path(mirror) if mirror and self.data and not self.data.is_dir() else self.data,
        )

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
    command: str = ""
    """What was typed to make the run."""
    device: str = PROCESSOR
    """Where models compute."""
    resources: Resources = field(default_factory=Resources)
    beside: int = 1
    """The jobs that are measured at once on a machine, this one among them."""
    seconds: float = 0.0
    """What it is expected to take, or a guess."""
    before: Cell | None = None
    """What an earlier run has measured, if it has."""
    code: Code | None = None
    """The code that it has measured."""

    @property
    def key(self) -> CellKey:
        """The place of its cell in the tables."""
        return CellKey(self.recipe.codec, *self.slice.key)
