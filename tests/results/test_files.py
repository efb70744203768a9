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


def test_a_file_that_is_written_again_keeps_its_mode(tmp_path: Path) -> None:
    write_file(tmp_path / "a", b"old")
    (tmp_path / "a").chmod(0o640)
    write_file(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("there", [True, False])
def test_a_symbolic_link_stays_and_the_file_behind_it_is_written(
    tmp_path: Path, there: bool
) -> None:
    (tmp_path / "folder").mkdir()
    target, link = tmp_path / "folder" / "target", tmp_path / "link"
    if there:
        target.write_bytes(b"old")
    link.symlink_to("folder/target")
    write_file(link, b"new")
    assert link.readlink() == Path("folder/target")
    assert target.read_bytes() == b"new"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "link"]
