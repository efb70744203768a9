"""Training text: an archive of files, sorted into kinds, cut into windows, a part held out.

Wiki pages come in the form of a MediaWiki export, the form in which dumps of Wikipedia hold them:
markup escaped, in `<page>` elements with a revision's header, whose numbers, dates and names are
drawn at random.
"""

import hashlib
import random
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from xml.sax.saxutils import escape

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

HELD_OUT = 16
"""One file of so many is held out, by a hash of its path and content."""

KINDS: dict[str, tuple[float, tuple[str, ...]]] = {
    "encyclopedia markup": (
        0.26,
        (
            "wikitext_wtf_wikipedia",
            "wikitext_sweble",
            "wikitext_json_wikipedia",
            "wikitext_courseproject_xml",
        ),
    ),
    "other markup": (0.16, ("wikitext_gentoo", "wikitext_whonix", "wikitext_electowiki")),
    "templates": (0.01, ("wikitext_sweble_obama",)),
    "encyclopedia": (0.26, ("wiki_plain_2015", "wiki_plain_2021")),
    "news": (0.04, ("wikinews_plain",)),
    "books": (0.12, ("books_100novels",)),
    "speeches": (0.02, ("nltk_inaugural", "nltk_state_union")),
    "technical": (0.08, ("tech_peps", "tech_manpages")),
    "code": (0.05, ("code_lua",)),
}
"""Kind → the share of windows taken from it, and the folders it is made of."""

MARKUP = ("encyclopedia markup", "other markup", "templates")


@dataclass(frozen=True)
class Text:
    """The text of each kind, as one array of bytes for training and one held out."""

    training: dict[str, NDArray[np.uint8]]
    held_out: dict[str, NDArray[np.uint8]]
    digest: str

    def windows(self, count: int, size: int, random: np.random.Generator) -> Tensor:
        """(count, size) bytes: windows at random places of kinds drawn by their shares."""
        return _windows(self.training, count, size, random)

    def held_out_windows(self, count: int, size: int) -> Tensor:
        """The same from the part held out; always the same ones."""
        return _windows(self.held_out, count, size, np.random.default_rng(1))


def _windows(
    kinds: dict[str, NDArray[np.uint8]], count: int, size: int, random: np.random.Generator
) -> Tensor:
    names = [name for name, text in kinds.items() if len(text) > size]
    shares = np.array([KINDS[name][0] if name in KINDS else 1.0 for name in names])
    chosen = random.choice(len(names), count, p=shares / shares.sum())
    windows = []
    for kind in chosen:
        text = kinds[names[kind]]
        start = int(random.integers(len(text) - size))
        windows.append(text[start : start + size])
    return torch.from_numpy(np.stack(windows))


def read(archive: Path) -> Text:
    """The text in a tar archive whose files lie in the folders that `KINDS` names, anywhere below
    the root; other files are of the kind "other"."""
    folders = {folder: kind for kind, (_, names) in KINDS.items() for folder in names}
    training: dict[str, list[bytes]] = {}
    held_out: dict[str, list[bytes]] = {}
    digest = hashlib.sha256()
    for name, content in sorted(_files(archive)):
        mark = hashlib.sha256(f"{name}\0".encode() + content).digest()
        digest.update(mark)
        kind = next((folders[part] for part in name.split("/") if part in folders), "other")
        text = _as_export(name, content, random.Random(mark), kind)
        part = held_out if mark[0] % HELD_OUT == 0 else training
        part.setdefault(kind, []).append(text)
    order = random.Random(0)
    for pieces in training.values():
        order.shuffle(pieces)
    return Text(_joined(training), _joined(held_out), digest.hexdigest())


def _joined(kinds: dict[str, list[bytes]]) -> dict[str, NDArray[np.uint8]]:
    return {
        kind: np.frombuffer(b"".join(pieces), np.uint8).copy()
        for kind, pieces in sorted(kinds.items())
    }


def _files(archive: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(archive) as files:
        for member in files:
            file = files.extractfile(member) if member.isfile() else None
            if file and not member.name.endswith(("MANIFEST.md", "FILES.tsv")):
                yield member.name, file.read()


def _as_export(name: str, content: bytes, random: random.Random, kind: str) -> bytes:
    """Wiki pages as pages of an export, every other article of plain text likewise, the rest as
    it is."""
    path = PurePosixPath(name)
    if kind in MARKUP and path.suffix != ".xml":
        title = path.stem.replace("_", " ").replace("%2F", "/").replace("+", " ")
        return _page(title, content.decode(errors="replace"), random).encode()
    if kind == "encyclopedia":
        articles = _articles(content.decode(errors="replace"))
        return "".join(
            _page(title, body, random) if random.random() < 0.5 else f"{title}\n\n{body}"
            for title, body in articles
        ).encode()
    return content


def _articles(text: str) -> Iterator[tuple[str, str]]:
    """Articles of a shard of plain text: each opens with its title on a line, then a blank one."""
    title, lines = "", list[str]()
    for paragraph in text.split("\n\n"):
        head, _, rest = paragraph.partition("\n")
        if len(head) < 60 and not rest and not head.endswith((".", ":")) and head.strip():
            if lines:
                yield title, "\n\n".join(lines) + "\n\n"
            title, lines = head.strip(), []
        else:
            lines.append(paragraph)
    if lines:
        yield title, "\n\n".join(lines) + "\n\n"


def _page(title: str, text: str, random: random.Random) -> str:
    date = (
        f"{random.choice((2001, 2002, 2003, 2004, 2005, 2005, 2006, 2006))}-"
        f"{random.randint(1, 12):02}-{random.randint(1, 28):02}T{random.randint(0, 23):02}:"
        f"{random.randint(0, 59):02}:{random.randint(0, 59):02}Z"
    )
    if random.random() < 0.2:
        who = "        <ip>" + ".".join(str(random.randint(1, 255)) for _ in range(4)) + "</ip>\n"
    else:
        name = "".join(random.choice(SYLLABLES) for _ in range(random.randint(2, 4)))
        who = (
            f"        <username>{name.capitalize()}</username>\n"
            f"        <id>{random.randint(1, 999_999)}</id>\n"
        )
    minor = "      <minor />\n" if random.random() < 0.4 else ""
    comment = random.choice(COMMENTS)
    noted = f"      <comment>{escape(comment)}</comment>\n" if comment else ""
    escaped = escape(text, {'"': "&quot;"})
    return (
        f"  <page>\n    <title>{escape(title)}</title>\n    <id>{random.randint(1, 9999)}</id>\n"
        f"    <revision>\n      <id>{random.randint(10_000_000, 49_999_999)}</id>\n"
        f"      <timestamp>{date}</timestamp>\n      <contributor>\n{who}      </contributor>\n"
        f'{minor}{noted}      <text xml:space="preserve">{escaped.rstrip()}</text>\n'
        "    </revision>\n  </page>\n"
    )


SYLLABLES = (
    "an", "ber", "co", "da", "el", "fri", "ga", "ho", "in", "jo", "ka", "lu",
    "mar", "ni", "or", "pa", "ri", "sta", "ter", "us", "vi", "wil", "ya", "zo",
)  # fmt: skip
COMMENTS = (
    "",
    "/* External links */",
    "/* See also */",
    "/* History */",
    "rv",
    "minor edit",
    "copyedit",
    "robot Adding: de, fr",
    "fixed typo",
    "added link",
    "Automated conversion",
)
