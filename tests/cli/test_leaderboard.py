"""`codelength leaderboard` as it is typed."""

import csv
import json
from pathlib import Path

import pytest

from codelength.api.errors import StoreError, UsageError
from codelength.cli import COMMANDS
from codelength.cli.leaderboard import command
from factories import broken, cell, environment


def typed(*arguments: object) -> int:
    code = command.main([str(argument) for argument in arguments], standalone_mode=False)
    assert isinstance(code, int)
    return code


def test_it_is_a_command() -> None:
    assert "leaderboard" in COMMANDS


def test_all_outputs_at_once(hand_in, tmp_path: Path, capsys) -> None:
    folders = [hand_in("a", [cell("gzip")]), hand_in("b", [cell("xz", coded=300)])]
    out = tmp_path / "site" / "new"
    forms = ["html", "json", "csv", "markdown"]
    options = [word for form in forms for word in (f"--{form}", out / f"board.{form}")]
    assert typed(*folders, *options, "--title", "Ours", "--sort", "encode") == 0
    said = capsys.readouterr()
    assert "Overall · whole · prose · by encode speed" in said.out
    assert said.err.count("written: ") == 4
    assert sorted(path.name for path in out.iterdir()) == sorted(f"board.{f}" for f in forms)
    assert "<title>Ours</title>" in (out / "board.html").read_text()
    assert json.loads((out / "board.json").read_text())["title"] == "Ours"
    assert len(list(csv.reader((out / "board.csv").open()))) == 3
    assert (out / "board.markdown").read_text().startswith("# Ours\n")


def test_a_document_on_standard_output_stands_alone(hand_in, capsys) -> None:
    assert typed(hand_in("a", [cell()]), "--json", "-") == 0
    assert json.loads(capsys.readouterr().out)["boards"][0]["protocol"] == "whole"


def test_two_documents_on_standard_output_are_refused(hand_in) -> None:
    with pytest.raises(UsageError, match="cannot both go to standard output"):
        typed(hand_in("a", [cell()]), "--json", "-", "--csv", "-")


def test_nothing_measured_is_no_success(hand_in, capsys) -> None:
    assert typed(hand_in("a", [broken()])) == 3
    assert "1 cell not ok: gzip on prose: failed: it" in capsys.readouterr().out


def test_some_corpora_only(hand_in, capsys) -> None:
    folder = hand_in("a", [cell()], environment())
    assert typed(folder, "--corpora", "prose") == 0
    with pytest.raises(UsageError, match="no corpus 'poems'"):
        typed(folder, "--corpora", "poems")


def test_a_file_that_cannot_be_written_is_named(hand_in, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"file/x\.html cannot be written: "):
        typed(hand_in("a", [cell()]), "--html", tmp_path / "file" / "x.html")
