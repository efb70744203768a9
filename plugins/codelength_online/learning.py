"""How the model is updated between blocks: matrices by Adam, rows of tables by Adagrad."""

import numpy as np

from codelength_online import kernels
from codelength_online.model import Model

RATE, ROWS_RATE = 0.005, 0.5
"""Learning rates at first. After k blocks they are divided by sqrt(1 + k / HALVING)."""

HALVING = 500

DECAYS = np.float32(0.9), np.float32(0.98)
"""Of the running averages of the gradients and of their squares."""

MOST = np.float32(32)
"""The largest magnitude of a weight. So all that the model computes is finite."""

ONE = np.float32(1)


ROWS = ("byte", "tables")
"""The parameters whose rows are looked up."""


class Learning:
    """Updates the parameters of a model."""

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
        """Update all parameters by the gradient of a full block."""
        model = self._model
        gradient = model.gradient()
        falls = ONE / np.sqrt(np.float32(1 + self._blocks / HALVING))
        self._blocks += 1
        self._powers = [power * decay for power, decay in zip(self._powers, DECAYS, strict=True)]
        settings = (*DECAYS, ONE - self._powers[0], ONE - self._powers[1], MOST)
        rate, rows_rate = np.float32(RATE) * falls, np.float32(ROWS_RATE) * falls
        for name, values in model.parameters.items():
            grad = gradient[name]
            if name in ROWS:
                rows = model.looked_up[name]
                kernels.adagrad(values, self._sums[name], rows, grad, rows_rate, MOST)
            else:
                kernels.adam(
                    values.reshape(-1),
                    grad.reshape(-1),
                    self._mean[name].reshape(-1),
                    self._square[name].reshape(-1),
                    rate,
                    settings,
                )
        model.changed()
