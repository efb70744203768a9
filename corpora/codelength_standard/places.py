"""Where the files of a set lie, and which bytes they must have.

A mirror and the cache have one layout: a folder for each set, `silesia/dickens`.
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Member:
    """A file of a set: its size and its digest."""

    name: str
    size: int
    sha256: str

    def fault(self, path: Path) -> str | None:
        """Return what is wrong with the bytes at `path`, with the first digits of both digests."""
        digest = sha256(path)
        if digest == self.sha256:
            return None
        return f"{path} is not {self.name}: sha256 {digest[:12]}…, expected {self.sha256[:12]}…"


@cache
def sums() -> dict[str, Member]:
    """Return the size and digest of every known file, by names such as `"silesia/dickens"`."""
    lines = Path(__file__).with_name("sums.tsv").read_text().splitlines()
    rows = (line.split("\t") for line in lines if not line.startswith("#"))
    return {key: Member(key.split("/", 1)[1], int(size), sha) for key, size, sha in rows}


def members(folder: str) -> tuple[Member, ...]:
    """Return the known files of one set, in order."""
    return tuple(member for key, member in sums().items() if key.startswith(f"{folder}/"))


def store() -> Path:
    """Return the folder of downloads: CODELENGTH_CACHE, or the user's own cache."""
    given = os.environ.get("CODELENGTH_CACHE")
    if given:
        return Path(given).expanduser() / "corpora"
    import platformdirs

    return Path(platformdirs.user_cache_dir("codelength")) / "corpora"


def roots(mirror: Path | None) -> Iterator[Path]:
    """Return the folders to look in: the mirror, then the cache."""
    if mirror is not None:
        yield mirror
    yield store()


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def named(names: list[str], most: int = 12) -> str:
    """Return names for a message: `"dickens, mr, xml"`, or the first three if there are more."""
    return ", ".join(names if len(names) <= most else [*names[:3], "…"])


def bringing(spec: str, folder: str, size: int | None) -> str:
    """Return a message with the two ways to get the data."""
    megabytes = "" if size is None else f" ({_megabytes(size)})"
    return (
        f"'codelength corpus fetch {spec}' downloads it{megabytes}, "
        f"'--data DIR' reads a mirror with {folder}/ in it"
    )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB" if size >= 1e7 else f"{size / 1e6:.1f} MB"
