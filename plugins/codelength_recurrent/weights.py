"""The file of a trained model, in the format of safetensors.

It has int8 matrices, a float32 scale for each of their rows, and float32 vectors. Its metadata has
a model card and the shape.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codelength.results.files import write_file
from codelength_exact.quantisation import SCALE, quantise_matrix
from codelength_exact.recurrent_shape import Shape

Array = NDArray[np.int8] | NDArray[np.float32]


@dataclass(frozen=True)
class Weights:
    """A model's parameters: matrices of int8 with float32 scales, vectors of float32."""

    shape: Shape
    arrays: Mapping[str, Array]
    card: Mapping[str, str]

    def matrix(self, name: str) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
        """Return values (rows, columns) and scales (rows,)."""
        values, scales = self.arrays[name], self.arrays[name + SCALE]
        return values.astype(np.int8, copy=False), scales.astype(np.float32, copy=False)

    def vector(self, name: str) -> NDArray[np.float32]:
        """Return a vector."""
        return self.arrays[name].astype(np.float32, copy=False)


def read(path: Path) -> Weights:
    """Read a file of weights.

    Raises:
        SafetensorError: If the file is none of safetensors.
    """
    from safetensors import safe_open

    with safe_open(path, "numpy") as file:
        card = dict(file.metadata())
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    return Weights(Shape.of(json.loads(card.pop("shape"))), arrays, card)


def of_parameters(
    shape: Shape, parameters: Mapping[str, NDArray[np.float32]], card: Mapping[str, str]
) -> Weights:
    """Return quantised weights out of the parameters of `recurrent.RecurrentModel`, by name."""
    arrays: dict[str, Array] = {}
    for name, values in parameters.items():
        if values.ndim == 2:
            matrix = name.removesuffix(".weight")
            arrays[matrix], arrays[matrix + SCALE] = quantise_matrix(values)
        else:
            arrays[name] = values.astype(np.float32)
    return Weights(shape, arrays, card)


def write(path: Path, weights: Weights) -> None:
    """Write the file, whole or not at all."""
    from safetensors.numpy import save

    arrays = {name: np.ascontiguousarray(array) for name, array in weights.arrays.items()}
    head = {**weights.card, "shape": json.dumps(weights.shape.fields)}
    write_file(path, save(arrays, head))  # a file that others may read, unlike save_file's
