"""Who is ranked above whom over many corpora, and what is printed beside it."""

import csv
import json
import re
from io import StringIO

import pytest

from codelength.metrics.rates import encode_speed
from codelength.report.board import Board, load_board
from codelength.report.board_page import BoardPage
from codelength.report.export import EXPORTERS
from codelength.report.export.terminal import LINES, to_screen
from codelength.report.table import Bad, Table
from codelength.report.tables import answer_table, ranking_table
from codelength.results.cell import Cell, Check, Estimate, Evidence
from codelength.results.store import Store
from factories import board_of, broken, cell, corpus_slice, environment, phase
from factories import leaderboard as invented

CUTS = [
    corpus_slice("prose"),
    corpus_slice("photo", kind="image"),
    corpus_slice("song", kind="audio"),
]
NAMELESS = {"evidence": Evidence.SAME_MACHINE, "versions": {"torch": "2.6"}}


def scored(codec: str, of: object = None, coded: int = 100, **changes: object) -> Cell:
    """What was never coded: no decoder, no blobs."""
    fields = {"encode": None, "decode": None, "evidence": Evidence.ESTIMATE, **changes}
    return cell(codec, of, coded, **fields)  # type: ignore[arg-type]


@pytest.fixture
def board(hand_in) -> Board:
    cells = [
        *(cell("gzip", of, 400) for of in CUTS),
        *(cell("lm", of, 300, model_bytes={"weights": 500}, **NAMELESS) for of in CUTS),
        *(scored("dream", of) for of in CUTS),
        *(cell("tiny", of, 50) for of in CUTS[:2]),
        broken("tiny", CUTS[2], reason="segmentation fault"),
    ]
    return load_board([hand_in("alice", cells)])


def column(table: Table, head: str) -> list[str]:
    heads = [column.title for column in table.columns]
    return [row[heads.index(head)] for row in table.rows]


def named(board: Board, start: str) -> Table:
    (found,) = [table for table in shown(board) if table.title.startswith(start)]
    return found


def shown(board: Board, key: str = "ratio") -> list[Table]:
    page = BoardPage(board, key=key)
    return [section for section in (*page.first, *page.details) if isinstance(section, Table)]


def overall(board: Board) -> list[Table]:
    page = BoardPage(board)
    tables = [section for section in page.first if isinstance(section, Table)]
    return [table for table in tables if table.title.startswith("Overall")]


def exported(board: Board, name: str, title: str = "Books & more") -> str:
    (exporter,) = [exporter for exporter in EXPORTERS if exporter.name == name]
    return exporter.export(BoardPage(board, title)).decode()


def test_estimates_stand_below_what_was_decoded_whatever_their_size(board: Board) -> None:
    table = named(board, "Overall")
    assert column(table, "codec") == ["lm ⌂", "gzip", "tiny", "dream"]
    assert column(table, "#") == ["1", "2", "-", "≈"]
    assert column(table, "size %") == ["30.00?", "40.00", "2 of 3", "≈10.00"]
    assert column(table, "class") == [
        "learned, same-machine",
        "verified",
        "verified",
        "≈ estimate",
    ]


def test_no_mean_is_taken_over_a_hole(board: Board) -> None:
    table = named(board, "Overall")
    assert column(table, "size %")[2] == "2 of 3"
    assert isinstance(column(table, "size %")[2], Bad)  # it failed
    assert column(table, "text %")[2] == "5.00"
    assert column(table, "audio %")[2] == "failed"


def test_every_kind_of_media_has_its_ranking(board: Board, hand_in) -> None:
    titles = [table.title.partition(" · ")[0] for table in shown(board)]
    assert titles[:5] == ["Winners", "Overall", "prose", "photo", "song"]
    assert column(named(board, "song"), "#") == ["1", "2", "-", "≈"]
    more = [cell(of=of) for of in [*CUTS, corpus_slice("verse")]]
    titles = [table.title.partition(" · ")[0] for table in shown(load_board([hand_in("b", more)]))]
    assert titles[:6] == ["Winners", "Overall", "text", "prose", "verse", "photo"]


def test_an_estimate_and_a_measurement_of_one_codec_are_two_rows_and_no_contradiction(
    hand_in,
) -> None:
    folders = [hand_in("a", [cell("lm", coded=300)]), hand_in("b", [scored("lm", coded=299)])]
    found = load_board(folders)
    assert column(named(found, "Overall"), "codec") == ["lm", "lm (estimate)"]
    assert not found.contradictions


def test_what_was_scored_is_an_estimate(hand_in) -> None:
    folder = hand_in("a", [cell("gzip", CUTS[0])])
    check = Check(data="d", blobs=1, bytes=9, bits=40.0, coded_bytes=6, cpu_seconds=1.0)
    estimate = Estimate(bits=801.5, cpu_seconds=1.0, check=check)
    changes = {"model_bytes": {"weights": 500}, "estimate": estimate, "run": "run-9"}
    with Store(folder) as store:
        store.append(environment("run-9", command="codelength score --codecs lm"))
        store.append(scored("lm", CUTS[0], estimate.coded_bytes, **changes))
    found = load_board([folder])
    table = named(found, "Overall")
    # 801.5 bits are 100.2 bytes, and no blob has a part of one: 101 bytes of 1000
    assert column(table, "size %") == ["40.00", "≈10.10?"]
    assert column(table, "class") == ["verified", "learned, ≈ estimate"]
    assert "codelength score" in exported(found, "markdown")


def test_a_tie_is_printed_as_a_tie(hand_in) -> None:
    found = load_board([hand_in("a", [cell("a"), cell("b"), cell("c", coded=401)])])
    assert column(named(found, "Overall"), "#") == ["1=", "1=", "3"]


def test_the_key_is_what_is_ranked_by(board: Board) -> None:
    (table,) = [t for t in shown(board, "adjusted") if t.title.startswith("Overall")]
    # 300 bytes and a prior of 500 for every 1000
    assert column(table, "codec") == ["gzip", "lm ⌂", "tiny", "dream"]
    assert column(table, "adj % at N") == ["40.00", "80.00", "n/a", "≈10.00"]


def test_speeds_of_different_machines_are_marked(hand_in) -> None:
    slow = environment("run-2", machine={"cpu": "Slow 1"}, started="2025-12-01")
    folders = [
        hand_in("a", [cell("gzip")]),
        hand_in("b", [cell("xz", run="run-2", encode=phase(9.0))], slow),
    ]
    table = named(load_board(folders), "Overall")
    assert column(table, "env") == ["1", "2"]
    assert column(table, "from") == ["a", "b"]


def test_controls_are_in_no_mean(hand_in) -> None:
    noise = corpus_slice("noise", kind="raw", entropy=8.0)
    found = load_board([hand_in("a", [cell(), cell(of=noise, coded=1000)])])
    table = named(found, "Overall")
    assert column(table, "size %") == ["40.00"]
    assert any("1 corpus (controls, empty) not averaged" in note for note in table.notes)


def test_where_nobody_has_all_corpora_the_table_says_what_to_do(hand_in) -> None:
    folders = [hand_in("a", [cell(of=CUTS[0])]), hand_in("b", [cell("xz", CUTS[1])])]
    table = named(load_board(folders), "Overall")
    assert any("No codec has all 2 corpora" in note and "--corpora" in note for note in table.notes)


def test_markdown_holds_every_row_and_says_who_measured(board: Board) -> None:
    text = exported(board, "markdown")
    assert text.startswith("# Books & more\n")
    for table in shown(board):
        body = table.markdown().partition("\n| ")[2].split("\n\n")[0]
        assert body in text
    for fact in ("codelength run --corpora all", "Fast 9000", "alice", CUTS[0].digest):
        assert fact in text


def test_csv_has_a_line_for_each_measurement(board: Board) -> None:
    lines = list(csv.DictReader(StringIO(exported(board, "csv"))))
    assert len(lines) == 12
    first = next(line for line in lines if line["codec"] == "lm" and line["corpus"] == "prose")
    assert first["coded_bytes"] == "300"
    assert float(first["ratio"]) == 0.3
    assert float(first["adjusted_ratio"]) == 0.8
    assert (first["class"], first["learned"], first["shown"]) == ("same-machine", "1", "1")
    assert (first["folder"], first["run"], first["processor"]) == ("alice", "run-1", "")
    failed = next(line for line in lines if line["status"] == "failed")
    assert (failed["coded_bytes"], failed["ratio"], failed["shown"]) == ("", "", "0")
    assert failed["reason"] == "segmentation fault"


def test_json_says_what_the_tables_say(board: Board) -> None:
    found = json.loads(exported(board, "json"))
    (ranking,) = found["boards"]
    assert [(row["name"], row["places"]["all"].get("place", "-")) for row in ranking["rows"]] == [
        ("lm", "1"),
        ("gzip", "2"),
        ("tiny", "-"),
        ("dream", "≈"),
    ]
    assert ranking["rows"][0]["places"]["all"]["ratio"] == pytest.approx(0.3, abs=1e-12)
    assert "ratio" not in ranking["rows"][2]["places"]["all"]
    assert [run["folders"] for run in found["runs"]] == [["alice"]]
    assert found["failed"][0]["status"] == "failed"


def test_the_same_folders_give_the_same_documents(hand_in) -> None:
    folders = [hand_in("a", [cell(of=of) for of in CUTS]), hand_in("b", [cell("xz")])]
    for name in ("json", "csv", "markdown", "html"):
        first, again = (exported(load_board(folders), name) for _ in range(2))
        assert first == again


def test_names_that_would_steer_a_terminal_are_spelt_out(hand_in) -> None:
    found = load_board([hand_in("a", [cell("gz\x1b[2Jip\u202e"), broken(reason="a\x07b")])])
    text = "\n".join(table.text() for table in shown(found)) + exported(found, "markdown")
    assert "gz\\x1b[2Jip\\u202e" in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\x07" not in text


def test_the_overall_ranking_has_the_mean_in_all_and_by_kind() -> None:
    (table,) = overall(board_of([cell("gzip", CUTS[0], 500), cell("gzip", CUTS[1], 125)]))
    heads = [column.title for column in table.columns]
    assert heads[:5] == ["#", "codec", "size %", "", "× smaller than gzip"]
    assert heads[5:] == ["enc MB/s", "dec MB/s", "mem MB", "text %", "image %"]
    assert table.rows[0][:5] == ["1", "gzip", "25.00", "█" * 10, "1.00"]
    assert table.rows[0][-2:] == ["50.00", "12.50"]
    assert any(note.startswith("2 files: the order is that") for note in table.notes)


def test_a_place_is_a_set_where_the_files_cannot_tell() -> None:
    of = corpus_slice(size=20_000, samples=20)
    coded = [[400 + i for i in range(20)], [399 + i + 4 * (i % 2) for i in range(20)], [800] * 20]
    cells = [
        cell(name, of, sum(sizes), groups=[(1000, size) for size in sizes])
        for name, sizes in zip(["gzip", "xz", "lz4"], coded, strict=True)
    ]
    (table,) = overall(board_of(cells))
    assert column(table, "#") == ["1–2", "1–2", "3"]
    assert column(table, "95% interval")[2] == "80.00–80.00"
    assert any("rows are compared file by file" in note for note in table.notes)


def test_there_is_one_overall_ranking_for_each_protocol_and_limit() -> None:
    cells = [
        cell(of=corpus_slice(protocol="paper")),
        cell(of=corpus_slice()),
        cell(of=corpus_slice(limit=9)),
    ]
    titles = [table.title.split(" · ")[1] for table in overall(board_of(cells))]
    assert titles == ["whole", "whole, first 9 bytes", "paper"]


def test_controls_alone_average_nothing() -> None:
    noise = corpus_slice("noise", kind="raw", entropy=8.0)
    (table,) = overall(board_of([cell(of=noise)]))
    assert any("Nothing to average" in note for note in table.notes)


def test_columns_that_charge_for_a_model_are_there_only_if_a_row_has_one() -> None:
    (plain,) = overall(board_of([cell()]))
    (priced,) = overall(board_of([cell(), cell("lm", model_bytes={"weights": 9})]))
    assert "adj %\nat N" not in [column.head for column in plain.columns]
    assert "adj %\nat N" in [column.head for column in priced.columns]


def test_what_decodes_on_one_machine_only_is_marked_in_every_ranking() -> None:
    slices = [corpus_slice("prose"), corpus_slice("verse")]
    cells = [cell("gzip", of) for of in slices]
    cells += [cell("hf:exact=false", of, 300, **NAMELESS) for of in slices]
    board = board_of(cells)
    (grid,) = board.grids
    for table in (ranking_table(board, grid.part("prose")), *overall(board)):
        assert [row[1] for row in table.rows] == ["hf:exact=false ⌂", "gzip"]
        assert sum("⌂" in n and "only where it was encoded" in n for n in table.notes) == 1
        assert "| hf:exact=false ⌂ |" in table.markdown()
    anywhere = board_of(cells[:2])
    assert not any("⌂" in note for table in overall(anywhere) for note in table.notes)


def test_means_are_those_that_were_worked_out_by_hand() -> None:
    """√(0.5 · 0.125) = 0.25, √(0.64 · 0.04) = 0.16; √(2 kB/s · 0.5 kB/s) = 1 kB/s."""
    sizes = {"a": (500, 125), "b": (640, 40)}
    slices = [corpus_slice("prose"), corpus_slice("verse")]
    cells = [
        cell(codec, of, coded, encode=phase(seconds))
        for codec, pair in sizes.items()
        for of, coded, seconds in zip(slices, pair, (0.5, 2.0), strict=True)
    ]
    (grid,) = board_of(cells).grids
    (part,) = grid.parts
    assert part.means["a"].value == pytest.approx(0.25, rel=1e-12)
    assert part.means["b"].value == pytest.approx(0.16, rel=1e-12)
    assert part.combine("a", encode_speed) == pytest.approx(0.001, rel=1e-12)


def test_the_first_screen_has_at_most_27_lines_in_any_terminal(hand_in) -> None:
    folders = [
        hand_in("a", [*invented(), *invented("paper"), *invented("chunks:512")], environment())
    ]
    boards = (board_of(invented(), [environment()]), load_board(folders))
    for found in boards:
        for width in (80, 120, 160):
            lines = to_screen(BoardPage(found), width).splitlines()
            assert len(lines) <= LINES
            assert max(map(len, lines)) <= width
            (head,) = [i for i, line in enumerate(lines) if line.startswith("Overall · whole")]
            assert lines[head + 3].split()[0] == "1"
            for word in ("size", "smaller", "enc", "dec", "mem"):
                assert word in lines[head + 1]


def test_long_names_leave_room_for_figures() -> None:
    long = f"hf:model=/home/someone/{'models/' * 9}small.gguf"
    cells = [cell(name, CUTS[0], coded) for name, coded in ((long, 100), ("gzip", 300))]
    screen = to_screen(BoardPage(board_of(cells)), 80)
    assert max(map(len, screen.splitlines())) <= 80
    assert re.search(r"^ *1 +hf:model=/hom…\S+small.gguf +10.00 ", screen, re.MULTILINE)
    for word in ("size", "smaller", "enc", "dec", "mem"):
        assert word in screen


def test_the_first_screen_says_who_wins_each_kind_of_media() -> None:
    cells = [
        cell("small", CUTS[0], 100, decode=phase(1)),
        cell("quick", CUTS[0], 300, encode=phase(1e-6), decode=phase(1e-6)),
        cell("store", CUTS[0], 1000, encode=phase(1e-7), decode=phase(1e-7)),
        cell("png:level=9", CUTS[1], 200, decode=phase(1)),
    ]
    (grid,) = board_of(cells).grids
    table = answer_table(grid)
    assert table is not None
    assert table.rows == [
        ["text", "small 10.00%", "quick 30.00%", "quick 30.00%"],
        ["image", "png 9 20.00%", "n/a", "png 9 20.00%"],
    ]


def test_winners_are_bold_and_failures_red_only_with_colour(board: Board) -> None:
    page = BoardPage(board)
    assert "\x1b" not in to_screen(page, 80)
    painted = to_screen(page, 80, colour=True)
    assert "\x1b[1m" in painted
    assert re.search(
        r"\x1b\[31m1 cell not ok: tiny on song: failed: segmentation fault\x1b", painted
    )
    plain = re.sub(r"\x1b\[\d*m", "", painted)
    assert [x.split() for x in plain.splitlines()] == [
        x.split() for x in to_screen(page, 80).splitlines()
    ]


def test_a_remark_on_a_corpus_stands_beside_its_figures() -> None:
    of = corpus_slice(remark="Lines end in CRLF.")
    found = board_of([cell(of=of)])
    (grid,) = found.grids
    assert "prose: Lines end in CRLF." in ranking_table(found, grid.averaged).notes
