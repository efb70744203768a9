import numpy as np
import pytest

from codelength.results.cell import Cell, CorpusSlice, Status

pytest.importorskip("safetensors")
pytest.importorskip("tokenizers")
torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from vocabularies import (  # noqa: E402
    OfTokens,
    Vocabulary,
    byte_pairs,
    multiplied,
    steps_for,
    tokenized,
)
from vocabularies_page import Line, Model, coded_table, reading  # noqa: E402

from codelength_train.material import Material  # noqa: E402
from codelength_train.sizes import TransformerShape  # noqa: E402

SMALL = TransformerShape(width=4, heads=2, hidden=3, layers=2)


def array(text: bytes) -> "np.ndarray":
    return np.frombuffer(text, np.uint8)


@pytest.fixture
def pairs() -> Vocabulary:
    """All bytes, and one token more: the commonest pair."""
    return byte_pairs("bpe", 257, {"other": array(b"ab ab ab ab c\n" * 10)})


def test_a_toy_tokenizer_takes_the_commonest_pair_for_one_symbol(pairs: Vocabulary) -> None:
    symbols = pairs.tokens.encode(b"ababcab")
    assert len(symbols) == 4
    assert pairs.lengths[symbols].tolist() == [2, 2, 1, 2]


def test_any_bytes_have_symbols_and_come_back(pairs: Vocabulary) -> None:
    data = bytes(range(256)) + "ab¤ab\ud7ff".encode() + b"\xff\xfeab\r\n\r\n  "
    tokens = pairs.tokens
    assert tokens.decode(tokens.encode(data)) == data
    assert tokens.escapes == b""
    assert sorted(pairs.lengths.tolist()) == [1] * 256 + [2]


def test_windows_are_as_long_in_bytes_whatever_the_symbols(pairs: Vocabulary) -> None:
    text = Material({"a": array(b"ab" * 600)}, {"a": array(b"ab" * 600)}, {"a": 1.0}, "", 1, "")
    data = tokenized(text, pairs)
    assert data.bytes_each == 2
    windows = data.windows(3, 256, np.random.default_rng(0))
    assert windows.shape == (3, 128)


def test_weights_that_are_multiplied_are_those_of_blocks_and_head() -> None:
    """Those of transformers' own model but for its table and its norms: one in front of attention,
    one in front of the perceptron, one at the end."""
    model = OfTokens(SMALL, Vocabulary("bytes", 256, None), 2048).module
    norms = (2 * SMALL.layers + 1) * SMALL.width
    table = 256 * SMALL.width
    count = sum(parameter.numel() for parameter in model.parameters())
    assert multiplied(SMALL, 256) == count - norms - table


def test_steps_share_out_the_operations() -> None:
    # 10 weights, 5 symbols a step, six operations for each weight and symbol: 300 a step
    assert steps_for(9_000, weights=10, symbols=5) == 30
    assert steps_for(9_100, weights=10, symbols=5) == 30
    assert steps_for(1, weights=10, symbols=5) == 1


def test_a_model_that_learned_nothing_takes_as_many_bits_as_symbols_have(pairs: Vocabulary) -> None:
    model = OfTokens(SMALL, pairs, 64)
    symbols = pairs.tokens.encode(b"ab" * 8 + b"c" * 4)
    bits = float(model.bits(torch.from_numpy(symbols)[None]).detach())
    assert bits == pytest.approx(np.log2(257) * 12 / 20, rel=1e-5)


def line(name: str, vocabulary: int, coded: int, symbols: int, weights: int) -> Line:
    corpus_slice = CorpusSlice(
        corpus="c", protocol="whole", kind="text", samples=1, bytes=1000, digest="d"
    )
    model_bytes = {"weights": weights, "tokenizer": 0}
    cell = Cell(
        codec=name,
        slice=corpus_slice,
        status=Status.OK,
        run="r",
        coded_bytes=coded,
        model_bytes=model_bytes,
    )
    return Line(Model(name, vocabulary, 2048, {}), cell, symbols, 8 * coded / 1.01)


def test_the_sentence_and_the_table_follow_from_the_figures() -> None:
    lines = [
        line("bytes", 256, 400, 1000, 10**6),
        line("few", 1000, 300, 500, 2 * 10**6),
        line("many", 9000, 330, 250, 10**9),
    ]
    assert reading({"prose": lines}) == (
        "On prose few takes the fewest bits a byte, 2.400 (25.0% below bytes), many 10.0% more, "
        "many leaves 25% of the symbols at 3.3 times the bits each, and with the prior counted the "
        "least at 1 GB is that of few."
    )
    row = coded_table("prose", lines).rows[1]
    assert row[:7] == ["few", "0.500", "4.800", "2.376", "2.400", "+1.00%", "300"]
    assert row[7:] == ["30.00", "200,030", "30.20"]


def test_the_sentence_says_nothing_of_a_best_that_is_the_first() -> None:
    lines = [line("bytes", 256, 300, 1000, 10**6), line("few", 1000, 330, 1000, 10**6)]
    assert reading({"noise": lines}) == (
        "On noise bytes takes the fewest bits a byte, 2.400, few 10.0% more, and with the prior "
        "counted the least at 1 GB is that of bytes."
    )
