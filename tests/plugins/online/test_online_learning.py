"""What is learned, from sources whose entropy is known."""

import numpy as np
import pytest

from codelength_exact.recurrent_shape import Shape
from codelength_online.coding import encode, frequencies
from codelength_online.learning import MOST, Learning
from codelength_online.model import Model, begin

SHAPE = Shape(32, 16, 48, 1, orders=(1, 2), rows=64, columns=16)


def chain(size, seed=3, states=12):
    """A Markov chain over `states` bytes, and its entropy in bits a byte."""
    random = np.random.default_rng(seed)
    distribution = random.dirichlet(np.full(states, 0.4), states)
    state, data = 0, np.empty(size, np.uint8)
    for at, chance in enumerate(random.random(size)):
        state = min(int(np.searchsorted(distribution[state].cumsum(), chance)), states - 1)
        data[at] = 65 + state
    stationary = np.linalg.matrix_power(distribution, 1000)[0]
    logs = np.log2(distribution, where=distribution > 0, out=np.zeros_like(distribution))
    return data.tobytes(), -float(stationary @ (distribution * logs).sum(1))


def quarters(data):
    """Bits a byte in each quarter of what is coded, which is a quarter of each stream."""
    bits = [
        -np.log2(rows[np.arange(len(rows)), symbols] / rows.sum(1))
        for symbols, rows in frequencies(data)
    ]
    return [float(part.mean()) for part in np.array_split(np.concatenate(bits), 4)]


def test_the_entropy_of_a_markov_chain_is_approached_and_not_undercut():
    data, entropy = chain(40_000)
    bits = quarters(data)
    assert 8 * len(encode(data)) / len(data) == pytest.approx(np.mean(bits), rel=1e-3)
    assert 0.97 * entropy < bits[3] < 1.05 * entropy
    assert bits[0] > 1.1 * entropy


def test_words_in_random_order_cost_ever_less():
    random = np.random.default_rng(4)
    words = [bytes(random.integers(97, 123, length).tolist()) for length in range(3, 13)]
    data = b" ".join(words[n] for n in random.integers(0, 10, 3000))
    entropy = 3000 * np.log2(10) / len(data)
    bits = quarters(data)
    assert bits == sorted(bits, reverse=True)
    assert entropy < bits[3] < 0.5 * bits[0]


def test_weights_stay_within_bounds_whatever_the_gradient_is():
    model = Model(SHAPE, begin(SHAPE), 2, 8)
    learning = Learning(model)
    honest = model.gradient
    for wild in (1e30, -np.inf, np.nan):
        model.take(0, np.arange(16))
        model.run(0, 16)
        gradient = {name: np.full_like(g, wild) for name, g in honest().items()}
        model.gradient = lambda gradient=gradient: gradient
        learning.step()
        model.next_block()
    for values in model.parameters.values():
        assert np.abs(values).max() <= MOST
    assert model.run(0, 2).min() >= 1
