"""Sets of many recordings or images, whose files are whatever their folder holds."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import ClassVar

from codelength import Corpus, Sample, Unavailable
from codelength.api.corpus import Progress
from codelength.api.errors import CorpusError
from codelength_reading import check_installed, read_media
from codelength_standard.download import Download, unpack
from codelength_standard.places import bringing, roots, store, sums


@dataclass(frozen=True)
class Part:
    """One folder of a set: how many files it has when complete, and the archive they come in."""

    folder: str
    count: int | None = None
    archive: Download | None = None


class Folders(Corpus):
    """The files of each part by name, wherever below its folder they lie.

    From the mirror or from the cache, whichever holds more of them.
    """

    data: Path | None
    suffixes: ClassVar[tuple[str, ...]]

    @property
    def parts(self) -> tuple[Part, ...]:
        """Return the folders, in order."""
        raise NotImplementedError

    def files(self) -> dict[str, Path]:
        """`"test-other/1688-142285-0000.flac"` → where it lies, in order."""
        return {name: path for part in self.parts for name, path in self.files_of(part)}

    def files_of(self, part: Part) -> list[tuple[str, Path]]:
        """Return the files of one part."""
        folders = [root / part.folder for root in roots(self.data)]
        candidates: list[list[tuple[str, Path]]] = [self._files(folder) for folder in folders]
        counts = [len(files) for files in candidates]
        return sorted(candidates[counts.index(max(counts))])

    def places(self) -> list[Path]:
        folders = (root / part.folder for root in roots(self.data) for part in self.parts)
        return [folder for folder in folders if folder.is_dir()]

    def _files(self, folder: Path) -> list[tuple[str, Path]]:
        return [
            (self.name_of(path, folder), path)
            for path in folder.rglob("*")
            if path.suffix.lower() in self.suffixes and not path.name.startswith(".")
        ]

    def name_of(self, path: Path, folder: Path) -> str:
        """Return the name of the sample in `path`."""
        return path.relative_to(folder).as_posix()

    @property
    def label(self) -> str:
        counts = {part.folder.partition("/")[2]: len(self.files_of(part)) for part in self.parts}
        present, total = sum(counts.values()), sum(part.count or 0 for part in self.parts)
        if present in (0, total):
            return ""
        each = ", ".join(f"{name} {count:,}" for name, count in counts.items())
        return f"partial: {present:,} of {total:,} files ({each})"

    def check_available(self) -> None:
        if self.kind == "image":
            check_installed("imagecodecs", "imagecodecs", "image")
        else:
            check_installed("soundfile", "soundfile", "audio")
        if not self.files():
            raise Unavailable(f"{self.spec} is not here: {self._bringing}")

    @property
    def _bringing(self) -> str:
        sizes = [part.archive.size for part in self.parts if part.archive]
        known = [size for size in sizes if size is not None]
        size = sum(known) if len(known) == len(sizes) else None
        return bringing(self.spec, self.parts[0].folder, size)

    def cluster_of(self, name: str) -> str:
        """Return what a sample was drawn from: by default the file itself."""
        return name

    def samples(self) -> Iterator[Sample]:
        self.check_available()
        for name, path in self.files().items():
            yield replace(self.read(name, path), cluster=self.cluster_of(name))

    def read(self, name: str, path: Path) -> Sample:
        """Read one sample. Raises CorpusError."""
        return read_media(path, name)[0]

    def verify(self) -> Iterator[tuple[str, str | None]]:
        """Check each file against its SHA-256 where that is known.

        The others were checked with their archive when it was downloaded; now they only have to
        decode.
        """
        self.check_available()
        for name, path in self.files().items():
            yield name, self._fault(name, path)

    def _fault(self, name: str, path: Path) -> str | None:
        try:
            if member := sums().get(f"{self.name}/{name}"):
                fault = member.fault(path)
                return fault and f"{fault}; remove it"
            self.read(name, path)
        except (OSError, CorpusError) as error:
            return str(error)
        return None

    def fetch(self, progress: Progress) -> None:
        """Download each incomplete part into the cache. Raises Unavailable, CorpusError."""
        for part in self.parts:
            if part.archive is None:
                raise Unavailable(f"{self.spec} cannot be downloaded: {self._bringing}")
            if len(self.files_of(part)) == part.count:
                continue
            archive = part.archive.fetch(store() / "downloads", progress)
            count = unpack(archive, partial(self._target, part), {})
            if count != part.count:
                raise CorpusError(f"{archive} holds {count} files, {part.count} were expected")
            archive.unlink()

    def _target(self, part: Part, name: str) -> Path | None:
        plain = PurePosixPath(name)
        hidden = plain.name.startswith(".") or "__MACOSX" in plain.parts
        if hidden or plain.suffix.lower() not in self.suffixes:
            return None
        return store() / part.folder / plain.name
