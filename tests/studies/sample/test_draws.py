"""Continuations: known distributions, draws that are counted, pages that cannot be broken."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import msgspec
import numpy as np
import pytest

from codelength import RAW, Codec, Media, Sample
from codelength.api.errors import UsageError
from codelength_controls import Chain, Skewed
from codelength_order2 import Order2Codec
from codelength_stdlib import Gzip, Store
from codelength_studies.page import write_page
from codelength_studies.sample.draw import (
    CodecDistribution,
    CrossCosts,
    PredictorDistribution,
    choose,
    cross_costs,
    distribution_of,
    draw,
)
from codelength_studies.sample.page import (
    SHOWN,
    end_of,
    overview,
    page,
    to_code_block,
    to_printable,
)
from codelength_studies.sample.records import FILE, Continuation, Settings, digest_prompt
from oracle_predictor import Chained, ChainPredictor, iid_row

PROMPT = Skewed().distribution.draw(2000, "prompt")


@dataclass(frozen=True)
class Ideal(Codec):
    """As long as the ideal code length of `iid`, up to whole bytes; decodes nothing."""

    name: ClassVar[str] = "ideal"

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        row = iid_row()
        bits = np.log2(row.sum()) - np.log2(row[np.frombuffer(data, np.uint8)])
        return bytes(int(np.ceil(bits.sum() / 8)))

    def decode(self, blob: bytes) -> bytes:
        raise NotImplementedError


def test_lengths_in_whole_bytes_give_the_distribution_back_to_a_fraction_of_a_bit() -> None:
    row = iid_row()
    known = np.log2(row.sum()) - np.log2(row)
    used = row > 1000
    many = CodecDistribution(Ideal(), PROMPT, 1000, 64).bits()
    assert np.abs(many - known)[used].max() < 1
    assert np.abs(many - known)[used].mean() < 0.35
    assert np.exp2(-many).sum() == pytest.approx(1)
    one = CodecDistribution(Ideal(), PROMPT, 1000, 1).bits()
    assert len(np.unique(one[used])) <= 3  # the reason for several contexts
    assert np.abs(one - known)[used].mean() > 2 * np.abs(many - known)[used].mean()


@dataclass(frozen=True)
class Hidden(Codec):
    """order2, without showing its predictor."""

    name: ClassVar[str] = "hidden"

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        return Order2Codec().encode(data)

    def encode_many(self, samples: Sequence[Sample]) -> list[bytes]:
        return Order2Codec().encode_many(samples)

    def decode(self, blob: bytes) -> bytes:
        return Order2Codec().decode(blob)


def test_a_codec_and_its_predictor_have_nearly_one_distribution() -> None:
    prompt = b"the cat sat on the mat and the dog sat on the cat and th" * 3
    known = PredictorDistribution(Order2Codec().predictor, prompt).bits()
    found = CodecDistribution(Hidden(), prompt, 1000, 12).bits()
    assert int(found.argmin()) == int(known.argmin()) == ord("e")
    p = np.exp2(-known)
    assert float((p * (found - known)).sum()) < 0.35  # bits of divergence, of 8


def test_the_distribution_of_a_predictor_is_that_of_its_frequencies() -> None:
    law = Chain.distribution
    for before in range(3):
        bits = PredictorDistribution(ChainPredictor(), law.letters[before : before + 1]).bits()
        share = np.array(law.rows[before]) / 256
        assert np.exp2(-bits)[list(law.letters)] == pytest.approx(share, abs=1e-4)


def test_distribution_of_takes_the_predictor_if_there_is_one() -> None:
    assert isinstance(distribution_of(Chained(), b"x", 10, 1, 5), PredictorDistribution)
    assert isinstance(distribution_of(Store(), b"x", 10, 1, 5), CodecDistribution)
    with pytest.raises(UsageError):
        distribution_of(Store(), b"x", 0, 1, 5)


def test_an_empty_prompt_and_a_short_one_have_distributions() -> None:
    for prompt in (b"", b"a"):
        assert CodecDistribution(Store(), prompt, 100, 8).bits() == pytest.approx(8)


def test_choices_fall_where_the_distribution_says() -> None:
    bits = np.array([1.0, 2.0, 2.0])  # 1/2, 1/4, 1/4
    assert [choose(bits, 1, u) for u in (0.0, 0.49, 0.51, 0.74, 0.76, 0.999999)] == [
        *(0, 0, 1, 1, 2, 2)
    ]
    # at temperature 1/2 the shares are squared: 4/6, 1/6, 1/6
    assert [choose(bits, 0.5, u) for u in (0.66, 0.67, 0.84)] == [0, 1, 2]
    assert choose(bits, 0, 0.99) == 0
    assert choose(np.array([3.0, 1.0, 1.0]), 0, 0.99) == 1


def test_a_chain_is_continued_as_the_chain_it_is() -> None:
    law = PredictorDistribution(ChainPredictor(), Chain.distribution.letters[:1])
    *_, last = draw(law, 4000, 1, 1.0)
    assert len(last.text) == 4000
    assert set(last.text) <= set(Chain.distribution.letters)
    # what it cost is what the chain charges for it, and near its entropy
    assert last.bits / 4000 == pytest.approx(Chain.distribution.bits(last.text) / 4000, abs=1e-3)
    assert last.bits / 4000 == pytest.approx(Chain.entropy, abs=0.08)


def test_an_interrupted_draw_goes_on_as_if_nothing_had_been() -> None:
    def law() -> PredictorDistribution:
        return PredictorDistribution(ChainPredictor(), b"")

    *_, whole = draw(law(), 50, 3, 0.8)
    half = next(d for d in draw(law(), 50, 3, 0.8) if len(d.text) == 20)
    *_, rest = draw(law(), 50, 3, 0.8, half)
    assert rest == whole
    *_, other = draw(law(), 50, 4, 0.8)
    assert other.text != whole.text


def test_a_text_cannot_leave_its_block_nor_steer_a_terminal() -> None:
    assert to_code_block(b"a```b") == "````text\na```b\n````"
    assert to_printable(b"\x1b[2J\xff\x00 \xc3\xa9\n") == "\\x1b[2J\\xff\\x00 \xe9\n"
    assert to_printable("\u202e".encode()) == "\\u202e"


def test_the_page_shows_every_continuation(tmp_path: Path) -> None:
    found = [
        Continuation(
            settings=Settings(
                codec=name,
                versions={},
                prompt=digest_prompt(b"prompt"),
                bytes=4,
                seed=0,
                temperature=1.0,
                context=10,
                starts=2,
            ),
            symbols=[1],
            text=text,
            bits=8.0,
            cpu_seconds=1.5,
            method="some",
        )
        for name, text in (("gzip", b"wxyz"), ("ppmd", b"on and"))
    ]
    costs = CrossCosts(["gzip", "ppmd"], [[2.5, 4.0], [6.125, 9.0]])
    made = page(b"the prompt", found, costs, "codelength sample")
    write_page(made, tmp_path / "samples.md")
    text = (tmp_path / "samples.md").read_text()
    assert "```text\nthe prompt\n```" in text
    assert "## gzip\n\n```text\nwxyz\n```" in text
    assert "on and" in text
    assert "2.000" in text  # 8 bits for 4 bytes
    assert "](plots/costs.svg)" in text
    assert (tmp_path / "plots" / "costs.svg").read_bytes().startswith(b"<?xml")


def test_a_codec_charges_for_a_text_what_it_adds_to_the_prompt() -> None:
    seen = b"all that the prompt says is said once more: " * 40
    found = cross_costs([Store(), Gzip()], b"prompt" + seen, [seen[:440], bytes(range(256))])
    assert found.codecs == ["store", "gzip:level=9"]
    (stored, copied), (same, worse) = found.bits
    assert stored == same == 8
    assert copied < 0.2 < 7 < worse < 9


def test_a_page_shows_the_end_of_a_prompt_from_the_beginning_of_a_line() -> None:
    line = b"x" * 80 + b"\n"
    assert end_of(line) == line
    assert end_of(line * 20) == line * (SHOWN // len(line))
    assert end_of(b"x" * 2 * SHOWN) == b"x" * SHOWN
    assert end_of(b"x" * 2 * SHOWN + b"\n") == (b"x" * SHOWN + b"\n")[1:]


def test_continuations_of_old_versions_give_the_figures_of_their_page() -> None:
    folder = Path(__file__).parents[3] / "reports/samples"
    lines = (folder / FILE).read_bytes().splitlines()
    stored = [msgspec.json.decode(line, type=Continuation) for line in lines]
    latest = {one.settings.codec: one for one in stored}
    rows = overview(list(latest.values())).markdown().splitlines()[4:]
    text = (folder / "samples.md").read_text()
    assert len(latest) > 1
    assert all(one.is_complete and to_code_block(one.text) in text for one in latest.values())
    assert all(row in text for row in rows)
