"""What priors and decoders are charged, against sums done by hand."""

import pytest

from codelength.api.errors import UsageError
from codelength.api.model_card import ModelCard
from codelength.metrics.price import (
    COMPRESSED,
    CompressedModel,
    Pricing,
    apply_price,
    decoder_key,
    find_smallest_codings,
    parse_price,
)
from codelength.metrics.rates import GB, adjusted_ratio, total_model_bytes
from codelength.results.cell import Cell
from factories import broken, cell, corpus_slice

DIGEST = "sha256:0123456789abcdef"


def model(**changes: object) -> Cell:
    """200 bytes for 1000, 90 bytes of weights, 10 of a tokenizer, 60 parameters."""
    fields: dict[str, object] = {
        "model_bytes": {"weights": 90, "tokenizer": 10},
        "card": ModelCard(parameters=60),
        "digests": {"weights": DIGEST},
    }
    return cell("lm", coded=200, **(fields | changes))


def test_as_stored_nothing_changes() -> None:
    assert apply_price(model(), Pricing()) == model()


def test_two_bytes_a_parameter_are_for_the_weights_and_the_rest_stays() -> None:
    paid = apply_price(model(), Pricing(16.0))
    assert paid.model_bytes == {"weights": 120, "tokenizer": 10}
    assert adjusted_ratio(paid) == pytest.approx(0.33)
    assert adjusted_ratio(paid, 10_000) == pytest.approx(0.213)


def test_parameters_that_nobody_states_have_no_price_and_are_not_guessed() -> None:
    for silent in (model(card=None), model(card=ModelCard(data="the web"))):
        paid = apply_price(silent, Pricing(16.0))
        assert total_model_bytes(paid) is None
        assert adjusted_ratio(paid) is None
        assert adjusted_ratio(paid, GB) is None


def test_compressed_weights_cost_what_was_measured_for_their_digest() -> None:
    pricing = Pricing(COMPRESSED, {DIGEST: CompressedModel(70, "xz", 3)})
    assert total_model_bytes(apply_price(model(), pricing)) == 70
    assert adjusted_ratio(apply_price(model(), pricing)) == pytest.approx(0.27)
    other = model(digests={"weights": "sha256:another"})
    assert total_model_bytes(apply_price(other, pricing)) is None


def test_the_best_codec_is_the_smallest_that_was_decoded() -> None:
    of = corpus_slice("prior:lm", 100, label=DIGEST)
    tried = [
        cell("gzip", of, 80),
        cell("xz", of, 70),
        cell("bz2", of, 75),
        broken("liar", of),
        cell("xz", corpus_slice("prose"), 1),
    ]
    assert find_smallest_codings(tried) == {DIGEST: CompressedModel(70, "xz", 3)}


def test_a_decoder_is_charged_where_its_code_was_measured() -> None:
    gzip = cell("gzip:level=9", coded=400)
    assert decoder_key(gzip) == "gzip: zlib 1.3.1"
    pricing = Pricing(decoders={decoder_key(gzip): 50})
    assert adjusted_ratio(apply_price(gzip, pricing)) == pytest.approx(0.45)
    assert adjusted_ratio(apply_price(cell("xz", coded=300), pricing)) is None
    assert "decoders" in pricing.description


@pytest.mark.parametrize(
    ("text", "price", "weights"),
    [("stored", "stored", 90), ("2bytes", 16.0, 120), ("16bits", 16.0, 120), ("3.6bits", 3.6, 27),
     ("1bit", 1.0, 8), ("0.5bits", 0.5, 4), ("4bytes", 32.0, 240), ("0bits", 0.0, 0)],
)  # fmt: skip
def test_a_price_is_any_number_of_bits_a_parameter(
    text: str, price: float | str, weights: int
) -> None:
    assert parse_price(text) == price
    paid = apply_price(model(), Pricing(parse_price(text)))
    assert paid.model_bytes == {"weights": weights, "tokenizer": 10}


@pytest.mark.parametrize("text", ["", "bits", "-1bits", "nanbits", "1e3bits", "3.6", "2 bytes"])
def test_what_is_no_price_is_one_line(text: str) -> None:
    with pytest.raises(
        UsageError, match="is no price; it is stored, compressed, or what"
    ) as raised:
        parse_price(text)
    assert "\n" not in str(raised.value)


def test_every_price_says_what_it_is() -> None:
    assert Pricing().description == "Charged: models as stored."
    assert Pricing(16.0).description == "Charged: weights at 16 bits a parameter."
    assert "3.6 bits a parameter" in Pricing(3.6).description
    assert "lossless codec" in Pricing(COMPRESSED).description
