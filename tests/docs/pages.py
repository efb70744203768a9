"""The pages of the documentation, taken apart: code blocks, code within text, links, headings."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^( *)(`{3,})(\S*)[^\n]*\n(.*?)^ *\2 *$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block of code."""

    page: "Page"
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Page:
    """One Markdown file."""

    path: Path

    def __str__(self) -> str:
        return str(self.path.relative_to(ROOT))

    @property
    def text(self) -> str:
        return self.path.read_text("utf-8")

    @property
    def prose(self) -> str:
        """The text without its blocks of code; lines stay where they are."""
        return FENCE.sub(lambda found: "\n" * found[0].count("\n"), self.text)

    def blocks(self, *languages: str) -> Iterator[Block]:
        """Blocks in these languages; `""` is that of blocks which name none."""
        text = self.text
        for found in FENCE.finditer(text):
            if found[3] in languages:
                lines = found[4].splitlines(keepends=True)
                body = "".join(line.removeprefix(found[1]) for line in lines)
                yield Block(self, text.count("\n", 0, found.start()) + 1, found[3], body)

    def spans(self) -> list[str]:
        """Code within the text."""
        return INLINE.findall(self.prose)

    def links(self) -> list[str]:
        """Where links and images lead."""
        return LINK.findall(self.prose)

    def anchors(self) -> set[str]:
        """What a link can name behind `#`, as GitHub makes it out of headings."""
        return {
            re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
            for heading in HEADING.findall(self.prose)
        }


PAGES = [
    *map(Page, sorted(ROOT.glob("*.md"))),
    *map(Page, sorted((ROOT / "docs").rglob("*.md"))),
    *(Page(ROOT / folder / "README.md") for folder in ("benchmarks", "corpora", "reports")),
]
