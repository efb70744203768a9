"""Codecs of arrays use what they are told, and never rely on it."""

import numpy as np
import pytest

from codelength import RAW, Array
from codelength.plugins import Plugins

NUMBERS = (np.cumsum(np.random.default_rng(3).integers(-9, 10, 4000)) + 20_000).astype("<i4")
CODECS = [entry.item for entry in Plugins(only=["arrays"]).codecs]


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.spec)
def test_a_type_makes_the_blob_smaller(codec):
    data = NUMBERS.tobytes()
    told, untold = (codec.encode(data, hint) for hint in (Array("<i4", NUMBERS.shape), RAW))
    assert codec.decode(told) == codec.decode(untold) == data
    assert len(told) < len(untold)


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.spec)
def test_numbers_that_are_none_keep_their_bits(codec):
    odd = np.array([0x7FF8_0000_0000_0001, 0xFFF0_0000_0000_0001, 1, 1 << 63], "<u8")
    data = np.tile(odd, 50).tobytes()
    assert codec.decode(codec.encode(data, Array("<f8", (200,)))) == data


def test_a_picture_codec_takes_a_table_of_small_integers_as_a_picture():
    codec = Plugins(only=["images"]).codec("jpegls").item
    table = np.add.outer(np.arange(90), 2 * np.arange(70)).astype("<u2")
    told, untold = (codec.encode(table.tobytes(), m) for m in (Array("<u2", (90, 70)), RAW))
    assert codec.decode(told) == table.tobytes()
    assert len(told) < len(untold)
