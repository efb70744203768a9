"""The quantised recurrent byte model: the same integers for the same bytes.

They depend neither on the batch nor on the number of positions at a time, the threads or the
device. There is one way to run the model: some streams, some positions each. All positions of a
known sequence and one step of an unknown one differ only in how many positions they take at a time.

Two implementations give the same integers: compiled loops for a CPU (`compiled_model`), and PyTorch
operations for any device (`torch_model`), which state plainly what the loops do.
"""

from abc import ABC, abstractmethod
from typing import ClassVar, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from codelength_exact.recurrent_shape import Shape

State = TypeVar("State")


class QuantizedRecurrent(ABC, Generic[State]):
    """A recurrent model ready to run."""

    shape: Shape
    positions_at_once: ClassVar[int]
    """Positions, over all streams, that had best be computed at once."""

    @abstractmethod
    def begin(self, streams: int) -> State:
        """Return the state of `streams` sequences at their beginning."""

    @abstractmethod
    def keep(self, state: State, streams: int) -> State:
        """Return the state of the first `streams` sequences."""

    @abstractmethod
    def run(self, state: State, symbols: NDArray[np.integer]) -> NDArray[np.int32]:
        """Take in symbols, and return the frequencies of what follows each.

        Args:
            state: What the streams remember; it is brought forward.
            symbols: (streams, time), each stream's next ones. The first symbol is BEGIN.

        Returns:
            (streams, time, 256)
        """
