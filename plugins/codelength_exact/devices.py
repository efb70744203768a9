"""Check that the device of `--device` can be used by exact models."""

from importlib.util import find_spec

from codelength import Unavailable
from codelength.coding.device import PROCESSOR, chosen


def check() -> None:
    """Raise Unavailable if PyTorch cannot compute on the device that was asked for."""
    name = chosen()
    if name == PROCESSOR:
        return
    if find_spec("torch") is None:
        raise Unavailable(f"--device {name} needs: python -m pip install 'codelength[hf]'")
    import torch

    try:
        torch.ones(1, dtype=torch.float64, device=name).cpu()
    except (AssertionError, RuntimeError, TypeError) as error:
        line = str(error).partition("\n")[0]
        raise Unavailable(f"--device {name}: PyTorch cannot compute there: {line}") from error
