"""A page as files, and that they say the same as the terminal."""

import errno
import re
import subprocess
import sys
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import pytest

from codelength.api.errors import StoreError, Unavailable
from codelength.report.board_page import BoardPage
from codelength.report.charts import family_looks
from codelength.report.export import EXPORTERS
from codelength.report.export.markdown import write_report
from codelength.report.export.terminal import to_text
from codelength.report.table import Table
from codelength.results.cell import Cell, Status
from factories import board_of, broken, cell, corpus_slice, environment, leaderboard, phase

ENVIRONMENTS = [environment()]


def some() -> list[Cell]:
    slices = [
        corpus_slice("prose"),
        corpus_slice("photo", kind="image"),
        corpus_slice("noise", kind="raw", entropy=3.9),
    ]
    return [
        *(cell("gzip:level=9", of, 420) for of in slices),
        *(cell("zstd:level=3", of, 500, encode=phase(0.1)) for of in slices),
        *(cell("lm", of, 390, model_bytes={"weights": 12345}, encode=phase(5)) for of in slices),
        broken("png", slices[0], Status.UNSUPPORTED, "png takes images; this is text"),
        cell("png", slices[1], 300),
    ]


def write(cells: Sequence[Cell], folder: Path) -> Path:
    return write_report(BoardPage(board_of(cells, ENVIRONMENTS), "Leaderboard"), folder)


def words(text: str) -> list[list[str]]:
    return [re.sub(r"[|*\\]", " ", line).split() for line in text.splitlines()]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(some(), tmp_path_factory.mktemp("report"))


def test_terminal_and_markdown_hold_the_same_rows(written: Path) -> None:
    markdown = written.read_text()
    page = BoardPage(board_of(some(), ENVIRONMENTS))
    for table in [s for s in (*page.first, *page.details) if isinstance(s, Table)]:
        expected = words("\n".join(" ".join(row) for row in table.rows))
        for shown in (table.text(), table.markdown()):
            found = words(shown)
            assert all(row in found for row in expected)
        body = table.markdown().partition("\n| ")[2].split("\n\n")[0]
        assert body in markdown


def test_every_table_of_the_report_has_as_many_cells_in_each_row(written: Path) -> None:
    blocks = re.findall(r"(?:^\|.*\|\n)+", written.read_text(), re.MULTILINE)
    assert len(blocks) > 10
    for block in blocks:
        lines = block.splitlines()
        assert re.fullmatch(r"\|( -+:? \|)+", lines[1])
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) == 1


def test_the_report_says_how_it_was_made(written: Path) -> None:
    markdown = written.read_text()
    for fact in ("codelength run --corpora all", "Fast 9000", "0123456789ab", "zlib 1.3.1"):
        assert fact in markdown
    for of in {c.slice.corpus: c.slice for c in some()}.values():
        assert f"| {of.digest} |" in markdown
    assert "png takes images; this is text" in markdown


def test_links_lead_to_plots_that_are_there(written: Path) -> None:
    links = re.findall(r"!\[.*?\]\((.*?)\)", written.read_text())
    assert links
    assert {written.parent / link for link in links} == set(written.parent.glob("plots/*"))
    for link in links:
        svg = (written.parent / link).read_text()
        assert svg.startswith("<svg")
        assert svg.rstrip().endswith("</svg>")


def test_the_same_cells_in_any_order_give_the_same_bytes(written: Path, tmp_path: Path) -> None:
    again = write(some()[::-1], tmp_path)
    files = sorted(p.relative_to(written.parent) for p in written.parent.rglob("*") if p.is_file())
    assert files == sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*") if p.is_file())
    for file in files:
        assert (again.parent / file).read_bytes() == (written.parent / file).read_bytes(), file


def test_a_write_that_fails_leaves_the_old_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = write(some(), tmp_path).read_bytes()

    def full(self: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StoreError, match="cannot be written: no space left"):
        write(some()[:1], tmp_path)
    assert (tmp_path / "report.md").read_bytes() == old


@pytest.mark.parametrize("cells", [[], [broken()], [cell(of=corpus_slice(size=0), coded=1)]])
def test_nothing_to_show_is_no_error(cells: Sequence[Cell], tmp_path: Path) -> None:
    assert write(cells, tmp_path).read_text().startswith("# Leaderboard")
    page = BoardPage(board_of(cells))
    assert list(to_text(page)) or not cells
    for exporter in EXPORTERS:
        if exporter.name != "parquet":
            assert exporter.export(page)


def test_a_single_untimed_codec_is_reported_too(tmp_path: Path) -> None:
    write([cell(encode=None, decode=None)], tmp_path)
    assert [p.name for p in (tmp_path / "plots").iterdir()] == ["whole-map.svg"]


def test_pictures_are_small_and_a_large_map_is_left_to_the_tables(tmp_path: Path) -> None:
    write(leaderboard(), tmp_path)
    sizes = {path.name: path.stat().st_size for path in (tmp_path / "plots").iterdir()}
    assert {"whole-all-encode.svg", "whole-map.svg"} < sizes.keys()
    assert max(sizes.values()) < 60_000
    many = [cell(f"gzip:level={i}", coded=300 + i) for i in range(60)]
    write(many, tmp_path / "many")
    names = sorted(path.name for path in (tmp_path / "many" / "plots").iterdir())
    assert names == ["whole-all-decode.svg", "whole-all-encode.svg"]


def test_parquet_holds_the_lines_of_the_csv_with_types() -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    (exporter,) = [exporter for exporter in EXPORTERS if exporter.name == "parquet"]
    page = BoardPage(board_of(some(), ENVIRONMENTS))
    found = parquet.read_table(BytesIO(exporter.export(page)))
    assert found.column_names == list(page.records.heads)
    assert found.to_pylist()[0] == dict(zip(page.records.heads, page.records.rows[0], strict=True))


def test_without_pyarrow_one_line_names_the_command_that_brings_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (exporter,) = [exporter for exporter in EXPORTERS if exporter.name == "parquet"]
    with pytest.raises(Unavailable, match="pip install 'codelength\\[tables\\]'"):
        exporter.export(BoardPage(board_of(some())))


PIPE = """
import sys
sys.path.insert(0, {tests!r})
from factories import board_of, environment, leaderboard
from codelength.report.board_page import BoardPage
from codelength.report.export.terminal import to_text
assert not {{"rich", "matplotlib", "numpy"}} & set(sys.modules), "imported too early"
for block in to_text(BoardPage(board_of(leaderboard(), [environment()]))):
    print(block)
assert not {{"rich", "matplotlib"}} & set(sys.modules), "not needed"
"""


def test_piped_output_has_no_escape_codes_and_nothing_is_cut(tmp_path: Path) -> None:
    script = PIPE.format(tests=str(Path(__file__).parents[1]))
    environ = {"FORCE_COLOR": "1", "COLUMNS": "40", "TERM": "xterm-256color", "PYTHONUTF8": "1"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, env=environ)
    assert done.returncode == 0, done.stderr.decode()
    text = done.stdout.decode()
    assert "\x1b" not in text
    assert "…" not in text
    reason = "the blob is kept in results/blobs/order2-kodak-7.bin for whoever wants to look"
    assert reason in text  # in one line


def test_codec_families_keep_their_colour_in_all_charts() -> None:
    looks = family_looks(board_of(some()))
    assert sorted(looks) == ["gzip", "lm", "png", "zstd"]
    assert len(set(looks.values())) == 4
