"""The recurrent byte model in floats, with its gradient, the same on every machine."""

from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codelength_exact import kernels as shared
from codelength_exact.constants import frequency_total
from codelength_exact.recurrent_shape import Shape
from codelength_online import kernels
from codelength_online.products import multiply, to_panels

Floats = NDArray[np.float32]
Parameters = dict[str, Floats]

MATRICES = ("lookup", "zbg", "out", "up", "down", "head")
"""Parameters that products take, by the ends of their names."""

ONES = np.ones(256, np.float32)


def begin(shape: Shape) -> Parameters:
    """Return random parameters, the same on every machine.

    Matrices are (inputs, outputs). The outputs of `zbg` are for z, b and g: first what a position
    gives to its own, then what it gives to those of the next position.
    """
    random = np.random.RandomState(1)  # whose numbers never change

    def uniform(rows: int, columns: int, size: float) -> Floats:
        return ((random.random_sample((rows, columns)) * 2 - 1) * size).astype(np.float32)

    width, state, hidden = shape.width, shape.state, shape.hidden
    parameters = {"byte": uniform(257, width, 0.8)}
    parameters["tables"] = np.zeros((len(shape.orders) * shape.rows, shape.columns), np.float32)
    parameters["lookup"] = uniform(shape.looked_up, width, 1 / sqrt(shape.looked_up))
    for layer in range(shape.layers):
        parameters |= {
            f"{layer}.zbg": uniform(width, 6 * state, 1 / sqrt(width)),
            f"{layer}.gate": np.linspace(-5, 1, state).astype(np.float32),
            f"{layer}.out": np.zeros((state, width), np.float32),
            f"{layer}.up": uniform(width, hidden, 1 / sqrt(width)),
            f"{layer}.down": np.zeros((hidden, width), np.float32),
        }
    parameters["head"] = np.zeros((width, 256), np.float32)
    parameters["bias"] = np.zeros(256, np.float32)
    return parameters


class _Norm:
    """The RMS norms of a block's rows, kept for the gradient."""

    def __init__(self, rows: int, width: int) -> None:
        self.out = np.empty((rows, width), np.float32)
        self._inverse = np.empty(rows, np.float32)

    def run(self, x: Floats, at: slice) -> Floats:
        out = self.out[at]
        kernels.normalise(x[at], out, self._inverse[at])
        return out

    def add_gradient(self, grad: Floats, gradient: Floats) -> None:
        """Add to the gradient of the rows what that of their norms comes to."""
        kernels.add_norm_grad(grad, self.out, self._inverse, gradient)


class _Layer:
    """What a layer computes for the positions of a block, kept for the gradient."""

    def __init__(self, shape: Shape, streams: int, rows: int) -> None:
        def room(rows: int, columns: int) -> Floats:
            return np.zeros((rows, columns), np.float32)

        self.norm, self.norm2 = _Norm(rows, shape.width), _Norm(rows, shape.width)
        self.zbg = room(streams + rows, 6 * shape.state)
        self.r = room(streams + rows, shape.state)
        self.z, self.b, self.g, self.s, self.gated = (room(rows, shape.state) for _ in range(5))
        self.up, self.activated = room(rows, shape.hidden), room(rows, shape.hidden)

    def cells(self, at: slice = slice(None), with_before: slice = slice(None)) -> kernels.Cells:
        """Return the arrays of the recurrence at some rows; r also has the step before them."""
        return self.z[at], self.b[at], self.g[at], self.s[at], self.r[with_before]


class Model:
    """A model that codes block after block of up to `steps` bytes of each of `streams` streams."""

    def __init__(self, shape: Shape, parameters: Parameters, streams: int, steps: int) -> None:
        self.shape, self.streams, self.rows = shape, streams, streams * steps
        self.parameters = parameters
        self.past = np.zeros(shape.history * streams + self.rows, np.int64)
        rows = self.rows
        self._orders = np.array(shape.orders, np.int64)
        self._table_rows = np.empty((rows, len(shape.orders)), np.int64)
        self._ngrams = np.empty((rows, shape.looked_up), np.float32)
        self._x = np.empty((rows, shape.width), np.float32)
        self._added = np.empty((rows, shape.width), np.float32)
        self._layers = [_Layer(shape, streams, rows) for _ in range(shape.layers)]
        self._norm = _Norm(rows, shape.width)
        self._logits = np.empty((rows, 256), np.float32)
        self._ones = np.ones(rows, np.float32)
        self._no_escapes = np.zeros(rows, np.int32)
        self.frequencies = np.empty((rows, 256), np.int32)
        self.changed()

    def changed(self) -> None:
        """Prepare the matrices for products again. To be called when parameters have changed."""
        matrices = {n: p for n, p in self.parameters.items() if n.endswith(MATRICES)}
        self._panels = {name: to_panels(matrix) for name, matrix in matrices.items()}
        self._transposed = {name: to_panels(matrix.T) for name, matrix in matrices.items()}

    def run(self, start: int, stop: int) -> NDArray[np.int32]:
        """Return the frequencies (positions, 256) at positions `start` to `stop` of a block.

        The bytes before `stop` must have been taken in.
        """
        at, streams, given = slice(start, stop), self.streams, self.parameters
        x, added, panels = self._x[at], self._added[at], self._panels
        symbols = self.past[: len(self.past) - self.rows - streams + stop]
        tables = self._orders, self.shape.rows, given["byte"], given["tables"]
        kernels.embed(symbols, streams, tables, self._table_rows[at], self._ngrams[at], x)
        multiply(self._ngrams[at], panels["lookup"], added)
        x += added
        for number, layer in enumerate(self._layers):
            with_before = slice(start, stop + streams)
            zbg = layer.zbg[with_before]
            multiply(layer.norm.run(self._x, at), panels[f"{number}.zbg"], zbg[streams:])
            cells = layer.cells(at, with_before)
            kernels.advance_gated(zbg, streams, given[f"{number}.gate"], cells, layer.gated[at])
            multiply(layer.gated[at], panels[f"{number}.out"], added)
            x += added
            multiply(layer.norm2.run(self._x, at), panels[f"{number}.up"], layer.up[at])
            kernels.square_relu(layer.up[at], layer.activated[at])
            multiply(layer.activated[at], panels[f"{number}.down"], added)
            x += added
        logits, out = self._logits[at], self.frequencies[at]
        multiply(self._norm.run(self._x, at), panels["head"], logits)
        scaled = logits, self._ones[at], ONES, given["bias"]
        shared.frequencies(scaled, frequency_total(256), self._no_escapes[at], out)
        return out

    def gradient(self) -> Parameters:
        """Return the gradient of the mean code length of a full block, in nats.

        It has an array for each parameter, of its shape. Only those of "byte" and "tables" are by
        position: (positions, width) and (positions, orders · columns).
        """
        gradients: Parameters = {}
        streams, rows, shape = self.streams, self.rows, self.shape

        def backward(name: str, inputs: Floats, outputs: Floats) -> Floats:
            """Return the gradient of a matrix's inputs; write that of the matrix to `gradients`."""
            gradients[name] = np.empty((inputs.shape[1], outputs.shape[1]), np.float32)
            multiply(inputs.T, to_panels(outputs), gradients[name])
            result = np.empty(inputs.shape, np.float32)
            multiply(outputs, self._transposed[name], result)
            return result

        logits = np.empty((rows, 256), np.float32)
        gradients["bias"] = np.empty(256, np.float32)
        kernels.cross_entropy_grad(self.frequencies, self.symbols, logits, gradients["bias"])
        x = np.zeros((rows, shape.width), np.float32)
        self._norm.add_gradient(backward("head", self._norm.out, logits), x)
        for number, layer in reversed(list(enumerate(self._layers))):
            up = backward(f"{number}.down", layer.activated, x)
            kernels.square_relu_grad(layer.up, up)
            layer.norm2.add_gradient(backward(f"{number}.up", layer.norm2.out, up), x)
            out = backward(f"{number}.out", layer.gated, x)
            zbg = np.empty((rows, 6 * shape.state), np.float32)
            gradients[f"{number}.gate"] = np.empty(shape.state, np.float32)
            gate = gradients[f"{number}.gate"]
            kernels.gated_grad(out, streams, layer.cells(), zbg, gate)
            layer.norm.add_gradient(backward(f"{number}.zbg", layer.norm.out, zbg), x)
        gradients["tables"] = backward("lookup", self._ngrams, x)
        gradients["byte"] = x
        return gradients

    @property
    def symbols(self) -> NDArray[np.int64]:
        """Return the bytes of the block."""
        return self.past[-self.rows :] - 1

    @property
    def looked_up(self) -> dict[str, NDArray[np.int64]]:
        """Return the rows of `byte` and of `tables` that each position has looked up."""
        last = self.past[-self.rows - self.streams : -self.streams]
        return {"byte": last[:, None], "tables": self._table_rows}

    def take(self, at: int, symbols: NDArray[Any]) -> None:
        """Take in bytes from position `at` of the block on."""
        first = len(self.past) - self.rows + at
        self.past[first : first + len(symbols)] = symbols.astype(np.int64) + 1

    def next_block(self) -> None:
        """Begin the next block, after a full one."""
        before = len(self.past) - self.rows
        self.past[:before] = self.past[-before:]
        for layer in self._layers:
            layer.zbg[: self.streams] = layer.zbg[-self.streams :]
            layer.r[: self.streams] = layer.r[-self.streams :]
