"""Controls: entropies worked out by hand, and the law that no codec gets below them."""

import bz2
import hashlib
import lzma
import statistics
import zlib
from itertools import islice
from math import log2

import pytest

import codelength_controls as controls
from codelength import Unavailable, Unsupported
from codelength.api.corpus import corpus_digest
from codelength.plugins import Plugins

CONTROLS = controls.codelength_corpora()
PREFIX = 16_384
"""Bytes of a control that codecs are tried on, slow ones included."""

SLACK = 64
"""Bits. A code that was fixed before the sample was drawn beats the ideal code length by k bits
with a chance below 2^-k times the number of lengths that its blobs can have, here below 2^18: so a
codec fails this test honestly once in 2^46 controls. The measured gap to the ideal is never
negative; the slack is not an allowance for what was seen."""


def undercuts(blob: bytes, control: controls.Control, data: bytes) -> bool:
    """Whether a blob is shorter than any honest one can be."""
    return 8 * len(blob) < control.distribution.bits(data) - SLACK


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.name)
def test_a_control_is_the_same_everywhere(control):
    (sample,) = control.samples()
    assert len(sample.data) == control.size
    assert corpus_digest(control.samples()) == control.digest
    assert list(control.verify()) == [(control.name, None)]


def test_uniform_bytes_are_sha256_of_the_seed_and_a_counter():
    block = hashlib.sha256(b"codelength random 0").digest()
    assert bytes(islice(controls.uniform("random"), 32)) == block
    (sample,) = controls.Random().samples()
    assert sample.data[:16] == block[::2]  # of 16 bits for each draw the upper 8


def test_entropies_are_those_of_the_textbook():
    assert controls.entropy([1, 1]) == 1
    assert controls.entropy([2, 1, 1]) == 1.5
    assert controls.entropy([1, 3]) == pytest.approx(2 - 0.75 * log2(3))
    assert controls.entropy([7]) == 0
    assert controls.Random.entropy == 8
    assert controls.Zeros.entropy == 0


def test_the_entropy_rate_of_a_two_state_chain_is_weighted_by_its_stationary_law():
    # from a: 3/4 a, 1/4 b; from b: 1/2 each. Stationary (2/3, 1/3), worked out on paper
    law = controls.Markov(b"ab", ((192, 64), (128, 128)))
    assert law.stationary == pytest.approx([2 / 3, 1 / 3])
    assert law.entropy == pytest.approx(2 / 3 * (2 - 0.75 * log2(3)) + 1 / 3)


def test_the_stationary_law_of_the_control_stays_as_it_is():
    law = controls.Chain.distribution
    shares = law.stationary
    for letter, share in enumerate(shares):
        inflow = sum(
            before * row[letter] / 256 for before, row in zip(shares, law.rows, strict=True)
        )
        assert inflow == pytest.approx(share, abs=1e-15)
    assert sum(shares) == pytest.approx(1)


def test_code_lengths_are_the_sum_of_minus_log2_p():
    law = controls.Independent({0: 1 << 15, 1: 1 << 14, 2: 1 << 14})
    assert law.bits(bytes([0, 0, 1, 2])) == 1 + 1 + 2 + 2
    chain = controls.Markov(b"ab", ((192, 64), (128, 128)))
    assert chain.bits(b"aabba") == pytest.approx(-2 * log2(3 / 4) + 2 + 1 + 1)


def test_draws_have_the_frequencies_of_their_law():
    law = controls.Skewed.distribution
    (sample,) = controls.Skewed().samples()
    for value, frequency in law.frequencies.items():
        expected = frequency / 65_536 * len(sample.data)
        assert abs(sample.data.count(value) - expected) < 6 * expected**0.5 + 1
    assert set(sample.data) <= set(law.frequencies)


def test_the_sampling_error_is_that_of_independent_draws():
    control = controls.Skewed()
    total = 1 << 16
    surprise = {value: 16 - log2(f) for value, f in control.distribution.frequencies.items()}
    variance = sum(
        f / total * (surprise[value] - control.entropy) ** 2
        for value, f in control.distribution.frequencies.items()
    )
    error = (variance * control.size) ** 0.5
    assert abs(control.ideal_bits() - control.entropy * control.size) < 4 * error
    # and the same from the sample itself, cut into 64 pieces
    (sample,) = control.samples()
    size = control.size // 64
    pieces = [control.distribution.bits(sample.data[n * size : (n + 1) * size]) for n in range(64)]
    assert statistics.stdev(pieces) == pytest.approx((variance * size) ** 0.5, rel=0.4)


STANDARD = {
    "zlib": lambda data: zlib.compress(data, 9),
    "bz2": lambda data: bz2.compress(data, 9),
    "xz": lambda data: lzma.compress(data, preset=9 | lzma.PRESET_EXTREME),
    "lzma without a header": lambda data: lzma.compress(
        data, lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA2, "preset": 9}]
    ),
}


@pytest.mark.parametrize("compress", STANDARD.values(), ids=STANDARD)
@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.name)
def test_no_standard_compressor_beats_the_entropy(control, compress):
    (sample,) = control.samples()
    assert not undercuts(compress(sample.data), control, sample.data)


@pytest.mark.parametrize("entry", Plugins().codecs, ids=lambda entry: entry.item.spec)
def test_no_installed_codec_beats_the_entropy(entry):
    codec = entry.item
    try:
        codec.check_available()
    except Unavailable as error:
        pytest.skip(str(error))
    if codec.model_bytes:
        pytest.skip("models are tried where they are tested: they are slow")
    for control in CONTROLS:
        (sample,) = control.samples()
        data = sample.data[:PREFIX]
        try:
            blob = codec.encode(data)
        except Unsupported:
            continue
        assert not undercuts(blob, control, data), f"{codec.spec} on {control.name}"


def test_a_codec_that_keeps_every_other_byte_is_found_out():
    (sample,) = controls.Random().samples()
    assert undercuts(sample.data[::2], controls.Random(), sample.data)
    assert undercuts(
        lzma.compress(sample.data)[: -1 - len(sample.data) // 500], controls.Random(), sample.data
    )
