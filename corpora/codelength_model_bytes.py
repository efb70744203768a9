"""The model bytes of a codec as a corpus.

`model-bytes:recurrent:size=0.9m` is what that model's weights are stored as, so that other codecs
can show how small they get.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from codelength import Codec, Corpus, Sample, UsageError, hookimpl
from codelength.api.errors import CorpusError
from codelength.plugins import Plugins


@dataclass(frozen=True)
class ModelBytes(Corpus):
    """One sample for each part: weights, tokenizer.

    The label is the digest of the weights, as the cells of that codec have it.
    """

    name: ClassVar[str] = "model-bytes"
    of_models = True
    title = "what a codec's receiver must hold, as model-bytes:CODEC: weights, tokenizer"
    codec: str = ""

    @property
    def spec(self) -> str:
        return f"{self.name}:{self.codec}" if self.codec else self.name

    @property
    def label(self) -> str:
        return self._of.digests.get("weights", "")

    @property
    def licence(self) -> str:  # type: ignore[override]
        return f"that of {self.codec}"

    def check_available(self) -> None:
        if not self.codec:
            raise UsageError(f"{self.name} needs a codec, as in {self.name}:recurrent:size=0.9m")
        self._of.check_available()

    def samples(self) -> Iterator[Sample]:
        self.check_available()
        codec, shown = self._of, 0
        size = sum(codec.model_bytes.values())
        if not size:
            raise UsageError(f"{self.codec} has no model bytes; 'codelength list codecs' shows all")
        for sample in codec.model_samples():
            shown += len(sample.data)
            yield sample
        if shown != size:
            raise CorpusError(f"{self.codec} shows {shown:,} of its {size:,} model bytes")

    @property
    def _of(self) -> Codec:
        """Return the codec. Raises if no installed plugin has it."""
        return Plugins().codec(self.codec).item


@dataclass(frozen=True)
class Prior(ModelBytes):
    """The same corpus under its old name, which scripts and results still use."""

    name = "prior"
    title = "the old name of model-bytes:CODEC"


@hookimpl
def codelength_corpora() -> list[Corpus]:
    return [ModelBytes(), Prior()]
