"""The sizes of a recurrent byte model, and the table rows that its input looks up."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

BEGIN = 256
"""The symbol in front of the first byte: one more than the largest byte."""

MULTIPLIER = 0x2C1B3C6D
MASK = 0xFFFFFFFF
"""Of the hash that maps the last n symbols to a row of a table."""


@dataclass(frozen=True)
class Shape:
    """The sizes of a model with `layers` blocks and a residual stream of `width` floats.

    A block has a recurrence over `state` channels and an MLP with `hidden` units. The input is the
    embedding of the last byte, plus a table entry for the last n bytes, for each n in `orders`.
    Each table has `rows` rows and `columns` columns.
    """

    width: int
    state: int
    hidden: int
    layers: int
    orders: tuple[int, ...] = ()
    rows: int = 0
    columns: int = 0

    @classmethod
    def of(cls, fields: dict[str, Any]) -> "Shape":
        """Return the shape with these fields, the inverse of `fields`."""
        return cls(**{**fields, "orders": tuple(fields["orders"])})

    @property
    def fields(self) -> dict[str, Any]:
        """Return the fields as JSON can hold them."""
        return {**asdict(self), "orders": list(self.orders)}

    @property
    def history(self) -> int:
        """Return how many of the last bytes the input depends on."""
        return max(self.orders, default=1)

    @property
    def looked_up(self) -> int:
        """Return the columns of all tables, summed."""
        return len(self.orders) * self.columns


def row_numbers(last: "Sequence[Tensor]", orders: Iterable[int], rows: int) -> "Tensor":
    """Return the row of each table for the last n symbols, for each n in `orders`: (…, orders).

    `last` has one tensor (…) for each of the last symbols, oldest first: symbols plus one, zero for
    none.
    """
    import torch

    rows_by_order = []
    for table, order in enumerate(orders):
        hashed = torch.zeros_like(last[0])
        for symbol in last[-order:]:
            hashed = ((hashed + symbol) * MULTIPLIER) & MASK
            hashed = hashed ^ (hashed >> 15)
        rows_by_order.append(hashed % rows + table * rows)
    return torch.stack(rows_by_order, -1)
