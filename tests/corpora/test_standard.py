"""Standard sets: mirrors whole and in part, downloads from a server in this process, and liars."""

import hashlib
import io
import tarfile
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import soundfile
from PIL import Image as Pillow

import codelength_standard
from codelength import Audio, Image, Unavailable
from codelength.api.corpus import corpus_digest
from codelength.api.errors import CorpusError, UsageError
from codelength.plugins import Plugins
from codelength_standard import folders, photos, places, sets, speech
from codelength_standard.download import Download, unpack
from codelength_standard.places import Member

DICKENS, MR, XRAY = b"It was the best of times\n", bytes(range(256)), b"rays " * 100
FILES = {"dickens": DICKENS, "mr": MR, "x-ray": XRAY}


def known(folder, files):
    """What `sums.tsv` would say of these files."""
    return {
        f"{folder}/{name}": Member(name, len(data), hashlib.sha256(data).hexdigest())
        for name, data in files.items()
    }


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CODELENGTH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache/corpora"


@pytest.fixture
def small(monkeypatch):
    """A silesia of three small files."""
    monkeypatch.setattr(places, "sums", lambda: known("silesia", FILES))
    return sets.Silesia


@pytest.fixture
def mirror(tmp_path):
    def write(folder, files):
        for name, data in files.items():
            path = tmp_path / "mirror" / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return tmp_path / "mirror"

    return write


@pytest.fixture
def server(tmp_path, monkeypatch):
    """Serves what is put into it; `requests` are the paths that were asked for."""
    monkeypatch.setenv("NO_PROXY", "*")
    root = tmp_path / "www"
    root.mkdir()

    class Handler(SimpleHTTPRequestHandler):
        requests: list[str] = []

        def log_message(self, *_):
            self.requests.append(self.path)

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=root)) as http:
        threading.Thread(target=http.serve_forever, args=[0.01], daemon=True).start()
        http.root, http.requests = root, Handler.requests
        http.url = f"http://127.0.0.1:{http.server_port}"
        yield http
        http.shutdown()


def zipped(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def tarred(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def served(server, name, data, digest="sha256"):
    """A Download of `data` from the server."""
    (server.root / name).write_bytes(data)
    stated = f"{digest}:{hashlib.new(digest, data).hexdigest()}" if digest else None
    return Download(f"{server.url}/{name}", len(data), stated)


def quietly(doing, done, total):
    pass


# What is stated


def test_the_lists_are_those_of_the_published_sets():
    counts = {c.name: len(c().members) for c in codelength_standard.SETS if hasattr(c, "urls")}
    assert counts == {
        "enwik6": 1,
        "enwik8": 1,
        "enwik9": 1,
        "calgary": 14,
        "canterbury": 11,
        "silesia": 12,
        "json": 7,
        "logs": 10,
        "code": 1,
        "kodak": 24,
        "music": 3,
    }
    # the sizes that papers state
    assert sum(member.size for member in sets.Calgary().members) == 3_141_622
    assert sum(member.size for member in sets.Canterbury().members) == 2_810_784
    assert sum(member.size for member in sets.Silesia().members) == 211_938_580
    assert [sets.Enwik8().members[0].size, sets.Enwik9().members[0].size] == [10**8, 10**9]


def test_every_file_has_a_whole_digest_and_a_way_to_come_here():
    assert all(len(member.sha256) == 64 for member in places.sums().values())
    for cls in codelength_standard.SETS:
        if hasattr(cls, "urls"):
            names = {member.name for member in cls().members}
            assert cls.archive or set(cls.urls) == names, cls.name
        assert cls.published, cls.name
        assert cls.citation, cls.name


def test_mixed_sets_count_for_the_raw_board():
    kinds = {cls.name: cls.kind for cls in codelength_standard.SETS}
    assert {kinds[name] for name in ("calgary", "canterbury", "silesia")} == {"raw"}
    assert {kinds[name] for name in ("enwik8", "json", "logs", "code")} == {"text"}
    assert {kinds[name] for name in ("kodak", "clic", "imagenet")} == {"image"}
    assert {kinds[name] for name in ("librispeech", "music")} == {"audio"}


# Mirrors


def test_a_whole_mirror_is_read_in_order_and_needs_no_label(small, mirror):
    corpus = small(mirror("silesia", FILES))
    corpus.check_available()
    assert [(s.name, bytes(s.data), s.media.kind) for s in corpus.samples()] == [
        ("dickens", DICKENS, "text"),
        ("mr", MR, "raw"),
        ("x-ray", XRAY, "text"),
    ]
    assert (corpus.label, corpus.missing()) == ("", [])
    assert list(corpus.verify()) == [("dickens", None), ("mr", None), ("x-ray", None)]


def test_part_of_a_set_says_which_part(small, mirror):
    corpus = small(mirror("silesia", {"dickens": DICKENS, "x-ray": XRAY, "notes.txt": b"mine"}))
    corpus.check_available()
    assert [sample.name for sample in corpus.samples()] == ["dickens", "x-ray"]
    assert corpus.label == "partial: 2 of 3 files (dickens, x-ray)"
    assert corpus.missing() == ["mr"]


def test_the_digest_is_stated_for_the_complete_set_only(small, mirror, monkeypatch):
    whole = small(mirror("silesia", FILES))
    monkeypatch.setattr(small, "whole", corpus_digest(whole.samples()))
    assert whole.digest == corpus_digest(whole.samples())
    (whole.data / "silesia/mr").unlink()
    assert whole.digest is None


def test_texts_with_crlf_can_be_had_with_lf_under_a_label(small, mirror, monkeypatch):
    files = FILES | {"dickens": b"the best\r\nof times\r\n", "mr": b"\r\n" * 9}
    monkeypatch.setattr(places, "sums", lambda: known("silesia", files))
    data = mirror("silesia", files)
    plain, unix = small(data), small(data, text="lf")
    assert [bytes(s.data) for s in plain.samples()] == list(files.values())
    assert plain.remark == "Lines end in CRLF in dickens; silesia:text=lf has LF there."
    assert [bytes(s.data) for s in unix.samples()] == [b"the best\nof times\n", b"\r\n" * 9, XRAY]
    assert (unix.label, unix.remark, unix.digest) == ("lines end in LF in dickens", "", None)
    assert unix.spec == "silesia:text=lf"
    assert list(unix.verify()) == [("dickens", None), ("mr", None), ("x-ray", None)]


def test_what_the_mirror_lacks_is_taken_from_the_cache(small, mirror, cache):
    data = mirror("silesia", {"dickens": DICKENS})
    for name in ("mr", "x-ray"):
        (cache / "silesia").mkdir(parents=True, exist_ok=True)
        (cache / "silesia" / name).write_bytes(FILES[name])
    assert small(data).label == ""
    assert [sample.name for sample in small(data).samples()] == list(FILES)
    assert [sample.name for sample in small().samples()] == ["mr", "x-ray"]


def test_nothing_here_says_what_to_do(small):
    with pytest.raises(Unavailable) as error:
        small().check_available()
    message = str(error.value)
    assert "\n" not in message
    assert "'codelength corpus fetch silesia' downloads it (68 MB)" in message
    assert "--data DIR" in message
    assert small().label == ""
    with pytest.raises(Unavailable):
        list(small().samples())


def test_a_liar_of_another_size_is_caught_when_read(small, mirror):
    corpus = small(mirror("silesia", FILES | {"mr": MR + b"!"}))
    with pytest.raises(CorpusError, match=r"mr has 257 bytes, mr has 256; remove it, then"):
        list(corpus.samples())


def test_a_liar_of_the_same_size_is_caught_by_its_digest(small, mirror):
    corpus = small(mirror("silesia", FILES | {"mr": MR[::-1]}))
    found, expected = hashlib.sha256(MR[::-1]), hashlib.sha256(MR)
    verdicts = dict(corpus.verify())
    assert verdicts["dickens"] is None
    assert (
        f"sha256 {found.hexdigest()[:12]}…, expected {expected.hexdigest()[:12]}…"
        in (verdicts["mr"])
    )
    assert "codelength corpus fetch silesia" in verdicts["mr"]


def test_a_folder_in_place_of_a_file_cannot_be_read(small, mirror):
    data = mirror("silesia", {"dickens": DICKENS})
    (data / "silesia/mr").mkdir()
    with pytest.raises(CorpusError, match=r"silesia/mr cannot be read"):
        list(small(data).samples())
    assert "cannot be read" in dict(small(data).verify())["mr"]


# enwik6: a file, or the head of a larger one


@pytest.fixture
def enwik(monkeypatch):
    large = b"<page>" * 100
    files = {"enwik6": large[:60], "enwik8": large}
    monkeypatch.setattr(places, "sums", lambda: known("enwik", files))
    return files


@pytest.mark.parametrize("here", ["enwik6", "enwik8"])
def test_enwik6_is_itself_or_the_head_of_enwik8(enwik, mirror, here, monkeypatch):
    corpus = sets.Enwik6(mirror("enwik", {here: enwik[here]}))
    (sample,) = corpus.samples()
    assert (sample.name, bytes(sample.data)) == ("enwik6", enwik["enwik6"])
    assert corpus.label == ""
    monkeypatch.setattr(sets.Enwik6, "whole", corpus_digest(corpus.samples()))
    assert list(corpus.verify()) == [("enwik6", None)]


def test_a_head_of_the_wrong_enwik8_is_caught(enwik, mirror, monkeypatch):
    monkeypatch.setattr(sets.Enwik6, "whole", "0" * 64)
    corpus = sets.Enwik6(mirror("enwik", {"enwik8": enwik["enwik8"][::-1]}))
    ((_, fault),) = corpus.verify()
    assert "expected 0000" in fault
    with pytest.raises(CorpusError, match="has 3 bytes"):
        list(sets.Enwik6(mirror("enwik", {"enwik8": b"<pa"})).samples())


def test_enwik6_is_fetched_as_enwik8(enwik, server, monkeypatch):
    archive = served(server, "enwik8.zip", zipped({"enwik8": enwik["enwik8"]}), digest=None)
    monkeypatch.setattr(sets.Enwik8, "archive", archive)
    sets.Enwik6().fetch(quietly)
    (sample,) = sets.Enwik6().samples()
    assert bytes(sample.data) == enwik["enwik6"]


# Downloads


def test_an_archive_is_brought_checked_unpacked_and_removed(small, server, cache, monkeypatch):
    archive = served(server, "silesia.zip", zipped(FILES | {"README": b"not of the set"}))
    monkeypatch.setattr(small, "archive", archive)
    calls = []
    small().fetch(lambda *call: calls.append(call))
    assert calls == [("downloading silesia.zip", archive.size, archive.size)]
    assert sorted(path.name for path in (cache / "silesia").iterdir()) == list(FILES)
    assert not list((cache / "downloads").iterdir())
    assert all(fault is None for _, fault in small().verify())
    small().fetch(quietly)
    assert len(server.requests) == 1, "a second fetch asks for nothing"


def test_only_what_is_missing_is_kept_and_the_mirror_is_left_alone(
    small, server, mirror, cache, monkeypatch
):
    data = mirror("silesia", {"dickens": DICKENS})
    monkeypatch.setattr(small, "archive", served(server, "s.tar.gz", tarred(FILES)))
    small(data).fetch(quietly)
    assert sorted(path.name for path in (cache / "silesia").iterdir()) == ["mr", "x-ray"]
    assert [path.name for path in (data / "silesia").iterdir()] == ["dickens"]
    assert small(data).label == ""


def test_an_archive_with_another_digest_is_refused(small, server, cache, monkeypatch):
    archive = served(server, "silesia.zip", zipped(FILES))
    monkeypatch.setattr(small, "archive", archive)
    (server.root / "silesia.zip").write_bytes(zipped(FILES | {"mr": MR[::-1]}))
    with pytest.raises(CorpusError, match="is not the file that was published"):
        small().fetch(quietly)
    assert not (cache / "silesia").exists()


def test_a_file_with_another_digest_is_not_kept(small, server, cache, monkeypatch):
    archive = served(server, "silesia.zip", zipped(FILES | {"mr": MR[::-1]}), digest=None)
    monkeypatch.setattr(small, "archive", archive)
    with pytest.raises(CorpusError, match=r"is not mr: sha256 .*nothing was kept"):
        small().fetch(quietly)
    assert [path.name for path in (cache / "silesia").iterdir()] == ["dickens"]


def test_an_archive_without_all_files_is_told(small, server, monkeypatch):
    archive = served(server, "silesia.zip", zipped({"mr": MR}))
    monkeypatch.setattr(small, "archive", archive)
    with pytest.raises(CorpusError, match="lacks dickens, x-ray even after the download"):
        small().fetch(quietly)


@pytest.mark.parametrize(
    "broken", [b"neither ZIP nor TAR", tarred(FILES)[:100]], ids=["none", "cut"]
)
def test_a_broken_archive_is_told(small, server, monkeypatch, broken):
    monkeypatch.setattr(small, "archive", served(server, "silesia.zip", broken))
    with pytest.raises(CorpusError, match="cannot be unpacked"):
        small().fetch(quietly)


def test_names_in_an_archive_do_not_lead_out_of_the_cache(small, server, cache, monkeypatch):
    evil = {"../../../dickens": DICKENS, "/mr": MR, "deep/down/x-ray": XRAY}
    monkeypatch.setattr(small, "archive", served(server, "silesia.tar.gz", tarred(evil)))
    small().fetch(quietly)
    assert sorted(path.name for path in (cache / "silesia").iterdir()) == list(FILES)
    assert not list(cache.parent.parent.glob("dickens"))


def test_a_missing_page_is_unavailable_and_says_what_to_do(small, server, monkeypatch):
    monkeypatch.setattr(small, "archive", Download(f"{server.url}/gone.zip", 1))
    with pytest.raises(Unavailable, match=r"gone.zip cannot be downloaded: 404 .*--data DIR$"):
        small().fetch(quietly)


def test_files_with_an_address_of_their_own_are_brought_one_by_one(
    server, mirror, cache, monkeypatch
):
    files = {"a.json": b"{}", "b.json": b"[1]"}
    monkeypatch.setattr(places, "sums", lambda: known("json", files))
    urls = {name: served(server, f"raw-{name}", data).url for name, data in files.items()}
    monkeypatch.setattr(sets.Json, "urls", urls)
    corpus = sets.Json(mirror("json", {"a.json": b"{}"}))
    corpus.fetch(quietly)
    assert server.requests == ["/raw-b.json"]
    assert [bytes(sample.data) for sample in corpus.samples()] == [b"{}", b"[1]"]
    (server.root / "raw-a.json").write_bytes(b"()")
    with pytest.raises(CorpusError, match="not the file that was published"):
        sets.Json().fetch(quietly)
    assert not (cache / "json/a.json").exists()


# Images and recordings


@pytest.fixture
def utterances():
    files = {}
    for speaker in (1, 2, 3):
        out = io.BytesIO()
        frames = np.random.default_rng(speaker).integers(-900, 900, 400).astype(np.int16)
        soundfile.write(out, frames, 16_000, format="FLAC", subtype="PCM_16")
        files[f"{speaker}-10-0000.flac"] = out.getvalue()
    return files


def test_librispeech_takes_a_part_by_name(tmp_path):
    plugins = Plugins(data=tmp_path, only=["standard"])
    corpus = plugins.corpus("librispeech:test-other").item
    assert corpus.data == tmp_path
    assert corpus.spec == "librispeech:part=test-other"
    assert plugins.corpus("librispeech").item.spec == "librispeech"
    with pytest.raises(UsageError, match="librispeech:dev"):
        plugins.corpus("librispeech:dev")
    assert [part.folder for part in speech.LibriSpeech().parts] == [
        "librispeech/dev-clean",
        "librispeech/test-clean",
        "librispeech/test-other",
    ]


def test_some_utterances_are_read_and_counted(utterances, mirror):
    data = mirror("librispeech/test-other", dict(reversed(utterances.items())))
    corpus = speech.LibriSpeech(data=data)
    samples = list(corpus.samples())
    assert [sample.name for sample in samples] == [f"test-other/{name}" for name in utterances]
    assert {sample.media for sample in samples} == {Audio(16_000)}
    expected = np.random.default_rng(1).integers(-900, 900, 400).astype("<i2")
    assert samples[0].data == expected.tobytes()
    speakers = [name.partition("-")[0] for name in utterances]
    assert [sample.cluster for sample in samples] == speakers
    assert corpus.label == ("partial: 3 of 8,262 files (dev-clean 0, test-clean 0, test-other 3)")
    assert all(fault is None for _, fault in corpus.verify())


def test_a_tree_of_speakers_gives_the_same_corpus(utterances, mirror, tmp_path):
    flat = mirror("librispeech/test-other", utterances)
    nested = tmp_path / "nested"
    for name, data in utterances.items():
        path = nested / "librispeech/test-other" / name[0] / "10" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(data)
    digests = {
        corpus_digest(speech.LibriSpeech("test-other", data).samples()) for data in (flat, nested)
    }
    assert len(digests) == 1


def test_an_utterance_with_another_digest_is_a_liar(utterances, mirror, monkeypatch):
    data = mirror("librispeech/test-other", utterances)
    truth = known("librispeech", {f"test-other/{n}": d for n, d in utterances.items()})
    monkeypatch.setattr(folders, "sums", lambda: truth)
    corpus = speech.LibriSpeech("test-other", data)
    assert all(fault is None for _, fault in corpus.verify())
    first, second = list(utterances)[:2]
    (data / "librispeech/test-other" / first).write_bytes(utterances[second])
    verdicts = dict(corpus.verify())
    assert "expected" in verdicts[f"test-other/{first}"]
    assert verdicts[f"test-other/{second}"] is None


def test_librispeech_is_unpacked_flat(utterances, server, cache, monkeypatch):
    tree = {f"LibriSpeech/test-other/{n[0]}/10/{n}": data for n, data in utterances.items()}
    archive = served(server, "test-other.tar.gz", tarred(tree | {"LibriSpeech/README.TXT": b""}))
    part = folders.Part("librispeech/test-other", 3, archive)
    monkeypatch.setitem(speech.SPEECH, "test-other", part)
    corpus = speech.LibriSpeech("test-other")
    with pytest.raises(Unavailable, match="fetch librispeech:part=test-other'"):
        corpus.check_available()
    corpus.fetch(quietly)
    assert (corpus.label, len(list(corpus.samples()))) == ("", 3)
    assert {path.name for path in (cache / "librispeech/test-other").iterdir()} == set(utterances)
    corpus.fetch(quietly)
    assert len(server.requests) == 1


def test_an_archive_with_too_few_utterances_is_told(utterances, server, monkeypatch):
    archive = served(server, "t.tar.gz", tarred(utterances))
    monkeypatch.setitem(
        speech.SPEECH, "test-other", folders.Part("librispeech/test-other", 4, archive)
    )
    with pytest.raises(CorpusError, match="holds 3 files, 4 were expected"):
        speech.LibriSpeech("test-other").fetch(quietly)


def picture(kind):
    out = io.BytesIO()
    Pillow.new("RGB", (6, 4), (10, 200, 30)).save(out, format=kind)
    return out.getvalue()


def test_photographs_in_a_mirror_are_a_selection(mirror):
    corpus = photos.Clic(mirror("clic", {"b.png": picture("png"), "a.png": picture("png")}))
    assert [(s.name, s.media) for s in corpus.samples()] == [
        ("a.png", Image(6, 4, 3)),
        ("b.png", Image(6, 4, 3)),
    ]
    assert corpus.label == "local selection: 2 files (a.png, b.png)"


def test_photographs_of_one_name_in_two_folders_are_two(mirror):
    files = {"a/1.png": picture("png"), "b/1.png": picture("png"), "b/._1.png": b"a Mac's own"}
    samples = photos.Clic(mirror("clic", files)).samples()
    assert [sample.name for sample in samples] == ["a/1.png", "b/1.png"]


def test_jpeg_names_its_decoder(mirror):
    from imagecodecs import __version__

    corpus = photos.ImageNet(mirror("imagenet", {"a.JPEG": picture("jpeg")}))
    (sample,) = corpus.samples()
    assert sample.media == Image(6, 4, 3)
    assert corpus.label == (
        f"local selection: 1 file (a.JPEG), JPEG decoded by imagecodecs {__version__}"
    )


def test_imagenet_cannot_be_downloaded_and_says_why():
    with pytest.raises(Unavailable, match="needs a registration"):
        photos.ImageNet().fetch(quietly)
    with pytest.raises(Unavailable, match="needs a registration"):
        photos.ImageNet().check_available()


def test_a_damaged_image_of_a_set_is_an_error_and_not_a_file(mirror, monkeypatch):
    files = {"kodim01.png": picture("png")[:50]}
    monkeypatch.setattr(places, "sums", lambda: known("kodak", files))
    with pytest.raises(CorpusError, match="cannot be decoded exactly"):
        list(sets.Kodak(mirror("kodak", files)).samples())


def test_an_archive_takes_no_more_room_than_its_files_are_known_to(tmp_path, monkeypatch):
    archive, target = tmp_path / "bomb.zip", tmp_path / "file"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("file", bytes(20 << 20))
    sizes = []
    monkeypatch.setattr(Member, "fault", lambda self, path: sizes.append(path.stat().st_size))
    unpack(archive, lambda name: target, {target: Member("file", 10, "0" * 64)})
    assert sizes == [11]
