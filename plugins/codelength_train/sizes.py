"""Shapes by name, by a number of parameters, or part by part."""

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeVar

from codelength import UsageError
from codelength_exact.recurrent_shape import Shape
from codelength_recurrent.sizes import SHAPES

UNITS = {"": 1, "k": 1_000, "m": 1_000_000}

S = TypeVar("S", "Shape", "TransformerShape")


@dataclass(frozen=True)
class TransformerShape:
    """`layers` blocks on a stream of `width` floats.

    Attention with `heads` heads, then a gated MLP with `hidden` units.
    """

    width: int
    heads: int
    hidden: int
    layers: int

    def __post_init__(self) -> None:
        if self.width % (2 * self.heads):
            raise UsageError(
                f"a transformer of width {self.width} cannot have {self.heads} heads: each takes "
                "an even number of columns"
            )

    @property
    def fields(self) -> dict[str, Any]:
        """Return the fields as JSON can hold them."""
        return asdict(self)


TRANSFORMERS = {
    "0.2m": TransformerShape(width=64, heads=2, hidden=176, layers=4),
    "0.8m": TransformerShape(width=128, heads=4, hidden=352, layers=4),
    "3.2m": TransformerShape(width=256, heads=8, hidden=704, layers=4),
}
"""Widths and layers of the byte models in "Language Modeling Is Compression" (Delétang et al.
2024), whose MLPs have no gate and 4 · width units, which are as many parameters."""


def recurrent(size: str, parts: Mapping[str, Any], count: Callable[[Shape], int]) -> Shape:
    """Return the shape of a recurrent model.

    Args:
        size: The name of a shape, or a number of parameters: then the shape without tables that
            comes nearest to it is taken.
        parts: What is to be otherwise.
        count: How many parameters a shape has.

    Raises:
        UsageError: If there is no such shape.
    """

    def by_width(width: int, layers: int) -> Shape:
        return Shape(width=width, state=width, hidden=3 * width, layers=layers)

    if wide := parts.get("width"):
        parts = {"state": wide, "hidden": 3 * wide, **parts}
    return _shape("recurrent", size, SHAPES, parts, by_width, count)


def transformer(
    size: str, parts: Mapping[str, Any], count: Callable[[TransformerShape], int]
) -> TransformerShape:
    """Return the shape of a transformer, as `recurrent` does."""

    def by_width(width: int, layers: int) -> TransformerShape:
        return TransformerShape(width, _heads(width), _hidden(width), layers)

    if wide := parts.get("width"):
        parts = {"heads": _heads(wide), "hidden": _hidden(wide), **parts}
    return _shape("transformer", size, TRANSFORMERS, parts, by_width, count)


def _heads(width: int) -> int:
    return max(1, width // 32) if width % 32 == 0 else 1


def _hidden(width: int) -> int:
    return width * 11 // 4


def _shape(
    kind: str,
    size: str,
    named: Mapping[str, S],
    parts: Mapping[str, Any],
    by_width: Callable[[int, int], S],
    count: Callable[[S], int],
) -> S:
    if size.lower() in named:
        return replace(named[size.lower()], **parts)
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([km]?)", size.lower())
    if match is None:
        raise UsageError(
            f"no {kind} of size {size!r}; there are {', '.join(named)}, and any number of "
            "parameters, such as 30k"
        )
    target = float(match[1]) * UNITS[match[2]]
    layers = parts.get("layers") or _layers(target)
    widths = range(4, 2049, 2)
    low, high = 0, len(widths)
    while high - low > 1:  # the widest that does not have more
        middle = (low + high) // 2
        low, high = (
            (middle, high) if count(by_width(widths[middle], layers)) <= target else (low, middle)
        )
    near = [by_width(width, layers) for width in widths[low : low + 2]]
    best = min(near, key=lambda shape: abs(count(shape) - target))
    if not target / 2 < count(best) < target * 2:
        raise UsageError(f"no {kind} has about {size} parameters; {count(best):,} come nearest")
    return replace(best, **parts)


def _layers(parameters: float) -> int:
    """Return a number of layers that grows with the width."""
    return sum(parameters >= step for step in (0, 50_000, 500_000, 5_000_000))
