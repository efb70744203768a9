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

MATRICES = ("lookup", "mix", "out", "up", "down", "head")
"""Parameters that products take, by the ends of their names."""

ONES = np.ones(256, np.float32)


def begin(shape: Shape) -> Parameters:
    """Random parameters.

    Matrices are (inputs, outputs); `mix` gives what a position takes of itself and, behind that,
    what the next one takes of it.
    """
    random = np.random.RandomState(1)  # whose numbers never change

    def uniform(rows: int, columns: int, size: float) -> Floats:
        return ((random.random_sample((rows, columns)) * 2 - 1) * size).astype(np.float32)

    width, state, hidden = shape.width, shape.state, shape.hidden
    made = {"byte": uniform(257, width, 0.8)}
    made["tables"] = np.zeros((len(shape.orders) * shape.rows, shape.columns), np.float32)
    made["lookup"] = uniform(shape.looked_up, width, 1 / sqrt(shape.looked_up))
    for layer in range(shape.layers):
        made |= {
            f"{layer}.mix": uniform(width, 6 * state, 1 / sqrt(width)),
            f"{layer}.gate": np.linspace(-5, 1, state).astype(np.float32),
            f"{layer}.out": np.zeros((state, width), np.float32),
            f"{layer}.up": uniform(width, hidden, 1 / sqrt(width)),
            f"{layer}.down": np.zeros((hidden, width), np.float32),
        }
    made["head"] = np.zeros((width, 256), np.float32)
    made["bias"] = np.zeros(256, np.float32)
    return made


class _Norm:
    """Rows, normalised."""

    def __init__(self, rows: int, width: int) -> None:
        self.out = np.empty((rows, width), np.float32)
        self._inverse = np.empty(rows, np.float32)

    def run(self, x: Floats, at: slice) -> Floats:
        out = self.out[at]
        kernels.normalise(x[at], out, self._inverse[at])
        return out

    def add_back(self, back: Floats, gradient: Floats) -> None:
        kernels.add_normalised_back(back, self.out, self._inverse, gradient)


class _Layer:
    """What the positions of a block make of each other in a layer."""

    def __init__(self, shape: Shape, lanes: int, rows: int) -> None:
        def room(rows: int, columns: int) -> Floats:
            return np.zeros((rows, columns), np.float32)

        self.norm, self.norm2 = _Norm(rows, shape.width), _Norm(rows, shape.width)
        self.made = room(lanes + rows, 6 * shape.state)
        self.r = room(lanes + rows, shape.state)
        self.z, self.b, self.g, self.s, self.gated = (room(rows, shape.state) for _ in range(5))
        self.up, self.squared = room(rows, shape.hidden), room(rows, shape.hidden)


class Model:
    """A model that codes block after block of up to `steps` bytes in each of `lanes` lanes."""

    def __init__(self, shape: Shape, parameters: Parameters, lanes: int, steps: int) -> None:
        self.shape, self.lanes, self.rows = shape, lanes, lanes * steps
        self.parameters = parameters
        self.past = np.zeros(shape.history * lanes + self.rows, np.int64)
        rows = self.rows
        self._orders = np.array(shape.orders, np.int64)
        self._table_rows = np.empty((rows, len(shape.orders)), np.int64)
        self._found = np.empty((rows, shape.looked_up), np.float32)
        self._x = np.empty((rows, shape.width), np.float32)
        self._added = np.empty((rows, shape.width), np.float32)
        self._layers = [_Layer(shape, lanes, rows) for _ in range(shape.layers)]
        self._norm = _Norm(rows, shape.width)
        self._logits = np.empty((rows, 256), np.float32)
        self._ones = np.ones(rows, np.float32)
        self._no_escapes = np.zeros(rows, np.int32)
        self.frequencies = np.empty((rows, 256), np.int32)
        self.changed()

    def changed(self) -> None:
        """To be called when parameters have."""
        matrices = {n: p for n, p in self.parameters.items() if n.endswith(MATRICES)}
        self._forth = {name: to_panels(matrix) for name, matrix in matrices.items()}
        self._back = {name: to_panels(matrix.T) for name, matrix in matrices.items()}

    def run(self, start: int, stop: int) -> NDArray[np.int32]:
        """The frequencies at positions `start` to `stop` of a block, `past` being known as far."""
        at, lanes, given = slice(start, stop), self.lanes, self.parameters
        x, added, forth = self._x[at], self._added[at], self._forth
        symbols = self.past[: len(self.past) - self.rows - lanes + stop]
        kernels.embed(
            symbols, lanes, self._orders, self.shape.rows, given["byte"], given["tables"],
            self._table_rows[at], self._found[at], x,
        )  # fmt: skip
        multiply(self._found[at], forth["lookup"], added)
        x += added
        for number, layer in enumerate(self._layers):
            below = slice(start, stop + lanes)
            made = layer.made[below]
            multiply(layer.norm.run(self._x, at), forth[f"{number}.mix"], made[lanes:])
            kernels.gated(
                made, lanes, given[f"{number}.gate"], layer.z[at], layer.b[at], layer.g[at],
                layer.s[at], layer.r[below], layer.gated[at],
            )  # fmt: skip
            multiply(layer.gated[at], forth[f"{number}.out"], added)
            x += added
            multiply(layer.norm2.run(self._x, at), forth[f"{number}.up"], layer.up[at])
            kernels.squared(layer.up[at], layer.squared[at])
            multiply(layer.squared[at], forth[f"{number}.down"], added)
            x += added
        logits, out = self._logits[at], self.frequencies[at]
        multiply(self._norm.run(self._x, at), forth["head"], logits)
        scaled = logits, self._ones[at], ONES, given["bias"]
        shared.frequencies(scaled, frequency_total(256), self._no_escapes[at], out)
        return out

    def gradient(self) -> Parameters:
        """Return the gradient of the mean code length of a full block, in nats.

        It is by parameter; but by position for "byte" (positions, width) and "tables"
        (positions, orders · columns).
        """
        made: Parameters = {}
        lanes, rows, shape = self.lanes, self.rows, self.shape

        def back(name: str, inputs: Floats, outputs: Floats) -> Floats:
            """What comes back to the inputs of a matrix; `made` gets what comes back to it."""
            made[name] = np.empty((inputs.shape[1], outputs.shape[1]), np.float32)
            multiply(inputs.T, to_panels(outputs), made[name])
            result = np.empty(inputs.shape, np.float32)
            multiply(outputs, self._back[name], result)
            return result

        logits = np.empty((rows, 256), np.float32)
        made["bias"] = np.empty(256, np.float32)
        kernels.law_back(self.frequencies, self.symbols, logits, made["bias"])
        x = np.zeros((rows, shape.width), np.float32)
        self._norm.add_back(back("head", self._norm.out, logits), x)
        for number, layer in reversed(list(enumerate(self._layers))):
            up = back(f"{number}.down", layer.squared, x)
            kernels.squared_back(layer.up, up)
            layer.norm2.add_back(back(f"{number}.up", layer.norm2.out, up), x)
            out = back(f"{number}.out", layer.gated, x)
            mix = np.empty((rows, 6 * shape.state), np.float32)
            made[f"{number}.gate"] = np.empty(shape.state, np.float32)
            kernels.gated_back(
                out, lanes, layer.z, layer.b, layer.g, layer.s, layer.r, mix,
                made[f"{number}.gate"],
            )  # fmt: skip
            layer.norm.add_back(back(f"{number}.mix", layer.norm.out, mix), x)
        made["tables"] = back("lookup", self._found, x)
        made["byte"] = x
        return made

    @property
    def symbols(self) -> NDArray[np.int64]:
        """The bytes of the block."""
        return self.past[-self.rows :] - 1

    @property
    def looked_up(self) -> dict[str, NDArray[np.int64]]:
        """Which rows of `byte` and of `tables` each position of the block has taken."""
        last = self.past[-self.rows - self.lanes : -self.lanes]
        return {"byte": last[:, None], "tables": self._table_rows}

    def take(self, at: int, symbols: NDArray[Any]) -> None:
        """Takes in bytes from position `at` of the block on."""
        first = len(self.past) - self.rows + at
        self.past[first : first + len(symbols)] = symbols.astype(np.int64) + 1

    def next_block(self) -> None:
        """Goes on behind a full block."""
        before = len(self.past) - self.rows
        self.past[:before] = self.past[-before:]
        for layer in self._layers:
            layer.made[: self.lanes] = layer.made[-self.lanes :]
            layer.r[: self.lanes] = layer.r[-self.lanes :]
