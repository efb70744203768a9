"""The prior of a codec as a corpus.

`prior:recurrent:size=0.9m` is what that model's weights are stored as, so that other codecs can
show how small they get.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from codelength import Codec, Corpus, Sample, UsageError, hookimpl
from codelength.api.errors import CorpusError
from codelength.plugins import Plugins


@dataclass(frozen=True)
class Prior(Corpus):
    """One sample for each part of the prior.

    The label is the digest of the weights, as the cells of that codec have it.
    """

    name = "prior"
    title = "what a codec's receiver must hold, as prior:CODEC: weights, tokenizer"
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
            raise UsageError("prior needs a codec, as in prior:recurrent:size=0.9m")
        self._of.check_available()

    def samples(self) -> Iterator[Sample]:
        self.check_available()
        codec, found = self._of, 0
        size = sum(codec.model_bytes.values())
        if not size:
            raise UsageError(f"{self.codec} has no prior; 'codelength list codecs' shows others")
        for sample in codec.model_samples():
            found += len(sample.data)
            yield sample
        if found != size:
            raise CorpusError(f"of the {size:,} bytes of its prior {self.codec} shows {found:,}")

    @property
    def _of(self) -> Codec:
        """Among those that are installed: what a file gives is not known here."""
        return Plugins().codec(self.codec).item


@hookimpl
def codelength_corpora() -> list[Corpus]:
    return [Prior()]
