"""The page as people use it, in a browser without a network."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import Chromium, found

from codelength.report.board import build_board, load_board
from codelength.report.board_page import BoardPage
from codelength.report.data import Json
from codelength.report.export.html import to_html
from codelength.report.submissions import Folder, read_folders
from codelength.report.table import Table
from codelength.results.cell import Cell, Evidence
from codelength.results.store import Store
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
def handed(tmp_path_factory: pytest.TempPathFactory) -> list[Folder]:
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
def made(handed: list[Folder]) -> BoardPage:
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


HEADS = "[...document.querySelectorAll('#ranking thead button')].map(b => b.dataset.key)"


def names(tab: Chromium) -> list[str]:
    return tab.texts("#ranking tr.row .open")


def column(tab: Chromium, key: str) -> list[str]:
    place = tab.js(f"{HEADS}.indexOf({json.dumps(key)})")
    assert place >= 0, key
    return tab.texts(f"#ranking tr.row > :nth-child({place + 1})")


def choose(tab: Chromium, select: str, value: str) -> None:
    tab.js(
        f"{{ const e = document.getElementById('{select}'); e.value = {json.dumps(value)};"
        "e.dispatchEvent(new Event('change', { bubbles: true })); }"
    )
    tab.settle()


def overall(made: BoardPage) -> Table:
    return next(
        t for t in made.first if isinstance(t, Table) and t.title.startswith("Overall · whole")
    )


def printed(table: Table, head: str) -> list[str]:
    heads = [column.title.strip("°") for column in table.columns]
    return [row[heads.index(head)] for row in table.rows]


def test_it_opens_with_the_ranking_of_the_terminal(tab: Chromium, made: BoardPage) -> None:
    table = overall(made)
    assert names(tab) == [name.strip(" ⌂") for name in printed(table, "codec")]
    pairs = {
        "place": "#",
        "ratio": "all %",
        "interval": "95% interval",
        "kind-text": "text %",
        "kind-image": "image %",
        "adjusted": "adj % at N",
        "adjusted_1gb": "adj % at 1 GB",
        "online": "preq %",
        "encode": "enc MB/s",
        "decode": "dec MB/s",
        "memory": "peak MB",
    }
    for key, head in pairs.items():
        assert column(tab, key) == printed(table, head), key


def test_a_click_on_a_head_sorts_and_says_so(tab: Chromium) -> None:
    before = names(tab)
    tab.click("#ranking [data-key=encode]")
    assert (
        tab.js("document.querySelector('[data-key=encode]').closest('th').ariaSort") == "descending"
    )
    speeds = [float(text.replace(",", "")) for text in column(tab, "encode") if text != "n/a"]
    assert speeds == sorted(speeds, reverse=True)
    assert len(speeds) > 10
    tab.click("#ranking [data-key=encode]")
    assert (
        tab.js("document.querySelector('[data-key=encode]').closest('th').ariaSort") == "ascending"
    )
    upwards = [float(text.replace(",", "")) for text in column(tab, "encode") if text != "n/a"]
    assert upwards == sorted(upwards)
    assert names(tab) != before
    assert tab.js("document.querySelectorAll('th:not([aria-sort=none])[aria-sort]').length") == 1


def test_heads_sort_by_keyboard_and_keep_the_focus(tab: Chromium) -> None:
    tab.js("document.querySelector('#ranking [data-key=codec]').focus()")
    tab.press("Enter", 13, "\r")
    found = names(tab)
    assert found.index("zstd:level=9") < found.index("zstd:level=19")
    assert tab.js("document.activeElement.dataset.key") == "codec"
    tab.press(" ", 32, " ")
    assert tab.js("document.activeElement.closest('th').ariaSort") == "descending"


def test_what_was_not_decoded_is_below_in_either_direction(tab: Chromium) -> None:
    assert names(tab).index("dream") > names(tab).index("store")
    assert column(tab, "place")[names(tab).index("dream")] == "≈"
    for _ in range(2):
        tab.click("#ranking [data-key=ratio]")
        assert names(tab)[-1] == "dream"


def test_filters_by_class(tab: Chromium) -> None:
    tab.click("#classes [value=learned]")
    assert sorted(names(tab)) == ["lm:small,int8=1", "lm:tiny"]
    places = column(tab, "place")
    assert places == ["1", "-"]  # as in the whole ranking; one timed out on two corpora
    tab.click("#classes [value=learned]")
    tab.click("#classes [value=same-machine]")
    assert names(tab) == ["near"]
    tab.click("#classes [value=estimate]")
    assert names(tab) == ["near", "dream"]
    assert tab.js("document.querySelector('#classes [value=estimate]').ariaPressed") == "true"


def test_filters_by_media_and_corpus(tab: Chromium, data: Json) -> None:
    tab.click("#media [value=audio]")
    assert names(tab)[0] != "lm:tiny" or "flac" in names(tab)
    assert tab.texts("#count")[0].endswith("2 corpora")
    assert "flac" in names(tab)[: names(tab).index("gzip:level=1")]
    choose(tab, "corpus", "embedded:sound")
    assert tab.texts("#count")[0].endswith("1 corpus")
    assert "corpus-librispeech-dev-clean" not in tab.js(HEADS)
    ranking = data["boards"][0]
    place = [corpus["name"] for corpus in ranking["corpora"]].index("embedded:sound")
    for row in ranking["rows"]:
        cell = row["cells"][place]
        if cell and "ratio" in cell:
            shown = column(tab, "ratio")[names(tab).index(row["name"])]
            assert shown.strip("≈†?") == f"{100 * cell['ratio']:.2f}"
    tab.click("#reset")
    assert tab.texts("#count")[0].endswith("8 corpora")


def test_filters_by_family(tab: Chromium) -> None:
    choose(tab, "family", "zstd")
    assert len(names(tab)) == 5
    assert all(name.startswith("zstd:") for name in names(tab))


def test_filters_by_the_size_of_the_model_and_by_name(tab: Chromium) -> None:
    choose(tab, "model", "1e7")
    assert "lm:small,int8=1" not in names(tab)
    assert "lm:tiny" in names(tab)
    choose(tab, "model", "0")
    assert "lm:tiny" not in names(tab)
    tab.js("document.getElementById('search').focus()")
    tab.type("ZSTD 1")
    assert sorted(names(tab)) == ["zstd:level=1", "zstd:level=19"]
    tab.type("nothing")
    assert names(tab) == []
    assert tab.texts("#ranking tbody")[0] == "No row answers to these filters."


def test_hovering_a_point_tells_of_it_and_lights_its_row(tab: Chromium) -> None:
    assert tab.js("document.getElementById('tip').hidden") is True
    tab.hover("#plot .mark[data-name='bz2:level=9']")
    (tip,) = tab.texts("#tip strong")
    assert tip == "bz2:level=9"
    ratio = column(tab, "ratio")[names(tab).index("bz2:level=9")]
    assert f"ratio {ratio} %" in tab.texts("#tip")[0]
    assert tab.texts("#ranking tr.lit .open") == ["bz2:level=9"]
    tab.hover("h1")
    assert tab.js("document.getElementById('tip').hidden") is True
    assert tab.texts("#ranking tr.lit .open") == []


def test_hovering_a_row_lights_its_point(tab: Chromium) -> None:
    tab.hover("#ranking tr[data-name='png'] td")
    assert tab.js("document.querySelector('#plot').classList.contains('dim')") is False  # no mean
    tab.hover("#ranking tr[data-name='bz2:level=9'] td")
    assert tab.js("document.querySelector('#plot .mark.here').dataset.name") == "bz2:level=9"


def test_the_plot_answers_to_arrow_keys(tab: Chromium) -> None:
    tab.js("document.querySelector('#plot svg').focus()")
    tab.press("ArrowRight", 39)
    first = tab.texts("#tip strong")
    tab.press("ArrowRight", 39)
    second = tab.texts("#tip strong")
    tab.press("ArrowLeft", 37)
    assert tab.texts("#tip strong") == first != second
    tab.press("Escape", 27)
    assert tab.js("document.getElementById('tip').hidden") is True


def test_every_point_lies_where_its_figures_are(tab: Chromium) -> None:
    marks = tab.js(
        "[...document.querySelectorAll('#plot .mark')].map(m => { const b = m.getBBox();"
        "return [m.dataset.name, b.x + b.width / 2, b.y + b.height / 2]; })"
    )
    rows = dict(
        zip(names(tab), zip(column(tab, "ratio"), column(tab, "encode"), strict=True), strict=True)
    )
    drawn = [
        (float(rows[n][1].replace(",", "")), float(rows[n][0].strip("≈?†")), x, y)
        for n, x, y in marks
    ]
    assert len(drawn) == sum("n/a" not in figures for figures in rows.values())
    for a in drawn:
        for b in drawn:
            assert a[0] <= b[0] or a[2] >= b[2] - 0.5  # faster is right
            assert a[1] <= b[1] or a[3] <= b[3] + 0.5  # larger is up


def test_the_price_of_a_model_moves_its_point(tab: Chromium) -> None:
    where = "document.querySelector(\"#plot .mark[data-name='lm:tiny']\").getBBox().y"
    free = tab.js(where)
    tab.click("#price [value=adjusted]")
    assert tab.js(where) < free  # dearer is higher


def test_a_row_opens_to_who_measured_what(tab: Chromium) -> None:
    tab.click("#ranking tr[data-name='zstd:level=3'] .open")
    assert (
        tab.js("document.querySelector('.open[aria-expanded=true]').textContent") == "zstd:level=3"
    )
    (detail,) = tab.texts("#ranking tr.detail")
    assert "Sizes confirmed by bob." in detail
    assert "zstandard 1.2.3" in detail
    assert tab.js("document.activeElement.textContent") == "zstd:level=3"
    tab.press("Enter", 13, "\r")
    assert tab.texts("#ranking tr.detail") == []


def test_speeds_may_be_those_of_one_machine(tab: Chromium) -> None:
    here = column(tab, "encode")[names(tab).index("zstd:level=3")]
    choose(tab, "machine", "2")
    assert column(tab, "encode")[names(tab).index("bz2:level=9")] == "n/a"
    assert column(tab, "encode")[names(tab).index("zstd:level=3")] not in (here, "n/a")
    assert column(tab, "ratio")[names(tab).index("bz2:level=9")] != "n/a"


def test_contradictions_failures_and_what_was_left_out_are_told(tab: Chromium, data: Json) -> None:
    cells = tab.texts("#sections td")
    assert len(data["contradictions"]) == len(data["left_out"]) == 1
    assert {*data["contradictions"], *data["left_out"]} < set(cells)
    assert {str(failure["status"]) for failure in data["failed"]} < set(cells)
    rows = [name for name in names(tab) if name.startswith("xz:preset=9")]
    assert rows == ["xz:preset=9 (in alice)", "xz:preset=9 (in bob)"]
    tags = column(tab, "class")
    assert "contradicted" in tags[names(tab).index(rows[0])]


def test_what_is_shown_is_in_the_address(tab: Chromium, file: Path) -> None:
    tab.click("#media [value=text]")
    tab.click("#classes [value=verified]")
    tab.click("#ranking [data-key=decode]")
    shown, fragment = names(tab), tab.js("location.hash")
    tab.open(file)
    assert names(tab) != shown
    tab.open(file, fragment)
    assert names(tab) == shown
    tab.open(
        file, "#board=none&media=none&sort=none&machine=9&price=none&nonsense=1&model=x&corpus=none"
    )
    assert len(names(tab)) > 0


def test_another_protocol_is_another_board(tab: Chromium) -> None:
    choose(tab, "board", "chunks:512")
    assert names(tab) == ["store"]
    assert tab.texts("#media button") == ["all 1"]


def test_hostile_names_are_text(tab: Chromium) -> None:
    assert HOSTILE in names(tab)
    assert tab.js("document.title") == f"Test {HOSTILE}"
    assert tab.js("document.querySelectorAll('img').length") == 0
    tab.hover(f"#plot .mark[data-name='{HOSTILE}']".replace('"', '\\"'))
    tab.click(f"#ranking tr[data-name='{HOSTILE}'] .open".replace('"', '\\"'))
    assert len(tab.texts("#ranking tr.detail")) == 1


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
    tab.click("#ranking tr[data-name='zstd:level=3'] .open")
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
    assert tab.js("document.querySelector('#plot svg').getBoundingClientRect().right") <= width
    assert tab.js("document.querySelectorAll('#plot .mark').length") > 15


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
    assert "failed" in browser.texts("#sections td")
