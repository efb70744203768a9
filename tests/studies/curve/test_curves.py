"""Curves of sources whose code length by position is known."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from codelength.api.codec import Codec
from codelength.api.errors import UsageError
from codelength.api.media import Image, Sample
from codelength_controls import Chain, Random, Skewed
from codelength_order2 import Order2Codec
from codelength_stdlib import Store
from codelength_studies.curve.gain import (
    CodecCurves,
    group_curves,
    rates_by_position,
    rates_of_prefixes,
    split_gain,
    worth_of_order,
)
from codelength_studies.curve.measure import (
    edges,
    measure_curve,
    shuffle_bytes,
    take_chunks,
)
from codelength_studies.curve.page import conclusion, gain_table, page
from codelength_studies.curve.records import FILE, Control, Curve, Question
from codelength_studies.page import write_page
from factories import corpus_slice
from oracle_predictor import Chained, Knowing

LENGTH, COUNT = 1024, 40


def curve(
    codec: Codec, corpus: Chain | Random | Skewed, control: Control = "data", length: int = LENGTH
) -> Curve:
    found = measure_curve(
        codec, question(codec, corpus.name, control, length), pieces(corpus, length)
    )
    assert found is not None
    return found


def question(
    codec: Codec, corpus: str, control: Control = "data", length: int = LENGTH
) -> Question:
    return Question(
        codec=codec.spec,
        versions={},
        slice=corpus_slice(corpus),
        control=control,
        length=length,
        chunks=COUNT,
        seed=1,
    )


def pieces(corpus: Chain | Random | Skewed, length: int = LENGTH) -> list[Sample]:
    return take_chunks(corpus.samples(), length, COUNT)


def test_places_are_evenly_apart_in_the_logarithm() -> None:
    assert edges(16) == [0, 1, 2, 3, 4, 6, 8, 11, 16]
    assert edges(20) == [0, 1, 2, 3, 4, 6, 8, 11, 16, 20]
    assert edges(1) == [0, 1]
    assert edges(2048, 64) == [64 * step for step in (0, 1, 2, 3, 4, 6, 8, 11, 16, 23, 32)]
    assert edges(100, 64) == [0, 64]


def test_pieces_come_from_all_over_and_keep_their_geometry() -> None:
    samples = [Sample("a", bytes(range(250))), Sample("b", b"short"), Sample("c", bytes(200))]
    found = take_chunks(samples, 100, 10)
    assert [piece.name for piece in found] == ["a@0", "a@100", "c@0", "c@100"]
    assert found[1].data == bytes(range(100, 200))
    assert [piece.name for piece in take_chunks(samples, 100, 2)] == ["a@0", "c@100"]
    picture = Sample("p", bytes(64 * 32), Image(64, 32))
    assert take_chunks([picture, picture], 2048, 2)[0].media == Image(64, 32)
    with pytest.raises(UsageError, match="fewer than two pieces of 300 bytes"):
        take_chunks(samples, 300, 10)


def test_shuffling_keeps_the_bytes_and_nothing_else() -> None:
    piece = Sample("a", bytes(range(256)))
    mixed = shuffle_bytes(piece, 1, 0)
    assert sorted(mixed.data) == sorted(piece.data)
    assert mixed.data != piece.data
    assert shuffle_bytes(piece, 1, 0) == mixed
    assert shuffle_bytes(piece, 1, 1) != mixed
    assert shuffle_bytes(piece, 2, 0) != mixed


def test_independent_bytes_cost_the_same_everywhere_and_context_adds_nothing() -> None:
    found = curve(Knowing(), Skewed())
    line = rates_by_position(found)
    inside = (line.low <= Skewed.entropy) & (Skewed.entropy <= line.high)
    assert inside.mean() > 0.8  # of intervals of 95 %
    assert (np.abs(line.mean - Skewed.entropy)[line.places > 100] < 0.06).all()
    split = split_gain(found)
    assert split.alone is not None
    assert split.prior is not None
    assert split.context is not None
    assert split.alone.value == pytest.approx(np.mean(found.alone))
    assert split.alone.value == pytest.approx(Skewed.entropy, abs=0.05)
    assert split.prior.value == pytest.approx(8 - split.alone.value)
    assert split.context.holds_zero
    assert split.half is None


def test_of_a_chain_context_is_worth_what_the_first_order_is() -> None:
    found, law = curve(Chained(), Chain()), Chain.distribution
    split = split_gain(found)
    assert split.context is not None
    assert split.alone is not None
    assert split.end.value == pytest.approx(Chain.entropy, abs=0.03)
    # with no context, every letter is charged as if the first one had come before
    first = -np.log2(np.array(law.rows[0]) / 256)
    assert split.alone.value == pytest.approx(float(law.stationary @ first), abs=0.06)
    assert split.context.value == pytest.approx(split.alone.value - split.end.value)
    assert split.half == pytest.approx(rates_by_position(found).places[0], abs=2)
    mixed = curve(Chained(), Chain(), "shuffled bytes")
    assert worth_of_order(found, mixed).low > 0.1


def test_random_bytes_are_worth_nothing_to_anyone() -> None:
    split = split_gain(curve(Order2Codec(), Random()))
    assert split.prior is not None
    assert split.prior.value == pytest.approx(0, abs=1e-9)
    assert split.context is not None
    assert split.context.value < 0  # counts of bytes that say nothing mislead


def test_a_prefix_costs_its_blob() -> None:
    store = curve(Store(), Random())
    line = rates_of_prefixes(store)
    assert line is not None
    overhead = len(Store().encode(b""))
    assert line.places.tolist() == edges(LENGTH)[1:]
    assert line.mean == pytest.approx(8 * (line.places + overhead) / line.places)
    assert rates_by_position(store).mean == pytest.approx(8)
    split = split_gain(store)
    assert split.end.value == pytest.approx(8)
    assert (split.alone, split.prior, split.context, split.half) == (None, None, None, None)


def test_a_predictor_without_weights_has_no_random_ones() -> None:
    codec = Order2Codec()
    asked = question(codec, "iid", "random weights")
    assert measure_curve(codec, asked, pieces(Skewed())) is None


def made(rows: list[list[float]], alone: float, control: Control = "data") -> Curve:
    """Bits at positions 0, 1, 2, 3 for each of some chunks."""
    return Curve(
        question=question(Store(), "made", control, 4),
        chunks=len(rows),
        edges=[0, 1, 2, 4],
        bits=rows,
        alone=[alone] * len(rows),
        prefixes=[1, 2, 4],
        coded=None,
    )


def test_the_split_by_hand() -> None:
    split = split_gain(made([[6, 4, 1], [6, 4, 2]], 6))
    assert split.prior is not None
    assert split.context is not None
    assert (split.end.value, split.prior.value, split.context.value) == (1.5, 2, 4.5)
    assert (split.context.low, split.context.high) == (4, 5)
    # half of 4.5 is there where the cost is 3.75 or less: between bytes 3 and 4
    assert split.half == pytest.approx(np.sqrt(12))


def test_the_conclusion_follows_the_figures() -> None:
    assert conclude(made([[6, 4, 1], [6, 4, 2]], 6)) == (
        "model: on made it knows 2.00 of the 8 bits of a byte beforehand, context takes 4.50 off, "
        "half of that by byte 3, and in the end a byte costs 1.50."
    )
    said = conclude(
        made([[6, 6, 6.1], [6, 6, 5.9]], 6), made([[6, 6, 6], [6, 6, 6]], 6, "shuffled bytes")
    )
    assert "context takes nothing off that could be told from zero, and in the end a byte " in said
    assert "no less than with the bytes shuffled" in said
    said = conclude(made([[9, 9, 9], [9, 9, 9]], 10))
    assert "it expects other bytes, 2.00 bits worse than knowing nothing, context" in said
    assert "context adds 0.500 to the cost" in conclude(made([[9, 9, 9.5], [9, 9, 9.5]], 9))


def conclude(*curves: Curve) -> str:
    (one,) = group_curves(curves)
    return conclusion(CodecCurves("model", one.corpora))


def test_the_page_has_a_plot_a_conclusion_and_the_figures(tmp_path: Path) -> None:
    curves = group_curves(
        curve(codec, Skewed(), control, 256)
        for codec in (Order2Codec(), Store())
        for control in ("data", "shuffled bytes")
    )
    for folder in ("first", "again"):
        made = page(curves, ["png on iid: declined"], "codelength curve")
        write_page(made, tmp_path / folder / "curves.md")
    text = (tmp_path / "first" / "curves.md").read_text()
    for one in curves:
        assert conclusion(one) in text
        assert gain_table(one).markdown() in text
    plots = ["curve-order2-limit-1023.svg", "curve-store.svg"]
    assert sorted(p.name for p in (tmp_path / "first/plots").iterdir()) == plots
    assert all(f"plots/{name}" in text for name in plots)
    assert "png on iid: declined" in text
    first, again = (tmp_path / folder / "plots" / plots[0] for folder in ("first", "again"))
    assert first.read_bytes() == again.read_bytes()


def test_curves_of_old_versions_give_the_figures_of_their_page() -> None:
    folder = Path(__file__).parents[3] / "reports/curves"
    lines = (folder / FILE).read_bytes().splitlines()
    curves = group_curves(msgspec.json.decode(line, type=Curve) for line in lines)
    text = (folder / "curves.md").read_text()
    assert len(curves) == 3
    for one in curves:
        assert conclusion(one) in text
        assert gain_table(one).markdown().split("\n\n")[2] in text
