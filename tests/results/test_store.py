import multiprocessing
import resource
import signal
from pathlib import Path

import msgspec
import pytest

from codelength.api.corpus import Reading
from codelength.api.errors import StoreError
from codelength.results import journal
from codelength.results.cell import (
    SCHEMA,
    Cell,
    CorpusSlice,
    Environment,
    Evidence,
    Readings,
    Status,
)
from codelength.results.journal import find_journals
from codelength.results.store import FILE, Store, load

CUT = CorpusSlice(corpus="c", protocol="whole", kind="raw", samples=1, bytes=10, digest="d" * 64)


def cell(codec: str, coded: int = 5) -> Cell:
    return Cell(
        codec=codec,
        slice=CUT,
        status=Status.OK,
        run="r",
        evidence=Evidence.VERIFIED,
        coded_bytes=coded,
        ledger={"payload": coded},
    )


def environment(schema: int = SCHEMA) -> Environment:
    return Environment(
        run="r",
        schema=schema,
        started="",
        command="",
        codelength="",
        commit="",
        machine={},
        versions={},
        threads=1,
        jobs=1,
    )


def test_what_is_appended_is_read_back(tmp_path):
    with Store(tmp_path) as store:
        store.append(environment())
        store.append(cell("a"))
    results = load(tmp_path)
    assert results.cells == [cell("a")]
    assert results.environments == {"r": environment()}


def test_a_folder_without_results_has_none(tmp_path):
    assert load(tmp_path / "nowhere").cells == []


def test_of_two_cells_with_one_key_the_later_counts(tmp_path):
    with Store(tmp_path) as store:
        for coded in (5, 6):
            store.append(cell("a", coded))
        store.append(cell("b"))
    assert load(tmp_path).current == [cell("a", 6), cell("b")]


def test_a_line_that_a_killed_run_left_open_is_passed_over(tmp_path):
    with Store(tmp_path) as store:
        store.append(cell("a"))
        store.append(cell("b"))
    whole = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(whole[:-20])
    assert load(tmp_path).cells == [cell("a")]
    with Store(tmp_path) as store:
        store.append(cell("c"))
    assert load(tmp_path).cells == [cell("a"), cell("c")]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"type": "cell"}', "Object missing required field `run`"),
        (b'{"type": "poem", "run": "r"}', "Invalid value 'poem'"),
        (b"garbage", "JSON is malformed"),
        (b"[" * 100_000 + b"}", ""),
        (b'{"type": "cell", "codec": "\xff"}', ""),
        (b'{"type": "cell", "run": "r", "codec": 7}', ""),
    ],
)
def test_a_line_that_is_no_record_is_passed_over_and_named(tmp_path, line, reason):
    with Store(tmp_path) as store:
        store.append(cell("a"))
    with (tmp_path / FILE).open("ab") as file:
        file.write(line + b"\n\n")
    with Store(tmp_path) as store:
        store.append(cell("b"))
    results = load(tmp_path)
    assert results.cells == [cell("a"), cell("b")]
    (problem,) = results.problems
    assert problem.startswith(f"{tmp_path / FILE}:2 is not a result: {reason}")
    assert "\n" not in problem


def test_a_line_that_breaks_off_in_the_middle_is_named(tmp_path):
    with Store(tmp_path) as store:
        for name in "abcd":
            store.append(cell(name))
    lines = (tmp_path / FILE).read_bytes().splitlines(keepends=True)
    lines[1] = lines[1][:-20] + b"\n"
    (tmp_path / FILE).write_bytes(b"".join(lines))
    results = load(tmp_path)
    assert [cell.codec for cell in results.cells] == ["a", "c", "d"]
    (problem,) = results.problems
    assert f"{FILE}:2 is not a result: " in problem


def test_a_line_that_an_older_codelength_closed_behind_a_killed_run_is_no_problem(tmp_path):
    with Store(tmp_path) as store:
        store.append(cell("a"))
    with (tmp_path / FILE).open("ab") as file:
        file.write(b'{"type":"cell","codec":"b\n')
        file.writelines(
            msgspec.json.encode(record) + b"\n" for record in (environment(), cell("c"))
        )
    results = load(tmp_path)
    assert [cell.codec for cell in results.cells] == ["a", "c"]
    assert not results.problems


def test_a_whole_line_without_its_end_is_kept(tmp_path):
    with Store(tmp_path) as store:
        store.append(cell("a"))
    (tmp_path / FILE).write_bytes((tmp_path / FILE).read_bytes().removesuffix(b"\n"))
    with Store(tmp_path) as store:
        store.append(cell("b"))
    assert [cell.codec for cell in load(tmp_path).cells] == ["a", "b"]


@pytest.mark.parametrize("size", [1000, 1001, 2000, 5000, 10_001])
def test_an_endless_line_is_named_and_takes_no_memory(tmp_path, monkeypatch, size):
    monkeypatch.setattr(journal, "LONGEST", 1000)
    with Store(tmp_path) as store:
        store.append(cell("a"))
    with (tmp_path / FILE).open("ab") as file:
        file.write(b"x" * size + b"\n")
    with Store(tmp_path) as store:
        store.append(cell("b"))
    results = load(tmp_path)
    assert [cell.codec for cell in results.cells] == ["a", "b"]
    (problem,) = results.problems
    assert f"{FILE}:2 is not a result: " in problem
    assert ("longer than 1,000 bytes" in problem) == (size >= 1000)


def test_results_of_a_newer_schema_are_refused(tmp_path):
    with Store(tmp_path) as store:
        store.append(environment(SCHEMA + 1))
    with pytest.raises(StoreError, match=f"has schema {SCHEMA + 1}"):
        load(tmp_path)


def write_many(folder: Path, name: str) -> None:
    with Store(folder) as store:
        for number in range(200):
            store.append(cell(f"{name}{number}"))


def test_two_processes_that_write_into_one_folder_lose_nothing(tmp_path):
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=write_many, args=(tmp_path, name)) for name in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    results = load(tmp_path)
    assert not results.problems
    names = [cell.codec for cell in results.cells]
    assert sorted(names) == sorted(f"{name}{number}" for name in "ab" for number in range(200))
    assert len(find_journals(tmp_path, FILE)) == 2


def test_each_writer_has_a_file_and_the_later_writer_counts(tmp_path):
    with Store(tmp_path) as one, Store(tmp_path) as other:
        other.append(cell("a", 6))
        one.append(cell("a", 5))
        with Store(tmp_path) as third:
            third.append(cell("b"))
            third.log("what it printed")
    assert load(tmp_path).current == [cell("a", 6), cell("b")]
    assert one.path.name == FILE
    assert find_journals(tmp_path, FILE) == [one.path, other.path, third.path]
    (log,) = tmp_path.glob("*.log")
    assert log.stem == third.path.stem.replace("results", "failures")


def test_a_writer_that_appends_nothing_leaves_no_file(tmp_path):
    with Store(tmp_path):
        assert (tmp_path / FILE).exists()
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="no results can be written to"):
        Store(tmp_path / "file" / "folder")


def fill(folder: Path) -> None:
    """Appends until a limit on the file size, which stands for a full disk, is met."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
    with Store(folder) as store:
        for number in range(100):
            try:
                store.append(cell(f"codec{number}"))
            except StoreError as error:
                (folder / "said").write_text(str(error))
                return


def test_a_full_disk_is_one_line_and_loses_nothing(tmp_path):
    process = multiprocessing.get_context("spawn").Process(target=fill, args=(tmp_path,))
    process.start()
    process.join()
    said = (tmp_path / "said").read_text()
    assert "cannot be written" in said
    assert "\n" not in said
    kept = load(tmp_path).cells
    assert len(kept) > 3
    assert [c.codec for c in kept] == [f"codec{number}" for number in range(len(kept))]


def test_what_became_of_each_file_is_kept_beside_the_cells(tmp_path):
    file = Reading(
        name="a.png", on_disk=90, measured=192, taken_as="8-bit RGB PNG", is_decoded=True
    )
    ledger = Readings(corpus="path:x,view=decoded", run="r", files=[file])
    with Store(tmp_path) as store:
        store.append(environment())
        store.append(ledger)
        store.append(cell("gzip"))
    found = load(tmp_path)
    assert found.readings == {"path:x,view=decoded": ledger}
    assert found.cells == [cell("gzip")]
