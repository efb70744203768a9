"""Models that are scored and do not code: `torch`, `vllm` and `imported`.

Their code lengths are those of floating-point arithmetic, or what somebody else has computed. No
decoder could repeat them, so they are estimates. `hf` codes with the same model where there is an
exact execution for it.
"""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from codelength import RAW, Codec, Media, ModelCard, Sample, Unavailable, Unsupported, UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from codelength.coding.code_length import Bits
    from codelength_hf.checkpoint import Checkpoint
    from codelength_hf.imported import ImportedScores
    from codelength_hf.tokens import Tokens
    from codelength_hf.windows import Scorer

SEGMENT = 1 << 18
"""Bytes after which a text is begun anew, so that a score can be interrupted."""
WINDOW = 2048
"""Tokens of a window, if the model sees as many and nothing else is said."""
DTYPES = ("float32", "bfloat16", "float16")


@dataclass(frozen=True)
class ScoredCodec(Codec):
    """A model whose code lengths are known, and that codes nothing."""

    by_default: ClassVar[bool] = False

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        raise Unsupported(self._refusal)

    def decode(self, blob: bytes) -> bytes:
        raise Unsupported(self._refusal)

    @property
    def _refusal(self) -> str:
        coded = f"; {self.coded_by.spec} codes" if self.coded_by else ""
        return f"{self.name} is only scored ('codelength score'){coded}"

    @property
    def portable(self) -> bool:
        return False

    @property
    def coded_by(self) -> Codec | None:
        """Return the codec that codes with the same model; None if there is none."""
        return None

    @property
    def unstrided(self) -> "ScoredCodec | None":
        """Return the same without its stride; None if it has none."""
        return None

    @property
    def takes_pieces(self) -> bool:
        """Whether it knows the code lengths of any bytes, and not of whole samples alone."""
        return True

    @abstractmethod
    def symbols(self, data: bytes) -> "tuple[NDArray[Any], list[bytes], Bits]":
        """Return the tokens of `data`, what each stands for, and the bits of each."""

    def code_lengths(self, samples: Sequence[Sample]) -> "Iterator[Bits]":
        import numpy as np

        for sample in samples:
            _, pieces, bits = self.symbols(bytes(sample.data))
            sizes = np.array([len(piece) for piece in pieces], np.int64)
            if sizes.sum() != len(sample.data):
                raise UsageError(
                    f"the tokens of {self.spec} stand for {sizes.sum():,} bytes of "
                    f"{len(sample.data):,}"
                )
            yield np.repeat(bits / np.maximum(1, sizes), sizes)


@dataclass(frozen=True)
class ScoredModel(ScoredCodec):
    """A causal language model in floating point: all positions of a window at once."""

    model: str | None = None
    revision: str | None = None
    adapter: str | None = None
    """A LoRA adapter, which is merged into the weights."""
    pickle: bool | None = None
    dtype: str = "float32"
    window: int | None = None
    """Tokens that the model sees at once; each window starts anew."""
    stride: int | None = None
    """New tokens of each window but the first; it reads the ones before again."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.dtype not in DTYPES:
            raise UsageError(f"{self.name}:dtype={self.dtype} cannot be: it is {', '.join(DTYPES)}")
        if self.window is not None and self.window < 2:
            raise UsageError(f"{self.name}:window={self.window} cannot be: it is 2 tokens or more")
        if self.stride is not None and self.stride < 1:
            raise UsageError(f"{self.name}:stride={self.stride} cannot be: it is 1 token or more")

    def check_available(self) -> None:
        super().check_available()
        _ = self.checkpoint

    @property
    def checkpoint(self) -> "Checkpoint":
        """Return the files of the model. Raises Unavailable."""
        if self.model is None:
            raise Unavailable(f"{self.name} needs a model: {self.name}:model=FOLDER, or a hub name")
        from codelength_hf.checkpoint import open_checkpoint

        return open_checkpoint(self.model, self.revision, bool(self.pickle), self.adapter)

    @property
    @abstractmethod
    def scorer(self) -> "Scorer":
        """Return what computes log-probabilities of tokens."""

    @property
    def longest(self) -> int:
        """Return the tokens of a window. Raises UsageError if the model does not see so many."""
        from codelength_hf.windows import longest_context

        context = longest_context(self.checkpoint)
        if self.window is not None and self.window > context:
            name = f"{self.name}:window={self.window}"
            raise UsageError(f"{name} cannot be: this model sees {context} tokens")
        window = self.window or min(context, WINDOW)
        if self.stride is not None and self.stride > window:
            name = f"{self.name}:stride={self.stride}"
            raise UsageError(f"{name} cannot be: the window is {window} tokens")
        return window

    @property
    def tokens(self) -> "Tokens":
        """Return what the symbols stand for."""
        from codelength_hf.tokens import tokens_of

        return tokens_of(self.checkpoint)

    def pieces(self, data: bytes) -> list[bytes]:
        """Cut a text after SEGMENT bytes, behind a line or a space where there is one."""
        pieces, at = [], 0
        while len(data) - at > SEGMENT:
            end = at + SEGMENT
            for mark in (b"\n", b" "):
                if (found := data.rfind(mark, at + SEGMENT // 2, end)) >= 0:
                    end = found + 1
                    break
            pieces.append(data[at:end])
            at = end
        return [*pieces, data[at:]]

    def symbols(self, data: bytes) -> "tuple[NDArray[Any], list[bytes], Bits]":
        from codelength_hf.windows import score_tokens

        tokens = self.tokens
        symbols = tokens.encode(data)
        bits = score_tokens(self.scorer, tokens, symbols, self.longest, self.stride)
        return symbols, tokens.pieces_of(symbols), bits

    @property
    def coded_by(self) -> Codec | None:
        from codelength_hf import HfCodec
        from codelength_hf.constants import LONGEST
        from codelength_hf.families import read_architecture

        if self.model is None:
            return None
        try:
            read_architecture(self.checkpoint.config)
        except UsageError:  # no exact execution
            return None
        return HfCodec(
            model=self.model,
            revision=self.revision,
            adapter=self.adapter,
            pickle=self.pickle,
            window=min(self.longest, LONGEST),
        )

    @property
    def unstrided(self) -> "ScoredModel | None":
        from dataclasses import replace

        return None if self.stride is None else replace(self, stride=None)

    @property
    def model_bytes(self) -> Mapping[str, int]:
        checkpoint = self.checkpoint
        files = [checkpoint.shipped] if checkpoint.shipped else checkpoint.files
        weights = sum(path.stat().st_size for path in files)
        return {"weights": weights, "tokenizer": len(checkpoint.tokenizer_content)}

    @property
    def card(self) -> ModelCard | None:
        from codelength_hf.card import model_card

        return None if self.model is None else model_card(self.checkpoint, self.model)

    @property
    def digests(self) -> Mapping[str, str]:
        return {} if self.model is None else {"weights": f"sha256:{self.checkpoint.digest[:16]}"}


@dataclass(frozen=True)
class TorchModel(ScoredModel):
    """Any causal model of transformers in floating point, only scored: `codelength score`."""

    name: ClassVar[str] = "torch"
    needs: ClassVar[dict[str, str]] = {
        "tokenizers": "codelength[hf]",
        "torch": "codelength[hf]",
        "transformers": "codelength[hf]",
    }

    @property
    def scorer(self) -> "Scorer":
        from codelength.coding import device
        from codelength_hf.windows import torch_scorer

        return torch_scorer(self.checkpoint, self.dtype, device.chosen())


@dataclass(frozen=True)
class VllmModel(ScoredModel):
    """Any model that vLLM runs, by its `prompt_logprobs`, only scored: `codelength score`."""

    name: ClassVar[str] = "vllm"
    needs: ClassVar[dict[str, str]] = {"tokenizers": "codelength[hf]", "vllm": "vllm"}

    @property
    def scorer(self) -> "Scorer":
        from codelength_hf.windows import vllm_scorer

        return vllm_scorer(self.checkpoint, self.dtype, self.longest)


@dataclass(frozen=True)
class ImportedModel(ScoredCodec):
    """Log-probabilities that somebody else computed, in a Parquet file, only scored.

    It has a row for each token: `logprob` (natural logarithm) or `bits`; `token`, an id of the
    tokenizer of `model`, or `bytes`, what the token stands for; and `sample`, if there are several.
    """

    name: ClassVar[str] = "imported"
    needs: ClassVar[dict[str, str]] = {"pyarrow": "codelength[tables]"}
    file: str | None = None
    model: str | None = None
    """Whose tokenizer the ids are of: a folder, a file or a repository of the hub."""
    revision: str | None = None

    def check_available(self) -> None:
        super().check_available()
        if self.file is None or not Path(self.file).expanduser().is_file():
            raise Unavailable(f"imported needs a Parquet file: imported:file=FILE, not {self.file}")

    @property
    def scores(self) -> "ImportedScores":
        """Return what is in the file. Raises UsageError, Unavailable."""
        from codelength_hf.imported import read_scores

        self.check_available()
        assert self.file is not None
        return read_scores(Path(self.file).expanduser(), self.model, self.revision)

    @property
    def takes_pieces(self) -> bool:
        return False

    def symbols(self, data: bytes) -> "tuple[NDArray[Any], list[bytes], Bits]":
        return self.scores.find(data)

    @property
    def digests(self) -> Mapping[str, str]:
        if self.file is None:
            return {}
        return {"log-probabilities": f"sha256:{_digest(Path(self.file).expanduser())}"}

    @property
    def versions(self) -> Mapping[str, str]:
        return {}

    @property
    def model_bytes(self) -> Mapping[str, int]:
        return {}


@lru_cache(maxsize=8)
def _digest(path: Path) -> str:
    import hashlib

    if not path.is_file():
        raise Unavailable(f"no file {path}")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]
