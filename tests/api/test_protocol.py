"""Cuts: what codecs see of a corpus, and that nothing is lost or added on the way."""

import pytest

from codelength import RAW, TEXT, Audio, Image, Sample
from codelength.api.errors import UsageError
from codelength.api.protocol import Protocol, Solid, head
from codelength.plugins import Plugins

BYTES = bytes(range(256)) * 10
PICTURE = Sample("picture", bytes(range(60)), Image(width=5, height=4, channels=3))
SOUND = Sample("sound", bytes(40), Audio(rate=8000, channels=2))


PROTOCOLS = {entry.item.name: entry.item for entry in Plugins(only=()).protocols}


def named(spec: str) -> Protocol:
    return Plugins(only=()).protocol(spec).item


def corpus_slice(spec, *samples):
    return list(named(spec).split(samples))


def test_whole_samples_stay_as_they_are_but_for_plain_bytes():
    view = Sample("view", memoryview(BYTES), TEXT)
    (whole,) = corpus_slice("whole", view)
    assert type(whole.data) is bytes
    assert whole == Sample("view", BYTES, TEXT)


@pytest.mark.parametrize("size", [1, 7, 256, 2559, 2560, 2561, 10_000])
def test_chunks_are_exact_and_join_to_the_original(size):
    chunks = corpus_slice(
        f"chunks:{size}", Sample("a", memoryview(BYTES), TEXT), Sample("b", b"end", TEXT)
    )
    assert b"".join(c.data for c in chunks if c.name.startswith("a@")) == BYTES
    assert b"".join(c.data for c in chunks if c.name.startswith("b@")) == b"end"
    assert all(type(c.data) is bytes and c.media == TEXT for c in chunks)
    of_a = [len(c.data) for c in chunks if c.name.startswith("a@")]
    assert of_a[:-1] == [size] * (len(BYTES) // size - (len(BYTES) % size == 0))
    assert of_a[-1] == len(BYTES) % size or of_a[-1] == size


def test_chunks_are_named_after_their_place():
    assert [c.name for c in corpus_slice("chunks:1000", Sample("a", BYTES))] == [
        "a@0",
        "a@1000",
        "a@2000",
    ]


def test_a_chunk_keeps_the_geometry_when_it_ends_at_a_row():
    assert [c.media for c in corpus_slice("chunks:30", PICTURE)] == [Image(5, 2, 3), Image(5, 2, 3)]
    assert [c.media for c in corpus_slice("chunks:40", PICTURE)] == [RAW, RAW]
    assert [c.media for c in corpus_slice("chunks:16", SOUND)] == [SOUND.media] * 3
    assert [c.media for c in corpus_slice("chunks:18", SOUND)] == [RAW, RAW, SOUND.media]


def test_empty_samples_have_no_chunks():
    assert corpus_slice("chunks:10", Sample("none", b"")) == []


def test_solid_joins_all_samples_end_to_end():
    (block,) = corpus_slice("solid", Sample("a", BYTES, TEXT), Sample("b", memoryview(BYTES), TEXT))
    assert block == Sample("solid@0", BYTES + BYTES, TEXT)


def test_solid_hints_only_at_what_all_samples_are():
    assert corpus_slice("solid", Sample("a", b"a", TEXT), PICTURE)[0].media == RAW
    assert corpus_slice("solid", PICTURE, PICTURE)[0].media == RAW


def test_solid_blocks_are_of_one_size(monkeypatch):
    monkeypatch.setattr("codelength.api.protocol.SOLID", 1000)
    samples = [Sample(str(n), BYTES[: 300 * n]) for n in range(8)]
    blocks = list(Solid().split(samples))
    assert [len(b.data) for b in blocks] == [1000] * 8 + [300 * 28 - 8000]
    assert b"".join(b.data for b in blocks) == b"".join(s.data for s in samples)
    assert [b.name for b in blocks][:3] == ["solid@0", "solid@1000", "solid@2000"]


def test_each_solid_block_hints_at_its_own_samples(monkeypatch):
    monkeypatch.setattr("codelength.api.protocol.SOLID", 4)
    samples = [Sample("raw", b"1234"), Sample("text", b"abcdef", TEXT), Sample("raw", b"56")]
    assert [(b.data, b.media) for b in Solid().split(samples)] == [
        (b"1234", RAW),
        (b"abcd", TEXT),
        (b"ef56", RAW),
    ]


def test_solid_of_nothing_is_nothing():
    assert corpus_slice("solid") == []
    assert corpus_slice("solid", Sample("none", b"")) == []


@pytest.mark.parametrize("spec", ["whole", "chunks:2048", "solid"])
def test_a_protocol_prints_what_names_it(spec):
    assert named(spec).spec == spec


def test_mistakes_are_told_in_one_line():
    with pytest.raises(UsageError, match="did you mean 'chunks'"):
        named("chunk:20")
    with pytest.raises(UsageError, match="at least one byte"):
        named("chunks:0")
    with pytest.raises(UsageError, match="chunks needs 'size'"):
        named("chunks")
    with pytest.raises(UsageError):
        named("chunks:many")
    assert PROTOCOLS.keys() == {"whole", "chunks", "solid"}


# head: the first bytes of a corpus


def test_head_cuts_at_a_byte_and_stops_there():
    taken = list(head(iter([Sample("a", BYTES), Sample("b", BYTES), Sample("c", BYTES)]), 3000))
    assert [(s.name, len(s.data)) for s in taken] == [("a", 2560), ("b", 440)]
    assert taken[1].data == BYTES[:440]


def test_head_ends_an_image_at_a_row_and_a_recording_at_a_frame():
    (rows,) = head([PICTURE], 44)
    assert (len(rows.data), rows.media) == (30, Image(5, 2, 3))
    (frames,) = head([SOUND], 39)
    assert (len(frames.data), frames.media) == (36, SOUND.media)


def test_head_gives_nothing_where_not_even_a_row_fits():
    assert list(head([PICTURE], 14)) == []


def test_head_reads_no_further_than_it_must():
    def endless():
        while True:
            yield Sample("more", bytes(100))

    assert len(list(head(endless(), 1000))) == 10
    assert len(list(head([Sample("a", b"ab")], None))) == 1


@pytest.mark.parametrize("protocol", ["whole", "chunks:1000", "paper"])
def test_a_piece_belongs_to_the_cluster_of_its_sample(protocol):
    rule = Plugins().protocol(protocol).item
    speech = Sample("utterance 1", bytes(16_000), Audio(rate=16_000), "speaker 7")
    photo = Sample("photo", bytes(64 * 64), Image(64, 64))
    pieces = list(rule.split([speech, photo, Sample("a@b", bytes(3000), TEXT)]))
    assert {piece.cluster for piece in pieces} == {"speaker 7", "photo", "a"}


def test_a_sample_is_a_cluster_of_its_own_unless_its_name_says_that_it_is_a_piece():
    assert Sample("a.txt", b"").cluster == "a.txt"
    assert Sample("a.txt@2048", b"").cluster == "a.txt"
    assert Sample("a.txt@2048", b"", cluster="book 1").cluster == "book 1"
