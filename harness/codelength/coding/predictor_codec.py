"""Any predictor as a codec: its symbols in segments, coded by a range coder.

Importing this loads neither numpy nor a model, so that a plugin's codecs can be listed at once.
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codelength.coding.coder import Coder, CoderCodec

if TYPE_CHECKING:
    from codelength.coding.predictor import Predictor


@dataclass(frozen=True)
class PredictorCodec(CoderCodec):
    """A codec made out of a predictor.

    Subclasses give a name, their settings as fields, and the `predictor` that these make:

        @dataclass(frozen=True)
        class MyCodec(PredictorCodec):
            name: ClassVar[str] = "mine"
            size: str = "small"

            @property
            def predictor(self) -> Predictor:
                return MyPredictor(self.size)
    """

    @property
    @abstractmethod
    def predictor(self) -> "Predictor":
        """The model whose distributions the codec codes with."""

    @property
    def segment_size(self) -> int | None:
        """Symbols that are coded one after the other from an empty state.

        None, the default, takes a sample as a whole. Shorter segments decode faster, since they go
        in step.
        """
        return None

    @property
    def coder(self) -> Coder:
        from codelength.coding.segments import PredictorCoder, Segmenter

        return PredictorCoder(self.predictor, Segmenter(self.segment_size))

    @property
    def portable(self) -> bool:
        """False unless a subclass says that its predictor gives the same frequencies anywhere."""
        return False

    @property
    def model_bytes(self) -> Mapping[str, int]:
        return self.predictor.model_bytes
