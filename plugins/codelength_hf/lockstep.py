"""Any causal model as it is, in floating point: for decoding on the machine that encoded.

Floating-point results change with the shape of a batch, the number of threads, the device and the
versions of libraries. So both sides take the same steps, one token for each of BATCH streams, and a
blob carries the fingerprint of all that the results are known to depend on.
"""

import hashlib
import json
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
import transformers
from numpy.typing import NDArray

from codelength import CorruptBlob, Unavailable, UsageError
from codelength.coder import IntArray
from codelength.predictor import Predictor
from codelength_hf import FINGERPRINT, kernels
from codelength_hf.checkpoint import Checkpoint
from codelength_hf.fixed import total
from codelength_hf.predictor import MEMORY, TransformerPredictor

BATCH = 8
"""Streams in step with each other; a batch that is not full is filled up."""

TOGETHER = 64
"""Streams of which a model remembers something at a time. How much that is, no config says."""

CONTEXT = 1024
"""The window of a model whose config names none."""


@dataclass(frozen=True)
class LockstepPredictor(TransformerPredictor):
    """The model in floating point: it only ever steps."""

    @property
    def model(self) -> "Lockstep":
        return lockstep(self.checkpoint, self.window)

    def stored(self) -> bytes:
        return b"".join(path.read_bytes() for path in self.checkpoint.files)

    def frequencies(self, batch: Sequence[IntArray]) -> Iterator[tuple[int, IntArray]]:
        return Predictor.frequencies(self, batch)


@dataclass
class Steps:
    """Batches of streams, each with what the model wants to be given back."""

    pasts: list[Any]
    streams: int
    at: int = 0

    def keep(self, streams: int) -> None:
        """Forgets batches of which nothing is left."""
        self.streams = streams
        self.pasts = self.pasts[: -(-streams // BATCH)]


class Lockstep:
    """Runs a model a step at a time, in the interface of `exact.Exact`."""

    def __init__(self, found: Checkpoint, window: int | None) -> None:
        config = found.config
        context = next((config[key] for key in CONTEXTS if config.get(key)), CONTEXT)
        if window is not None and window > context:
            raise UsageError(f"hf:window={window} cannot be: this model sees {context} tokens")
        self.window = window or context
        self.outputs = int(config["vocab_size"])
        self.begin_token = _begin(config)
        self.size = sum(path.stat().st_size for path in found.files)
        self.remembers = MEMORY // TOGETHER
        self._folder = found.folder
        self._pickle = found.pickle

    @cached_property
    def _model(self) -> Any:
        try:
            model = transformers.AutoModelForCausalLM.from_pretrained(
                self._folder,
                trust_remote_code=False,
                use_safetensors=None if self._pickle else True,
                dtype=torch.float32,
                local_files_only=True,
            )
        except Exception as error:  # whatever the library raises for a folder it cannot use
            line = " ".join(str(error).split())[:200]
            raise Unavailable(f"transformers cannot load {self._folder}: {line}") from error
        model.eval()  # type: ignore[no-untyped-call]
        return model

    def begin(self, streams: int, longest: int | None = None) -> Steps:
        """`streams` sequences at their beginning."""
        return Steps([None] * -(-streams // BATCH), streams)

    @torch.inference_mode()
    def run(self, state: Steps, tokens: NDArray[Any]) -> Any:
        """Takes in one token for each stream: (streams, 1). The logits (streams, outputs)."""
        if state.at == 0:
            state.pasts = [None] * len(state.pasts)
        filled = np.full((len(state.pasts) * BATCH, 1), self.begin_token, np.int64)
        filled[: len(tokens)] = tokens
        laws = []
        for i, past in enumerate(state.pasts):
            given = torch.from_numpy(filled[i * BATCH : (i + 1) * BATCH])
            out = self._model(input_ids=given, past_key_values=past, use_cache=True)
            state.pasts[i] = out.past_key_values
            laws.append(out.logits[:, -1].float().numpy())
        state.at += 1
        return SimpleNamespace(logits=np.concatenate(laws)[: len(tokens)])

    def frequencies(
        self, rows: Any, escape: NDArray[np.int32], escapes: int = 0
    ) -> NDArray[np.int32]:
        """(rows, outputs + escapes), as those of `exact.Exact`."""
        logits = np.ascontiguousarray(rows.logits)
        ones, zeros = np.ones(self.outputs, np.float32), np.zeros(self.outputs, np.float32)
        out = np.empty((len(logits), self.outputs + escapes), np.int32)
        scale = np.ones(len(logits), np.float32)
        kernels.frequencies(logits, scale, ones, zeros, total(out.shape[1]), escape, out)
        return out


CONTEXTS = ("max_position_embeddings", "n_positions", "n_ctx", "seq_length", "max_seq_len")
"""What configs call the longest context."""


def _begin(config: Any) -> int:
    for name in ("bos_token_id", "eos_token_id"):
        token = config.get(name)
        if isinstance(token, int) and 0 <= token < config["vocab_size"]:
            return token
    return 0


@lru_cache(maxsize=2)
def lockstep(found: Checkpoint, window: int | None) -> Lockstep:
    """The model in a checkpoint."""
    return Lockstep(found, window)


def circumstances(found: Checkpoint) -> dict[str, str]:
    """What floating-point results are known to depend on."""
    return {
        "weights": found.digest,
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "device": "cpu",
        "dtype": "float32",
        "processor": _processor(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "threads": str(torch.get_num_threads()),
        "batch": str(BATCH),
    }


def fingerprint(found: Checkpoint) -> bytes:
    """FINGERPRINT bytes that change with the circumstances."""
    told = json.dumps(circumstances(found), sort_keys=True)
    return hashlib.sha256(told.encode()).digest()[:FINGERPRINT]


def check(given: bytes, found: Checkpoint) -> None:
    """Raises CorruptBlob if `given` is not the fingerprint of here and now."""
    if given != fingerprint(found):
        here = ", ".join(f"{k} {v[:12]}" for k, v in circumstances(found).items())
        raise CorruptBlob(
            f"coded in floating point under other circumstances than these ({here}); decode where "
            "it was encoded, with the same libraries and threads"
        )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.startswith("model name")), platform.processor())
