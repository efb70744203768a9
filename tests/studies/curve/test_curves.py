"""Curves of sources whose code length by position and in each context is known."""

from collections import Counter
from pathlib import Path

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
    cost_in,
    gain_over,
    group_curves,
    learned_by_kept,
    rates_by_position,
    rates_of_prefixes,
)
from codelength_studies.curve.measure import Target, edges, measure_curve
from codelength_studies.curve.page import conclusion, gain_tables, page
from codelength_studies.curve.pieces import (
    Piece,
    choose_foreign,
    draw_surrogate,
    shuffle_bytes,
    take_pieces,
)
from codelength_studies.curve.records import (
    DATA,
    EMPTY,
    FILE,
    FOREIGN,
    INITIAL,
    LAST,
    NONE,
    OWN,
    SHUFFLED,
    SURROGATE,
    UNIGRAM,
    Curve,
    Question,
)
from codelength_studies.journal import StudyJournal
from codelength_studies.page import write_page
from factories import corpus_slice
from oracle_predictor import Chained, Counted, Knowing

LENGTH, COUNT = 1024, 40


def curve(
    codec: Codec, corpus: Chain | Random | Skewed, control: str = DATA, length: int = LENGTH
) -> Curve:
    found = measure_curve(
        codec, question(codec, corpus.name, control, length), pieces(corpus, length)
    )
    assert found is not None
    return found


def question(codec: Codec, corpus: str, control: str = DATA, length: int = LENGTH) -> Question:
    return Question(
        codec=codec.spec,
        versions={},
        slice=corpus_slice(corpus),
        control=control,
        length=length,
        chunks=COUNT,
        seed=1,
        last=16,
        order=2,
    )


def pieces(corpus: Chain | Random | Skewed, length: int = LENGTH) -> list[Piece]:
    return take_pieces(corpus.samples(), length, COUNT)


def test_places_are_evenly_apart_in_the_logarithm() -> None:
    assert edges(16) == [0, 1, 2, 3, 4, 6, 8, 11, 16]
    assert edges(20) == [0, 1, 2, 3, 4, 6, 8, 11, 16, 20]
    assert edges(1) == [0, 1]
    assert edges(2048, 64) == [64 * step for step in (0, 1, 2, 3, 4, 6, 8, 11, 16, 23, 32)]
    assert edges(100, 64) == [0, 64]


def test_pieces_come_from_all_over_and_keep_their_geometry() -> None:
    samples = [Sample("a", bytes(range(250))), Sample("b", b"short"), Sample("c@7", bytes(200))]
    found = take_pieces(samples, 100, 10)
    assert [piece.sample.name for piece in found] == ["a@0", "a@100", "c@7@0", "c@7@100"]
    assert [piece.cluster for piece in found] == [0, 0, 1, 1]
    assert found[1].data == bytes(range(100, 200))
    assert [piece.sample.name for piece in take_pieces(samples, 100, 2)] == ["a@0", "c@7@100"]
    picture = Sample("p@32,0", bytes(64 * 32), Image(64, 32))
    both = take_pieces([picture, Sample("p@0,64", picture.data, picture.media)], 2048, 2)
    assert both[0].sample.media == Image(64, 32)
    assert [piece.cluster for piece in both] == [0, 0]
    with pytest.raises(UsageError, match="fewer than two pieces of 300 bytes"):
        take_pieces(samples, 300, 10)


def test_a_foreign_piece_is_of_another_file_where_there_is_one() -> None:
    assert choose_foreign([0, 0, 0, 0]) == [2, 3, 0, 1]
    assert choose_foreign([0, 0, 0, 1]) == [3, 3, 3, 1]
    assert all(n != other for n, other in enumerate(choose_foreign([0] * 5)))


def test_the_target_is_the_second_half_in_whole_frames_without_its_first_bytes() -> None:
    assert Target.of(2048, 1, 16) == Target(1024, 1040, 16)
    assert Target.of(2048, 64, 16) == Target(1024, 1088, 64)
    assert Target.of(1000, 64, 16) == Target(448, 512, 64)
    with pytest.raises(UsageError, match="pieces of 60 bytes are too short"):
        Target.of(60, 1, 16)


def test_shuffling_keeps_the_bytes_and_nothing_else() -> None:
    piece = Sample("a", bytes(range(256)))
    mixed = shuffle_bytes(piece, 1, 0)
    assert sorted(mixed.data) == sorted(piece.data)
    assert mixed.data != piece.data
    assert shuffle_bytes(piece, 1, 0) == mixed
    assert shuffle_bytes(piece, 1, 1) != mixed
    assert shuffle_bytes(piece, 2, 0) != mixed


@pytest.mark.parametrize("order", [0, 1, 2, 3])
def test_a_surrogate_has_every_run_as_often(order: int) -> None:
    (piece, *_) = pieces(Chain())
    drawn = draw_surrogate(piece.sample, order, 1, 0)

    def runs(data: bytes, size: int) -> Counter[bytes]:
        return Counter(data[i : i + size] for i in range(len(data) - size + 1))

    assert runs(bytes(drawn.data), order + 1) == runs(piece.data, order + 1)
    assert runs(bytes(drawn.data), order + 4) != runs(piece.data, order + 4)
    assert draw_surrogate(piece.sample, order, 1, 0) == drawn
    assert draw_surrogate(piece.sample, order, 2, 0) != drawn
    for tiny in (b"", b"a", b"ab", b"aaaa"):
        assert draw_surrogate(Sample("a", tiny), order, 1, 0).data in (tiny, b"ba")


def test_independent_bytes_cost_the_same_everywhere_and_in_every_context() -> None:
    found = curve(Knowing(), Skewed())
    line = rates_by_position(found)
    inside = (line.low <= Skewed.entropy) & (Skewed.entropy <= line.high)
    assert inside.mean() > 0.8  # of intervals of 95 %
    assert (np.abs(line.mean - Skewed.entropy)[line.places > 100] < 0.06).all()
    for context in (NONE, UNIGRAM, LAST, EMPTY, FOREIGN, OWN):
        cost = cost_in(found, context)
        assert cost is not None
        assert cost.value == pytest.approx(Skewed.entropy, abs=0.06)
        assert gain_over(found, context).value == pytest.approx(0, abs=1e-4)


def test_of_a_chain_one_byte_of_context_is_worth_what_the_first_order_is() -> None:
    found, chain = curve(Chained(), Chain()), Chain.distribution
    costs = {name: cost_in(found, name) for name in (NONE, UNIGRAM, LAST, FOREIGN, OWN)}
    values = {name: cost.value for name, cost in costs.items() if cost is not None}
    assert values[OWN] == pytest.approx(Chain.entropy, abs=0.03)
    # with no context, every letter is charged as if the first one had come before
    stationary = np.array(chain.stationary)
    first = -np.log2(np.array(chain.rows[0]) / 256)
    assert values[NONE] == pytest.approx(float(stationary @ first), abs=0.06)
    # the unigram over other pieces is the stationary distribution
    assert values[UNIGRAM] == pytest.approx(-float(stationary @ np.log2(stationary)), abs=0.03)
    # a model that cannot adapt gains nothing by what came before its last byte
    for context in (LAST, EMPTY, FOREIGN):
        gain = gain_over(found, context)
        assert (gain.value, gain.low, gain.high) == (0, 0, 0)
    line = learned_by_kept(found)
    assert line is not None
    assert not line.mean.any()
    assert "it does not adapt" in conclusion(CodecCurves("model", group_curves([found])[0].corpora))


SHARE, FILES, SIZE, KEPT = 0.9, 40, 512, 16


def documents() -> list[Sample]:
    """Files of two letters; in the first half of the files one letter is rare, then the other."""
    random = np.random.default_rng(5)
    shares = [SHARE] * (FILES // 2) + [1 - SHARE] * (FILES // 2)
    return [
        Sample(f"file{n}", bytes(np.where(random.random(SIZE) < share, 97, 98).astype(np.uint8)))
        for n, share in enumerate(shares)
    ]


def counts_of(trials: int, share: float) -> np.ndarray:
    """(trials + 1,): the distribution of how often the letter comes."""
    chances = np.ones(1)
    for _ in range(trials):
        chances = np.convolve(chances, [1 - share, share])
    return chances


def expected_cost(before: float | None) -> float:
    """What the estimator of Krichevsky and Trofimov costs in the target, by exact sums.

    The share of the letter in the first half of the piece is `before`; None leaves that half out.
    """
    half, costs = SIZE // 2, []
    first = np.ones(1) if before is None else counts_of(half, before)
    for own in range(KEPT, half):
        chances = np.convolve(first, counts_of(own, SHARE))
        seen = len(chances) - 1
        bits = -np.log2((2 * np.arange(seen + 1) + 1) / (2 * seen + 2))
        other = bits[::-1]
        costs.append(chances @ (SHARE * bits + (1 - SHARE) * other))
    return float(np.mean(costs))


def test_an_adaptive_source_gets_the_gain_that_was_planted() -> None:
    asked = question(Counted(), "planted", DATA, SIZE)
    found = measure_curve(Counted(), asked, take_pieces(documents(), SIZE, FILES))
    assert found is not None
    for context, before in ((OWN, SHARE), (FOREIGN, 1 - SHARE), (EMPTY, None)):
        cost = cost_in(found, context)
        assert cost is not None
        assert cost.value == pytest.approx(expected_cost(before), abs=0.02)
    gain, planted = gain_over(found, FOREIGN), expected_cost(1 - SHARE) - expected_cost(SHARE)
    assert planted > 0.3
    assert gain.low <= planted <= gain.high
    assert gain.high - gain.low < 0.1 * planted
    line = learned_by_kept(found)
    assert line is not None
    assert line.mean[0] > 2 * line.mean[-1] > 0
    assert "it adapts: a byte costs" in conclusion(group_curves([found])[0])


def test_intervals_draw_files_where_there_are_ten() -> None:
    half = take_pieces(documents(), SIZE // 2, 2 * FILES)
    spread = []
    for clusters in ([piece.cluster for piece in half], list(range(len(half))), [0] * len(half)):
        again = [Piece(p.sample, cluster) for p, cluster in zip(half, clusters, strict=True)]
        found = measure_curve(Counted(), question(Counted(), "planted", DATA, SIZE // 2), again)
        assert found is not None
        cost = cost_in(found, OWN)
        assert cost is not None
        spread.append(cost.high - cost.low)
    assert spread[0] != spread[1]
    assert spread[1] == spread[2]  # of one file, pieces are drawn


def test_random_bytes_are_worth_nothing_to_anyone() -> None:
    found = curve(Order2Codec(), Random())
    cost, gain = cost_in(found, NONE), gain_over(found, FOREIGN)
    assert cost is not None
    assert cost.value == pytest.approx(8, abs=1e-9)
    assert gain.low <= 0 <= gain.high
    assert gain_over(found, NONE).value < 0  # counts of bytes that say nothing mislead


def test_a_prefix_costs_its_blob() -> None:
    store = curve(Store(), Random())
    line = rates_of_prefixes(store)
    assert line is not None
    overhead = len(Store().encode(b""))
    assert line.places.tolist() == edges(LENGTH)[1:]
    assert line.mean == pytest.approx(8 * (line.places + overhead) / line.places)
    assert rates_by_position(store).mean == pytest.approx(8)
    for context in (LAST, EMPTY, FOREIGN, OWN):
        cost = cost_in(store, context)
        assert cost is not None
        assert cost.value == pytest.approx(8)
    assert cost_in(store, NONE) is cost_in(store, UNIGRAM) is None
    assert learned_by_kept(store) is None


def test_a_predictor_without_weights_has_none_before_training() -> None:
    codec = Order2Codec()
    assert measure_curve(codec, question(codec, "iid", INITIAL), pieces(Skewed())) is None


def made(control: str = DATA, **contexts: list[float]) -> Curve:
    """A curve with these costs by context, a figure for each piece."""
    named = {name.replace("_", " "): costs for name, costs in contexts.items()}
    return Curve(
        question=question(Store(), "made", control, 4),
        chunks=len(named[OWN]),
        edges=[0, 1, 2, 4],
        bits=None,
        prefixes=[1, 2, 4],
        coded=None,
        contexts=named,
    )


def conclude(*curves: Curve) -> str:
    (one,) = group_curves(curves)
    return conclusion(CodecCurves("model", one.corpora))


def test_the_conclusion_follows_the_figures() -> None:
    equal, more = [2.0, 3.0], [2.5, 3.7]
    data = made(own=equal, foreign_before=more, empty_before=more)
    assert conclude(data) == (
        "model: on made it adapts: a byte costs 2.50 in its own context, 0.600 [0.500, 0.700] less "
        "than in a foreign one of equal length."
    )
    mixed = made(SHUFFLED, own=equal, foreign_before=equal, empty_before=equal)
    assert "equal length (that is 0.000 with the bytes shuffled)." in conclude(data, mixed)
    assert "it does not adapt, as far as these data tell" in conclude(
        made(own=equal, foreign_before=[2.5, 2.5], empty_before=more)
    )
    assert "it does not adapt: its own context costs 0.600 [0.500, 0.700] bits a byte more" in (
        conclude(made(own=more, foreign_before=equal, empty_before=more))
    )
    assert "it hardly adapts" in conclude(
        made(own=equal, foreign_before=[2.01, 3.02], empty_before=more)
    )
    assert conclude(made(own=more, foreign_before=more, empty_before=equal)).endswith(
        "and an empty one would cost 0.600 less than its own."
    )


def test_the_page_has_a_plot_a_conclusion_and_the_figures(tmp_path: Path) -> None:
    curves = group_curves(
        curve(codec, Skewed(), control, 256)
        for codec in (Order2Codec(), Store())
        for control in (DATA, SHUFFLED, SURROGATE)
    )
    for folder in ("first", "again"):
        made = page(curves, ["png on iid: declined"], "codelength curve")
        write_page(made, tmp_path / folder / "curves.md")
    text = (tmp_path / "first" / "curves.md").read_text()
    for one in curves:
        assert conclusion(one).replace("[", r"\[") in text
        for table in gain_tables(one):
            assert table.markdown() in text
    plots = ["curve-order2-limit-1023.svg", "curve-store.svg"]
    assert sorted(p.name for p in (tmp_path / "first/plots").iterdir()) == plots
    assert all(f"plots/{name}" in text for name in plots)
    assert "png on iid: declined" in text
    first, again = (tmp_path / folder / "plots" / plots[0] for folder in ("first", "again"))
    assert first.read_bytes() == again.read_bytes()


def test_records_of_old_versions_are_read_and_answer_no_question(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(OLD)
    with StudyJournal(tmp_path, FILE, [Curve]) as journal:
        assert journal.find(Curve, made(own=[1.0]).key) is None


OLD = (
    b'{"asked":{"codec":"x","versions":{},"cut":{"corpus":"c","protocol":"paper","kind":"text",'
    b'"samples":1,"bytes":4,"digest":"d"},"control":"random weights","length":4,"chunks":2,'
    b'"seed":0},"chunks":2,"edges":[0,1,2,4],"bits":[[1,2,3],[1,2,3]],"alone":[1,1],'
    b'"prefixes":[1,2,4],"coded":null}\n'
)
