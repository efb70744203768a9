"""A folder made of one of everything: each byte on disk is in the ledger, whatever lies about."""

import os
import socket
import zipfile
from pathlib import Path

import pytest

from codelength_path import Location
from odd_files import noise, png, tiff, wave

SOUND = bytes(range(250)) * 8
TEXT = b"some words, and some more of them\n" * 40
CONTENTS = {
    b"photos/phone.png": png(noise(1, 9, 9), 8, 0),
    b"photos/motion.jpg": b"\xff\xd8\xff\xd9\0\0\0\x18ftypmp42" + bytes(90),
    b"photos/camera.dng": tiff(noise(2, 9, 9, 3), sub=bytes(7000)),
    b"photos/moving.gif": b"GIF89a" + bytes(99),
    b"recordings/interview.wav": wave(SOUND),
    b"recordings/died.wav": wave(SOUND, claimed=0),
    b"recordings/song.mp3": b"ID3\x04" + bytes(99),
    b"documents/letter.txt": TEXT,
    b"documents/empty": b"",
    b"documents/one": b"x",
    b"documents/P5.txt": b"P5 \nis the fifth paragraph.\n" * 30,
    b"odd/new\nline": TEXT,
    b"odd/esc\x1b[31mape": TEXT,
    b"odd/caf\xe9": TEXT,
    b"odd/caf\\xe9": TEXT,
    b"odd/-rf": TEXT,
    b"odd/a@b": TEXT,
    b"odd/a@c": TEXT,
    b"odd/" + b"x" * 255: TEXT,
    b".cache/thing": bytes(500),
}


@pytest.fixture
def everything(tmp_path: Path) -> Path:
    for name, content in CONTENTS.items():
        path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    with zipfile.ZipFile(tmp_path / "archive.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("letter", TEXT)
    os.link(tmp_path / "documents/letter.txt", tmp_path / "odd/hard link")
    with (tmp_path / "odd/sparse").open("wb") as sparse:
        sparse.truncate(1 << 23)
    os.mkfifo(tmp_path / "odd/pipe")
    (tmp_path / "odd/device").symlink_to("/dev/zero")
    (tmp_path / "odd/round").symlink_to("round")
    (tmp_path / "odd/up").symlink_to("..")
    with socket.socket(socket.AF_UNIX) as end:
        end.bind(str(tmp_path / "odd/socket"))
    return tmp_path


@pytest.mark.parametrize("view", ["bytes", "decoded"])
def test_every_byte_on_disk_is_accounted_for(everything, view):
    corpus = Location(str(everything), view)
    samples = list(corpus.samples())
    ledger = corpus.readings()
    on_disk = sum(
        path.stat().st_size
        for path in everything.rglob("*")
        if path.is_file() and not path.is_symlink()
    )
    assert sum(reading.on_disk for reading in ledger) == on_disk
    taken = [reading for reading in ledger if reading.taken_as]
    assert [r.name for r in taken] == [s.name for s in samples] == [s.cluster for s in samples]
    assert [r.measured for r in taken] == [len(s.data) for s in samples]
    assert len({r.name for r in ledger}) == len(ledger)
    for reading in taken:
        if not reading.is_decoded:
            assert reading.measured == reading.on_disk
    lost = {r.name: r.reason for r in ledger if not r.taken_as}
    assert set(lost) == {
        ".cache",
        *(f"odd/{name}" for name in ("device", "pipe", "round", "socket", "up")),
    }
    assert corpus.label.endswith("1 file could not be read")  # the link to itself


def test_what_is_not_decoded_has_its_reason(everything):
    ledger = {r.name: r for r in Location(str(everything), "decoded").readings()}
    assert [n for n, r in ledger.items() if r.is_decoded] == [
        "photos/phone.png",
        "recordings/interview.wav",
    ]
    assert {name: r.reason for name, r in ledger.items() if r.taken_as and r.reason} == {
        "photos/motion.jpg": "102 bytes follow its end",
        "photos/camera.dng": "it holds other pictures in SubIFDs",
        "photos/moving.gif": "GIF is not decoded here",
        "recordings/died.wav": "its header claims no sound, and 2000 bytes follow it",
        "recordings/song.mp3": "MP3 is not decoded here",
    }


def test_a_file_that_vanishes_while_its_folder_is_read_costs_itself_only(everything):
    corpus = Location(str(everything), "bytes")
    names = []
    for sample in corpus.samples():
        if sample.name == "documents/empty":
            (everything / "documents/one").unlink()
            os.truncate(everything / "documents/letter.txt", 5)
        names.append(sample.name)
    ledger = {reading.name: reading for reading in corpus.readings()}
    assert "documents/one" not in names
    assert ledger["documents/one"].reason.endswith("No such file or directory")
    assert ledger["documents/letter.txt"].measured == 5
    assert corpus.label == "local; 2 files could not be read"
