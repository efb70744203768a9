"""The model: its gradient against PyTorch's, its two ways to run, its rows."""

import numpy as np
import pytest

from codelength_exact.recurrent_shape import Shape
from codelength_online.model import Model, begin

SHAPE = Shape(32, 16, 48, 2, orders=(1, 2, 3), rows=64, columns=16)
STREAMS, STEPS = 3, 7


def disordered(seed=5):
    """Parameters none of which is zero, unlike those that a sample begins with."""
    random = np.random.default_rng(seed)
    return {
        name: values + 0.1 * random.standard_normal(values.shape, np.float32)
        for name, values in begin(SHAPE).items()
    }


def model():
    return Model(SHAPE, disordered(), STREAMS, STEPS)


def text(seed=0):
    return np.random.default_rng(seed).integers(0, 256, STREAMS * STEPS).astype(np.uint8)


def test_all_positions_at_once_are_what_one_step_after_the_other_gives():
    at_once, stepping = model(), model()
    for block in range(3):
        symbols = text(block)
        at_once.take(0, symbols)
        rows = at_once.run(0, len(symbols)).copy()
        for start in range(0, len(symbols), STREAMS):
            stop = start + STREAMS
            assert (stepping.run(start, stop) == rows[start:stop]).all()
            stepping.take(start, symbols[start:stop])
        for name, values in at_once.gradient().items():
            assert (values == stepping.gradient()[name]).all()
        at_once.next_block()
        stepping.next_block()


def test_what_a_stream_is_given_does_not_reach_the_others():
    one, other = model(), model()
    symbols = text()
    changed = symbols.copy()
    changed[STREAMS] ^= 1  # the second byte of the first stream
    frequencies = []
    for run, given in ((one, symbols), (other, changed)):
        run.take(0, given)
        frequencies.append(run.run(0, len(given)).reshape(STEPS, STREAMS, 256))
    same = (frequencies[0] == frequencies[1]).all(2)
    assert same[:, 1:].all()
    assert same[:2, 0].all()
    assert not same[2:, 0].any()


def test_frequencies_are_positive_and_sum_to_less_than_the_coder_allows():
    run = model()
    run.take(0, text())
    rows = run.run(0, STREAMS * STEPS)
    assert rows.min() >= 1
    assert rows.sum(1).max() < 1 << 24


def test_the_gradient_is_that_of_pytorch():
    torch = pytest.importorskip("torch")
    from torch.nn import functional

    from codelength_recurrent.recurrent import Block, norm

    torch.set_num_threads(1)
    symbols, run = text(), model()
    run.take(0, symbols)
    run.run(0, len(symbols))
    mine = run.gradient()

    given = {name: torch.tensor(values) for name, values in run.parameters.items()}
    for values in given.values():
        values.requires_grad_()
    looked_up = {name: torch.tensor(rows) for name, rows in run.looked_up.items()}
    stream = functional.embedding(looked_up["byte"][:, 0], given["byte"])
    found = functional.embedding(looked_up["tables"], given["tables"]).flatten(1)
    stream = stream + found @ given["lookup"]
    stream = stream.view(STEPS, STREAMS, -1).transpose(0, 1)
    for layer in range(SHAPE.layers):
        block = Block(SHAPE)
        own = {
            name: given[f"{layer}.{name}"].T if name != "gate" else given[f"{layer}.gate"]
            for name in ("zbg", "gate", "out", "up", "down")
        }
        now, before = own.pop("zbg").chunk(2)
        weights = {"now.weight": now, "before.weight": before, "gate": own.pop("gate")}
        weights |= {f"{name}.weight": values for name, values in own.items()}
        stream = torch.func.functional_call(block, weights, (stream,))
    logits = norm(stream) @ given["head"] + given["bias"]
    data = torch.tensor(symbols.astype(np.int64)).view(STEPS, STREAMS).T
    functional.cross_entropy(logits.flatten(0, 1), data.flatten()).backward()

    for name, rows in looked_up.items():
        by_row = torch.zeros_like(given[name])
        back = torch.tensor(mine.pop(name)).view(*rows.shape, -1)
        by_row.index_add_(0, rows.flatten(), back.flatten(0, 1))
        mine[name] = by_row.numpy()
    assert mine.keys() == given.keys()
    for name, values in given.items():
        right = values.grad.numpy()
        assert np.abs(mine[name] - right).max() < 1e-4 * np.abs(right).max(), name


def test_rows_of_the_tables_are_those_of_the_last_bytes():
    torch = pytest.importorskip("torch")
    from codelength_exact.recurrent_shape import row_numbers

    run, symbols = model(), text()
    run.take(0, symbols)
    run.run(0, len(symbols))
    rows = run.looked_up["tables"].reshape(STEPS, STREAMS, -1)
    stream = torch.tensor(symbols.reshape(STEPS, STREAMS)[:, 1].astype(np.int64)) + 1
    for step in range(3, STEPS):
        last = list(stream[step - 3 : step])
        assert row_numbers(last, SHAPE.orders, SHAPE.rows).tolist() == rows[step, 1].tolist()
