"""Recordings are read sample for sample, or stay the bytes of their files, with a reason."""

import struct
from io import BytesIO

import numpy as np
import pytest
import soundfile

from codelength import RAW, Audio, Unavailable
from codelength.api.errors import CorpusError
from codelength_reading import libraries, read_decoded, read_media
from odd_files import chunk, wave

WIDE = np.random.default_rng(2).integers(-(2**31), 2**31, (300, 2)).astype(np.int32)
DEPTHS = {"PCM_U8": 8, "PCM_S8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32}


def decoded(tmp_path, content: bytes):
    (tmp_path / "x").write_bytes(content)
    return read_decoded(tmp_path / "x", "it")


def by_libsndfile(kind: str, subtype: str) -> bytes:
    file = BytesIO()
    soundfile.write(file, WIDE, 44_100, format=kind, subtype=subtype)
    return file.getvalue()


def samples(data: bytes, depth: int) -> np.ndarray:
    """What `data` holds, channels beside each other."""
    raw = np.frombuffer(data, np.uint8).reshape(-1, depth // 8)
    if depth == 8:
        return raw.reshape(-1, 2).astype(np.int64) - 128
    four = np.zeros((len(raw), 4), np.uint8)
    four[:, 4 - depth // 8 :] = raw
    return four.view("<i4").reshape(-1, 2).astype(np.int64) >> (32 - depth)


@pytest.mark.parametrize(
    ("kind", "subtype"),
    [
        *(("WAV", s) for s in ("PCM_U8", "PCM_16", "PCM_24", "PCM_32")),
        *((k, s) for k in ("RF64", "W64", "WAVEX") for s in ("PCM_16", "PCM_24")),
        *(("AIFF", s) for s in ("PCM_S8", "PCM_U8", "PCM_16", "PCM_24", "PCM_32")),
        *((k, s) for k in ("CAF", "AU") for s in ("PCM_S8", "PCM_16", "PCM_24", "PCM_32")),
        *(("FLAC", s) for s in ("PCM_S8", "PCM_16", "PCM_24")),
    ],
)
def test_integers_of_every_format_are_those_that_were_written(tmp_path, kind, subtype):
    sample, reading = decoded(tmp_path, by_libsndfile(kind, subtype))
    depth = DEPTHS[subtype]
    assert sample.media == Audio(44_100, 2, depth)
    assert (samples(bytes(sample.data), depth) == WIDE.astype(np.int64) >> (32 - depth)).all()
    assert reading.is_decoded
    assert reading.taken_as.startswith(f"{depth}-bit ")


@pytest.mark.parametrize("kind", ["WAV", "AIFF", "CAF", "AU"])
@pytest.mark.parametrize(("subtype", "dtype"), [("FLOAT", "<f4"), ("DOUBLE", "<f8")])
def test_floats_are_those_that_were_written(tmp_path, kind, subtype, dtype):
    values = np.random.default_rng(3).standard_normal((300, 2)).astype(dtype)
    soundfile.write(tmp_path / "x", values, 8000, format=kind, subtype=subtype)
    sample, _ = read_decoded(tmp_path / "x", "it")
    assert sample.media == Audio(8000, 2, 8 * values.itemsize, floating=True)
    assert (np.frombuffer(sample.data, dtype).reshape(-1, 2) == values).all()


def flac(claimed: int | None = None) -> bytes:
    """A FLAC file whose header claims so many frames of its 300; 0 is unknown."""
    file = bytearray(by_libsndfile("FLAC", "PCM_16"))
    if claimed is not None:
        file[22:26] = struct.pack(">I", claimed)
    return bytes(file)


@pytest.mark.parametrize("front", [b"", b"ID3\x04\0\0\0\0\0\x05title"], ids=["plain", "ID3"])
def test_flac_of_unknown_length_is_read_to_its_end(tmp_path, front):
    sample, _ = decoded(tmp_path, front + flac(0))
    assert (samples(bytes(sample.data), 16) == WIDE >> 16).all()


@pytest.mark.parametrize("behind", [b"", b"TAG" + bytes(125), bytes(9)], ids=["", "ID3", "zeros"])
def test_titles_around_flac_are_left_out(tmp_path, behind):
    sample, reading = decoded(tmp_path, flac() + behind)
    assert (samples(bytes(sample.data), 16) == WIDE >> 16).all()
    assert reading.left_out == 86 + (128 if behind[:1] == b"T" else 0)


def aiff(frames: int, sound: bytes | None, kind: bytes = b"") -> bytes:
    """An AIFF of 16 bits mono; with a compression type an AIFF-C."""
    common = struct.pack(">HIH", 1, frames, 16) + b"\x40\x0b\xfa\0" + bytes(6)
    common += kind and kind + b"\0\0"
    chunks = [(b"COMM", common)] + ([] if sound is None else [(b"SSND", bytes(8) + sound)])
    body = b"".join(name + struct.pack(">I", len(data)) + data for name, data in chunks)
    body = (b"AIFC" if kind else b"AIFF") + body
    return b"FORM" + struct.pack(">I", len(body)) + body


def core_audio(sound: bytes, size: int | None = None, rate: float = 8000) -> bytes:
    form = struct.pack(">d4sIIIII", rate, b"lpcm", 2, 2, 1, 1, 16)
    size = len(sound) + 4 if size is None else size
    data = b"data" + struct.pack(">q", size) + bytes(4) + sound
    return b"caff\0\1\0\0desc" + struct.pack(">q", len(form)) + form + data


def sun(sound: bytes, size: int, order: str = ">", start: int = 24) -> bytes:
    magic = b".snd" if order == ">" else b"dns."
    return magic + struct.pack(order + "IIIII", start, size, 3, 8000, 1) + sound


SOUND = bytes(range(200))
TURNED = np.frombuffer(SOUND, ">u2").astype("<u2").tobytes()
WHOLE = {
    "AIFF": (aiff(100, SOUND), TURNED),
    "AIFF-C, little-endian": (aiff(100, SOUND, b"sowt"), SOUND),
    "an empty AIFF": (aiff(0, None), b""),
    "Core Audio to its end": (core_audio(SOUND, size=-1), SOUND),
    "AU of unknown length": (sun(SOUND, 0xFFFFFFFF), TURNED),
    "AU, little-endian": (sun(SOUND, 200, "<"), SOUND),
    "WAV into a pipe": (wave(SOUND, claimed=0xFFFFFFFF), SOUND),
    "an empty WAV": (wave(b""), b""),
}


@pytest.mark.parametrize(("content", "sound"), WHOLE.values(), ids=WHOLE)
def test_sound_is_read_to_the_end_that_its_file_has(tmp_path, content, sound):
    sample, reading = decoded(tmp_path, content)
    assert (sample.media, bytes(sample.data)) == (Audio(8000, 1, 16), sound)
    assert reading.left_out == len(content) - len(sound)


STAY = {
    "a recorder died in silence": (wave(bytes(200), claimed=0), "claims no sound, and 200 bytes"),
    "a recorder died at an AIFF": (aiff(0, SOUND), "claims 0 bytes of sound, 200 are there"),
    "two recordings": (2 * wave(SOUND), "another file, 'RIFF', follows"),
    "two AIFFs": (2 * aiff(100, SOUND), "another file, 'FORM', follows"),
    "two FLACs": (2 * flac(), "another FLAC file follows"),
    "bytes behind FLAC": (flac() + b"video", "does not end with a whole block"),
    "FLAC cut short": (flac()[:-9], "does not end with a whole block"),
    "FLAC cut short, length unknown": (flac(0)[:-9], "does not end with a whole block"),
    "a rate that is no number": (core_audio(SOUND, rate=float("nan")), "sample rate is no number"),
    "AU that begins behind its end": (
        sun(SOUND, 0xFFFFFFFF, start=1 << 30),
        "begins at byte 1073741824",
    ),
    "very many chunks": (wave(SOUND, behind=1001 * b"aaaa\0\0\0\0"), "more than 1000 chunks"),
    "Ogg": (b"OggS" + bytes(99), "Ogg is not decoded here"),
    "MP3": (b"ID3\x03" + bytes(99), "MP3 is not decoded here"),
    "WavPack": (b"wvpk" + bytes(99), "WavPack is not decoded here"),
    "a recorder died": (wave(SOUND, claimed=0), "claims no sound, and 200 bytes follow"),
    "more claimed than there is": (wave(SOUND, claimed=999), "claims 999 bytes, 200 are there"),
    "something behind": (wave(SOUND, behind=b"\xff\xd8\xff\xe0"), "bytes follow its last chunk"),
    "a second recording": (wave(SOUND, behind=chunk(b"data", SOUND)), "two chunks 'data'"),
    "compressed": (wave(SOUND, tag=7, bits=8), "compressed"),
    "half a frame": (wave(SOUND[:199]), "no whole frames"),
    "no format": (b"RIFF\x14\0\0\0WAVE" + chunk(b"data", SOUND), "no chunk 'fmt '"),
    "only a head": (b"RIFF\xff\0\0\0WAVEfmt ", "bytes follow its last chunk"),
    "FLAC that claims less": (flac(100), "claims 100 frames, its blocks hold 300"),
    "FLAC of other sound": (flac()[:26] + bytes(15) + b"!" + flac()[42:], "MD5"),
    "a FLAC head and nothing else": (b"fLaC" + bytes(100), "STREAMINFO"),
}


@pytest.mark.parametrize(("content", "reason"), STAY.values(), ids=STAY)
def test_recordings_that_cannot_be_given_exactly_stay_files(tmp_path, content, reason):
    sample, reading = decoded(tmp_path, content)
    assert (bytes(sample.data), sample.media) == (content, RAW)
    assert reason in reading.reason
    with pytest.raises(CorpusError, match=str(tmp_path)):
        read_media(tmp_path / "x", "it")


APPLICATION = b"\x02\1\x86\xa0" + bytes(100_000)
MOSTLY_ELSE = {
    "a picture larger than its song": flac()[:4] + b"\0" + flac()[5:42] + APPLICATION + flac()[42:],
    "a book in a WAV": wave(SOUND, behind=chunk(b"axml", bytes(90_000))),
}


@pytest.mark.parametrize("content", MOSTLY_ELSE.values(), ids=MOSTLY_ELSE)
def test_a_file_that_is_mostly_something_else_than_sound_stays_a_file(tmp_path, content):
    sample, reading = decoded(tmp_path, content)
    assert bytes(sample.data) == content
    assert "are not its sound" in reading.reason


def test_metadata_and_zeros_behind_the_sound_are_left_out(tmp_path):
    title = chunk(b"LIST", b"INFOINAM\x04\0\0\0song")
    for behind in (title, bytes(512), title + bytes(512)):
        sample, reading = decoded(tmp_path, wave(SOUND, behind=behind))
        assert bytes(sample.data) == SOUND
        assert reading.on_disk - reading.measured == 44 + len(behind)


def test_without_soundfile_a_flac_file_is_a_file_and_a_corpus_says_what_to_install(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(libraries, "find_spec", lambda module: None)
    assert decoded(tmp_path, flac())[0].media == RAW
    with pytest.raises(Unavailable, match=r"pip install 'codelength\[audio\]'"):
        read_media(tmp_path / "x", "it")
