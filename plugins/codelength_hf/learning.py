"""What a model learns from the text that it codes: a matrix that corrects what its head reads.

The head reads x + x · matrix. The matrix begins as zeros. After each block of positions both sides
take a gradient step on what was coded (Adagrad). Nothing else of the model changes, so the layers
below still run over all positions at once.

Every sum has a fixed order or is of integers, and no product is fused with a sum: the result is the
same on every machine.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from codelength.coding.compiled import compiled
from codelength.coding.range_coder import IntArray
from codelength_exact.kernels import CpuRows, FloatArray
from codelength_hf.quantized_model import QuantizedModel

BLOCK = 16
"""Positions between two steps."""

RATE = 0.115
"""The learning rate, times the width of the model."""

SHARE_BITS, UNIT_BITS = 16, 12
"""Bits of a probability, and of the scale of a token's row, in a gradient."""

LEAST = 8
"""Tokens with a probability of less than LEAST · 2^-SHARE_BITS add nothing to a gradient."""

TINY = np.float32(1e-20)
"""Stands for a sum of squares that is zero."""


class HeadLearning:
    """What the head of a model learns in some streams that are at the same position."""

    def __init__(self, model: QuantizedModel[Any, Any], streams: int = 1) -> None:
        self._model = model
        self._values, scales = model.head_rows
        self._units = np.rint(scales * (np.float32(1 << UNIT_BITS) / scales.max())).astype(np.int64)
        width = self._values.shape[1]
        self._rate = np.float32(RATE / width)
        self._matrix = np.zeros((streams, width, width), np.float32)
        self._squares = np.zeros((streams, width, width), np.float32)
        self._inputs = np.zeros((streams, BLOCK, width), np.float32)
        self._gradients = np.zeros((streams, BLOCK, width), np.float32)
        self._at = 0

    @property
    def remembers(self) -> int:
        """Return the bytes of memory for each stream."""
        width: int = self._values.shape[1]
        return 8 * width * (width + BLOCK)

    def keep(self, streams: int) -> None:
        """Forget all but the first `streams`."""
        self._matrix, self._squares = self._matrix[:streams], self._squares[:streams]
        self._inputs, self._gradients = self._inputs[:streams], self._gradients[:streams]

    def correct(self, rows: CpuRows) -> CpuRows:
        """Return corrected rows (streams · time, width); the time does not go beyond a block."""
        values, scales = rows
        streams, width = len(self._matrix), values.shape[1]
        x = (values * scales[:, None]).reshape(streams, -1, width)
        self._inputs[:, self._at : self._at + x.shape[1]] = x
        out = np.empty_like(x)
        add_products(x, self._matrix, out)
        return self._model.quantise(out.reshape(-1, width))

    def learn(self, frequencies: IntArray, symbols: IntArray, precision: int) -> None:
        """Learn symbols (streams, time) that had these frequencies (streams · time, alphabet)."""
        streams, time = symbols.shape
        out = self._gradients[:, self._at : self._at + time]
        known = np.ascontiguousarray(symbols, np.int64)
        shift = precision - SHARE_BITS
        rows = np.asarray(frequencies, np.int32).reshape(streams, time, -1)
        write_gradients(rows, known, shift, self._values, self._units, out)
        self._at += time
        if self._at == BLOCK:
            self._at = 0
            update(self._inputs, self._gradients, self._rate, self._matrix, self._squares)

    def frequencies(
        self,
        rows: CpuRows,
        escape: NDArray[np.int32],
        escapes: int,
        precision: int,
        given: IntArray,
    ) -> NDArray[np.int32]:
        """Return the frequencies at the next positions of one stream, and learn what is there.

        Args:
            rows: (positions, width), what `run` gave.
            escape: As in `QuantizedModel.frequencies`; `escapes` and `precision`, too.
            given: (positions,), the symbols that come.
        """
        done, start = [], 0
        while start < len(given):
            stop = min(start + BLOCK - self._at, len(given))
            values, scales = rows
            part = self.correct((values[start:stop], scales[start:stop]))
            done.append(self._model.frequencies(part, escape[start:stop], escapes, precision))
            self.learn(done[-1], given[None, start:stop], precision)
            start = stop
        return done[0] if len(done) == 1 else np.concatenate(done)


@compiled
def add_products(x: FloatArray, matrix: FloatArray, out: FloatArray) -> None:
    """Write x + x · matrix to out: (streams, time, width) by (streams, width, width)."""
    streams, time, width = x.shape
    for s in range(streams):
        for t in range(time):
            to = out[s, t]
            to[:] = x[s, t]
            for k in range(width):
                by, row = x[s, t, k], matrix[s, k]
                for c in range(width):
                    to[c] += by * row[c]


@compiled
def write_gradients(
    frequencies: NDArray[np.int32],
    symbols: NDArray[np.int64],
    shift: int,
    values: NDArray[np.int8],
    units: NDArray[np.int64],
    out: FloatArray,
) -> None:
    """Write how the code lengths of symbols (streams, time) fall with what the head reads.

    Args:
        frequencies: (streams, time, alphabet)
        symbols: An escape, which is no row of the head, teaches nothing.
        shift: What makes 16-bit probabilities of frequencies.
        values: (outputs, width), the head; row n stands for values[n] · units[n].
        units: (outputs,)
        out: (streams, time, width)
    """
    streams, time = symbols.shape
    outputs, width = values.shape
    sums = np.empty(width, np.int64)
    for s in range(streams):
        for t in range(time):
            symbol = symbols[s, t]
            sums[:] = 0
            if symbol < outputs:
                for n in range(outputs):
                    share = np.int64(frequencies[s, t, n] >> shift)
                    if share >= LEAST:
                        by, row = share * units[n], values[n]
                        for c in range(width):
                            sums[c] -= by * row[c]
                by, row = (np.int64(1) << SHARE_BITS) * units[symbol], values[symbol]
                for c in range(width):
                    sums[c] += by * row[c]
            for c in range(width):
                out[s, t, c] = np.float32(sums[c])


@compiled
def update(
    inputs: FloatArray,
    gradients: FloatArray,
    rate: np.float32,
    matrix: FloatArray,
    squares: FloatArray,
) -> None:
    """Take a step by the inputs and gradients (streams, time, width) of a block."""
    streams, time, width = inputs.shape
    total = np.empty(width, np.float32)
    for s in range(streams):
        for k in range(width):
            total[:] = 0
            for t in range(time):
                by, row = inputs[s, t, k], gradients[s, t]
                for c in range(width):
                    total[c] += by * row[c]
            own, known = matrix[s, k], squares[s, k]
            for c in range(width):
                known[c] += total[c] * total[c]
                own[c] += rate * total[c] / np.sqrt(max(known[c], TINY))
