"""LoRA adapters, as PEFT saves them, merged into the weights of a checkpoint."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codelength import Unavailable, UsageError
from codelength_hf.checkpoint import ADAPTER, Checkpoint
from codelength_hf.pieces import Pieces

CONFIG, WEIGHTS = ADAPTER
PREFIX = "base_model.model."
KINDS = {".lora_A.weight": ".lora_B.weight", ".lora_embedding_A": ".lora_embedding_B"}
"""The ends of the names of A (rank, inputs) → those of B (outputs, rank)."""

Array = NDArray[np.float32]


@dataclass(frozen=True)
class AdaptedCheckpoint(Checkpoint):
    """A checkpoint with an adapter. `folder` is that of the checkpoint."""

    base: Checkpoint = field(kw_only=True)
    adapter: Path = field(kw_only=True)

    @cached_property
    def _said(self) -> Mapping[str, Any]:
        try:
            said: dict[str, Any] = json.loads((self.adapter / CONFIG).read_bytes())
            kind = said["peft_type"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Unavailable(
                f"{self.adapter} has no {CONFIG} that can be read ({error!r}); adapter=… takes a "
                "folder that PEFT has written"
            ) from error
        if kind != "LORA" or said.get("use_dora"):
            raise Unavailable(
                f"{self.adapter} is an adapter of the kind {'DoRA' if kind == 'LORA' else kind}; "
                "only LoRA is read: merge it with PEFT's merge_and_unload and give the result"
            )
        return said

    @cached_property
    def _stored(self) -> dict[str, Array]:
        """The tensors of the adapter, named as those of the checkpoint."""
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            tensors = load_file(self.adapter / WEIGHTS)
        except (OSError, SafetensorError) as error:
            raise Unavailable(
                f"{self.adapter / WEIGHTS} cannot be read: {error}; give an adapter that is whole"
            ) from error
        return {
            name.removeprefix(PREFIX): np.asarray(values.float(), np.float32)
            for name, values in tensors.items()
        }

    def _of_base(self, name: str) -> str:
        """Return what a tensor is called in the checkpoint, which may lack the first part."""
        for known in (name, name.partition(".")[2]):
            if known in self._known:
                return known
        raise UsageError(
            f"the adapter {self.adapter} changes {name!r}, which the model has not; give the model "
            f"that it was made for ({self._said.get('base_model_name_or_path')})"
        )

    @cached_property
    def _known(self) -> set[str]:
        return set(self.base.names)

    @cached_property
    def _pairs(self) -> dict[str, tuple[str, str]]:
        """Where A and B of each changed tensor are."""
        pairs = {}
        for name in self._stored:
            for first, second in KINDS.items():
                if name.endswith(first):
                    module = name.removesuffix(first)
                    pairs[self._of_base(f"{module}.weight")] = name, module + second
        return pairs

    @cached_property
    def _replaced(self) -> dict[str, str]:
        """Tensors that the adapter holds whole."""
        used = {name for pair in self._pairs.values() for name in pair}
        return {self._of_base(name): name for name in self._stored if name not in used}

    def _scale(self, name: str, rank: int) -> float:
        """Return what B · A is multiplied by. Patterns give some modules another alpha."""
        module, said = name.removesuffix(".weight"), self._said
        alpha = said.get("lora_alpha", rank)
        for pattern, other in (said.get("alpha_pattern") or {}).items():
            alpha = other if module.endswith(pattern) else alpha
        return float(alpha / sqrt(rank)) if said.get("use_rslora") else float(alpha / rank)

    def tensor(self, name: str) -> Array | None:
        if name in self._replaced:
            return self._stored[self._replaced[name]]
        values = self.base.tensor(name)
        if values is None or name not in self._pairs:
            return values
        a_name, b_name = self._pairs[name]
        a, b = self._stored[a_name], self._stored.get(b_name)
        turned = self._said.get("fan_in_fan_out") or "embedding" in a_name
        shape = values.shape[::-1] if turned else values.shape
        if b is None or (b.shape[0], a.shape[1], b.shape[1]) != (*shape, a.shape[0]):
            raise UsageError(f"the adapter {self.adapter} does not fit the model at {name!r}")
        change = np.zeros(shape, np.float32)
        for row, column in zip(a, b.T, strict=True):  # in one order, so the same on every machine
            change += column[:, None] * row
        change *= np.float32(self._scale(name, len(a)))
        return values + (change.T if turned else change)

    def changed(self) -> list[str]:
        """Return the names of tensors that are not as in the checkpoint."""
        return [*self._pairs, *self._replaced]

    @cached_property
    def adapter_digest(self) -> str:
        """Return the SHA-256 of the adapter."""
        _ = self._said, self._stored
        contents = [(self.adapter / name).read_bytes() for name in (CONFIG, WEIGHTS)]
        return hashlib.sha256(b"".join(hashlib.sha256(c).digest() for c in contents)).hexdigest()

    @cached_property
    def digest(self) -> str:
        return hashlib.sha256((self.base.digest + self.adapter_digest).encode()).hexdigest()

    @property
    def config(self) -> dict[str, Any]:
        return self.base.config

    @property
    def files(self) -> list[Path]:
        return self.base.files

    @property
    def names(self) -> list[str]:
        return self.base.names

    @property
    def tokenizer_content(self) -> bytes:
        return self.base.tokenizer_content

    @property
    def pieces(self) -> Pieces | None:
        return self.base.pieces

    def shapes(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        yield from self.base.shapes()
