"""Who is ranked above whom, and what is printed beside it."""

import csv
import json
from io import StringIO

import pytest

from codelength.report import Table
from codelength.report.leaderboard import (
    Leaderboard,
    document,
    encoded,
    leaderboard,
    markdown,
    read,
    sheet,
    tables,
)
from codelength.results.cell import Cell, Check, Estimate, Evidence
from codelength.results.store import Store
from factories import broken, cell, corpus_slice, environment, phase

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
def board(hand_in) -> Leaderboard:
    cells = [
        *(cell("gzip", of, 400) for of in CUTS),
        *(cell("lm", of, 300, model_bytes={"weights": 500}, **NAMELESS) for of in CUTS),
        *(scored("dream", of) for of in CUTS),
        *(cell("tiny", of, 50) for of in CUTS[:2]),
        broken("tiny", CUTS[2], reason="segmentation fault"),
    ]
    return leaderboard(read([hand_in("alice", cells)]))


def column(table: Table, head: str) -> list[str]:
    heads = [column.head.replace("\n", " ") for column in table.columns]
    return [row[heads.index(head)] for row in table.rows]


def named(board: Leaderboard, start: str) -> Table:
    (found,) = [table for table in tables(board) if table.title.startswith(start)]
    return found


def test_estimates_stand_below_what_was_decoded_whatever_their_size(board: Leaderboard) -> None:
    table = named(board, "Overall")
    assert column(table, "codec") == ["lm", "gzip", "tiny", "dream"]
    assert column(table, "#") == ["1", "2", "-", "≈"]
    assert column(table, "all %") == ["30.00?", "40.00", "n/a", "≈10.00"]
    assert column(table, "class") == [
        "learned, same-machine",
        "verified",
        "verified",
        "≈ estimate",
    ]


def test_no_mean_is_taken_over_a_hole(board: Leaderboard) -> None:
    table = named(board, "Overall")
    assert column(table, "95% interval°")[2] == "2 of 3"
    assert column(table, "text %")[2] == "5.00"
    assert column(table, "audio %")[2] == "n/a"


def test_every_kind_of_media_has_its_board(board: Leaderboard) -> None:
    titles = [table.title.partition(" · ")[0] for table in tables(board)]
    assert titles[:4] == ["text", "image", "audio", "Overall"]
    assert column(named(board, "audio"), "#") == ["1", "2", "-", "≈"]


def test_an_estimate_and_a_measurement_of_one_codec_are_two_rows_and_no_contradiction(
    hand_in,
) -> None:
    folders = [hand_in("a", [cell("lm", coded=300)]), hand_in("b", [scored("lm", coded=299)])]
    found = leaderboard(read(folders))
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
    found = leaderboard(read([folder]))
    table = named(found, "Overall")
    # 801.5 bits are 100.2 bytes, and no blob has a part of one: 101 bytes of 1000
    assert column(table, "all %") == ["40.00", "≈10.10?"]
    assert column(table, "class") == ["verified", "learned, ≈ estimate"]
    assert any("codelength score" in row[-1] for row in named(found, "Runs").rows)


def test_a_tie_is_printed_as_a_tie(hand_in) -> None:
    found = leaderboard(read([hand_in("a", [cell("a"), cell("b"), cell("c", coded=401)])]))
    assert column(named(found, "Overall"), "#") == ["1=", "1=", "3"]


def test_the_key_is_what_is_ranked_by(board: Leaderboard) -> None:
    (table,) = [t for t in tables(board, "adjusted") if t.title.startswith("Overall")]
    # 300 bytes and a prior of 500 for every 1000
    assert column(table, "codec") == ["gzip", "lm", "tiny", "dream"]
    assert column(table, "adj % at N") == ["40.00", "80.00", "n/a", "≈10.00"]


def test_speeds_of_different_machines_are_marked(hand_in) -> None:
    slow = environment("run-2", machine={"cpu": "Slow 1"}, started="2025-12-01")
    folders = [
        hand_in("a", [cell("gzip")]),
        hand_in("b", [cell("xz", run="run-2", encode=phase(9.0))], slow),
    ]
    table = named(leaderboard(read(folders)), "Overall")
    assert column(table, "env") == ["1", "2"]
    assert column(table, "from") == ["a", "b"]


def test_controls_are_in_no_mean(hand_in) -> None:
    noise = corpus_slice("noise", kind="raw", entropy=8.0)
    found = leaderboard(read([hand_in("a", [cell(), cell(of=noise, coded=1000)])]))
    table = named(found, "Overall")
    assert column(table, "all %") == ["40.00"]
    assert any("1 corpus (controls, empty) not averaged" in note for note in table.notes)


def test_where_nobody_has_all_corpora_the_table_says_what_to_do(hand_in) -> None:
    folders = [hand_in("a", [cell(of=CUTS[0])]), hand_in("b", [cell("xz", CUTS[1])])]
    table = named(leaderboard(read(folders)), "Overall")
    assert any("No codec has all 2 corpora" in note and "--corpora" in note for note in table.notes)


def test_markdown_holds_every_row_and_says_who_measured(board: Leaderboard) -> None:
    text = markdown(board, "Books & more")
    assert text.startswith("# Books & more\n")
    for table in tables(board):
        body = table.markdown().partition("\n| ")[2].split("\n\n")[0]
        assert body in text
    for fact in ("codelength run --corpora all", "Fast 9000", "alice", CUTS[0].digest):
        assert fact in text


def test_csv_has_a_line_for_each_measurement(board: Leaderboard) -> None:
    lines = list(csv.DictReader(StringIO(sheet(document(board)))))
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


def test_json_says_what_the_tables_say(board: Leaderboard) -> None:
    found = json.loads(encoded(document(board)))
    (ranking,) = found["boards"]
    assert [(row["name"], row["places"]["all"]["place"]) for row in ranking["rows"]] == [
        ("lm", "1"),
        ("gzip", "2"),
        ("tiny", "-"),
        ("dream", "≈"),
    ]
    assert ranking["rows"][0]["places"]["all"]["mean"] == pytest.approx(0.3, abs=1e-12)
    assert ranking["rows"][2]["places"]["all"]["mean"] is None
    assert [run["folders"] for run in found["runs"]] == [["alice"]]
    assert found["failed"][0]["status"] == "failed"


def test_the_same_folders_give_the_same_documents(hand_in) -> None:
    folders = [hand_in("a", [cell(of=of) for of in CUTS]), hand_in("b", [cell("xz")])]
    first, again = (document(leaderboard(read(folders))) for _ in range(2))
    assert encoded(first) == encoded(again)


def test_names_that_would_steer_a_terminal_are_spelt_out(hand_in) -> None:
    found = leaderboard(read([hand_in("a", [cell("gz\x1b[2Jip\u202e"), broken(reason="a\x07b")])]))
    text = "\n".join(table.text() for table in tables(found)) + markdown(found)
    assert "gz\\x1b[2Jip\\u202e" in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\x07" not in text
