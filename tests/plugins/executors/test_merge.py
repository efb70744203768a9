import pytest
from click.testing import CliRunner

from codelength.api.errors import UsageError
from codelength.results.cell import Status
from codelength.results.store import Store, load
from codelength_executors.merge import command, merge
from factories import cell, corpus_slice, environment


def test_parts_become_one_folder(hand_in, tmp_path):
    one = hand_in("one", [cell("gzip"), cell("xz")])
    other = hand_in(
        "other", [cell("bz2", run="run-2")], environment("run-2", started="2025-11-22T06:00:00Z")
    )
    for folder, line in ((one, "{}\n"), (other, "{ }\n")):
        (folder / "curves.jsonl").write_text(line)
        (folder / "failures.log").write_text("=== what was printed\n")
    assert merge([one, other], tmp_path / "all") == []
    results = load(tmp_path / "all")
    assert [cell.codec for cell in results.current] == ["gzip", "xz", "bz2"]
    assert set(results.environments) == {"run-1", "run-2"}
    assert (tmp_path / "all" / "curves.jsonl").read_text() == "{}\n{ }\n"
    assert len((tmp_path / "all" / "failures.log").read_text().splitlines()) == 2


def test_what_is_in_two_folders_is_there_once_and_the_later_run_counts(hand_in, tmp_path):
    old = cell("gzip", status=Status.FAILED, evidence=None, reason="it was lost")
    new = cell("gzip", run="run-2")
    later = environment("run-2", started="2025-11-22T06:00:00Z")
    one = hand_in("one", [new], later)
    other = hand_in("other", [old, cell("xz")])
    third = hand_in("third", [old, cell("xz")])
    merge([one, other, third], tmp_path / "all")
    results = load(tmp_path / "all")
    assert len(results.cells) == 3
    assert {cell.codec: cell.run for cell in results.current} == {"gzip": "run-2", "xz": "run-1"}


def test_many_files_of_a_folder_become_one(tmp_path):
    for codec in ("gzip", "xz"):
        with Store(tmp_path / "one") as store:
            store.append(environment())
            store.append(cell(codec, corpus_slice("prose")))
    merge([tmp_path / "one"], tmp_path / "all")
    assert [path.name for path in (tmp_path / "all").iterdir()] == ["results.jsonl"]
    assert len(load(tmp_path / "all").cells) == 2


def test_a_folder_with_results_is_not_written_to(hand_in, tmp_path):
    one, other = hand_in("one", [cell("gzip")]), hand_in("other", [cell("xz")])
    for out in (one, other):
        with pytest.raises(UsageError, match="choose a new folder for -o"):
            command.callback([one], out)
    assert CliRunner().invoke(command, ["-o", "x"]).exit_code == 2
