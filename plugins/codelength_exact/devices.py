"""The device that was asked for, on which exact models run in PyTorch operations: can it be had?"""

from importlib.util import find_spec

from codelength import Unavailable
from codelength.coding.device import PROCESSOR, chosen


def check() -> None:
    """Raises Unavailable if another device than the processor was asked for, in vain."""
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
