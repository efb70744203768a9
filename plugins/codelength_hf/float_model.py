"""Any causal model as it is, in floating point: for decoding on the machine that encoded.

Floating-point results change with the shape of a batch, the number of threads, the device and the
versions of libraries. So both sides take the same steps, one token for each of BATCH streams, and a
blob carries the fingerprint of all that the results are known to depend on.
"""

import hashlib
import inspect
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from torch import Tensor

from codelength import CorruptBlob, Unavailable, UsageError
from codelength.coding.predictor import Predictor
from codelength.coding.range_coder import PRECISION, IntArray
from codelength.results.machine import processor
from codelength_exact import kernels
from codelength_exact.constants import frequency_total
from codelength_exact.quantisation import SCALE
from codelength_hf.adapters import AdaptedCheckpoint
from codelength_hf.architecture import OWN_CODE, first_token
from codelength_hf.checkpoint import Checkpoint
from codelength_hf.families import is_tied
from codelength_hf.predictor import MEMORY, TransformerPredictor
from codelength_hf.reading import broken
from codelength_hf.windows import longest_context

BATCH = 8
"""Streams in step with each other; a batch that is not full is filled up."""

TOGETHER = 64
"""Streams of which a model remembers something at a time. How much that is, no config says."""

FINGERPRINT = 8
"""Bytes that tell where a blob was coded."""

MEMORIES = ("past_key_values", "cache_params", "state")
"""What models call what they remember: they return it, and want it back under the same name."""

TRIAL = 6
"""Tokens of each stream on which it is tried whether a model remembers."""

CLOSE = 1e-2
"""How far logarithms of probabilities may be apart there."""


@dataclass(frozen=True)
class LockstepPredictor(TransformerPredictor):
    """The model in floating point. It also encodes step by step, as it decodes."""

    @property
    def model(self) -> "Lockstep":
        return lockstep(self.checkpoint, self.window)

    def stored(self) -> bytes:
        return b"".join(path.read_bytes() for path in self.checkpoint.files)

    def fingerprint(self) -> bytes:
        return fingerprint(self.checkpoint)

    def check_fingerprint(self, given: bytes) -> None:
        check(given, self.checkpoint)

    def frequencies(self, batch: Sequence[IntArray]) -> Iterator[tuple[int, IntArray]]:
        return Predictor.frequencies(self, batch)


@dataclass(frozen=True)
class Stepping:
    """How a model is stepped: so many streams at a time, and what it calls its memory.

    None is for a model without one, which is shown each text from its beginning at every step.
    """

    memory: str | None
    batch: int = BATCH


@dataclass
class Steps:
    """Batches of streams, each with the model's cache, or with the tokens so far."""

    pasts: list[Any]
    batch: int
    at: int = 0

    def keep(self, streams: int) -> None:
        """Forget all batches but those of the first `streams`."""
        self.pasts = self.pasts[: -(-streams // self.batch)]


class Lockstep:
    """Runs a model a step at a time, in the interface of `transformer.QuantizedTransformer`."""

    def __init__(self, checkpoint: Checkpoint, window: int | None) -> None:
        self._checkpoint, config = checkpoint, checkpoint.config
        context = longest_context(checkpoint)
        if window is not None and window > context:
            raise UsageError(f"hf:window={window} cannot be: this model sees {context} tokens")
        self.window = window or context
        self.outputs = int(config["vocab_size"])
        self.begin_token = first_token(config)
        self.size = sum(path.stat().st_size for path in checkpoint.files)
        self._has_experts = any("expert" in key for key in config)

    def remembers(self, longest: int) -> int:
        """Return the bytes of memory of a stream, whatever its length."""
        return MEMORY // TOGETHER

    @cached_property
    def _model(self) -> Any:  # any class of transformers
        return load_model(self._checkpoint, torch.float32)

    @cached_property
    def stepping(self) -> Stepping:
        """Return the way of stepping that gives what the whole text would give.

        Not every model that returns a memory goes on from it rightly, some do for a single stream
        only; that depends on the version of transformers, so it is tried. Experts are given the
        rows of a batch together, so what one of them gives depends on the others: such models go a
        stream at a time.
        """
        batches = (1,) if self._has_experts else (BATCH, 1)
        tokens = torch.arange(BATCH * TRIAL).view(BATCH, TRIAL) * 31 % self.outputs
        whole = torch.log_softmax(self._model(input_ids=tokens).logits[:, -1], -1)
        takes = inspect.signature(self._model.forward).parameters
        for memory in MEMORIES:
            for batch in batches if memory in takes else ():
                past, way = None, Stepping(memory, batch)
                with suppress(Exception):  # whatever a model raises at its own memory
                    for at in range(TRIAL):
                        logits, past = self._step(way, tokens[:batch, at : at + 1], past)
                    log_probabilities = torch.log_softmax(logits, -1)
                    if past is not None and bool(
                        (log_probabilities - whole[:batch]).abs().max() < CLOSE
                    ):
                        return way
        return Stepping(None, batches[0])

    def _step(self, way: Stepping, tokens: Tensor, past: Any) -> tuple[Tensor, Any]:
        """Return the logits (batch, outputs) after one more token of each stream (batch, 1).

        And the cache for the next step.
        """
        if way.memory is None:
            seen = tokens if past is None else torch.cat([past, tokens], 1)
            return self._model(input_ids=seen).logits[:, -1], seen
        out = self._model(input_ids=tokens, use_cache=True, **{way.memory: past})
        return out.logits[:, -1], getattr(out, way.memory, None)

    @torch.inference_mode()
    def begin(self, streams: int, longest: int | None = None) -> Steps:
        """Return `streams` sequences at their beginning."""
        batch = self.stepping.batch
        return Steps([None] * -(-streams // batch), batch)

    @torch.inference_mode()
    def run(self, state: Steps, tokens: NDArray[Any]) -> Any:
        """Take in a token of each stream (streams, 1), and return the logits (streams, outputs)."""
        if state.at == 0:
            state.pasts = [None] * len(state.pasts)
        batch = state.batch
        filled = np.full((len(state.pasts) * batch, 1), self.begin_token, np.int64)
        filled[: len(tokens)] = tokens
        logits_by_batch = []
        for i, past in enumerate(state.pasts):
            given = torch.from_numpy(filled[i * batch : (i + 1) * batch])
            logits, state.pasts[i] = self._step(self.stepping, given, past)
            logits_by_batch.append(logits.float().numpy())
        state.at += 1
        return SimpleNamespace(logits=np.concatenate(logits_by_batch)[: len(tokens)])

    def frequencies(
        self,
        rows: Any,
        escape: NDArray[np.int32],
        escapes: int = 0,
        precision: int = PRECISION,
    ) -> NDArray[np.int32]:
        """Return (rows, outputs + escapes), as `transformer.QuantizedTransformer` does."""
        logits = np.ascontiguousarray(rows.logits)
        ones, zeros = np.ones(self.outputs, np.float32), np.zeros(self.outputs, np.float32)
        out = np.empty((len(logits), self.outputs + escapes), np.int32)
        scale = np.ones(len(logits), np.float32)
        product = logits, scale, ones, zeros
        kernels.frequencies(product, frequency_total(out.shape[1], precision), escape, out)
        return out


def load_model(checkpoint: Checkpoint, dtype: torch.dtype) -> Any:  # any class of transformers
    """Load a model with transformers. Raises Unavailable, UsageError for weights it cannot use."""
    folder = checkpoint.folder
    transformers.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        model, report = (
            _from_pretrained(checkpoint, dtype)
            if checkpoint.shipped is None
            else _from_tensors(checkpoint, dtype)
        )
    except Exception as error:  # whatever the library raises for a folder it cannot use
        if checkpoint.config.get("auto_map"):
            raise Unavailable(f"{folder} has {OWN_CODE}") from error
        line = " ".join(str(error).split())[:200]
        raise Unavailable(f"transformers cannot load {folder}: {line}") from error
    if lacking := sorted(report["missing_keys"]):  # it would draw them at random
        raise Unavailable(
            f"the weights in {folder} lack {len(lacking)} of the model's tensors "
            f"({lacking[0]!r} is one): save the whole model there, with save_pretrained"
        )
    if unknown := sorted(report["unexpected_keys"]):  # it would leave them out in silence
        ours = " (scales of int8 weights, which exact=true reads)" * unknown[0].endswith(SCALE)
        raise Unavailable(
            f"the weights in {folder} have {len(unknown)} tensors that transformers "
            f"leaves out ({unknown[0]!r} is one{ours}); the model would compute something else"
        )
    if isinstance(checkpoint, AdaptedCheckpoint):
        _adapt(model, checkpoint)
    for name, values in model.named_parameters():
        if not bool(torch.isfinite(values).all()):
            raise UsageError(broken(name))
    model.eval()
    return model


def _from_pretrained(checkpoint: Checkpoint, dtype: torch.dtype) -> tuple[Any, Any]:
    """Return the model in a folder, and the names of tensors that it lacks or leaves out."""
    load: Any = transformers.AutoModelForCausalLM.from_pretrained
    model, report = load(
        checkpoint.folder,
        trust_remote_code=False,
        use_safetensors=None if checkpoint.pickle else True,
        dtype=dtype,
        local_files_only=True,
        output_loading_info=True,
    )
    return model, report


def _from_tensors(checkpoint: Checkpoint, dtype: torch.dtype) -> tuple[Any, Any]:
    """Return the same of a file of llama.cpp, whose tensors the checkpoint dequantises."""
    config: Any = transformers.AutoConfig.for_model(**checkpoint.config)
    make: Any = transformers.AutoModelForCausalLM.from_config
    model = make(config, dtype=dtype)
    tensors = {name: torch.tensor(checkpoint.tensor(name)) for name in checkpoint.names}
    loaded = model.load_state_dict(tensors, strict=False)
    tied = {"lm_head.weight"} if is_tied(checkpoint.config) else set()
    model.tie_weights()
    report = {
        "missing_keys": set(loaded.missing_keys) - tied,
        "unexpected_keys": loaded.unexpected_keys,
    }
    return model, report


def _adapt(model: Any, checkpoint: AdaptedCheckpoint) -> None:
    """Give the model the weights that an adapter changes."""
    parameters = dict(model.named_parameters())
    for name in checkpoint.changed():
        full = name if name in parameters else f"{model.base_model_prefix}.{name}"
        if full not in parameters:
            raise UsageError(f"transformers has no {name!r}, which the adapter changes")
        with torch.no_grad():
            parameters[full].copy_(torch.from_numpy(checkpoint.tensor(name)))


SWITCHES = ("MKL_CBWR", "MKL_ENABLE_INSTRUCTIONS", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")
"""Variables that change what libraries of PyTorch compute."""


@lru_cache(maxsize=2)
def lockstep(checkpoint: Checkpoint, window: int | None) -> Lockstep:
    """Load the model of a checkpoint."""
    return Lockstep(checkpoint, window)


def circumstances(checkpoint: Checkpoint) -> dict[str, str]:
    """Return what floating-point results are known to depend on."""
    return {
        "weights": checkpoint.digest,
        "torch": str(torch.__version__),
        "transformers": transformers.__version__,
        "device": "cpu",
        "dtype": "float32",
        "processor": processor(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "threads": str(torch.get_num_threads()),
        "batch": str(BATCH),
        **{name: os.environ[name] for name in SWITCHES if name in os.environ},
    }


def fingerprint(checkpoint: Checkpoint) -> bytes:
    """Return FINGERPRINT bytes that change with the circumstances."""
    described = json.dumps(circumstances(checkpoint), sort_keys=True)
    return hashlib.sha256(described.encode()).digest()[:FINGERPRINT]


def check(given: bytes, checkpoint: Checkpoint) -> None:
    """Raise CorruptBlob if `given` is not the fingerprint of this machine and its libraries."""
    if given != fingerprint(checkpoint):
        now = ", ".join(f"{k} {v[:12]}" for k, v in circumstances(checkpoint).items())
        raise CorruptBlob(
            f"coded in floating point under other circumstances than these ({now}); decode where "
            "it was encoded, with the same libraries and threads"
        )
