"""Anyone's own data: what is found, in which order, and what is refused."""

import os
import sys
from pathlib import Path

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


def test_a_file_that_cannot_be_read_is_an_error_if_there_is_no_other(tmp_path, monkeypatch):
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
    from imagecodecs import __version__
    from PIL import Image

    Image.new("RGB", (8, 8)).save(tmp_path / "picture.png")
    decoded = codelength_path.Location(str(tmp_path), "decoded")
    assert decoded.label == "local; 1 of 1 files read as media"
    Image.new("RGB", (8, 8)).save(tmp_path / "photo", format="jpeg")
    (tmp_path / "note").write_text("some words")
    lossy = f"lossy images decoded by imagecodecs {__version__}"
    assert decoded.label == f"local; 2 of 3 files read as media; {lossy}"
    assert location(tmp_path).label == "local"


def views(plugins: Plugins, specs: str) -> list[str]:
    return [entry.item.spec for entry in plugins.select_corpora(specs)]


def test_files_are_measured_as_bytes_and_decoded_where_there_is_something_to_decode(tmp_path):
    from PIL import Image

    plugins = Plugins(only=["path"])
    (tmp_path / "note").write_text("some words")
    assert views(plugins, f"path:{tmp_path}") == [f"path:{tmp_path}"]
    Image.new("RGB", (8, 8)).save(tmp_path / "picture.png")
    both = [f"path:{tmp_path},view=decoded", f"path:{tmp_path},view=bytes"]
    assert views(plugins, f"path:{tmp_path}") == both
    assert views(plugins, f"path:{tmp_path},view=bytes") == both[1:]
    sizes = {one.view: [len(s.data) for s in one.samples()] for one in map(_location, both)}
    assert sizes == {"bytes": [10, (tmp_path / "picture.png").stat().st_size], "decoded": [10, 192]}


def _location(spec: str) -> codelength_path.Location:
    item = Plugins(only=["path"]).corpus(spec).item
    assert isinstance(item, codelength_path.Location)
    return item


def test_a_name_may_have_a_comma(tmp_path):
    (tmp_path / "a,b.txt").write_text("x")
    (tmp_path / "c").write_text("x")
    specs = [f"path:{tmp_path}/a,b.txt", f"path:{tmp_path}/c"]
    assert views(Plugins(only=["path"]), ",".join(specs)) == specs


def test_a_view_that_does_not_exist_is_a_mistake_in_the_command(tmp_path):
    with pytest.raises(UsageError, match="no view 'pixels'"):
        _location(f"path:{tmp_path},view=pixels")


def test_bytes_in_names_that_are_no_utf8_are_spelt_out(tmp_path):
    name = os.fsdecode(b"caf\xe9.txt")
    (tmp_path / name).write_text("coffee")
    (sample,) = location(tmp_path).samples()
    assert sample.name == "caf\\xe9.txt"
    spec = location(tmp_path / name).spec
    assert spec == f"path:{tmp_path}/caf\\xe9.txt"
    assert [bytes(found.data) for found in _location(spec).samples()] == [b"coffee"]


@pytest.mark.parametrize("place", ["a" * 300, "~nobody-of-that-name/x", "nul\0"])
def test_names_that_no_file_can_have_are_mistakes_in_the_command(place):
    with pytest.raises(UsageError):
        location(place).check_available()


def test_a_pipe_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="is a pipe or a device"):
        location(tmp_path / "pipe").check_available()


def test_a_folder_of_results_is_no_part_of_the_data(tmp_path):
    (tmp_path / "a").write_text("x")
    (tmp_path / "codelength-results").mkdir()
    (tmp_path / "codelength-results/results.jsonl").touch()
    assert names(tmp_path) == ["a"]


def test_every_file_is_accounted_for(tmp_path):
    from PIL import Image

    Image.new("RGB", (8, 8)).save(tmp_path / "picture.png")
    (tmp_path / "broken.png").write_bytes((tmp_path / "picture.png").read_bytes()[:-20])
    (tmp_path / "note").write_text("some words")
    ledger = {r.name: r for r in codelength_path.Location(str(tmp_path), "decoded").readings()}
    assert {r.name: r.on_disk for r in ledger.values()} == {
        path.name: path.stat().st_size for path in tmp_path.iterdir()
    }
    assert (ledger["picture.png"].taken_as, ledger["picture.png"].measured) == (
        "8-bit RGB PNG",
        192,
    )
    assert ledger["broken.png"].reason == "it breaks off before its end"
    assert ledger["broken.png"].measured == ledger["broken.png"].on_disk
    assert (ledger["note"].taken_as, ledger["note"].reason) == ("text", "")


def test_what_is_not_measured_is_in_the_ledger_with_its_size(tmp_path):
    (tmp_path / "a").write_text("some words")
    (tmp_path / "dangling").symlink_to("gone")
    (tmp_path / "round").symlink_to("round")
    (tmp_path / ".git/objects").mkdir(parents=True)
    (tmp_path / ".git/objects/pack").write_bytes(bytes(70))
    (tmp_path / ".profile").write_bytes(bytes(7))
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs/results.jsonl").write_bytes(bytes(30))
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "z").mkdir()
    (tmp_path / "z/up").symlink_to(tmp_path)
    corpus = location(tmp_path)
    assert [sample.name for sample in corpus.samples()] == ["a"]
    ledger = {r.name: (r.on_disk, r.measured, r.left_out, r.reason) for r in corpus.readings()}
    assert ledger == {
        ".git": (70, 0, 70, "hidden"),
        ".profile": (7, 0, 7, "hidden"),
        "a": (10, 10, 0, ""),
        "dangling": (0, 0, 0, "a link that leads nowhere"),
        "pipe": (0, 0, 0, "a pipe, a socket or a device"),
        "round": (0, 0, 0, "a link that leads nowhere"),
        "runs": (30, 0, 30, "a folder of results"),
        "z/up": (0, 0, 0, "a link to a folder that is read already"),
    }
    assert corpus.label == "local; 2 files could not be read"


def test_a_file_that_cannot_be_read_costs_itself_only(tmp_path, monkeypatch):
    from pathlib import Path

    real = Path.open

    def refuse(self, *arguments, **options):
        if self.name == "secret":
            raise PermissionError(13, "Permission denied")
        return real(self, *arguments, **options)

    for name in ("open", "secret"):
        (tmp_path / name).write_text("some words")
    monkeypatch.setattr(Path, "open", refuse)
    corpus = location(tmp_path)
    assert [sample.name for sample in corpus.samples()] == ["open"]
    (_, secret) = corpus.readings()
    assert (secret.on_disk, secret.taken_as) == (10, "")
    assert secret.reason == f"{tmp_path}/secret cannot be read: Permission denied"


def test_files_are_decoded_once_for_samples_label_and_ledger(tmp_path, monkeypatch):
    from PIL import Image

    Image.new("RGB", (8, 8)).save(tmp_path / "picture.png")
    reads = []
    monkeypatch.setattr(
        codelength_path,
        "read_decoded",
        lambda *a, read=codelength_path.read_decoded: reads.append(a) or read(*a),
    )
    corpus = codelength_path.Location(str(tmp_path), "decoded")
    list(corpus.samples())
    assert (corpus.label, len(corpus.readings())) == ("local; 1 of 1 files read as media", 1)
    assert len(reads) == 1


def test_folders_may_be_nested_deeper_than_python_recurses(tmp_path):
    (tmp_path / ("d/" * 300)).mkdir(parents=True)
    (tmp_path / ("d/" * 300) / "f").write_text("deep")
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(250)
    try:
        assert names(tmp_path) == ["d/" * 300 + "f"]
    finally:
        sys.setrecursionlimit(limit)


def test_a_pattern_is_one_corpus_of_the_files_that_it_matches(tmp_path: Path) -> None:
    for name in ("b.txt", "a.txt", "c.csv", "in/d.txt", ".hidden.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    plugins = Plugins()

    def names(spec: str) -> list[str]:
        (entry,) = plugins.select_corpora(spec)
        return [sample.name for sample in entry.item.samples()]

    assert names(f"path:{tmp_path}/*.txt") == ["a.txt", "b.txt"]
    assert names(f"{tmp_path}/**/*.txt") == ["a.txt", "b.txt", "in/d.txt"]
    (tmp_path / "*.csv").write_text("a file of this name is that file")
    assert names(f"path:{tmp_path}/*.csv") == ["*.csv"]
