"""Anyone's own data: what is found, in which order, and what is refused."""

import pytest

import codelength_path
from codelength.api.errors import CorpusError, UsageError
from codelength.plugins import Plugins


def location(path) -> codelength_path.Location:
    return codelength_path.Location(str(path))


def names(path) -> list[str]:
    return [sample.name for sample in location(path).samples()]


def test_a_file_is_one_sample(tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("hello")
    (sample,) = location(file).samples()
    assert (sample.name, bytes(sample.data), sample.media.kind) == ("notes.txt", b"hello", "text")


def test_a_folder_is_walked_in_the_order_of_names_without_hidden_files(tmp_path):
    for name in ("b/2", "b/1", "a", "c", ".hidden", ".git/config", "b/.x"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    assert names(tmp_path) == ["a", "b/1", "b/2", "c"]


def test_a_link_back_up_does_not_go_round_forever(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in/file").write_text("x")
    (tmp_path / "in/up").symlink_to(tmp_path)
    assert names(tmp_path) == ["in/file"]


def test_a_linked_file_is_read(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/file").write_text("x")
    (tmp_path / "here").mkdir()
    (tmp_path / "here/link").symlink_to(tmp_path / "elsewhere/file")
    assert names(tmp_path / "here") == ["link"]


def test_a_link_to_nowhere_is_an_error_in_one_line(tmp_path):
    (tmp_path / "dangling").symlink_to(tmp_path / "gone")
    with pytest.raises(CorpusError, match="dangling cannot be read: the link leads nowhere"):
        names(tmp_path)


def test_an_unreadable_file_is_an_error_in_one_line(tmp_path, monkeypatch):
    from pathlib import Path

    (tmp_path / "file").write_text("x")

    def refuse(self, *_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(CorpusError, match=r"file cannot be read: Permission denied$"):
        names(tmp_path)


def test_what_does_not_exist_is_a_mistake_in_the_command(tmp_path):
    with pytest.raises(UsageError, match="no file or folder"):
        location(tmp_path / "nothing").check_available()
    with pytest.raises(UsageError):
        names(tmp_path / "nothing")
    assert location(tmp_path / "nothing").label == "local"


def test_an_empty_folder_is_an_error_and_not_a_corpus_of_nothing(tmp_path):
    (tmp_path / ".hidden").write_text("x")
    with pytest.raises(CorpusError, match="holds no files"):
        names(tmp_path)


def test_the_spec_is_what_was_typed_and_finds_the_same_again(tmp_path):
    (tmp_path / "f").write_text("x")
    corpus = Plugins(only=["path"]).corpus(f"path:{tmp_path}").item
    assert corpus.spec == f"path:{tmp_path}"
    assert corpus == location(tmp_path)
    assert corpus.digest is None


def test_without_a_place_it_is_listed_and_cannot_be_used():
    (entry,) = Plugins(only=["path"]).corpora
    with pytest.raises(UsageError, match="path:FILE or path:FOLDER"):
        entry.item.check_available()


def test_the_label_names_the_decoder_of_lossy_images(tmp_path):
    from PIL import Image, __version__

    Image.new("RGB", (8, 8)).save(tmp_path / "picture.png")
    assert location(tmp_path).label == "local"
    Image.new("RGB", (8, 8)).save(tmp_path / "photo", format="jpeg")
    assert location(tmp_path).label == f"local; lossy images decoded by Pillow {__version__}"
