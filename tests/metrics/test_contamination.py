"""Whether a model may have seen a corpus: clean needs a reason, and silence is not one."""

import pytest
from msgspec.structs import replace

from codelength.api.model_card import ModelCard, days
from codelength.metrics.contamination import Contamination, contamination_of
from codelength.metrics.price import Price, Pricing, apply_price
from codelength.plugins import Plugins
from codelength.results.cell import Cell
from factories import cell, corpus_slice

LM = {"weights": 100}


def of(published: str, card: ModelCard | None, corpus: str = "enwik8") -> Cell:
    return cell("lm", corpus_slice(corpus, published=published), model_bytes=LM, card=card)


def test_a_codec_without_a_prior_has_seen_nothing() -> None:
    assert contamination_of(cell("gzip", corpus_slice(published="1989"))) is Contamination.CLEAN
    assert contamination_of(cell("gzip", corpus_slice())) is Contamination.CLEAN


def test_a_charged_decoder_is_nothing_that_was_learned() -> None:
    paid = apply_price(cell("gzip"), Pricing(decoders={"gzip: zlib 1.3.1": 50}))
    assert contamination_of(paid) is Contamination.CLEAN


@pytest.mark.parametrize("price", [16.0, "stored", "compressed"])
def test_a_price_hides_nothing(price: Price) -> None:
    assert (
        contamination_of(apply_price(of("2006", ModelCard(until="2020")), Pricing(price)))
        is Contamination.POSSIBLE
    )


@pytest.mark.parametrize(
    ("published", "until", "answer"),
    [
        ("2006-03-03", "2020-12", Contamination.POSSIBLE),
        ("2021", "2020-12", Contamination.CLEAN),
        ("2021-01-01", "2020-12-31", Contamination.CLEAN),
        ("2020-12-31", "2020-12-31", Contamination.POSSIBLE),
        ("2020", "2020", Contamination.POSSIBLE),
        ("2020", "2020-06", Contamination.POSSIBLE),  # the year began before June ended
        ("2020-07", "2020-06", Contamination.CLEAN),
        ("2020-07", "2020", Contamination.POSSIBLE),  # the year went on after July
    ],
)
def test_only_a_later_date_rules_it_out(published: str, until: str, answer: Contamination) -> None:
    assert contamination_of(of(published, ModelCard(until=until))) is answer


@pytest.mark.parametrize(
    ("published", "card"),
    [
        ("2006", None),
        ("2006", ModelCard(data="the web")),
        ("2006", ModelCard(parameters=5)),
        ("", ModelCard(until="2020")),
        ("", ModelCard(data="a list", until="2020", excludes=("calgary",))),
        ("soon", ModelCard(until="2020")),
        ("2006", ModelCard(until="last year")),
    ],
)
def test_what_nobody_says_is_unknown(published: str, card: ModelCard | None) -> None:
    assert contamination_of(of(published, card)) is Contamination.UNKNOWN


def test_a_corpus_that_is_known_to_be_left_out_is_clean_whatever_the_dates() -> None:
    card = ModelCard(until="2026-11", excludes=("enwik6", "librispeech"))
    assert contamination_of(of("2006", card, "enwik6")) is Contamination.CLEAN
    assert contamination_of(of("", card, "enwik6")) is Contamination.CLEAN
    assert contamination_of(of("2015", card, "librispeech:part=test-other")) is Contamination.CLEAN
    assert contamination_of(of("2006", card, "enwik8")) is Contamination.POSSIBLE


def test_to_leave_out_a_part_is_not_to_leave_out_the_whole() -> None:
    card = ModelCard(until="2020", excludes=("librispeech:part=test-other",))
    assert contamination_of(of("2015", card, "librispeech:part=test-other")) is Contamination.CLEAN
    assert contamination_of(of("2015", card, "librispeech")) is Contamination.POSSIBLE


def test_dates_reach_from_their_first_day_to_their_last() -> None:
    assert days("2020") == ("2020-01-01", "2020-12-31")
    assert days("2020-06-30") == ("2020-06-30", "2020-06-30")
    for wrong in ("", "20", "2020-6", "2020-06-30-01", "June", "2020 "):
        assert days(wrong) is None


def test_the_models_in_the_box_are_clean_where_that_is_known_and_only_there() -> None:
    for entry in Plugins().codecs:
        codec = entry.item
        if codec.name == "recurrent" and codec.model_bytes:
            measured = cell(codec.spec, model_bytes=codec.model_bytes, card=codec.card)
            answers = [
                contamination_of(replace(measured, slice=corpus_slice(corpus, published=published)))
                for corpus, published in [
                    ("enwik6", "2006-03-03"),
                    ("prose", "2026-11"),
                    ("enwik8", "2006-03-03"),
                    ("path:book.txt", ""),
                ]
            ]
            assert answers == [
                Contamination.CLEAN,
                Contamination.CLEAN,
                Contamination.POSSIBLE,
                Contamination.UNKNOWN,
            ], codec.spec
