"""Log-probabilities of tokens in floating point: windows in batches, by PyTorch or vLLM."""

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from codelength import Unavailable
from codelength.coding import device
from codelength.coding.code_length import Bits
from codelength_hf.architecture import first_token
from codelength_hf.checkpoint import Checkpoint
from codelength_hf.tokens import Tokens

LOGITS = 1 << 28
"""Bytes of logits that are computed at once, unless one window has more."""

CONTEXTS = (
    "max_position_embeddings",
    "n_positions",
    "n_ctx",
    "seq_length",
    "max_seq_len",
    "context_length",
)
"""What configs call the longest context."""
CONTEXT = 1024
"""That of a model whose config names none."""


def longest_context(checkpoint: Checkpoint) -> int:
    """Return the tokens that a model sees at most, as its config says."""
    config = checkpoint.config
    return int(next((config[key] for key in CONTEXTS if config.get(key)), CONTEXT))


class Window(NamedTuple):
    """Tokens that a model sees at once."""

    start: int
    """The first one that it sees."""
    first: int
    """The first one whose bits count: the ones before are only read again."""
    stop: int
    """Behind the last one."""


def cut_windows(count: int, window: int, stride: int | None) -> Iterator[Window]:
    """Cut `count` tokens as `hf` does: windows that start anew, or move on by `stride` tokens."""
    context = 0 if stride is None else window - stride
    for first in (0, *range(window, count, window - context)):
        if first < count:
            stop = min(count, first + window - context if first else window)
            yield Window(max(0, first - context), first, stop)


class Scorer(Protocol):
    """Computes log-probabilities."""

    vocabulary: int
    begin: int

    def log_probabilities(self, rows: Sequence[NDArray[np.int64]]) -> list[NDArray[np.float64]]:
        """Return, for each row of tokens, what the first ones say of each of those behind.

        A row of n tokens gives n − 1 natural logarithms.
        """


def score_tokens(
    scorer: Scorer, tokens: Tokens, symbols: NDArray[np.int64], window: int, stride: int | None
) -> Bits:
    """Return the bits of each symbol, in windows.

    Bytes without a token are escaped: an escape and a token have probabilities that learn how many
    escapes there were in the window, as those of `hf` do, and the byte itself costs 8 bits.
    """
    begin, count = scorer.begin, tokens.count
    inputs = np.where(symbols < count, symbols, begin)
    cuts = list(cut_windows(len(symbols), window, stride))
    rows = [np.concatenate([[begin], inputs[cut.start : cut.stop]]) for cut in cuts]
    bits = np.empty(len(symbols))
    for cut, logs in zip(cuts, scorer.log_probabilities(rows), strict=True):
        own = symbols[cut.start : cut.stop]
        lengths = -logs / math.log(2)
        if tokens.escapes:
            is_escaped = own >= count
            before: NDArray[np.int64] = np.cumsum(is_escaped) - is_escaped
            escape = np.minimum((32 * before + 1) / (32 * np.arange(len(own)) + 32), 7 / 8)
            lengths = np.where(is_escaped, 8 - np.log2(escape), lengths - np.log2(1 - escape))
        bits[cut.first : cut.stop] = lengths[cut.first - cut.start :]
    return bits


class TorchScorer:
    """A model of transformers on a device."""

    def __init__(self, checkpoint: Checkpoint, dtype: str, where: str) -> None:
        import torch

        from codelength_hf.float_model import load_model

        self.vocabulary, self.begin = (
            checkpoint.config["vocab_size"],
            first_token(checkpoint.config),
        )
        self._where = where
        self._model = load_model(checkpoint, getattr(torch, dtype)).to(where)
        if where != device.PROCESSOR:
            device.note(where)

    def log_probabilities(self, rows: Sequence[NDArray[np.int64]]) -> list[NDArray[np.float64]]:
        """Compute windows of about the same length together; what fills them up comes last."""
        found: list[NDArray[np.float64]] = [np.empty(0)] * len(rows)
        order = sorted(range(len(rows)), key=lambda i: -len(rows[i]))
        while order:
            together = max(1, LOGITS // (4 * self.vocabulary * len(rows[order[0]])))
            batch, order = order[:together], order[together:]
            for i, logs in zip(batch, self._batch([rows[i] for i in batch]), strict=True):
                found[i] = logs
        return found

    def _batch(self, rows: Sequence[NDArray[np.int64]]) -> Iterator[NDArray[np.float64]]:
        import torch
        from torch.nn.functional import cross_entropy

        filled = np.full((len(rows), max(map(len, rows))), self.begin, np.int64)
        for line, row in zip(filled, rows, strict=True):
            line[: len(row)] = row
        with torch.inference_mode():
            tokens = torch.from_numpy(filled).to(self._where)
            logits = self._model(input_ids=tokens[:, :-1], use_cache=False).logits
            for row, line, own in zip(rows, logits, tokens, strict=True):
                count = len(row) - 1
                logs = -cross_entropy(line[:count].float(), own[1 : count + 1], reduction="none")
                yield logs.double().cpu().numpy()


class VllmScorer:
    """A model that vLLM runs."""

    def __init__(self, checkpoint: Checkpoint, dtype: str, window: int) -> None:
        try:
            from vllm import LLM, SamplingParams
        except ImportError as error:
            raise Unavailable("vllm is not installed: python -m pip install vllm") from error
        self.vocabulary, self.begin = (
            checkpoint.config["vocab_size"],
            first_token(checkpoint.config),
        )
        model = checkpoint.shipped or checkpoint.folder
        self._model: Any = LLM(
            model=str(model), dtype=dtype, max_model_len=window + 2, skip_tokenizer_init=True
        )
        self._parameters = SamplingParams(max_tokens=1, prompt_logprobs=1, detokenize=False)
        device.note("vllm")

    def log_probabilities(self, rows: Sequence[NDArray[np.int64]]) -> list[NDArray[np.float64]]:
        """Ask for the log-probabilities of prompts; vLLM makes its own batches."""
        prompts = [{"prompt_token_ids": row.tolist()} for row in rows]
        found = []
        for row, output in zip(rows, self._model.generate(prompts, self._parameters), strict=True):
            places = zip(row[1:].tolist(), output.prompt_logprobs[1:], strict=True)
            found.append(np.array([of[token].logprob for token, of in places], np.float64))
        return found


@lru_cache(maxsize=1)
def torch_scorer(checkpoint: Checkpoint, dtype: str, where: str) -> TorchScorer:
    """Load a model with transformers."""
    return TorchScorer(checkpoint, dtype, where)


@lru_cache(maxsize=1)
def vllm_scorer(checkpoint: Checkpoint, dtype: str, window: int) -> VllmScorer:
    """Load a model with vLLM."""
    return VllmScorer(checkpoint, dtype, window)
