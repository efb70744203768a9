"""A quantised model with a recurrent state: the same numbers for the same tokens.

As of a transformer (`codelength_hf.transformer`), they depend neither on the batch nor on the
number of positions at a time, the threads or the device.
"""

from dataclasses import dataclass
from typing import Any, Generic, TypeAlias

import numpy as np
from numpy.typing import NDArray

from codelength_exact.backend import Floats, Ints, Rows
from codelength_hf.quantized_model import QuantizedModel
from codelength_hf.recurrent.backend import RecurrentBackend
from codelength_hf.recurrent.layers import LAYERS, Layer
from codelength_hf.recurrent.weights import RecurrentWeights

ENDLESS = 1 << 62
"""The window of a model that needs none."""


@dataclass
class RecurrentState(Generic[Floats]):
    """What streams remember after `at` positions, for each layer."""

    layers: list[list[Floats]]
    streams: int
    at: int = 0

    def keep(self, streams: int) -> None:
        """Forget all but the first `streams`."""
        self.layers = [[part[:streams] for part in layer] for layer in self.layers]
        self.streams = streams


class QuantizedRecurrent(QuantizedModel[Ints, Floats]):
    """A recurrent model ready to run, on sequences of `window` positions, which may be ENDLESS."""

    def __init__(
        self,
        weights: RecurrentWeights,
        window: int,
        backend: RecurrentBackend[Ints, Floats],
        alphabet: int | None = None,
    ) -> None:
        super().__init__(weights, window, backend, alphabet)
        self._layers: list[Layer[Ints, Floats]] = [
            LAYERS[weights.shape.family](parts, weights.shape, backend) for parts in weights.layers
        ]
        parts = [part for layer in self._layers for part in layer.begin(1)]
        self._state_bytes = sum(map(backend.bytes_of, parts))

    def remembers(self, longest: int) -> int:
        """Return the bytes of memory of a stream, which do not depend on its positions."""
        return self._state_bytes

    def begin(self, streams: int, longest: int | None = None) -> RecurrentState[Floats]:
        """Return `streams` sequences at their beginning. All take the same memory."""
        return RecurrentState([layer.begin(streams) for layer in self._layers], streams)

    def run(self, state: RecurrentState[Floats], tokens: NDArray[np.integer]) -> Rows[Ints, Floats]:
        """Take in tokens, and return what the head takes.

        Args:
            state: What the streams remember; it is brought forward.
            tokens: (streams, time), each stream's next ones.

        Returns:
            (streams · time, width): the positions of the first stream, then of the next.
        """
        if state.at == 0:  # a new segment
            state.layers = self.begin(state.streams).layers
        x, first = self._looked_up(tokens), None
        if self._token_norm is not None:
            x = self._backend.normed(x, self._token_norm)
        for layer, remembered in zip(self._layers, state.layers, strict=True):
            x, first = layer.advance(x, remembered, first)
        state.at += tokens.shape[1]
        return self._rows(x, self._last_norm)


AnyQuantizedRecurrent: TypeAlias = QuantizedRecurrent[Any, Any]
"""A model on whichever backend."""
