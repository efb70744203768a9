"""The mix of the text that the bundled models were trained on.

An archive whose files lie in the folders that `KINDS` names is drawn from by shares of its kinds of
text. Its wiki pages come in the form of a MediaWiki export, the form in which dumps of Wikipedia
hold them: markup escaped, in `<page>` elements with a revision's header, whose numbers, dates and
names are drawn at random.
"""

import random
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from xml.sax.saxutils import escape

KINDS: Mapping[str, tuple[float, tuple[str, ...]]] = {
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

FOLDERS = {folder: kind for kind, (_, folders) in KINDS.items() for folder in folders}
MARKUP = ("encyclopedia markup", "other markup", "templates")
LISTS = ("MANIFEST.md", "FILES.tsv")
"""What such an archive says of itself; not text to train on."""


def kind_of(name: str) -> str | None:
    """Return the kind of a file by the folders of its path, or None."""
    return next((FOLDERS[part] for part in name.split("/") if part in FOLDERS), None)


def as_drawn(name: str, content: bytes, random: random.Random) -> bytes:
    """Return a file as it is drawn from.

    Wiki pages, and every other article of plain text, become pages of an export. All else stays as
    it is.
    """
    path, kind = PurePosixPath(name), kind_of(name)
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
    """Yield the articles of a file of plain text. Each begins with its title and a blank line."""
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
