"""Code lengths are what coding takes, and predictors are what is coded with: for every codec."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import codelength_hf
from codelength import Codec, Sample
from codelength.coding.code_length import bits_of_every_symbol, code_lengths
from codelength.plugins import Plugins
from codelength_hf.pieces import ALPHABET
from kit_codecs import is_smallest

KB = 1000
FRAMING = ("length", "stream sizes", "fingerprint")
"""Entries of a ledger that no code length has."""

GOLDEN = Path(__file__).parent / "golden"


def prose(size: int) -> bytes:
    """English, most of it, with some bytes that are no ASCII."""
    corpus = Plugins(only=["embedded"]).corpus("prose").item
    text = b"".join(bytes(sample.data) for sample in corpus.samples())
    return (text + "naïve — 東京\n".encode() * 20)[:size]


def installed() -> list[object]:
    """The bundled codecs that know their code lengths and need no model of the user."""
    of_models = ("hf", "imported", "torch", "vllm")
    codecs = [entry.item for entry in Plugins().codecs if entry.item.name not in of_models]
    knowing = [codec for codec in codecs if codec.code_lengths([]) is not None]
    slow = {codec: [] if is_smallest(codec) else [pytest.mark.slow] for codec in knowing}
    return [pytest.param(codec, marks=slow[codec], id=codec.spec) for codec in knowing]


def others() -> list[object]:
    """The same with settings that code otherwise: lanes, short segments, seven bits."""
    specs = [
        "mix:size=0.2m,memory=1,lanes=3",
        "mixer:memory=1",
        "order2:limit=60",
        "recurrent:size=0.2m,segment=500",
        "recurrent:size=0.2m,segment=3000,bits=7",
        "transformer:size=0.2m,segment=200",
    ]
    return [pytest.param(Plugins().codec(spec).item, id=spec) for spec in specs]


@pytest.fixture
def tokens(tmp_path: Path) -> Codec:
    """A model of bytes with a tokenizer that has no capital letters: these are escaped."""
    box = Path(codelength_hf.__file__).parent / "models" / "transformer-0.2m"
    shutil.copytree(box, tmp_path / "model")
    tokenizer = json.loads((GOLDEN / "tokenizer.json").read_text("utf-8"))
    vocabulary = {char: byte for char, byte in ALPHABET.items() if not 65 <= byte <= 90}
    never = {f"never{byte}": byte for byte in range(65, 91)}
    tokenizer["model"].update(vocab={**vocabulary, **never}, merges=[])
    (tmp_path / "model" / "tokenizer.json").write_text(json.dumps(tokenizer), "utf-8")
    return Plugins().codec(f"hf:model={tmp_path / 'model'},window=250").item


def differs(codec: Codec, data: bytes) -> float:
    """By what part of the payload the code lengths of `data` are larger than what was coded. A
    stream is known to its last byte; half of that is what it takes on average."""
    (lengths,) = codec.code_lengths([Sample("", data)]) or ()
    assert lengths.shape == (len(data),)
    assert (lengths >= 0).all()
    blob = codec.encode(data)
    ledger = codec.ledger(blob)
    coded = len(blob) - sum(ledger.get(entry, 0) for entry in FRAMING)
    streams = ledger["flush"] + ("eighth bit" in ledger)
    ideal = lengths.sum() / 8
    assert ideal <= coded + 0.001 * coded
    return (coded - streams / 2 - ideal) / coded


@pytest.mark.parametrize("codec", [*installed(), *others()])
def test_the_code_lengths_are_what_coding_takes_to_a_thousandth(codec):
    data = prose(60 * KB if "lanes" in codec.spec else 24 * KB)
    assert differs(codec, data) == pytest.approx(0, abs=1e-3)


def test_the_code_lengths_of_tokens_count_the_escaped_bytes(tokens):
    ledger = tokens.ledger(tokens.encode(prose(24 * KB)))
    assert ledger["escapes"] > 200
    assert differs(tokens, prose(24 * KB)) == pytest.approx(0, abs=2e-3)


def test_the_predictor_of_tokens_counts_the_escaped_bytes(tokens):
    data, predictor = prose(3 * KB), tokens.predictor
    (coded,) = tokens.code_lengths([Sample("", data)])
    (predicted,) = code_lengths(predictor, [predictor.tokenize(data)])
    assert predicted.sum() == pytest.approx(coded.sum(), rel=1e-3)


@pytest.mark.parametrize("codec", installed())
def test_a_predictor_gives_the_distributions_that_are_coded_with(codec):
    """In all positions at once, and a step at a time for one who does not know what comes."""
    if codec.predictor is None:
        assert codec.name in ("mixer-media", "online")
        return
    predictor, data = codec.predictor, prose(20 * KB)[-2 * KB :]
    symbols = predictor.tokenize(data)
    (coded,) = codec.code_lengths([Sample("", data)]) or ()
    (parallel,) = code_lengths(predictor, [symbols])
    assert parallel.sum() == pytest.approx(coded.sum(), rel=1e-3)
    stepper, stepped = predictor.stepper([len(symbols)]), 0.0
    for symbol in symbols[:300]:
        bits = bits_of_every_symbol(stepper.frequencies()[0])
        assert np.exp2(-bits).sum() == pytest.approx(1)
        stepped += bits[symbol]
        stepper.advance(np.array([symbol]))
    assert stepped == pytest.approx(coded[:300].sum(), rel=1e-3)


def test_code_lengths_of_pieces_are_those_of_the_whole():
    for spec in ("recurrent:size=0.2m,segment=700", "order2", "recurrent:size=0.2m,bits=7"):
        codec, data = Plugins().codec(spec).item, prose(3 * KB)
        pieces = codec.pieces(data)
        assert b"".join(pieces) == data
        assert (len(pieces) > 1) == ("segment" in spec)
        (whole,) = codec.code_lengths([Sample("", data)]) or ()
        parts = codec.code_lengths([Sample("", piece) for piece in pieces]) or ()
        np.testing.assert_allclose(np.concatenate(list(parts)), whole)
