"""Files at an address that fsspec knows, fetched once."""

import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from codelength.api.errors import CorpusError, Unavailable, UsageError
from codelength.plugins import Plugins
from codelength_standard.remote import Remote

fsspec = pytest.importorskip("fsspec")

TEXTS = {"a.txt": b"An apple.", "deep/b.txt": b"A book.", "deep/c.bin": bytes(range(256))}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODELENGTH_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def bucket() -> Iterator[str]:
    system = fsspec.filesystem("memory")
    for name, data in TEXTS.items():
        system.pipe(f"/bucket/{name}", data)
    yield "memory://bucket"
    system.rm("/bucket", recursive=True)


def fetched(location: str) -> dict[str, bytes]:
    """What a corpus holds after it was fetched, by name."""
    corpus = Remote(location)
    corpus.fetch(lambda *_: None)
    return {sample.name: bytes(sample.data) for sample in corpus.samples()}


def test_a_folder_a_pattern_and_a_file(bucket: str) -> None:
    assert fetched(bucket) == TEXTS
    assert fetched(f"{bucket}/deep/*.txt") == {"b.txt": TEXTS["deep/b.txt"]}
    assert fetched(f"{bucket}/a.txt") == {"a.txt": TEXTS["a.txt"]}


def test_members_of_an_archive(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for name, data in TEXTS.items():
            archive.writestr(name, data)
    assert fetched(f"zip://::{tmp_path}/all.zip") == TEXTS
    assert fetched(f"zip://deep/*::{tmp_path}/all.zip") == {
        name.removeprefix("deep/"): data for name, data in TEXTS.items() if name != "a.txt"
    }


def test_a_server(tmp_path: Path) -> None:
    pytest.importorskip("aiohttp")
    (tmp_path / "www").mkdir()
    (tmp_path / "www" / "a.txt").write_bytes(TEXTS["a.txt"])

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "www")))
    Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    try:
        assert fetched(f"{address}/a.txt") == {"a.txt": TEXTS["a.txt"]}
        with pytest.raises((Unavailable, CorpusError), match=r"b\.txt"):
            Remote(f"{address}/b.txt").fetch(lambda *_: None)
    finally:
        server.shutdown()


def test_what_is_kept_says_since_when_and_is_checked(bucket: str) -> None:
    corpus = Plugins().corpus(f"url:{bucket}").item
    with pytest.raises(Unavailable, match="codelength corpus fetch url:memory://bucket"):
        corpus.check_available()
    corpus.fetch(lambda *_: None)
    assert corpus.label.startswith("fetched on 20")
    assert not any(fault for _, fault in corpus.verify())
    (corpus.places()[0] / "a.txt").write_bytes(b"An onion.")
    assert dict(corpus.verify())["a.txt"] == "is not as it was fetched; fetch it again"


def test_what_cannot_be_fetched_is_one_line_and_leaves_nothing(bucket: str, tmp_path: Path) -> None:
    for location, says in (
        ("memory://nothing/*.txt", "has no files"),
        ("nosuch://x", "cannot be listed: Protocol not known: nosuch"),
    ):
        with pytest.raises((Unavailable, CorpusError), match=says):
            Remote(location).fetch(lambda *_: None)
    with pytest.raises(UsageError, match="needs an address"):
        Remote().fetch(lambda *_: None)
    assert not list((tmp_path / "cache").rglob("*.json"))


def test_a_fetch_that_breaks_off_keeps_what_was_there(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = fetched(bucket)

    def breaks(*_: object) -> None:
        raise KeyboardInterrupt

    corpus = Remote(bucket)
    with pytest.raises(KeyboardInterrupt):
        corpus.fetch(breaks)
    assert {sample.name: bytes(sample.data) for sample in corpus.samples()} == before
