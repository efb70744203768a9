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
    """A file of a set, as it has to be."""

    name: str
    size: int
    sha256: str

    def fault(self, path: Path) -> str | None:
        """What is wrong with the bytes at `path`, with the heads of both digests."""
        found = sha256(path)
        if found == self.sha256:
            return None
        return f"{path} is not {self.name}: sha256 {found[:12]}…, expected {self.sha256[:12]}…"


@cache
def sums() -> dict[str, Member]:
    """Every file whose digest is known: `"silesia/dickens"` → what it must be."""
    lines = Path(__file__).with_name("sums.tsv").read_text().splitlines()
    rows = (line.split("\t") for line in lines if not line.startswith("#"))
    return {key: Member(key.split("/", 1)[1], int(size), sha) for key, size, sha in rows}


def members(folder: str) -> tuple[Member, ...]:
    """The known files of one set, in order."""
    return tuple(member for key, member in sums().items() if key.startswith(f"{folder}/"))


def store() -> Path:
    """The folder that downloads go to: CODELENGTH_CACHE, or the user's own cache."""
    given = os.environ.get("CODELENGTH_CACHE")
    if given:
        return Path(given).expanduser() / "corpora"
    import platformdirs

    return Path(platformdirs.user_cache_dir("codelength")) / "corpora"


def roots(mirror: Path | None) -> Iterator[Path]:
    """Where to look, in this order: the mirror, then the cache."""
    if mirror is not None:
        yield mirror
    yield store()


def sha256(path: Path) -> str:
    """64 hexadecimal digits. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def named(names: list[str], most: int = 12) -> str:
    """`"dickens, mr, xml"`, or the first three of many."""
    return ", ".join(names if len(names) <= most else [*names[:3], "…"])


def bringing(spec: str, folder: str, size: int | None) -> str:
    """The two ways to the data, for people."""
    megabytes = "" if size is None else f" ({_megabytes(size)})"
    return (
        f"'codelength corpus fetch {spec}' downloads it{megabytes}, "
        f"'--data DIR' reads a mirror with {folder}/ in it"
    )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB" if size >= 1e7 else f"{size / 1e6:.1f} MB"
