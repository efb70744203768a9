"""The same integers, whatever the batch, the positions at a time, the threads or the arithmetic."""

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_models import SHAPE, parameters, shapes, weights

from codelength.coding.compiled import compiled
from codelength.testing import check_predictor
from codelength_exact.recurrent_shape import BEGIN, Shape
from codelength_exact.scalars import quantise
from codelength_recurrent.compiled_model import CompiledRecurrent
from codelength_recurrent.model import QuantizedRecurrent
from codelength_recurrent.predictor import RecurrentPredictor, all_positions
from codelength_recurrent.weights import write


@compiled
def quantised(row: np.ndarray, integers: np.ndarray) -> None:
    quantise(row, integers)


MODEL = CompiledRecurrent(weights())

seeds = st.integers(0, 2**32 - 1)


def inputs(data: bytes) -> np.ndarray:
    """What the model takes in to predict `data`."""
    return np.array([BEGIN, *data[:-1]])[None] if data else np.empty((1, 0), int)


def at_once(model: QuantizedRecurrent, data: bytes) -> np.ndarray:
    return model.run(model.begin(1), inputs(data))[0]


def by_steps(model: QuantizedRecurrent, data: bytes) -> np.ndarray:
    state = model.begin(1)
    return np.array([model.run(state, inputs(data)[:, [at]])[0, 0] for at in range(len(data))])


def in_company(model: QuantizedRecurrent, batch: list[bytes]) -> list[np.ndarray]:
    rows: list[list[np.ndarray]] = [[np.empty((0, 256), np.int32)] for _ in batch]
    for stream, block in all_positions(model, [np.frombuffer(data, np.uint8) for data in batch]):
        rows[stream].append(block)
    return [np.concatenate(blocks) for blocks in rows]


@given(shape=shapes(), seed=seeds, data=st.binary(min_size=1, max_size=40))
@settings(max_examples=60, deadline=None)
def test_all_positions_at_once_are_the_same_as_step_by_step(shape, seed, data):
    model = CompiledRecurrent(weights(shape, seed))
    assert (at_once(model, data) == by_steps(model, data)).all()


@given(batch=st.lists(st.binary(max_size=150), min_size=1, max_size=20))
@settings(max_examples=40, deadline=None)
def test_a_stream_is_the_same_among_others_of_any_length(batch):
    for together, data in zip(in_company(MODEL, batch), batch, strict=True):
        assert (together == at_once(MODEL, data)).all()


@given(shape=shapes(), seed=seeds, size=st.sampled_from([0.0, 1e-30, 0.1, 10.0, 1e4]))
@settings(max_examples=60, deadline=None)
def test_frequencies_are_lawful_however_wild_the_weights(shape, seed, size):
    rows = at_once(
        CompiledRecurrent(weights(shape, seed, size)),
        bytes(range(50, 80)),
    )
    assert rows.min() >= 1
    assert rows.sum(1, dtype=np.int64).max() < 1 << 24


def test_equal_logits_give_equal_frequencies():
    rows = at_once(CompiledRecurrent(weights(size=0.0)), b"abc")
    assert (rows == rows[0, 0]).all()
    assert rows.sum(1).min() > 0.999 * (1 << 24)


@given(shape=shapes(), seed=seeds, size=st.sampled_from([0.1, 1.0, 30.0]))
@settings(max_examples=40, deadline=None)
def test_operations_of_torch_give_the_integers_of_the_compiled_loops(shape, seed, size):
    pytest.importorskip("torch")
    from codelength_recurrent.torch_model import TorchRecurrent

    given = weights(shape, seed, size)
    data = bytes(np.random.default_rng(seed).integers(0, 256, 40, np.uint8))
    assert (at_once(TorchRecurrent(given), data) == at_once(CompiledRecurrent(given), data)).all()


def test_products_are_exact_whatever_pytorch_was_told():
    torch = pytest.importorskip("torch")
    from codelength_exact.backend_torch import TorchBackend
    from codelength_hf.backend_torch import TorchTransformerBackend

    before = torch.get_float32_matmul_precision()
    try:
        for arithmetic in (TorchBackend, TorchTransformerBackend):
            torch.set_float32_matmul_precision("medium")
            arithmetic()
            assert torch.get_float32_matmul_precision() == "highest"
    finally:
        torch.set_float32_matmul_precision(before)


def test_an_accelerator_gives_the_integers_of_the_cpu():
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    from codelength_recurrent.torch_model import TorchRecurrent

    there = TorchRecurrent(weights(), "cuda")
    assert (at_once(there, bytes(range(200))) == at_once(MODEL, bytes(range(200)))).all()


def test_the_conformance_kit_finds_nothing_with_other_threads_and_processes(tmp_path):
    path = tmp_path / "model.safetensors"
    write(path, weights(Shape(128, 128, 384, 2, (2, 3), 512, 32)))
    check_predictor(RecurrentPredictor(path))


def test_float_weights_give_nearly_the_same_code_length():
    torch = pytest.importorskip("torch")
    from codelength_recurrent.recurrent import RecurrentModel

    shape = Shape(64, 64, 128, 2, (2, 3), 512, 32)
    model = RecurrentModel(shape)
    model.load_state_dict({k: torch.tensor(v) for k, v in parameters(shape).items()})
    data = np.random.default_rng(3).integers(0, 256, 500).astype(np.uint8)
    with torch.no_grad():
        floats = float(model.bits(torch.from_numpy(data)[None]))
    rows = at_once(CompiledRecurrent(weights(shape)), data.tobytes())
    exact = -np.log2(rows[np.arange(500), data] / rows.sum(1)).mean()
    assert exact == pytest.approx(floats, rel=0.005)


def test_a_row_is_quantised_to_even_at_ties():
    row = np.array([127.0, 0.5, 1.5, 2.5, -0.5, -1.5, -127.0, 3.49], np.float32)
    integers = np.empty(8, np.int8)
    quantised(row, integers)
    assert integers.tolist() == [127, 0, 2, 2, 0, -2, -127, 3]


def test_frequencies_are_the_same_on_every_machine():
    """What blobs depend on; if this changes, no blob made before can be decoded."""
    distribution = at_once(CompiledRecurrent(weights(SHAPE, seed=7)), bytes(range(256)))
    assert (
        hashlib.sha256(distribution.astype("<i4").tobytes()).hexdigest()[:16] == "c5de0c064ff2d797"
    )
