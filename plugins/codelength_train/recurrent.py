"""A recurrent model in training."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from codelength_exact.recurrent_shape import Shape
from codelength_recurrent import weights
from codelength_recurrent.recurrent import RecurrentModel


class Recurrent:
    """Writes a file of int8 weights."""

    kind = "recurrent"

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.module = RecurrentModel(shape)

    def bits(self, data: Tensor) -> Tensor:
        """Return the mean code length of (batch, time) bytes, in bits a byte."""
        return self.module.bits(data)

    def group(self, name: str, parameter: Tensor) -> str:
        """Return the learning rate's group of a parameter: "matrices", "rest" or "tables"."""
        if name.startswith("tables"):
            return "tables"
        inner = parameter.ndim == 2 and not name.startswith(("byte", "head"))
        return "matrices" if inner else "rest"

    def write(self, out: Path, state: Mapping[str, Tensor], card: Mapping[str, str]) -> None:
        """Write parameters like those of `module`, quantised."""
        parameters: dict[str, Any] = {
            name: values.float().cpu().numpy() for name, values in state.items()
        }
        weights.write(out, weights.of_parameters(self.shape, parameters, card))


def count(shape: Shape) -> int:
    """Return the number of parameters of a model of this shape."""
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in RecurrentModel(shape).parameters())
