"""The page as text: complete in itself, and deaf to what codecs are called."""

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

from codelength.report.board import KINDS, load_board
from codelength.report.board_page import BoardPage
from codelength.report.export import html
from codelength.report.export.html import to_html
from codelength.report.table import to_line
from factories import broken, cell, corpus_slice
from factories import leaderboard as invented

HOSTILE = '</script><img src=x onerror="window.hit=1">&amp;<!--\u2028{{script}}'


class Elements(HTMLParser):
    """Every start tag with its attributes, and the text of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside: dict[str, list[str]] = {"script": [], "style": []}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] in self.inside and data.strip():
            self.inside[self.tags[-1][0]].append(data)


def made(hand_in, title: str = "Leaderboard") -> str:
    cells = [cell(HOSTILE), broken("png", corpus_slice("photo", kind=KINDS[1]), reason=HOSTILE)]
    return to_html(BoardPage(load_board([hand_in("a", cells)]), title))


def test_names_and_titles_never_become_markup(hand_in) -> None:
    text = made(hand_in, HOSTILE)
    found = Elements(text)
    assert "img" not in [tag for tag, _ in found.tags]
    assert text.count("<!--") == 0
    assert text.lower().count("</script>") == 1
    rows = [
        attributes for tag, attributes in found.tags if tag == "tr" and "data-name" in attributes
    ]
    assert rows[0]["data-name"] == to_line(HOSTILE)


def test_it_asks_for_nothing_and_runs_nothing_but_its_own_script(hand_in) -> None:
    found = Elements(made(hand_in))
    for tag, attributes in found.tags:
        assert not {"src", "srcset", "background", "style"} & attributes.keys(), tag
        assert not [name for name in attributes if name.startswith("on")]
        assert tag not in ("link", "iframe", "object", "embed", "base")
        assert (attributes.get("href") or "#").startswith("#")
    policy = next(a["content"] for _, a in found.tags if "http-equiv" in a)
    assert policy is not None
    assert "default-src 'none'" in policy
    script, style = found.inside["script"][0], found.inside["style"][0]
    for text in (script, style):
        assert f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" in policy
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest|import\(|innerHTML", script + style)


def test_a_grid_of_five_hundred_cells_stays_under_800_kb(hand_in) -> None:
    cells = [*invented(), *invented("paper")]
    assert len(cells) == 480
    text = to_html(BoardPage(load_board([hand_in("a", cells)])))
    assert len(text.encode()) < 800_000


def test_no_template_is_left_unfilled(hand_in) -> None:
    assert "{{" not in made(hand_in).replace("{{script}}", "")


def test_the_page_says_nothing_of_where_folders_lie(hand_in, tmp_path: Path) -> None:
    assert str(tmp_path) not in made(hand_in)


def test_what_no_browser_would_bear_is_left_to_markdown(hand_in, monkeypatch) -> None:
    monkeypatch.setattr(html, "MANY", 100)
    text = to_html(BoardPage(load_board([hand_in("a", invented())])))
    assert "more tables are in the Markdown report" in text
    assert "lm:tiny" in text
