"""`online`: a recurrent model of bytes that begins untrained and learns what it has coded.

Encoder and decoder begin with the same random weights and take the same updates. Every float sum
has one order, so a blob decodes on any machine. No weights have to be sent.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from codelength import Codec, ModelCard, hookimpl
from codelength.coding.coder import Coder, CoderCodec


@dataclass(frozen=True)
class OnlineCodec(CoderCodec):
    """A gated linear recurrent model that learns after every block of some hundred bytes.

    Decoding takes as long as encoding.
    """

    name: ClassVar[str] = "online"
    needs: ClassVar[Mapping[str, str]] = {
        "constriction": "codelength[learned]",
        "numba": "codelength[learned]",
    }
    library: ClassVar[tuple[str, ...]] = ("codelength_exact", "codelength_online")

    @property
    def groups(self) -> tuple[str, ...]:
        return ("adaptive",)

    @property
    def coder(self) -> Coder:
        from codelength_online.coding import OnlineCoder

        return OnlineCoder()

    @property
    def card(self) -> ModelCard:
        """Return the card of the model for large data. Smaller data have smaller tables."""
        from codelength_online.coding import LARGEST
        from codelength_online.model import begin

        parameters = sum(values.size for values in begin(LARGEST).values())
        return ModelCard(parameters, "nothing: it learns what it has coded")


@hookimpl
def codelength_codecs() -> Iterable[Codec]:
    yield OnlineCodec()
