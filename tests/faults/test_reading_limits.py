"""What a format cannot hold is coded all the same, and a row says where a hint was of no use."""

import shutil

import numpy as np
import pytest

import codelength
from codelength import Audio, Image
from codelength.report.board import load_board
from codelength.report.board_page import BoardPage
from codelength.report.export.terminal import to_text
from odd_files import noise, png, wave

SHAPES = [
    Image(1, 70_000),
    Image(70_000, 1),
    Image(20_000, 2, 3),
    Image(2, 20_000, 4),
    Image(40_000, 2, 3, 16),
    Image(3, 5, 5),
    Image(3, 5, 6, 16),
    Audio(44_100, 9),
    Audio(44_100, 255, 8),
    Audio(1, 2, 24),
    Audio(700_000, 2),
    Audio(44_100, 2, 32),
    Audio(44_100, 2, 64, floating=True),
]
WHAT_IS_KNOWN = {
    "flac": {Audio(1, 2, 24), Audio(700_000, 2)},
    "png": {s for s in SHAPES if isinstance(s, Image) and s.channels < 5},
}
PROGRAMS = {"cli-wavpack:extra=0": "wavpack", "cli-optipng:level=0": "optipng"}


@pytest.mark.parametrize("spec", ["png", "webp:level=1", "jxl:effort=1", "flac:level=1", *PROGRAMS])
@pytest.mark.parametrize("media", SHAPES, ids=str)
def test_shapes_beyond_a_format_are_coded_and_decoded(spec, media):
    if spec in PROGRAMS and not shutil.which(PROGRAMS[spec]):
        pytest.skip(f"{PROGRAMS[spec]} is not installed")
    size = media.frame_size * (media.height if isinstance(media, Image) else 50)
    data = np.random.default_rng(1).bytes(size)
    codec = codelength.codec(spec)
    blob = codec.encode(data, media)
    assert codec.decode(blob) == data
    assert len(blob) < 1.5 * size + 500
    assert sum(codec.ledger(blob).values()) == len(blob)


@pytest.mark.parametrize("spec", WHAT_IS_KNOWN)
def test_a_codec_drops_the_hints_of_its_kind_that_its_format_does_not_know(spec):
    codec = codelength.codec(spec)
    kind = Audio if spec == "flac" else Image
    dropped = {media for media in SHAPES if codec.drops(media)}
    assert dropped == {s for s in SHAPES if isinstance(s, kind)} - WHAT_IS_KNOWN[spec]
    assert not codec.drops(codelength.RAW)


def test_a_figure_with_dropped_hints_is_marked_and_explained(tmp_path):
    folder = tmp_path / "sound"
    folder.mkdir()
    (folder / "nine.wav").write_bytes(wave(bytes(range(180)) * 10, channels=9))
    (folder / "stereo.wav").write_bytes(wave(bytes(range(180)) * 10, channels=2))
    (folder / "picture.png").write_bytes(png(noise(1, 5, 7), 8, 0))
    out = tmp_path / "results"
    results = codelength.run(["flac:level=1", "zlib"], f"path:{folder},view=decoded", out=out)
    assert {cell.codec: cell.dropped_hints for cell in results.current} == {
        "flac:level=1": 1,
        "zlib:level=9": 0,
    }
    text = "\n".join(to_text(BoardPage(load_board([out]))))
    assert "‡ coded as plain bytes" in text
    assert "flac:level=1 1 of 3 samples of" in text


def test_a_setting_that_is_given_twice_is_a_mistake_in_the_command():
    with pytest.raises(codelength.UsageError, match="level"):
        codelength.codec("zstd:level=19,level=3")
