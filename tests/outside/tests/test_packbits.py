import pytest
from codelength_packbits import Clip, PackBits, Pages

from codelength.testing import check_codec, check_corpus

APPLE = bytes.fromhex(
    "aaaaaa80002aaaaaaaaa80002a22aaaaaaaaaaaaaaaaaaaa"  # of Apple's Technical Note TN1023
)
PACKED = bytes.fromhex("feaa0280002afdaa0380002a22f7aa")


def test_the_example_of_apples_note_is_packed_as_in_the_note():
    assert PackBits().encode(APPLE) == PACKED
    assert PackBits().decode(PACKED) == APPLE


@pytest.mark.parametrize("deflate", [0, 9])
def test_packbits_conforms(deflate):
    check_codec(PackBits(deflate))


def test_the_pages_conform():
    check_corpus(Pages())


def test_the_clip_conforms():
    check_corpus(Clip())
