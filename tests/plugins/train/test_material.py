"""Bytes to train on: from wherever they come, drawn by their shares, a part kept apart."""

import io
import tarfile

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from codelength import Corpus, Sample, UsageError  # noqa: E402
from codelength.plugins import Plugin, Plugins, Registered  # noqa: E402
from codelength_train.material import WINDOW, split_material  # noqa: E402
from codelength_train.sources import of_corpora, of_path  # noqa: E402


def pages(count):
    """Pages of two folders of the text archive, each with its number all over."""
    for number in range(count):
        folder = ("code_lua", "wikitext_gentoo")[number % 2]
        content = f'file {number} says "a < b" & counts: ' * 300
        yield f"text/{folder}/Page_{number}.mw", content.encode()


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "text.tar.xz"
    with tarfile.open(path, "w:xz") as files:
        for name, content in [*pages(80), ("text/MANIFEST.md", b"no text to train on")]:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            files.addfile(info, io.BytesIO(content))
    return path


def test_wiki_pages_come_as_pages_of_an_export(archive):
    text = split_material(of_path(archive)).training["other markup"].tobytes().decode()
    assert text.startswith("  <page>\n    <title>Page ")
    assert "says &quot;a &lt; b&quot; &amp; counts" in text
    assert text.endswith("  </page>\n")


def test_other_files_come_as_they_are(tmp_path):
    content = bytes(range(256)) * 200
    (tmp_path / "one").write_bytes(content)
    found = split_material(of_path(tmp_path / "one"))
    assert found.training["other"].tobytes() + found.held_out["other"].tobytes() == content


def test_of_many_files_none_is_both_trained_on_and_held_out(archive):
    text = split_material(of_path(archive))
    assert text.files == 80
    numbers = [
        {line[:3] for kind in part.values() for line in kind.tobytes().split(b"file ")[1:]}
        for part in (text.training, text.held_out)
    ]
    assert all(numbers)
    assert not numbers[0] & numbers[1]
    assert "1 file in 16" in str(text)


def test_of_few_files_the_end_of_each_is_held_out():
    files = [(name, bytes([name[0]]) * 32_000) for name in (b"a", b"b")]
    found = split_material([(name.decode(), content) for name, content in files])
    assert sorted(found.held_out["other"].tobytes()) == sorted(b"a" * 2000 + b"b" * 2000)
    assert sorted(found.training["other"].tobytes()) == sorted(b"a" * 30_000 + b"b" * 30_000)
    assert "the last 16th of each file" in str(found)


def test_kinds_are_drawn_by_their_shares_not_by_their_sizes(archive):
    text = split_material(of_path(archive))
    windows = text.windows(4000, 64, np.random.default_rng(0)).numpy()
    markup = np.mean([b"&quot;" in window.tobytes() for window in windows])
    assert markup == pytest.approx(0.16 / (0.16 + 0.05), abs=0.03)


def test_windows_are_the_same_for_the_same_seed(archive):
    text = split_material(of_path(archive))
    one, other = (text.windows(4, 100, np.random.default_rng(5)) for _ in range(2))
    assert torch.equal(one, other)
    assert one.shape == (4, 100)
    assert text.held_out_windows(3).shape == (3, WINDOW)


def test_the_digest_is_of_names_and_contents_wherever_they_lie(archive, tmp_path):
    for name, content in pages(80):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    digest = split_material(of_path(tmp_path)).digest
    assert digest == split_material(of_path(archive)).digest
    path.write_bytes(content + b"!")
    assert digest != split_material(of_path(tmp_path)).digest


class Tones(Corpus):
    name = "tones"

    def samples(self):
        for number in range(3):
            yield Sample(f"tone-{number}", memoryview(bytes([number]) * 20_000))


def test_samples_of_a_corpus_are_files():
    plugins = Plugins(only=[])
    plugins.corpora = [Registered(Tones(), Plugin("tones", "here", "1"))]
    files = of_corpora(["tones"], plugins)
    assert [name for name, _ in files] == ["tones/tone-0", "tones/tone-1", "tones/tone-2"]
    assert split_material(files).training["other"].size == 3 * 18_750


def test_too_little_says_how_much_is_needed(tmp_path):
    (tmp_path / "short").write_bytes(b"a" * 20_000)
    with pytest.raises(UsageError, match="20,000 bytes of data are too few"):
        split_material(of_path(tmp_path / "short"))


def test_a_broken_archive_is_named(archive, tmp_path):
    path = tmp_path / "half.tar.xz"
    path.write_bytes(archive.read_bytes()[:-200])
    with pytest.raises(UsageError, match=r"half\.tar\.xz cannot be read"):
        of_path(path)
