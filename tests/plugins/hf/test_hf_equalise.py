"""Channels 2000 times as large as the others cost next to nothing, in every family."""

from dataclasses import replace

import hf_families as families
import hf_models as models
import numpy as np
import pytest
import torch
from test_hf_exact import distributions

from codelength_hf.architecture import Architecture
from codelength_hf.backend_numba import NumbaTransformerBackend
from codelength_hf.backend_torch import TorchTransformerBackend
from codelength_hf.checkpoint import Checkpoint
from codelength_hf.equalise import equalised
from codelength_hf.families import read_architecture
from codelength_hf.reading import Reader, read_weights
from codelength_hf.transformer import QuantizedTransformer
from codelength_hf.weights import Block, Floats, Linear, Mlp, Vectors

WINDOW = 64
TIMES = np.float32(2048)


def by(size: int, *channels: int) -> np.ndarray:
    """One for every channel but a few: half of these large, half small."""
    factors = np.ones(size, np.float32)
    for n, channel in enumerate(channels):
        factors[channel % size] = TIMES if n % 2 == 0 else 1 / TIMES
    return factors


def after(norm: Vectors | None, linear: Linear) -> tuple[Vectors | None, Linear]:
    if norm is None:
        return None, linear
    factors = by(norm.gain.size, 5, 11)
    return Vectors(norm.gain * factors, norm.bias * factors), columns(linear, 1 / factors)


def columns(linear: Linear, factors: np.ndarray) -> Linear:
    return Linear(linear.matrix * factors, linear.bias)


def rows(linear: Linear, factors: np.ndarray) -> Linear:
    return Linear(linear.matrix * factors[:, None], linear.bias * factors)


def with_outliers(block: Block[Linear], shape: Architecture) -> Block[Linear]:
    """The same block in floating point."""
    heads, key_heads, size = shape.heads, shape.key_heads, shape.head_dim
    shares_norm = shape.parallel and block.mlp_norm is None
    if not shares_norm:
        norm, qkv = after(block.attention_norm, block.qkv)
        block = replace(block, attention_norm=norm, qkv=qkv)
    if not shape.clip:
        factors = by(size, 3, 6)
        where = np.ones((heads + 2 * key_heads, size), np.float32)
        where[heads + key_heads :] = factors
        if not len(block.qk_norms.gain):
            first = by(size, 1, 2)
            half = size // 2
            first[half:] = first[:half]  # those that are rotated together
            where[:heads], where[heads : heads + key_heads] = 1 / first, first
            rotary = shape.attending[0].rotary
            if rotary is not None and rotary.columns != size:
                where[: heads + key_heads] = 1
        out = columns(block.out, np.tile(1 / factors, heads))
        block = replace(block, qkv=rows(block.qkv, where.reshape(-1)), out=out)
    if isinstance(block.mlp, Mlp):
        mlp = block.mlp
        hidden = by(mlp.down.matrix.shape[1], 4, 9)
        if shape.gated:
            up = rows(mlp.up, np.concatenate([np.ones_like(hidden), hidden]))
            mlp = Mlp(up, columns(mlp.down, 1 / hidden))
        if not shares_norm:
            norm, up = after(block.mlp_norm, mlp.up)
            block, mlp = replace(block, mlp_norm=norm), Mlp(up, mlp.down)
        block = replace(block, mlp=mlp)
    return block


def planted(model: Floats, shape: Architecture) -> Floats:
    last, head = model.last_norm, model.head
    if head is not None and model.project_out is None:
        last, head = after(last, head)
    return replace(
        model,
        block=lambda i: with_outliers(model.block(i), shape),
        last_norm=last,
        head=head,
    )


@pytest.mark.parametrize("case", families.ALL)
def test_outliers_of_2048_times_cost_at_most_half_a_percent(tmp_path, case):
    made = families.made(*families.ALL[case])
    checkpoint = Checkpoint(models.save(made, tmp_path))
    shape = read_architecture(checkpoint.config)
    tokens = np.random.default_rng(0).integers(0, families.VOCABULARY, (2, WINDOW))
    with torch.no_grad():
        logits = made(torch.tensor(tokens), use_cache=False).logits.double()
    expected = torch.softmax(logits, -1).numpy()
    entropy = -(expected * np.log2(expected)).sum()

    def loss(model: Floats, wide: bool) -> float:
        read = (equalised(model, shape) if wide else model).quantised(shape)
        run = QuantizedTransformer(read, WINDOW, NumbaTransformerBackend(wide))
        found = distributions(run, tokens, at_once=WINDOW)
        found = found / found.sum(-1, keepdims=True)
        return float((expected * np.log2(expected / found)).sum() / entropy)

    reader = Reader(shape.family, checkpoint.tensor, checkpoint.names, architecture=shape)
    plain = planted(reader.model(), shape)
    print(f"{case}: {100 * loss(plain, wide=False):+.2f}% plain", end=", ")
    print(f"{100 * loss(plain, wide=True):+.3f}% equalised, 16 bits")
    assert loss(plain, wide=True) < 0.005


@pytest.mark.parametrize("case", ["llama", "qwen2", "olmoe"])
def test_an_equalised_model_is_the_same_on_both_arithmetics(tmp_path, case):
    made = families.made(*families.ALL[case])
    checkpoint = Checkpoint(models.save(made, tmp_path))
    shape = read_architecture(checkpoint.config)
    model = planted(
        Reader(shape.family, checkpoint.tensor, checkpoint.names, architecture=shape).model(), shape
    )
    read = equalised(model, shape).quantised(shape)
    tokens = np.random.default_rng(1).integers(0, families.VOCABULARY, (2, 20))
    one = QuantizedTransformer(read, WINDOW, NumbaTransformerBackend(wide=True))
    other = QuantizedTransformer(read, WINDOW, TorchTransformerBackend(wide=True))
    whole = distributions(one, tokens, at_once=20)
    assert np.array_equal(whole, distributions(one, tokens, at_once=1))
    assert np.array_equal(whole, distributions(other, tokens, at_once=20))


def test_weights_without_outliers_stay_as_they_are(tmp_path):
    checkpoint = Checkpoint(models.save(models.model("llama"), tmp_path))
    shape = read_architecture(checkpoint.config)
    plain, wide = (
        read_weights(shape, checkpoint.tensor, checkpoint.names, one) for one in (False, True)
    )
    for array, other in zip(plain.arrays(), wide.arrays(), strict=True):
        assert np.array_equal(array, other)
