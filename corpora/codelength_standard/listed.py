"""Sets whose files are known one by one, by name, size and digest."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import ClassVar

from codelength import TEXT, Corpus, Sample, Unavailable
from codelength.api.corpus import Progress, read_file
from codelength.api.errors import CorpusError
from codelength_reading import check_installed, media_of, read_media
from codelength_standard.download import Download, unpack
from codelength_standard.places import Member, bringing, members, named, roots, store


@dataclass(frozen=True)
class Listed(Corpus):
    """A set of files with known sizes and digests, in the mirror or else in the cache.

    The label says which files are missing.
    """

    data: Path | None = field(default=None, repr=False)

    folder: ClassVar[str]
    archive: ClassVar[Download | None] = None
    urls: ClassVar[Mapping[str, str]] = {}
    """Where there is no archive: each file's own address."""
    whole: ClassVar[str | None] = None
    """The corpus digest of the complete set."""

    @property
    def members(self) -> tuple[Member, ...]:
        """Return every file of the complete set, in order."""
        return members(self.folder)

    def present(self) -> dict[Member, Path]:
        """Return the files that are present, in order, with their paths."""
        paths = {}
        for member in self.members:
            places = (root / self.folder / member.name for root in roots(self.data))
            if path := next((place for place in places if place.exists()), None):
                paths[member] = path
        return paths

    def places(self) -> list[Path]:
        return list(self.present().values())

    def missing(self) -> list[str]:
        """Return the names of the files that are not present."""
        present = self.present()
        return [member.name for member in self.members if member not in present]

    @property
    def digest(self) -> str | None:  # type: ignore[override]
        """Return the digest of the complete set; None for a part of it."""
        return None if self.label else self.whole

    @property
    def label(self) -> str:
        present = [member.name for member in self.present()]
        if not present or len(present) == len(self.members):
            return ""
        return f"partial: {len(present)} of {len(self.members)} files ({named(present)})"

    def check_available(self) -> None:
        if self.kind == "image":
            check_installed("imagecodecs", "imagecodecs", "image")
        elif self.kind == "audio":
            check_installed("soundfile", "soundfile", "audio")
        if not self.present():
            size = self.archive.size if self.archive else sum(m.size for m in self.members)
            raise Unavailable(f"{self.name} is not here: {bringing(self.name, self.folder, size)}")

    def samples(self) -> Iterator[Sample]:
        self.check_available()
        for member, path in self.present().items():
            yield self.read(member, path)

    def read(self, member: Member, path: Path) -> Sample:
        """Read one sample.

        The size is checked each time. The digest is checked in `verify`: a run digests what it
        reads.
        """
        data = read_file(path)
        if len(data) != member.size:
            raise CorpusError(
                f"{path} has {len(data):,} bytes, {member.name} has {member.size:,}; {self._mend}"
            )
        if self.kind in ("image", "audio"):
            return read_media(path, member.name)[0]
        return Sample(member.name, data, TEXT if self.kind == "text" else media_of(data))

    def verify(self) -> Iterator[tuple[str, str | None]]:
        """Check each file that is present against its SHA-256."""
        self.check_available()
        for member, path in self.present().items():
            try:
                fault = member.fault(path)
            except OSError as error:
                fault = f"{path} cannot be read: {error.strerror or error}"
            yield member.name, fault and f"{fault}; {self._mend}"

    @property
    def _mend(self) -> str:
        return f"remove it, then 'codelength corpus fetch {self.name}'"

    def fetch(self, progress: Progress) -> None:
        """Download the missing files into the cache. Raises Unavailable, CorpusError."""
        wanted = {m.name: m for m in self.members if m.name in self.missing()}
        if not wanted:
            return
        folder = store() / self.folder
        known = {folder / name: member for name, member in wanted.items()}

        def target(name: str) -> Path | None:
            plain = PurePosixPath(name).name
            return folder / plain if plain in wanted else None

        if self.archive:
            archive = self.archive.fetch(store() / "downloads", progress)
            unpack(archive, target, known)
            archive.unlink()
        for name, url in self.urls.items():
            if name in wanted:
                member = wanted[name]
                file = Download(url, member.size, f"sha256:{member.sha256}")
                folder.mkdir(parents=True, exist_ok=True)
                file.fetch(store() / "downloads", progress).replace(folder / name)
        if left := self.missing():
            raise CorpusError(f"{self.name} lacks {named(left)} even after the download")
