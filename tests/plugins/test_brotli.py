import pytest
import samples

from codelength_brotli import Brotli


def test_another_decoder_reads_the_blobs():
    imagecodecs = pytest.importorskip("imagecodecs")
    for sample in samples.SMALL[1:]:
        blob = Brotli(5).encode(sample.data)
        assert imagecodecs.brotli_decode(blob, out=len(sample.data)) == sample.data


def test_the_window_is_in_the_first_bits():
    """RFC 7932, section 9.1: from the right, 1111 names a window of 24 bits, 0011 one of 18."""
    data = samples.NOISE * 100
    assert Brotli(5, window=24).encode(data)[0] & 0b1111 == 0b1111
    assert Brotli(5, window=18).encode(data)[0] & 0b1111 == 0b0011
