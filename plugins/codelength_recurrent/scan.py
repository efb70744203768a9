"""The recurrence r ← r + z·(b − r) over time, with its gradient.

On a CPU one compiled pass over the sequence, elsewhere a scan of two levels made of batched
operations.
"""

from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from codelength.coding.compiled import compiled

Floats: TypeAlias = NDArray[np.float32]

CHUNK = 32
"""Steps that the two-level scan takes in sequence, for all chunks at once."""


def recurrence(z: Tensor, b: Tensor) -> Tensor:
    """Return all states r from r = 0. z, b and r are (batch, time, channels)."""
    if z.device.type == "cpu":
        return _Compiled.apply(z, b)  # type: ignore[no-any-return, no-untyped-call]
    return two_level(z, b)


def two_level(z: Tensor, b: Tensor) -> Tensor:
    """Return the same in CHUNK steps inside all chunks at once, then one step a chunk."""
    batch, time, channels = z.shape
    padding = -time % CHUNK
    keep = torch.nn.functional.pad(1 - z, (0, 0, 0, padding), value=1.0)
    add = torch.nn.functional.pad(z * b, (0, 0, 0, padding))
    keep = keep.view(batch, -1, CHUNK, channels)
    add = add.view(batch, -1, CHUNK, channels)
    kept, states = [keep[:, :, 0]], [add[:, :, 0]]
    for step in range(1, CHUNK):
        kept.append(kept[-1] * keep[:, :, step])
        states.append(states[-1] * keep[:, :, step] + add[:, :, step])
    state, carried = torch.zeros_like(add[:, 0, 0]), []
    for chunk in range(add.shape[1]):
        carried.append(state)
        state = states[-1][:, chunk] + kept[-1][:, chunk] * state
    before = torch.stack(carried, 1)[:, :, None]
    result = torch.stack(states, 2) + torch.stack(kept, 2) * before
    return result.view(batch, -1, channels)[:, :time]


class _Compiled(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, z: Tensor, b: Tensor) -> Tensor:
        z, b = z.float().contiguous(), b.float().contiguous()
        r = torch.empty_like(z)
        _forward(z.numpy(), b.numpy(), r.numpy())
        ctx.save_for_backward(z, b, r)
        return r

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor]:
        z, b, r = ctx.saved_tensors
        dz, db = torch.empty_like(z), torch.empty_like(b)
        grad = grads[0].float().contiguous()
        _backward(grad.numpy(), z.numpy(), b.numpy(), r.numpy(), dz.numpy(), db.numpy())
        return dz, db


@compiled
def _forward(z: Floats, b: Floats, r: Floats) -> None:
    batch, time, channels = z.shape
    for row in range(batch):
        state = np.zeros(channels, np.float32)
        for at in range(time):
            for c in range(channels):
                state[c] += z[row, at, c] * (b[row, at, c] - state[c])
                r[row, at, c] = state[c]


@compiled
def _backward(grad: Floats, z: Floats, b: Floats, r: Floats, dz: Floats, db: Floats) -> None:
    batch, time, channels = z.shape
    for row in range(batch):
        later = np.zeros(channels, np.float32)
        for at in range(time - 1, -1, -1):
            for c in range(channels):
                before = r[row, at - 1, c] if at else np.float32(0)
                now = grad[row, at, c] + later[c]
                db[row, at, c] = z[row, at, c] * now
                dz[row, at, c] = (b[row, at, c] - before) * now
                later[c] = (np.float32(1) - z[row, at, c]) * now
