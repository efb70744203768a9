"""`mix` over models whose symbols are not bytes: what comes back, and in how many bytes."""

import hashlib
import random
import textwrap
from contextlib import suppress

import mix_sources as sources
import numpy as np
import pytest
from word_predictor import PIECES, WordPredictor

from codelength import CorruptBlob, Sample, UsageError
from codelength.api.spec import build
from codelength.coding.segments import PredictorCoder, Segmenter
from codelength.testing.questions import check_code_lengths
from codelength_mix import MixCodec, MixerCodec, symbol_coder
from codelength_mix.coder import MixCoder
from codelength_mix.fallback import OrMixer
from codelength_mix.symbol_coder import SymbolMixCoder
from codelength_mix.symbol_tree import cut, symbol_tree

WORDS = WordPredictor()
CODER = OrMixer(SymbolMixCoder(4, WORDS, 8), MixCoder(4), 1)
TEXT = sources.prose(70_000)[30_000:]
DATA = [
    TEXT[:9000],
    b"",
    b"x",
    random.Random(1).randbytes(700),
    TEXT[9000:9100],
    TEXT[:3],
    bytes(50),
]


def alone(data: bytes) -> int:
    return len(PredictorCoder(WORDS, Segmenter()).encode([data])[0])


@pytest.mark.slow
def test_what_was_encoded_together_decodes_alone_and_back():
    blobs = CODER.encode(DATA)
    assert blobs == [CODER.encode([data])[0] for data in DATA]
    assert [CODER.decode([blob])[0] for blob in blobs] == DATA
    assert CODER.decode(blobs) == DATA
    for blob in blobs:
        assert sum(CODER.ledger(blob).values()) == len(blob)


def test_lanes_go_in_step_and_match_across_each_other(monkeypatch):
    monkeypatch.setattr(symbol_coder, "SHORTEST", 500)
    datas = [TEXT[:9001], TEXT[:600], TEXT[:1500]]
    blobs = CODER.encode(datas)
    assert SymbolMixCoder(4, WORDS, 8).lanes_of(len(WORDS.tokenize(datas[0]))) == 8
    assert CODER.decode(blobs) == datas
    again = TEXT[:4000] * 2
    once, twice = CODER.encode([TEXT[:4000], again])
    assert CODER.decode([twice]) == [again]
    assert len(twice) < 1.8 * len(once), "what another lane has learned should help"


def test_it_is_smaller_than_either_part_on_text():
    data = TEXT[:9000]
    blob = CODER.encode([data])[0]
    assert len(blob) < 0.96 * min(alone(data), len(MixerCodec().encode(data)))


@pytest.mark.parametrize(
    "data",
    [random.Random(3).randbytes(20_000), bytes(30_000), TEXT[:2048], TEXT[:200]],
    ids=["noise", "zeros", "chunk", "line"],
)
def test_it_is_never_much_larger_than_the_better_part(data):
    best = min(alone(data), len(MixerCodec().encode(data)))
    assert len(CODER.encode([data])[0]) <= 1.005 * best + 3


def test_code_lengths_are_what_is_coded():
    lengths = list(CODER.code_lengths(DATA))
    for data, bits, blob in zip(DATA, lengths, CODER.encode(DATA), strict=True):
        assert bits.shape == (len(data),)
        assert 8 * (len(blob) - 4) <= bits.sum() <= 8 * len(blob)


def test_damaged_blobs_are_refused_or_give_other_data():
    blob = CODER.encode([TEXT[:2000]])[0]
    assert blob[0] != 1, "the mixture should be smaller than mixer"
    draw = random.Random(5)
    for _ in range(40):
        damaged = bytearray(blob)
        damaged[draw.randrange(len(damaged))] ^= 1 << draw.randrange(8)
        with suppress(CorruptBlob):
            assert CODER.decode([bytes(damaged)])[0] != TEXT[:2000]
    for size in range(0, len(blob), 97):
        with pytest.raises(CorruptBlob):
            CODER.decode([blob[:size]])
    for wrong in (b"\0x", b"\xff\xff\xff\xff\x0fabc"):
        with pytest.raises(CorruptBlob):
            CODER.decode([wrong])


@pytest.mark.parametrize(
    ("lined", "digest"),
    [
        (False, "628e30baef472cc63f1ea0bc558083c26a83d1a27846a328e2117d95589d24d7"),
        (True, "adf41825bc80deea69a4f0a546d74529731b12e1190e42ae53b753ce53b46ab4"),
    ],
)
def test_a_blob_is_as_it_always_was(lined, digest):
    blob = SymbolMixCoder(4, WORDS, 8, lined).encode([TEXT[:9000]])[0]
    assert hashlib.sha256(blob).hexdigest() == digest
    assert CODER.decode([blob]) == [TEXT[:9000]]


def test_where_lines_end_is_learned():
    words = TEXT[:30_000].replace(b"\n", b" ").decode()
    data = textwrap.fill(words, 60)[:15_000].encode()
    first, lined = (SymbolMixCoder(4, WORDS, 8, lined).encode([data])[0] for lined in (False, True))
    assert len(lined) < 0.99 * len(first)
    assert CODER.decode([lined]) == [data]


@pytest.mark.parametrize("lined", [False, True])
def test_the_tree_has_a_path_to_every_symbol(lined):
    tree = symbol_tree(PIECES, lined)
    depths = []
    for symbol in range(len(PIECES)):
        low, high, depth = 0, len(PIECES), 0
        while high - low > 1:
            middle = cut(tree.weight, low, high)
            assert low < middle < high
            low, high = (middle, high) if tree.place[symbol] >= middle else (low, middle)
            depth += 1
        assert tree.order[low] == symbol
        depths.append(depth)
    assert max(depths) < 16
    assert depths[0] < np.mean(depths), "symbols of small numbers have short paths"


def test_the_settings_behind_over_are_those_of_the_other_codec():
    codec = build(MixCodec, "memory=4,lanes=1,over=transformer:size=0.2m,segment=64")
    assert codec.spec == "mix:memory=4,lanes=1,over=transformer:size=0.2m,segment=64"
    assert build(MixCodec, codec.spec.partition(":")[2]) == codec
    assert codec.model.spec == "transformer:size=0.2m,segment=64"
    assert codec.model_bytes == codec.model.model_bytes
    assert codec.requires == codec.model.requires


@pytest.mark.parametrize("over", ["transformer:size=0.2m", "order2", "recurrent:size=0.2m"])
def test_any_model_of_bytes_can_be_taken(over):
    codec = build(MixCodec, f"memory=1,over={over}")
    blob = codec.encode(TEXT[:3000])
    assert codec.decode(blob) == TEXT[:3000]
    assert len(blob) < len(codec.model.encode(TEXT[:3000]))


def test_what_mixer_codes_in_fewer_bytes_is_coded_by_it():
    codec, mixer = build(MixCodec, "memory=4,over=order2"), MixerCodec(4)
    data = [bytes(5000), TEXT[:300], b"", random.Random(8).randbytes(400)]
    blobs = [codec.encode(each) for each in data]
    assert [codec.decode(blob) for blob in blobs] == data
    assert blobs[3] == b"\0" + mixer.encode(data[3])
    assert blobs[2] == b"\0"
    assert [sum(codec.ledger(blob).values()) for blob in blobs] == list(map(len, blobs))
    for each, blob in zip(data, blobs, strict=True):
        assert check_code_lengths(codec, Sample("", each), blob) is None


def test_over_recurrent_is_mix_itself():
    data = TEXT[:1000]
    assert build(MixCodec, "over=recurrent:size=0.2m").encode(data) == MixCodec("0.2m").encode(data)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ("over=mixer", "already learns"),
        ("over=gzip", "no model of symbols"),
        ("over=nothing", "nothing"),
        ("size=0.2m,over=order2", "takes one model"),
        ("over=hf:model=a/b,exact=false", "same everywhere"),
        ("size=over=order2", "setting of its own"),
    ],
)
def test_what_cannot_be_mixed_is_refused(settings, words):
    with pytest.raises(UsageError, match=words):
        build(MixCodec, settings).encode(b"text")
