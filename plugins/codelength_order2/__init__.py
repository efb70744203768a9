"""`order2`: adaptive counts after the last two bytes, mixed with shorter contexts, range coded.

The small reference for learned codecs: it has no weights and learns as it codes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from codelength import Codec, UsageError, hookimpl
from codelength.coding.predictor_codec import PredictorCodec

if TYPE_CHECKING:
    from codelength_order2.counts import Order2


@dataclass(frozen=True)
class Order2Codec(PredictorCodec):
    """Order-2 counts with a range coder; a context's counts are halved when they sum to `limit`."""

    name: ClassVar[str] = "order2"
    needs: ClassVar[dict[str, str]] = {
        "constriction": "codelength[learned]",
        "numba": "codelength[learned]",
    }
    library: ClassVar[tuple[str, ...]] = ("codelength_order2",)
    portable: ClassVar[bool] = True
    limit: int = 1023

    def __post_init__(self) -> None:
        if not 2 <= self.limit <= 15_000:
            raise UsageError(f"order2:limit={self.limit} cannot be: it is between 2 and 15000")

    @property
    def groups(self) -> tuple[str, ...]:
        return ("adaptive",)

    @property
    def predictor(self) -> "Order2":
        from codelength_order2.counts import Order2

        return Order2(self.limit)


@hookimpl
def codelength_codecs() -> Iterable[Codec]:
    yield Order2Codec()
