"""Anyone's own data: `path:FILE` or `path:FOLDER`."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from codelength import Corpus, Sample, Unavailable, hookimpl
from codelength.api.errors import CorpusError, UsageError
from codelength_reading import decoded_with_loss, decoder, read_sample


@dataclass(frozen=True)
class Location(Corpus):
    """A file, or every file of a folder and those in it, in the order of their names. Hidden ones
    are skipped, a folder that links lead to again is read once. What a file holds is found from
    its content."""

    name = "path"
    title = "your own data: path:FILE or path:FOLDER"
    licence = "yours"
    location: str = ""

    @property
    def spec(self) -> str:
        return f"path:{self.location}"

    @property
    def label(self) -> str:
        try:
            loss = any(decoded_with_loss(file) for file, _ in self.files())
        except (CorpusError, UsageError, Unavailable):  # samples will raise it again
            loss = False
        return f"local; lossy images decoded by {decoder()}" if loss else "local"

    def check_available(self) -> None:
        if not self.location:
            raise UsageError("path needs a place to read from: path:FILE or path:FOLDER")
        if not self._root.exists():
            raise UsageError(f"no file or folder {self.location!r}; path:… takes one that exists")

    def samples(self) -> Iterator[Sample]:
        empty = True
        for file, name in self.files():
            empty = False
            yield read_sample(file, name)
        if empty:
            raise CorpusError(f"{self.location} holds no files; hidden ones do not count")

    def files(self) -> Iterator[tuple[Path, str]]:
        """Each file with the name of its sample, in order."""
        self.check_available()
        root = self._root
        if not root.is_dir():
            yield root, root.name
            return
        for file in _walk(root, set()):
            yield file, file.relative_to(root).as_posix()

    @property
    def _root(self) -> Path:
        return Path(self.location).expanduser()


def _walk(folder: Path, seen: set[tuple[int, int]]) -> Iterator[Path]:
    try:
        status = folder.stat()
        if (status.st_dev, status.st_ino) in seen:
            return
        seen.add((status.st_dev, status.st_ino))
        entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
    except OSError as error:
        raise CorpusError(f"{folder} cannot be read: {error.strerror or error}") from error
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _walk(entry, seen)
        elif entry.is_file():
            yield entry
        elif not entry.exists():
            raise CorpusError(f"{entry} cannot be read: the link leads nowhere")


@hookimpl
def codelength_corpora() -> list[Corpus]:
    return [Location()]
