"""Any predictor as a codec: its frequencies, a range coder, and the number of symbols in front."""

from dataclasses import dataclass

from codelength.codec import Codec
from codelength.predictor import Predictor

STREAMS = 64
"""Samples that are coded in step with each other; it changes the speed, never the bytes."""
SLACK = 64
"""Bits that a stream may seem to hold beyond its length: the rounding of its last interval."""


@dataclass(frozen=True)
class PredictorCodec(Codec):
    """A codec out of a predictor. Each blob decodes by itself.

    Subclasses give `name`, their settings as fields, and the `predictor` that these make.
    """

    @property
    def predictor(self) -> Predictor:
        """The law to code under."""
        raise NotImplementedError
