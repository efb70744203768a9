"""The page as people use it, in a browser without a network."""

from collections.abc import Iterator
from html import escape
from pathlib import Path

import pytest
from chromium import Chromium, found

from codelength.report.board import build_board, load_board
from codelength.report.board_page import BoardPage
from codelength.report.data import Json
from codelength.report.export.html import to_html
from codelength.report.submissions import read_folders
from codelength.report.table import Table
from codelength.results.cell import Cell, Evidence
from codelength.results.store import Results, Store
from factories import MACHINE, broken, cell, corpus_slice, environment, phase
from factories import leaderboard as invented

PROGRAM = found()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        PROGRAM is None, reason="no Chromium here; Debian: apt-get install chromium"
    ),
]

HOSTILE = '"><img src=x onerror="window.hit=1"><script>window.hit=2</script>'
SLOW = environment("run-2", started="2025-12-01T00:00:00Z", machine={**MACHINE, "cpu": "Slow 1"})


def grid() -> list[Cell]:
    """Twenty-four codecs on ten corpora, and the classes that those lack."""
    slices = {c.slice.corpus: c.slice for c in invented()}
    odd = [corpus_slice for name, corpus_slice in slices.items() if corpus_slice.entropy is None]
    return [
        *invented(),
        *(cell(HOSTILE, of, of.bytes // 2, encode=phase(of.bytes / 1e8)) for of in odd),
        *(
            cell("dream", of, of.bytes // 9, evidence=Evidence.ESTIMATE, encode=None, decode=None)
            for of in odd
        ),
        *(cell("near", of, of.bytes // 3, evidence=Evidence.SAME_MACHINE) for of in odd),
        cell("store", corpus_slice(protocol="chunks:512")),
    ]


@pytest.fixture(scope="module")
def handed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Results]:
    root = tmp_path_factory.mktemp("handed")
    other = [
        cell("zstd:level=3", c.slice, c.coded_bytes, run="run-2", versions=c.versions)
        for c in invented()
        if c.codec == "zstd:level=3"
    ]
    contradicts = cell("xz:preset=9", corpus_slice("enwik8", 100_000_000), 1, run="run-2")
    disputed = [c for c in invented() if (c.codec, c.slice.corpus) == ("xz:preset=9", "enwik8")]
    assert [c.slice for c in disputed] == [contradicts.slice]
    wrong = cell("gzip:level=9", corpus_slice("kodak", 5), 3, run="run-2")
    versions = {"versions": disputed[0].versions}
    folders = {
        "alice": [environment(), *grid()],
        "bob": [SLOW, *other, cell("xz:preset=9", contradicts.slice, 1, run="run-2", **versions)],
        "carol": [SLOW, wrong, broken("lz4:level=1", wrong.slice)],
    }
    for name, records in folders.items():
        with Store(root / name) as store:
            for record in records:
                store.append(record)
    return read_folders([root / name for name in folders])


@pytest.fixture(scope="module")
def made(handed: dict[str, Results]) -> BoardPage:
    return BoardPage(build_board(handed), f"Test {HOSTILE}")


@pytest.fixture(scope="module")
def data(made: BoardPage) -> Json:
    return made.document


@pytest.fixture(scope="module")
def file(made: BoardPage, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "index.html"
    path.write_text(to_html(made))
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    assert PROGRAM is not None
    with Chromium(PROGRAM) as chromium:
        yield chromium


@pytest.fixture
def tab(browser: Chromium, file: Path) -> Iterator[Chromium]:
    """The page, just opened; afterwards, that it never complained and asked for nothing else."""
    browser.look()
    browser.open(file)
    yield browser
    assert browser.problems == []
    assert {request.partition("#")[0] for request in browser.requests} == {file.as_uri()}
    assert browser.js("window.hit") is None


def names(tab: Chromium) -> list[str]:
    return column(tab, "codec")


RANKING = "document.querySelector('table.ranking')"
SHOWN = f"[...{RANKING}.tBodies[0].rows].filter(r => !r.hidden)"


def column(tab: Chromium, head: str) -> list[str]:
    """What stands in the rows that the first ranking shows."""
    heads = tab.js(f"[...{RANKING}.tHead.rows[0].cells].map(c => c.textContent)")
    found: list[str] = tab.js(f"{SHOWN}.map(r => r.cells[{heads.index(head)}].textContent)")
    return found


def head(text: str) -> str:
    return f'table.ranking th[data-key="{text}"] button'


def overall(made: BoardPage) -> Table:
    return next(t for t in made.first if isinstance(t, Table) and t.title.startswith("Overall"))


def test_it_opens_with_the_ranking_of_the_terminal(tab: Chromium, made: BoardPage) -> None:
    table = overall(made)
    for place, title in enumerate(column.title for column in table.columns):
        if title:
            expected = [" ".join(row[place].split()) for row in table.rows]
            assert column(tab, title) == expected, title


def test_a_click_on_a_head_sorts_and_says_so(tab: Chromium) -> None:
    before = names(tab)
    for direction, is_down in (("descending", True), ("ascending", False)):
        tab.click(head("enc MB/s"))
        assert tab.js(f"{RANKING}.querySelector('[data-key^=enc]').ariaSort") == direction
        texts = column(tab, "enc MB/s")
        speeds = [float(text.replace(",", "")) for text in texts if text != "n/a"]
        assert speeds == sorted(speeds, reverse=is_down)
        assert len(speeds) > 10
        assert texts[len(speeds) :] == ["n/a"] * (len(texts) - len(speeds))
    assert names(tab) != before


def test_heads_sort_by_keyboard_and_names_as_people_count(tab: Chromium) -> None:
    tab.js(f"{RANKING}.querySelector('[data-key=codec] button').focus()")
    tab.press("Enter", 13, "\r")
    found = names(tab)
    assert found.index("zstd:level=9") < found.index("zstd:level=19")


def test_what_was_not_decoded_is_below_in_either_direction(tab: Chromium) -> None:
    assert names(tab)[-1] == "dream"
    for _ in range(2):
        tab.click(head("size %"))
        assert names(tab)[-1] == "dream"


def test_filters_by_class_and_name(tab: Chromium) -> None:
    tab.click("#tags [value=learned]")
    assert sorted(names(tab)) == ["lm:small,int8=1", "lm:tiny"]
    assert tab.texts("#count") == ["2 of 28 codecs"]
    tab.click("#tags [value=learned]")
    tab.click("#tags [value=same-machine]")
    assert names(tab) == ["near ⌂"]
    tab.click("#tags [value=same-machine]")
    tab.js("document.getElementById('search').focus()")
    tab.type("ZSTD 1")
    assert sorted(names(tab)) == ["zstd:level=1", "zstd:level=19"]
    shown = tab.js(
        "[...document.querySelectorAll('svg circle[data-name], svg polygon[data-name]')]"
        ".filter(m => m.checkVisibility()).map(m => m.dataset.name)"
    )
    assert set(shown) == {"zstd:level=1", "zstd:level=19"}
    tab.type("nothing")
    assert names(tab) == []


def test_a_transfer_takes_encoding_sending_and_decoding(tab: Chromium) -> None:
    def slide(value: float) -> None:
        tab.js(
            f"{{ const e = document.getElementById('speed'); e.value = {value};"
            "e.dispatchEvent(new Event('input', { bubbles: true })); }"
        )

    slide(2)  # 100 MB/s
    assert tab.texts("#rate") == ["100 MB/s"]
    rows = tab.js(f"{SHOWN}.map(r => ({{ ...r.dataset, total: r.lastElementChild.textContent }}))")
    units = {"s": 1, "min": 60, "h": 3600}
    known = [row for row in rows if "encode" in row and "size" in row]
    assert len(known) > 10
    for row in known:
        size, encode, decode = (float(row[key]) for key in ("size", "encode", "decode"))
        value, unit = row["total"].split()
        expected = 1000 * (1 / encode + size / 100 + 1 / decode)
        assert float(value.replace(",", "")) * units[unit] == pytest.approx(expected, rel=0.01)
    slide(-1)
    tab.click(head("total"))
    slow = names(tab)[0]
    slide(4)
    assert names(tab)[0] != slow  # a fast network likes fast codecs


def test_a_row_and_its_points_light_up_together(tab: Chromium) -> None:
    tab.hover("table.ranking tr[data-name='bz2:level=9'] td")
    assert tab.js("document.querySelector('svg .lit').dataset.name") == "bz2:level=9"
    tab.js("document.querySelector('svg [data-name]').scrollIntoView()")
    tab.hover("svg circle[data-name='bz2:level=9'], svg polygon[data-name='bz2:level=9']")
    assert tab.js(f"{RANKING}.querySelector('tr.lit').dataset.name") == "bz2:level=9"


def test_contradictions_failures_and_what_was_left_out_are_told(tab: Chromium, data: Json) -> None:
    cells = tab.texts("#details td")
    assert len(data["contradictions"]) == len(data["left_out"]) == 1
    assert {*data["contradictions"], *data["left_out"]} < set(cells)
    assert {str(failure["status"]) for failure in data["failed"]} < set(cells)
    rows = [name for name in names(tab) if name.startswith("xz:preset=9")]
    assert rows == ["xz:preset=9 (in alice)", "xz:preset=9 (in bob)"]
    assert "contradicted" in column(tab, "class")[names(tab).index(rows[0])]


def test_what_is_shown_is_in_the_address(tab: Chromium, file: Path) -> None:
    tab.click("#tags [value=verified]")
    tab.click(head("dec MB/s"))
    shown, fragment = names(tab), tab.js("location.hash")
    tab.open(file)
    assert names(tab) != shown
    tab.open(file, fragment)
    assert names(tab) == shown
    tab.open(file, "#sort=none&tags=none&speed=fast&nonsense=1")
    assert len(names(tab)) > 0


def test_hostile_names_are_text(tab: Chromium) -> None:
    assert HOSTILE in names(tab)
    assert tab.js("document.title") == f"Test {HOSTILE}"
    assert tab.js("document.querySelectorAll('img').length") == 0
    tab.hover(f"table.ranking tr[data-name='{HOSTILE}'] td".replace('"', '\\"'))


def test_without_scripts_every_table_is_there(made: BoardPage) -> None:
    text = to_html(made)
    body = text.partition("<body>")[2].partition("<script>")[0]
    for table in [s for s in (*made.first, *made.details) if isinstance(s, Table)]:
        assert all(f">{escape(row[-1])}<" in body for row in table.rows)


CONTRAST = """(() => {
  const light = (text) => {
    const parts = text.match(/[\\d.]+/g).map(Number);
    const [r, g, b] = parts.slice(0, 3).map((v) => v / 255).map((v) =>
      v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return [0.2126 * r + 0.7152 * g + 0.0722 * b, parts[3] ?? 1];
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const [value, opacity] = light(getComputedStyle(at).backgroundColor);
      if (opacity === 1) return value;
    }
    return 1;
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    const shown = element.checkVisibility() && !element.closest("svg, :disabled, noscript, script");
    if (!own || !shown) continue;
    const [a] = light(getComputedStyle(element).color);
    const b = behind(element);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    found.push([ratio, `${element.tagName}.${element.className} ${element.textContent}`]);
  }
  return found;
})()"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_both_schemes(tab: Chromium, scheme: str) -> None:
    """At least 4.5 to 1, as WCAG 2.1 AA asks for (success criterion 1.4.3)."""
    tab.look(scheme=scheme)
    tab.js("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    paper = tab.js("getComputedStyle(document.body).backgroundColor")
    assert paper == {"light": "rgb(255, 255, 255)", "dark": "rgb(17, 20, 23)"}[scheme]
    found = tab.js(CONTRAST)
    assert len(found) > 200
    assert [what for ratio, what in found if ratio < 4.5] == []


def test_every_control_has_a_name(tab: Chromium) -> None:
    nameless = tab.js(
        "[...document.querySelectorAll('button, select, input')].filter(e => !e.textContent.trim()"
        "&& !e.labels?.length && !e.ariaLabel).map(e => e.outerHTML)"
    )
    assert nameless == []


@pytest.mark.parametrize("width", [320, 390, 768, 1280, 1920])
def test_no_window_is_too_narrow(tab: Chromium, width: int) -> None:
    tab.look(width, 844)
    assert tab.js("document.documentElement.scrollWidth") == width
    assert tab.js(f"{RANKING}.parentElement.getBoundingClientRect().right") <= width
    assert len(names(tab)) > 15


def test_nothing_at_all_is_a_page_too(browser: Chromium, tmp_path: Path) -> None:
    with Store(tmp_path / "bad") as store:
        store.append(environment())
        store.append(broken("gzip"))
        store.append(cell("xz", corpus_slice("nothing", 0), 1))
    path = tmp_path / "html.html"
    path.write_text(to_html(BoardPage(load_board([tmp_path / "bad"]))))
    browser.look()
    browser.open(path)
    assert browser.problems == []
    assert "failed" in browser.texts("#details td")
