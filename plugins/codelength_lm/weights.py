"""The file of a trained model: safetensors with int8 matrices, a float32 scale for each of their
rows, and in its metadata a model card and the shape."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from codelength_lm.shape import Shape

LARGEST = 127


def quantised(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """int8 values and one float32 scale for each row (an output channel, or an entry of a table),
    so that values × scale is nearest to `matrix`."""
    scale = (matrix.abs().amax(1, keepdim=True) / LARGEST).clamp_min(1e-30)
    values = torch.round(matrix / scale).to(torch.int8)
    return values, scale[:, 0].float()


def write(path: Path, model: nn.Module, card: dict[str, str]) -> None:
    """Writes `model`, which has a `shape`, with its matrices quantised."""
    shape = model.shape
    assert isinstance(shape, Shape)
    tensors: dict[str, Tensor] = {}
    for name, param in model.state_dict().items():
        param = param.detach().float().cpu()
        if param.ndim == 2:
            values, scale = quantised(param)
            tensors[name.removesuffix(".weight")] = values.contiguous()
            tensors[name.removesuffix(".weight") + ".scale"] = scale.contiguous()
        else:
            tensors[name] = param.contiguous()
    partial = path.with_suffix(".partial")
    save_file(tensors, partial, {**card, "shape": json.dumps(shape.fields), "kind": "recurrent"})
    partial.replace(path)
