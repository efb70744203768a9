"""How the model moves between blocks: matrices by Adam, rows that are looked up by Adagrad."""

import numpy as np

from codelength_online import kernels
from codelength_online.model import Model

RATE, ROWS_RATE = 0.005, 0.5
"""At the beginning; after k blocks it is less by sqrt(1 + k / HALVING)."""

HALVING = 500

DECAYS = np.float32(0.9), np.float32(0.98)
"""Of the averages of gradients and of their squares."""

MOST = np.float32(32)
"""Weights stay within ±. So all that the model makes of them is finite, whatever it is fed."""

ONE = np.float32(1)


class Learning:
    """Moves the parameters of a model."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._blocks = 0
        self._powers = [ONE, ONE]
        given = model.parameters
        self._mean, self._square = (
            {name: np.zeros_like(values) for name, values in given.items() if name not in ROWS}
            for _ in range(2)
        )
        self._sums = {name: np.zeros(len(given[name]), np.float32) for name in ROWS}

    def step(self) -> None:
        """One update from the gradient on a full block, that of all rows before any."""
        model = self._model
        gradient = model.gradient()
        falls = ONE / np.sqrt(np.float32(1 + self._blocks / HALVING))
        self._blocks += 1
        self._powers = [power * decay for power, decay in zip(self._powers, DECAYS, strict=True)]
        settings = (*DECAYS, ONE - self._powers[0], ONE - self._powers[1], MOST)
        rate, rows_rate = np.float32(RATE) * falls, np.float32(ROWS_RATE) * falls
        for name, values in model.parameters.items():
            back = gradient[name]
            if name in ROWS:
                rows = model.looked_up[name]
                kernels.adagrad(values, self._sums[name], rows, back, rows_rate, MOST)
            else:
                kernels.adam(
                    values.reshape(-1),
                    back.reshape(-1),
                    self._mean[name].reshape(-1),
                    self._square[name].reshape(-1),
                    rate,
                    settings,
                )
        model.changed()


ROWS = ("byte", "tables")
