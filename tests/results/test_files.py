"""Files that are written in one step."""

from pathlib import Path

import pytest

from codelength.api.errors import StoreError
from codelength.results.files import write_file


def test_bytes_and_text_are_written_with_the_folders_they_need(tmp_path: Path) -> None:
    write_file(tmp_path / "a" / "b.txt", "é")
    write_file(tmp_path / "a" / "c", b"\0")
    assert (tmp_path / "a" / "b.txt").read_bytes() == "é".encode()
    assert (tmp_path / "a" / "c").read_bytes() == b"\0"
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["b.txt", "c"]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_file(tmp_path / "a", b"old")

    def fail(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(StoreError, match="a cannot be written: No space left on device"):
        write_file(tmp_path / "a", b"new")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


def test_a_file_in_the_place_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(StoreError, match="a/b cannot be written: "):
        write_file(tmp_path / "a" / "b", b"")
