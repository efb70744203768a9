"""Shapes: by name, by a number of parameters, part by part."""

import pytest

pytest.importorskip("torch")

from codelength import UsageError
from codelength_recurrent.sizes import SHAPES
from codelength_train import sizes
from codelength_train.recurrent import count


def by_hand(shape):
    """Parameters of a recurrent model without tables, counted from its description."""
    embedding, head = 257 * shape.width, 257 * shape.width + (256 - shape.width)
    recurrence = 7 * shape.state * shape.width + shape.state
    return embedding + head + shape.layers * (recurrence + 2 * shape.hidden * shape.width)


@pytest.mark.parametrize("text", ["10k", "30k", "100k", "300K", "1m", "3.0M", "20000"])
def test_a_number_of_parameters_is_met_within_a_tenth(text):
    number = text.lower().replace("k", "e3").replace("m", "e6")
    shape = sizes.recurrent(text, {}, count)
    assert count(shape) == by_hand(shape)
    assert count(shape) == pytest.approx(float(number), rel=0.1)


def test_larger_numbers_are_wider_or_deeper():
    ladder = [sizes.recurrent(text, {}, count) for text in ("10k", "30k", "100k", "300k", "1m")]
    assert [shape.layers for shape in ladder] == [1, 1, 2, 2, 3]
    assert sorted(map(count, ladder)) == [count(shape) for shape in ladder]


def test_parts_replace_those_of_the_size():
    assert sizes.recurrent("0.2m", {}, count) == SHAPES["0.2m"]
    shape = sizes.recurrent("0.2m", {"layers": 3, "rows": 64}, count)
    assert (shape.layers, shape.rows, shape.width) == (3, 64, 96)
    shape = sizes.recurrent("0.2m", {"width": 32}, count)
    assert (shape.width, shape.state, shape.hidden) == (32, 32, 96)


def test_published_transformers_have_about_the_published_parameters():
    pytest.importorskip("transformers")
    from codelength_train.transformer import count

    for name, published in [("0.2m", 0.2e6), ("0.8m", 0.8e6), ("3.2m", 3.2e6)]:
        shape = sizes.transformer(name, {}, count)
        norms = (2 * shape.layers + 1) * shape.width
        block = 4 * shape.width**2 + 3 * shape.width * shape.hidden
        assert count(shape) == 2 * 257 * shape.width + shape.layers * block + norms
        assert count(shape) == pytest.approx(published, rel=0.2)
    assert count(sizes.transformer("30k", {}, count)) == pytest.approx(30_000, rel=0.1)
    assert sizes.transformer("30k", {"width": 48, "heads": 3}, count).heads == 3


def test_what_is_no_size_is_told_what_is():
    with pytest.raises(UsageError, match=r"no recurrent of size 'big'; there are 0\.2m, 0\.9m, 3"):
        sizes.recurrent("big", {}, count)


def test_heads_have_an_even_number_of_columns():
    with pytest.raises(UsageError, match="width 64 cannot have 3 heads"):
        sizes.TransformerShape(64, 3, 176, 4)
