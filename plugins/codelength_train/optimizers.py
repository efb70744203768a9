"""The optimizers of training and their learning rates over a run.

Muon updates matrices inside a network; AdamW updates all other parameters.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from codelength_train.muon import Muon

WARM_UP = 0.02
"""The part of a run in which the rates rise."""


def make_optimizers(
    parameters: Mapping[str, list[Tensor]], rates: Mapping[str, float]
) -> list[torch.optim.Optimizer]:
    """Return Muon for the group "matrices", and AdamW for all other groups."""
    groups = [
        {"params": params, "lr": rates[group]}
        for group, params in parameters.items()
        if params and group != "matrices"
    ]
    optimizers: list[torch.optim.Optimizer] = [
        Muon(parameters["matrices"], rates["matrices"]),
        torch.optim.AdamW(groups, betas=(0.9, 0.98), weight_decay=0.0),
    ]
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["peak"] = group["lr"]
    return optimizers


def set_rates(optimizers: list[torch.optim.Optimizer], done: float, falling: bool) -> None:
    """Set the learning rates when `done` (0 to 1) of a run is done.

    They rise to their peak and, if `falling`, fall to zero at the end.
    """
    part = min(done / WARM_UP + 0.01, 1.0) * (1 - done if falling else 1.0)
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = part * group["peak"]
