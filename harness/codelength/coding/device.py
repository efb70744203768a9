"""Where models compute.

An option of a run and no setting of a codec, since no byte depends on it; it comes in the
environment, so that all processes of a run know of it.
"""

import os

VARIABLE = "CODELENGTH_DEVICE"
PROCESSOR = "cpu"

_used: list[str] = []


def chosen() -> str:
    """What PyTorch calls the device that was asked for.

    PROCESSOR, unless one was: the compiled loops for it.
    """
    return several()[0]


def several() -> list[str]:
    """Return the devices that were asked for: of two or more, each is for a cell at a time."""
    return (os.environ.get(VARIABLE) or PROCESSOR).split(",")


def note(device: str) -> None:
    """For whoever computes on a device in this process: CPU time does not tell how long it took."""
    _used.append(device)


def used() -> str:
    """The device that this process has computed on, empty if it was the processor alone."""
    return _used[-1] if _used else ""
