"""The recurrent byte model in floating point, for training.

A block is a gated linear recurrence and an MLP, each behind an RMS norm without weights and
added to the stream. The recurrence sees the current and the previous position; its state follows
r ← r + z·(b − r) with z = sigmoid(·), so its time constants are learned (cf. minGRU, Feng et al.
2024, and Griffin, De et al. 2024). Every matrix product takes a row that a norm or a gate has just
zbg, which is where the exact executor quantises (`exact`).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from codelength_exact.recurrent_shape import BEGIN, Shape, row_numbers
from codelength_recurrent.scan import recurrence

SMALLEST = 1e-6
"""Added to a mean of squares, so that a row of zeros stays one."""


class RecurrentModel(nn.Module):
    """Logits for the next byte. Parameters are named as in the file that `weights` writes."""

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
        """(batch, time) bytes → (batch, time, 256) logits, those at t given the bytes before t."""
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
        """The mean code length of `data` (batch, time), in bits a byte."""
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
    """RMS norm without weights, over the last axis."""
    return functional.rms_norm(x, (x.shape[-1],), eps=SMALLEST)


def rows(inputs: Tensor, shape: Shape) -> Tensor:
    """(batch, time) input symbols → (batch, time, orders).

    A row of the tables for the last n symbols, for each n. Symbols before the beginning count as
    none, which is 0; the rest is itself plus one.
    """
    padded = functional.pad(inputs + 1, (shape.history - 1, 0), value=0)
    last = [padded[:, at : at + inputs.shape[1]] for at in range(shape.history)]
    return row_numbers(last, shape.orders, shape.rows)
