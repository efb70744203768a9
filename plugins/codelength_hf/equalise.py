"""Brings channels that are far larger or smaller than the others nearer to them.

A few channels of a trained model may be a thousand times as large as the others. What comes before
a channel is divided by a power of two, and what comes after it is multiplied by it: the gain of a
norm and the columns behind it, the rows of a projection and the columns of the next, queries and
keys. In floating point the model is the same to the last bit. In int8 the other channels keep their
bits.

SmoothQuant (Xiao et al., arXiv:2211.10438) takes such factors from activations on some text. Here
activations have 16 bits, enough for any of them, and weights alone say what they need. So the
factors are the same on every machine.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np

from codelength_hf.architecture import Architecture
from codelength_hf.weights import Array, Block, Experts, Floats, Linear, Mlp, Vectors

GRID = np.float64(1 << 30)
"""The largest magnitude of a matrix, where its columns are summed."""

SMALL, LARGE = np.float32(1 / 4), np.float32(32)
"""A channel that is smaller or larger than so many times the middle one is brought to its size. To
enlarge one costs the others nothing; to make one smaller costs it its own bits."""


def equalised(model: Floats, shape: Architecture) -> Floats:
    """Return a model that computes the same, whose blocks are equalised when they are read."""

    def block(i: int) -> Block[Linear]:
        read = model.block(i)
        with suppress(ValueError):  # sizes that do not fit: `weights.check` says which
            return _block(read, shape, i)
        return read

    head, project_out, last_norm = model.head, model.project_out, model.last_norm
    with suppress(ValueError):
        if project_out is not None:
            last_norm, (project_out,) = behind(last_norm, [project_out])
        elif head is not None:
            last_norm, (head,) = behind(last_norm, [head])
    return replace(model, block=block, last_norm=last_norm, head=head, project_out=project_out)


def _block(block: Block[Linear], shape: Architecture, layer: int) -> Block[Linear]:
    block = _queries_and_keys(block, shape, layer)
    block = _values(block, shape)
    if isinstance(block.mlp, Mlp):
        block = replace(block, mlp=_hidden(block.mlp, shape))
    else:
        mlps = [_hidden(mlp, shape) for mlp in block.mlp.mlps]
        shared = None if block.mlp.shared is None else _hidden(block.mlp.shared, shape)
        block = replace(block, mlp=replace(block.mlp, mlps=mlps, shared=shared))
    if shape.parallel and block.mlp_norm is None:
        norm, (qkv, *inputs) = behind(block.attention_norm, [block.qkv, *_inputs(block.mlp)])
        return replace(block, attention_norm=norm, qkv=qkv, mlp=_with_inputs(block.mlp, inputs))
    norm, (qkv,) = behind(block.attention_norm, [block.qkv])
    mlp_norm, inputs = behind(block.mlp_norm, _inputs(block.mlp))
    mlp = _with_inputs(block.mlp, inputs)
    return replace(block, attention_norm=norm, qkv=qkv, mlp_norm=mlp_norm, mlp=mlp)


def _inputs(mlp: Mlp[Linear] | Experts[Linear]) -> list[Linear]:
    """Return the projections that read what an MLP takes in."""
    if isinstance(mlp, Mlp):
        return [mlp.up]
    rest = [mlp.shared.up, mlp.shared_gate] if mlp.shared and mlp.shared_gate else []
    return [mlp.router, *(one.up for one in mlp.mlps), *rest]


def _with_inputs(
    mlp: Mlp[Linear] | Experts[Linear], inputs: Sequence[Linear]
) -> Mlp[Linear] | Experts[Linear]:
    """Return the same with other projections of the input."""
    if isinstance(mlp, Mlp):
        return Mlp(inputs[0], mlp.down)
    count = len(mlp.mlps)
    mlps = [Mlp(up, one.down) for up, one in zip(inputs[1 : count + 1], mlp.mlps, strict=True)]
    if mlp.shared is None or mlp.shared_gate is None:
        return Experts(inputs[0], mlps)
    return Experts(inputs[0], mlps, Mlp(inputs[-2], mlp.shared.down), inputs[-1])


def behind(norm: Vectors | None, linears: list[Linear]) -> tuple[Vectors | None, list[Linear]]:
    """Equalise the columns of projections that read what a norm gives, together."""
    if norm is None:
        return None, linears
    factors = factors_for(np.maximum.reduce([columns_of(linear) for linear in linears]))
    if (factors == 1).all():
        return norm, linears
    scaled = Vectors(norm.gain / factors, norm.bias / factors)
    return scaled, [by_column(linear, factors) for linear in linears]


def _hidden(mlp: Mlp[Linear], shape: Architecture) -> Mlp[Linear]:
    """Equalise what is between the projections of an MLP, if its activation allows that."""
    factors = factors_for(columns_of(mlp.down))
    if shape.gated:  # activation(gate) · up
        rows = np.concatenate([np.ones_like(factors), factors])
    elif shape.activation == "relu":
        rows = factors
    elif shape.activation == "relu2":
        exponents = np.frexp(factors)[1] - 1
        rows = np.ldexp(np.float32(1), exponents // 2).astype(np.float32)
        factors = rows * rows
    else:
        return mlp
    return Mlp(by_row(mlp.up, (1 / rows).astype(np.float32)), by_column(mlp.down, factors))


def _values(block: Block[Linear], shape: Architecture) -> Block[Linear]:
    """Equalise the values of each head, and the columns of the projection behind attention."""
    heads, key_heads, size = shape.heads, shape.key_heads, shape.head_dim
    if shape.clip:
        return block
    by_head = columns_of(block.out).reshape(key_heads, heads // key_heads, size)
    factors = factors_for(by_head.max(1))
    columns = np.repeat(factors[:, None], heads // key_heads, 1).reshape(-1)
    rows = np.ones((heads + 2 * key_heads, size), np.float32)
    rows[heads + key_heads :] = 1 / factors
    qkv = by_row(block.qkv, rows.reshape(-1))
    return replace(block, qkv=qkv, out=by_column(block.out, columns))


def _queries_and_keys(block: Block[Linear], shape: Architecture, layer: int) -> Block[Linear]:
    """Equalise the columns of each head's keys; those that are rotated together alike."""
    heads, key_heads, size = shape.heads, shape.key_heads, shape.head_dim
    group = heads // key_heads
    if shape.clip:
        return block
    norms = block.qk_norms
    if len(norms.gain) == 2 and heads + key_heads > 2:
        keys = _size_of(norms.gain[1:], norms.bias[1:])
    elif len(norms.gain):
        keys = _size_of(norms.gain[heads:], norms.bias[heads:])
    else:
        part = slice(heads * size, (heads + key_heads) * size)
        matrix, bias = block.qkv.matrix[part], block.qkv.bias[part]
        gain = 1 if block.attention_norm is None else block.attention_norm.gain
        # what a norm of about one gives
        lengths = np.abs(matrix * gain).max(1) * np.sqrt(np.float32(shape.width))
        keys = _size_of(lengths, bias).reshape(key_heads, size)
    rotary = shape.attending[layer].rotary
    if rotary is not None:
        half = rotary.columns // 2
        pair = np.maximum(keys[:, :half], keys[:, half : 2 * half])
        keys = np.concatenate([pair, pair, keys[:, 2 * half :]], 1)
    factors = np.stack([factors_for(head) for head in keys])  # keys are divided by 1 / factors
    if len(norms.gain) == 2 and heads + key_heads > 2:
        by = np.concatenate([1 / factors, factors])
        return replace(block, qk_norms=Vectors(norms.gain * by, norms.bias * by))
    by = np.concatenate([np.repeat(1 / factors, group, 0), factors])
    if len(norms.gain):
        return replace(block, qk_norms=Vectors(norms.gain * by, norms.bias * by))
    rows = np.concatenate([by, np.ones((key_heads, size), np.float32)])
    return replace(block, qkv=by_row(block.qkv, rows.reshape(-1)))


def factors_for(sizes: Array) -> Array:
    """Return powers of two that bring sizes beyond SMALL and LARGE to the middle one."""
    ordered = np.sort(sizes[sizes > 0])
    if not len(ordered):
        return np.ones_like(sizes)
    ratio = np.where(sizes > 0, sizes / ordered[len(ordered) // 2], np.float32(1))
    wanted = np.where((ratio > LARGE) | (ratio < SMALL), 1 / ratio, np.float32(1))
    factors: Array = np.ldexp(np.float32(1), np.frexp(wanted)[1] - 1).astype(np.float32)
    return factors


def _size_of(gain: Array, bias: Array) -> Array:
    size: Array = np.abs(gain) + np.abs(bias)
    return size


def columns_of(linear: Linear) -> Array:
    """Return the mean magnitude in each column, summed in integers of a grid.

    The largest would do worse: a single large weight says nothing of its column.
    """
    most = np.float64(max(np.abs(linear.matrix).max(), np.float32(1e-30)))
    whole = np.rint(np.abs(linear.matrix) * (GRID / most)).astype(np.int64)
    mean: Array = (whole.sum(0) * (most / GRID / len(linear.matrix))).astype(np.float32)
    return mean


def by_column(linear: Linear, factors: Array) -> Linear:
    """Return a projection with its columns multiplied."""
    return linear if (factors == 1).all() else Linear(linear.matrix * factors, linear.bias)


def by_row(linear: Linear, factors: Array) -> Linear:
    """Return a projection with its outputs multiplied."""
    if (factors == 1).all():
        return linear
    return Linear(linear.matrix * factors[:, None], linear.bias * factors)
