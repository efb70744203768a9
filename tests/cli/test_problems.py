"""A line in a results folder that is not a result: every command names it and does its work."""

import warnings
from pathlib import Path

import msgspec
import pytest

import codelength
from codelength.api.errors import StoreError
from codelength.cli import cli
from codelength.results.store import FILE
from factories import cell, corpus_slice, environment

PROBLEM = f"{FILE}:3 is not a result: its ledger has 400 bytes, its blobs 7"


@pytest.fixture
def edited(hand_in) -> Path:
    """A folder in which somebody has made a size smaller by hand."""
    better = msgspec.structs.replace(cell("zstd"), coded_bytes=7)
    folder = hand_in("edited", [cell("gzip"), better, cell("xz")], environment())
    assert b'"coded_bytes":7' in (folder / FILE).read_bytes().splitlines()[2]
    return folder


def typed(*arguments: object) -> int:
    code: int = cli.main(list(map(str, arguments)), standalone_mode=False)
    return code


@pytest.mark.parametrize("command", ["report", "leaderboard", "compare", "break-even"])
def test_a_line_that_is_not_a_result_is_named_and_the_rest_is_shown(
    edited: Path, hand_in, capsys, command: str
) -> None:
    others = [hand_in("other", [cell("gzip")], environment())] if command == "compare" else []
    assert typed(command, edited, *others) == 3
    said = capsys.readouterr()
    assert f"codelength: {edited / PROBLEM}" in said.err
    assert ("1 cell as fast" if command == "compare" else "gzip") in said.out
    assert "zstd" not in said.out


def test_a_run_goes_on_in_such_a_folder(edited: Path, capsys) -> None:
    assert typed("run", "--codecs", "store", "--corpora", "prose", "--out", edited) == 3
    assert f"codelength: {edited / PROBLEM}" in capsys.readouterr().err


def test_a_notebook_is_warned(edited: Path) -> None:
    with pytest.warns(UserWarning, match="results.jsonl:3 is not a result: its ledger has 400"):
        results = codelength.load(edited)
    assert [one.codec for one in results.current] == ["gzip", "xz"]
    assert "zstd" not in str(codelength.board(results))


def test_a_folder_of_nothing_else_has_no_results(hand_in, capsys) -> None:
    folder = hand_in("bad", [msgspec.structs.replace(cell(), coded_bytes=7)])
    for command in (["report"], ["leaderboard"], ["compare", folder], ["break-even"]):
        with pytest.raises(StoreError, match=r"no results in .*its blobs 7"):
            typed(*command, folder)


def test_a_kind_and_a_protocol_that_no_plugin_here_knows_are_shown(hand_in, capsys) -> None:
    of = corpus_slice("smells", kind="smell", protocol="sniff:3")
    folder = hand_in("strange", [cell("gzip", of), cell("xz", of, 300)], environment())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert codelength.load(folder).current[0].slice.kind == "smell"
    for command in ("report", "leaderboard"):
        assert not typed(command, folder)
        assert "sniff:3" in capsys.readouterr().out


def test_cells_without_the_record_of_their_run_are_shown(hand_in, capsys) -> None:
    folder = hand_in("a", [cell("gzip")], environment())
    lines = (folder / FILE).read_bytes().splitlines()
    (folder / FILE).write_bytes(b'{"type":"environment","run":1}\n' + lines[-1] + b"\n")
    for command in ("report", "leaderboard"):
        assert typed(command, folder) == 3
        said = capsys.readouterr()
        assert "gzip" in said.out
        assert "results.jsonl:1 is not a result: " in said.err
