"""Stratified samples: what is drawn, from where, and how it is planned."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codelength import TEXT, Audio, Image, Sample
from codelength.api.errors import UsageError
from codelength.api.sampling import Draw, draw_blocks, parse_limit, plan_draw, sample_size


def numbered(name: str, size: int) -> Sample:
    """Bytes that say where they are."""
    data = b"".join(i.to_bytes(4, "big") for i in range(-(-size // 4)))
    return Sample(name, data[:size], TEXT)


def drawn(samples: list[Sample], size: int) -> list[Sample]:
    draw = plan_draw(samples, size)
    assert draw is not None
    return list(draw_blocks(samples, draw))


def test_a_limit_is_a_sample_unless_it_says_head() -> None:
    assert parse_limit("2MB") == parse_limit(2_000_000) == "sample:2000000"
    assert parse_limit("head:2kB") == 2000
    assert sample_size("sample:2000000") == 2_000_000
    assert sample_size(2000) is None
    assert sample_size(None) is None
    for wrong in ("tail:5", "head:", "many"):
        with pytest.raises(UsageError):
            parse_limit(wrong)


def test_all_of_a_corpus_is_no_draw() -> None:
    assert plan_draw([numbered("a", 100)], 100) is None
    assert plan_draw([], 100) is None


def test_every_file_has_a_block_and_large_files_have_more() -> None:
    files = [numbered("small", 1000), numbered("large", 4_000_000), numbered("middle", 1_000_000)]
    pieces = drawn(files, 1_000_000)
    counts = {file.name: sum(p.cluster == file.name for p in pieces) for file in files}
    assert counts == {"small": 1, "large": 11, "middle": 3}
    assert {len(piece.data) for piece in pieces} == {1000, 64_000}


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 5000), min_size=1, max_size=40), st.integers(1, 60_000))
def test_blocks_are_pieces_of_their_files_and_none_is_drawn_twice(
    sizes: list[int], size: int
) -> None:
    files = [numbered(f"file {i}", n) for i, n in enumerate(sizes)]
    draw = plan_draw(files, size)
    if draw is None:
        assert sum(sizes) <= size
        return
    pieces = list(draw_blocks(files, draw))
    assert len({piece.name for piece in pieces}) == len(pieces)
    data = {file.name: bytes(file.data) for file in files}
    for piece in pieces:
        name, _, start = piece.name.partition("@")
        at = int(start or 0)
        assert data[name][at : at + len(piece.data)] == piece.data
    if size // draw.block >= len(files):
        assert {piece.cluster for piece in pieces} == set(data)
    assert sum(len(piece.data) for piece in pieces) <= max(size, draw.block)


def test_a_draw_takes_about_what_was_asked_for_from_many_files_too() -> None:
    files = [numbered(f"file {i}", 3000 + i) for i in range(500)]
    pieces = drawn(files, 50_000)
    assert len({piece.cluster for piece in pieces}) == len(pieces) == 97
    assert 45_000 < sum(len(piece.data) for piece in pieces) <= 50_000
    firsts = [int(piece.cluster.split()[1]) for piece in pieces]
    assert max(b - a for a, b in pairwise(firsts)) <= 7


def test_blocks_are_spread_over_a_file() -> None:
    pieces = drawn([Sample("file", bytes(64 << 20))], 2 << 20)
    starts = [int(piece.name.partition("@")[2]) for piece in pieces]
    parts = [start * 32 / (64 << 20) for start in starts]
    assert all(abs(part - 0.5 - i) < 0.6 for i, part in enumerate(parts))
    assert len({round(part % 1, 2) for part in parts}) > 10  # not at the same place of each part


def test_images_are_whole_or_bands_of_rows_and_sound_has_whole_frames() -> None:
    photo = Sample("photo", bytes(300 * 200 * 3), Image(300, 200, 3))
    icon = Sample("icon", bytes(30 * 20), Image(30, 20))
    band, whole = drawn([photo, icon], 100_000)
    assert (band.media, len(band.data)) == (Image(300, 35, 3), 300 * 35 * 3)  # the last band
    assert whole is icon
    song = Sample("song", bytes(600_000), Audio(48_000, 2, 24))
    pieces = drawn([song], 200_000)
    assert {piece.media for piece in pieces} == {song.media}
    assert all(len(piece.data) % 6 == 0 for piece in pieces)


def test_the_draw_is_the_same_on_every_machine_and_for_good() -> None:
    """A digest of a sampled corpus is compared with that of another machine."""
    files = [numbered("a", 10_000), numbered("b", 70_000)]
    draw = plan_draw(files, 8000)
    assert draw == Draw(blocks=2, block=4000, files=2, bytes=80_000)
    names = [piece.name for piece in draw_blocks(files, Draw(6, 1000, 2, 80_000))]
    assert names == ["a@1000", "a@8000", "b@1000", "b@18000", "b@49000", "b@62000"]
