"""The recurrent byte model in floating point, for training.

A block is a gated linear recurrence and an MLP, each behind an RMS norm without weights and
added to the stream. The recurrence sees the current and the previous position; its state follows
r ← r + z·(b − r) with z = sigmoid(·), so its time constants are learned (cf. minGRU, Feng et al.
2024, and Griffin, De et al. 2024). The input of every matrix product comes from a norm or a gate.
There the exact executor quantises it (`model`).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from codelength_exact.recurrent_shape import BEGIN, Shape, row_numbers
from codelength_recurrent.scan import recurrence
from codelength_recurrent.weights import Weights, of_parameters

SMALLEST = 1e-6
"""Added to a mean of squares, so that a row of zeros stays one."""


class RecurrentModel(nn.Module):
    """Gives logits for the next byte. Parameters are named as in the file of `weights`."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.byte = nn.Embedding(BEGIN + 1, shape.width)
        if shape.orders:
            self.tables = nn.Embedding(len(shape.orders) * shape.rows, shape.columns)
            self.lookup = nn.Linear(shape.looked_up, shape.width, bias=False)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.head = nn.Linear(shape.width, 256, bias=True)
        self._begin()

    def _begin(self) -> None:
        nn.init.normal_(self.byte.weight, std=0.5)
        if self.shape.orders:
            nn.init.normal_(self.tables.weight, std=0.1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, data: Tensor) -> Tensor:
        """Return logits (batch, time, 256) of bytes (batch, time), each from the bytes before."""
        inputs = torch.nn.functional.pad(data.long()[:, :-1], (1, 0), value=BEGIN)
        stream = self.byte(inputs)
        if self.shape.orders:
            ngrams = self.tables(rows(inputs, self.shape)).flatten(2)
            stream = stream + self.lookup(ngrams)
        for block in self.blocks:
            stream = block(stream)
        logits: Tensor = self.head(norm(stream))
        return logits

    def bits(self, data: Tensor) -> Tensor:
        """Return the mean code length of `data` (batch, time), in bits a byte."""
        logits = self(data).float().flatten(0, 1)
        return functional.cross_entropy(logits, data.long().flatten()) / torch.log(
            torch.tensor(2.0)
        )


class Block(nn.Module):
    """A recurrence and an MLP."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        width, state, hidden = shape.width, shape.state, shape.hidden
        self.now = nn.Linear(width, 3 * state, bias=False)
        self.before = nn.Linear(width, 3 * state, bias=False)
        self.gate = nn.Parameter(torch.linspace(-5, 1, state))
        self.out = nn.Linear(state, width, bias=False)
        self.up = nn.Linear(width, hidden, bias=False)
        self.down = nn.Linear(hidden, width, bias=False)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.down.weight)

    def forward(self, stream: Tensor) -> Tensor:
        x = norm(stream)
        zbg = self.now(x)
        zbg = zbg + functional.pad(self.before(x)[:, :-1], (0, 0, 1, 0))
        z, b, g = zbg.chunk(3, -1)
        r = recurrence(torch.sigmoid(z + self.gate), b)
        stream = stream + self.out(r * functional.silu(g))
        hidden: Tensor = self.up(norm(stream))
        added: Tensor = self.down(torch.relu(hidden).square())
        return stream + added


def norm(x: Tensor) -> Tensor:
    """Return the RMS norm of x over its last axis, without weights."""
    return functional.rms_norm(x, (x.shape[-1],), eps=SMALLEST)


def rows(inputs: Tensor, shape: Shape) -> Tensor:
    """Return the row of each table for inputs (batch, time): (batch, time, orders).

    Each symbol counts as itself plus one, and a symbol before the beginning as 0.
    """
    padded = functional.pad(inputs + 1, (shape.history - 1, 0), value=0)
    last = [padded[:, at : at + inputs.shape[1]] for at in range(shape.history)]
    return row_numbers(last, shape.orders, shape.rows)


def initial_weights(shape: Shape, seed: int) -> Weights:
    """Return the quantised weights that training begins with."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        state = RecurrentModel(shape).state_dict()
    return of_parameters(shape, {name: values.numpy() for name, values in state.items()}, {})
