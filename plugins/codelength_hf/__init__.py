"""Language models of Hugging Face as codecs.

`hf:model=EleutherAI/pythia-70m,revision=step8000`, `hf:model=FOLDER`, or `hf:model=FILE.gguf`.

Models of the families in `families` run in integer arithmetic, so that a blob decodes anywhere;
with exact=false any causal model runs as it is, for decoding on the same machine. Importing this
module loads no model and no library.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING, ClassVar

from codelength import Codec, ModelCard, Sample, Unavailable, UsageError, hookimpl
from codelength.coding.coder import Coder, CoderCodec
from codelength_exact import devices
from codelength_exact.bits import with_bits
from codelength_hf.byte_transformer import TransformerCodec, bundled_sizes
from codelength_hf.scored import ImportedModel, TorchModel, VllmModel

if TYPE_CHECKING:
    from codelength_hf.checkpoint import Checkpoint
    from codelength_hf.predictor import TransformerPredictor


@dataclass(frozen=True)
class HfCodec(CoderCodec):
    """A causal language model with a range coder.

    Long inputs are coded in segments of `window` tokens (by default the model's whole context),
    each of which starts anew. A model with a recurrent state has no window unless one is set. With
    a `stride`, the window moves on by so many tokens instead, and the model reads the others again.
    """

    name: ClassVar[str] = "hf"
    needs: ClassVar[dict[str, str]] = {
        "constriction": "codelength[learned]",
        "numba": "codelength[learned]",
        "safetensors": "codelength[hf]",
        "tokenizers": "codelength[hf]",
        "torch": "codelength[hf]",
    }
    by_default: ClassVar[bool] = False
    trusting: ClassVar[tuple[str, ...]] = ("pickle",)
    before: ClassVar[Mapping[str, str]] = {"activations": "8"}
    model: str | None = None
    revision: str | None = None
    adapter: str | None = None
    """A LoRA adapter, which is merged into the weights."""
    window: int | None = None
    stride: int | None = None
    exact: bool = True
    pickle: bool | None = None
    bits: int | None = None
    """4 gives weights of 4 bits: of a GGUF file that has such, its own. 7 shows the model no more
    than seven bits of each byte."""
    activations: int = 16
    """Bits of what weights are multiplied by: 16, or 8 for a little more speed and up to 4% more
    bytes. A checkpoint that holds int8 matrices was made for 8 and runs so."""
    learn: bool | None = None
    """True if the model's head learns from what was coded."""

    def __post_init__(self) -> None:
        if self.bits not in (None, 4, 7, 8):
            raise UsageError(f"hf:bits={self.bits} cannot be: it is 4, 7 or 8")
        if self.bits == 4 and not self.exact:
            raise UsageError("hf:bits=4 cannot be set with exact=false")
        if self.activations not in (8, 16):
            raise UsageError(f"hf:activations={self.activations} cannot be: it is 8 or 16")
        if self.window is not None and self.window < 2:
            raise UsageError(f"hf:window={self.window} cannot be: it is 2 tokens or more")
        if self.stride is not None and self.stride < 1:
            raise UsageError(f"hf:stride={self.stride} cannot be: it is 1 token or more")
        if self.stride is not None and not self.exact:
            raise UsageError("hf:stride cannot be set with exact=false: such models start anew")
        if self.learn and not self.exact:
            raise UsageError("hf:learn=true cannot be with exact=false: only exact models learn")

    def check_available(self) -> None:
        super().check_available()
        if self.exact:
            devices.check()
        elif find_spec("transformers") is None:
            raise Unavailable("hf:exact=false needs: python -m pip install 'codelength[hf]'")
        _ = self.checkpoint
        if self.exact:
            from codelength_hf.loading import is_kept

            if is_kept(self.checkpoint):  # workers in a sandbox cannot keep it
                with suppress(UsageError):  # which coding raises, for this codec alone
                    _ = self.model_predictor.model

    @property
    def checkpoint(self) -> "Checkpoint":
        """Return the files of the model. Raises Unavailable."""
        if self.model is None:
            raise Unavailable(
                "hf needs a model: hf:model=FOLDER, or one of the hub as in "
                "hf:model=EleutherAI/pythia-70m"
            )
        from codelength_hf.checkpoint import open_checkpoint

        return open_checkpoint(self.model, self.revision, bool(self.pickle), self.adapter)

    @property
    def predictor(self) -> "TransformerPredictor | None":
        return None if self.bits == 7 else self.model_predictor

    @property
    def model_predictor(self) -> "TransformerPredictor":
        """The model, which predicts tokens of bytes or, with bits=7, of what it sees of them."""
        if self.exact:
            from codelength_hf.loading import Arithmetic
            from codelength_hf.predictor import ExactPredictor

            activations = 8 if self.checkpoint.is_quantised else self.activations
            arithmetic = Arithmetic(4 if self.bits == 4 else 8, activations)
            return ExactPredictor(
                self.checkpoint,
                self.window,
                stride=self.stride,
                learn=bool(self.learn),
                arithmetic=arithmetic,
            )
        from codelength_hf.float_model import LockstepPredictor

        return LockstepPredictor(self.checkpoint, self.window)

    @property
    def coder(self) -> Coder:
        from codelength_hf.token_coder import TokenCoder

        return with_bits(TokenCoder(self.model_predictor), self.bits)

    @property
    def model_bytes(self) -> Mapping[str, int]:
        return self.model_predictor.model_bytes

    def model_samples(self) -> Iterator[Sample]:
        yield Sample("weights", self.model_predictor.stored())
        yield Sample("tokenizer", self.checkpoint.tokenizer_content)

    @property
    def card(self) -> ModelCard | None:
        from codelength_hf.card import model_card

        return None if self.model is None else model_card(self.checkpoint, self.model)

    @property
    def portable(self) -> bool:
        return bool(self.exact)

    @property
    def versions(self) -> Mapping[str, str]:
        """The libraries, and for floating-point arithmetic all else that it depends on."""
        libraries = {name: version(name) for name in ("constriction", "numba", "tokenizers")}
        others = {k: v for k, v in self.requires.items() if k not in self.digests}
        return {**libraries, **others}

    @property
    def digests(self) -> Mapping[str, str]:
        if self.model is None:
            return {}
        digests = {"weights": f"sha256:{self.checkpoint.digest[:16]}"}
        if self.adapter is not None:
            from codelength_hf.adapters import AdaptedCheckpoint

            assert isinstance(self.checkpoint, AdaptedCheckpoint)
            digests["adapter"] = f"sha256:{self.checkpoint.adapter_digest[:16]}"
        return digests

    @property
    def requires(self) -> Mapping[str, str]:
        if self.exact or self.model is None:
            return self.digests
        from codelength_hf.float_model import circumstances

        return {**circumstances(self.checkpoint), **self.digests}


@hookimpl
def codelength_codecs() -> Iterable[Codec]:
    yield HfCodec()
    yield from (TorchModel(), VllmModel(), ImportedModel())
    for size in bundled_sizes():
        yield TransformerCodec(size)
