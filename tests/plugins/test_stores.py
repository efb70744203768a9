"""Results folders behind URLs: what is written goes out in parts, and comes back in order."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from codelength.api.errors import StoreError, Unavailable
from codelength.results.store import Store, load
from codelength_stores import mirror
from codelength_stores.mirror import Mirror
from factories import cell, environment

fsspec = pytest.importorskip("fsspec")

URL = "memory://board/results"


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CODELENGTH_CACHE", str(tmp_path / "cache"))
    yield
    memory = fsspec.filesystem("memory")
    if memory.exists("/board"):
        memory.rm("/board", recursive=True)


def objects() -> list[str]:
    """The names of all objects."""
    return sorted(fsspec.filesystem("memory").find("/board"))


def write(opened: Mirror, run: str, *sizes: int) -> None:
    with Store(opened.path) as store:
        store.append(environment(run))
        for size in sizes:
            store.append(cell(run=run, coded=size))


def sizes(url: str = URL) -> list[int]:
    opened = Mirror(url)
    found = [cell.coded_bytes for cell in load(opened.path).cells]
    opened.close()
    return found


def test_what_one_writes_another_reads(tmp_path: Path) -> None:
    assert sizes() == []
    opened = Mirror(URL)
    write(opened, "run-1", 300)
    opened.close()
    assert sizes() == [300]
    assert sizes() == [300], "what was here before is not sent again"
    (name,) = objects()
    assert name.startswith("/board/results/results-2")


def test_a_writer_sends_parts_and_changes_no_object() -> None:
    opened = Mirror(URL)
    with Store(opened.path) as store:
        store.append(environment("run-1"))
        store.append(cell(run="run-1", coded=300))
        opened._push()
        before = {name: fsspec.filesystem("memory").cat_file(name) for name in objects()}
        store.append(cell(run="run-1", coded=200))
        opened._push()
        opened._push()
    opened.close()
    assert len(objects()) == 2
    assert all(fsspec.filesystem("memory").cat_file(name) == before[name] for name in before)
    assert sizes() == [300, 200]


def test_two_writers_at_once_lose_nothing_and_the_later_one_counts() -> None:
    one, other = Mirror(URL), Mirror(URL)
    assert one.path != other.path
    write(one, "run-1", 300)
    write(other, "run-2", 200)
    other.close()
    one.close()
    opened = Mirror(URL)
    write(opened, "run-3", 100)
    found = load(opened.path)
    assert sorted(cell.coded_bytes for cell in found.cells) == [100, 200, 300]
    assert [cell.coded_bytes for cell in found.current] == [100]
    assert len(found.environments) == 3
    opened.close()
    assert sorted(sizes()) == [100, 200, 300]


def test_what_a_killed_command_has_left_goes_out_with_the_next_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened = Mirror(URL)
    write(opened, "run-1", 300)
    mirror.os.close(opened._lock_file)  # as the system does when a process is killed
    assert objects() == []
    assert sizes() == [300]
    assert len(objects()) == 1


def test_what_cannot_go_out_is_kept_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Mirror(URL)
    write(opened, "run-1", 300)

    def fail(*given: object, **named: object) -> None:
        raise PermissionError("no rights")

    with monkeypatch.context() as patch:
        patch.setattr(type(opened._place.system), "pipe_file", fail)
        with pytest.raises(StoreError, match=r"memory://.*cannot be written: PermissionError"):
            opened.close()
    assert sizes() == [300]


def test_half_a_line_waits() -> None:
    opened = Mirror(URL)
    path = opened.path / "results-20260101T000000.0-abc.jsonl"
    path.write_bytes(b'{"type"')
    opened._push()
    assert objects() == []
    opened.close()


def test_a_name_does_not_leave_the_folder() -> None:
    memory = fsspec.filesystem("memory")
    memory.pipe_file("/board/results/../../../../out.jsonl", b"{}\n")
    opened = Mirror(URL)
    assert not list(opened.path.parent.parent.glob("*.jsonl"))
    opened.close()


def test_a_protocol_that_nobody_knows_is_one_line() -> None:
    with pytest.raises((StoreError, Unavailable), match=r"nowhere://"):
        Mirror("nowhere://a/b")


@pytest.mark.slow
def test_a_run_a_report_and_a_board_behind_a_url(tmp_path: Path) -> None:
    url = (tmp_path / "shared").as_uri()
    data = tmp_path / "text.txt"
    data.write_bytes(b"some text " * 500)

    def codelength(*words: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "codelength", *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=200)

    what = ["--codecs", "gzip,bz2", "--corpora", str(data), "--out", url]
    assert codelength("run", *what).returncode == 0
    first = sorted((tmp_path / "shared").iterdir())
    again = codelength("run", *what)
    assert again.returncode == 0
    assert len(first) == 1
    for words in (["report", url], ["leaderboard", url]):
        done = codelength(*words)
        assert done.returncode == 0, done.stderr
        assert "bz2:level=9" in done.stdout
