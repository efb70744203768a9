"""The report as files, and that it says the same as the terminal."""

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from codelength.report import Table, summary, tables, write
from codelength.report.board import boards
from codelength.results.cell import Cell, Status
from factories import broken, cell, corpus_slice, environment, phase

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


def words(table: Table, text: str) -> list[list[str]]:
    return [line.replace("|", " ").replace("\\", "").split() for line in text.splitlines()]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(some(), ENVIRONMENTS, tmp_path_factory.mktemp("report"))


def test_terminal_and_markdown_hold_the_same_rows(written: Path) -> None:
    markdown = written.read_text()
    for table in [*tables(some(), ENVIRONMENTS), *summary(some(), ENVIRONMENTS)]:
        expected = [" ".join(row).split() for row in table.rows]
        for shown in (table.text(), table.markdown()):
            found = words(table, shown)
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
        assert f"`{of.digest}`" in markdown
    assert "png takes images; this is text" in markdown


def test_links_lead_to_plots_that_are_there(written: Path) -> None:
    links = re.findall(r"!\[.*?\]\((.*?)\)", written.read_text())
    assert links
    assert {written.parent / link for link in links} == set(written.parent.glob("plots/*"))
    for link in links:
        svg = (written.parent / link).read_text()
        assert svg.startswith("<?xml")
        assert svg.rstrip().endswith("</svg>")


def test_the_same_cells_in_any_order_give_the_same_bytes(written: Path, tmp_path: Path) -> None:
    again = write(some()[::-1], ENVIRONMENTS, tmp_path)
    files = sorted(p.relative_to(written.parent) for p in written.parent.rglob("*") if p.is_file())
    assert files == sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*") if p.is_file())
    for file in files:
        assert (again.parent / file).read_bytes() == (written.parent / file).read_bytes(), file


def test_without_matplotlib_the_report_names_the_command_that_brings_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    markdown = write(some(), ENVIRONMENTS, tmp_path).read_text()
    assert "python -m pip install 'codelength[plots]'" in markdown
    assert "](plots/" not in markdown
    assert not (tmp_path / "plots").exists()


def test_a_write_that_fails_leaves_the_old_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    old = write(some(), ENVIRONMENTS, tmp_path).read_bytes()

    def full(self: Path, data: bytes) -> int:
        raise OSError("no space left")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="no space"):
        write(some()[:1], ENVIRONMENTS, tmp_path)
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [old]


@pytest.mark.parametrize("cells", [[], [broken()], [cell(of=corpus_slice(size=0), coded=1)]])
def test_nothing_to_show_is_no_error(
    cells: Sequence[Cell], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert write(cells, [], tmp_path).read_text().startswith("# Leaderboard")
    assert [table.text() for table in [*tables(cells, []), *summary(cells, [])]] or not cells


def test_a_single_untimed_codec_is_reported_too(tmp_path: Path) -> None:
    cells = [cell(encode=None, decode=None)]
    write(cells, ENVIRONMENTS, tmp_path)
    assert [p.name for p in (tmp_path / "plots").iterdir()] == ["whole-map.svg"]


PIPE = """
import sys
sys.path.insert(0, {tests!r})
from factories import environment, leaderboard
from codelength.report import summary, tables
assert not {{"rich", "matplotlib", "numpy"}} & set(sys.modules), "imported too early"
for table in [*tables(leaderboard(), [environment()]), *summary(leaderboard(), [environment()])]:
    print(table.text())
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


def test_the_labels_of_a_plot_do_not_cover_each_other() -> None:
    import numpy as np

    from codelength.report.label_placement import place

    steps = np.arange(24.0)
    points = np.stack([300 + 9 * np.cos(steps), 200 + steps], axis=1)
    sizes = np.tile([50.0, 11.0], (24, 1))
    corners = place(points, sizes, (0.0, 0.0, 640.0, 480.0))
    for i in range(24):
        for j in range(i):
            assert (np.abs(corners[i] - corners[j]) >= sizes[i]).any(), (i, j)
    assert (corners >= 0).all()
    assert (corners + sizes <= [640, 480]).all()


def test_codec_families_keep_their_colour_in_all_plots() -> None:
    pytest.importorskip("matplotlib")
    from codelength.report.plots import families

    looks = families(some())
    assert sorted(looks) == ["gzip", "lm", "png", "zstd"]
    assert len(set(looks.values())) == 4
    assert len(boards(some())) == 1
