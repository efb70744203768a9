"""Names come from anyone's files and plugins: none is markup, steers a terminal or is a formula."""

import csv
import re
from html.parser import HTMLParser
from io import StringIO

import pytest

from codelength.report.board import Board, load_board
from codelength.report.board_page import BoardPage
from codelength.report.export import EXPORTERS
from codelength.report.export.markdown import to_markdown
from codelength.report.export.terminal import to_text
from codelength.report.table import Column, Table, prose_to_markdown, to_code
from codelength_break_even.page import BreakEvenPage
from factories import broken, cell, corpus_slice, environment

IMAGE = "<img src=x onerror=hit()>"
STEERING = "\x1b[2J\u202e\x07\r\nnew line\u2028"
HOSTILE = f"{IMAGE} `{IMAGE}` ``{IMAGE}``` [x](y) {STEERING}"
SPECS = ("=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)", HOSTILE)


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Board:
    from codelength.results.store import Store

    folder = tmp_path_factory.mktemp("results") / IMAGE.replace("/", "")
    slices = [corpus_slice(f"path:{name}", label=HOSTILE) for name in ("a", HOSTILE)]
    slices.append(corpus_slice(f"noise {HOSTILE}", kind="raw", entropy=8.0, label=HOSTILE))
    cells = [cell(spec, of, 400 + i) for i, spec in enumerate(SPECS) for of in slices]
    cells += [cell(f"lm {HOSTILE}", of, 300, model_bytes={"weights": 9}) for of in slices]
    cells.append(broken(f"bad {HOSTILE}", slices[0], reason=HOSTILE))
    record = {"command": f"codelength {HOSTILE}", "started": HOSTILE, "codelength": HOSTILE}
    with Store(folder) as store:
        facts = {"processor": HOSTILE, HOSTILE: HOSTILE}
        for one in (environment(commit=HOSTILE, machine=facts, **record), *cells):
            store.append(one)
    return load_board([folder])


@pytest.fixture(params=["board", "break-even"])
def page(request: pytest.FixtureRequest, board: Board) -> BoardPage | BreakEvenPage:
    return BoardPage(board, HOSTILE) if request.param == "board" else BreakEvenPage(board)


def steers(text: str) -> bool:
    return any(not c.isprintable() and c != "\n" for c in text)


def exported(page: BoardPage | BreakEvenPage, name: str) -> str:
    (exporter,) = [exporter for exporter in EXPORTERS if exporter.name == name]
    return exporter.export(page).decode()


@pytest.mark.parametrize("width", [None, 80])
def test_in_a_terminal_they_stay_in_their_line(
    page: BoardPage | BreakEvenPage, width: int | None
) -> None:
    text = "\n".join(to_text(page, width))
    assert not steers(text)
    assert not re.search(r"^new line", text, re.MULTILINE) or width


def test_in_markdown_they_are_escaped_in_headings_prose_tables_and_captions(
    page: BoardPage | BreakEvenPage,
) -> None:
    charts = [section.name for section in (*page.first, *page.details) if hasattr(section, "draw")]
    text = to_markdown(page, charts)
    assert charts or isinstance(page, BreakEvenPage)  # measured at one size
    assert not steers(text)
    assert text.count(IMAGE[1:]) > 20
    for quoted in (r"(?<![`\\])(`+)(?!`)(.+?)(?<!`)\1(?!`)", "<summary>.*</summary>"):
        text = re.sub(quoted, "", text)  # markup in code is text, and so are links in HTML
    assert not re.search(r"(?<!\\)<img", text)
    assert not re.search(r"(?<!\\)\[x", text)
    assert not re.search(r"^new line", text, re.MULTILINE)


def test_in_html_they_are_text(page: BoardPage | BreakEvenPage) -> None:
    tags: list[str] = []

    class Parser(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            tags.append(tag)
            assert tag != "img" or dict(attrs)["src"].startswith("data:image/svg"), attrs

    text = exported(page, "html")
    Parser().feed(text)
    assert "table" in tags
    assert not steers(text.partition('id="data">')[0])


def test_in_a_spreadsheet_they_are_no_formulas(board: Board) -> None:
    text = exported(BoardPage(board), "csv")
    assert not steers(text)
    lines = list(csv.DictReader(StringIO(text)))
    assert {line["codec"][:2] for line in lines} >= {"'=", "'+", "'-", "'@", "<i"}
    assert not [v for line in lines for v in line.values() if v.startswith(tuple("=+-@"))]


def test_code_in_prose_keeps_its_quotes_and_hides_markup() -> None:
    assert prose_to_markdown("Made by `a <b>`, *not* <b>.") == "Made by `a <b>`, \\*not\\* \\<b>."
    quoted = to_code("a `b` <i>")
    assert quoted == "`` a `b` <i> ``"
    assert prose_to_markdown(f"Made by {quoted}.") == f"Made by {quoted}."
    assert prose_to_markdown("a ` <b>") == "a \\` \\<b>"


def test_heads_are_names_too() -> None:
    table = Table("t", [Column("<b>\x1b[2J")], [["1"]])
    assert "\\<b>\\\\x1b\\[2J" in table.markdown()
    assert "<b>\\x1b[2J" in table.text()
