"""A model's files: a local folder, or a repository of the Hugging Face hub at some revision."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codelength import Unavailable, UsageError
from codelength_exact.quantisation import SCALE
from codelength_hf.families import FAMILIES
from codelength_hf.pieces import (
    Pieces,
    is_tiktoken,
    of_json,
    of_sentencepiece,
    of_tiktoken,
    of_vocabulary,
)

TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "merges.txt")
TIKTOKEN = "*.tiktoken"
SMALL_FILES = ("config.json", *TOKENIZERS)
SAFE, SAFE_INDEX = "model.safetensors", "model.safetensors.index.json"
PICKLE, PICKLE_INDEX = "pytorch_model.bin", "pytorch_model.bin.index.json"

BLOCK_SCALE = "_scale_inv"
"""An fp8 matrix called x has the scales of its blocks in a matrix called x_scale_inv."""

FLOATS = ("F64", "F32", "F16", "BF16")
"""What safetensors calls numbers that are weights as they are."""


@dataclass(frozen=True)
class Checkpoint:
    """The files of one model; `pickle` allows weights that torch.load must read."""

    folder: Path
    pickle: bool = False

    @cached_property
    def config(self) -> dict[str, Any]:
        """Return config.json. A multimodal model's text config is merged in.

        Raises Unavailable.
        """
        try:
            config: dict[str, Any] = json.loads((self.folder / "config.json").read_bytes())
        except (OSError, ValueError) as error:
            raise Unavailable(
                f"{self.folder} has no config.json that can be read ({error}); model=… takes a "
                "folder that save_pretrained of transformers has written, or a hub repository"
            ) from error
        text = config.get("text_config") if isinstance(config, dict) else None
        config = {**(text or {}), **config} if isinstance(config, dict) else {}
        if text and config["model_type"] not in FAMILIES:
            config["model_type"] = text.get("model_type")
        if "ssm_cfg" in config:
            from codelength_hf.recurrent.shape import of_mamba_ssm

            config = dict(of_mamba_ssm(config))
        if not isinstance(config.get("vocab_size"), int):
            raise Unavailable(f"{self.folder} has no language model: no vocab_size in config.json")
        return config

    @cached_property
    def files(self) -> list[Path]:
        """Return the files of weights, in order. Raises Unavailable."""
        for whole, index in [(SAFE, SAFE_INDEX), (PICKLE, PICKLE_INDEX)][: 1 + self.pickle]:
            if (self.folder / whole).is_file():
                return [self.folder / whole]
            if (self.folder / index).is_file():
                return self._shards(self.folder / index)
        if (self.folder / PICKLE).is_file() or (self.folder / PICKLE_INDEX).is_file():
            raise Unavailable(
                f"{self.folder} has its weights as a pickle only, which can run any code; "
                "pickle=true reads it all the same"
            )
        raise Unavailable(f"{self.folder} has no {SAFE}; give a model that is whole")

    def _shards(self, index: Path) -> list[Path]:
        try:
            parts = set(json.loads(index.read_bytes())["weight_map"].values())
        except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise Unavailable(
                f"{index} is no list of files of weights ({error!r}); download it again"
            ) from error
        paths = [self.folder / part for part in sorted(parts)]
        if lacking := [path.name for path in paths if not path.is_file()]:
            raise Unavailable(f"{self.folder} has no {lacking[0]}; give a model that is whole")
        return paths

    @property
    def shipped(self) -> Path | None:
        """Return the one file that holds all a receiver needs, if the weights stay as it is."""
        return None

    @property
    def _tokenizer(self) -> list[Path]:
        """The files of the tokenizer: one, or vocab.json and merges.txt, or none."""
        whole, model, *parts = (self.folder / name for name in TOKENIZERS)
        for path in (whole, model, *sorted(self.folder.glob(TIKTOKEN))):
            if path.is_file():
                return [path]
        return parts if all(path.is_file() for path in parts) else []

    @property
    def tokenizer_content(self) -> bytes:
        """Return the files of the tokenizer; nothing if there is none."""
        return b"".join(path.read_bytes() for path in self._tokenizer)

    @property
    def pieces(self) -> Pieces | None:
        """Return what the tokens stand for; None without a tokenizer. Raises UsageError."""
        contents = [path.read_bytes() for path in self._tokenizer]
        if not contents:
            return None
        if len(contents) == 2:
            return of_vocabulary(*contents)
        if self._tokenizer[0].name == TOKENIZERS[0]:
            return of_json(contents[0])
        return of_tiktoken(contents[0]) if is_tiktoken(contents[0]) else of_sentencepiece(*contents)

    @cached_property
    def digest(self) -> str:
        """Return the SHA-256 of the files that the distribution depends on."""
        digest = hashlib.sha256()
        for path in [self.folder / "config.json", *self._tokenizer]:
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        for path in self.files:
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        return digest.hexdigest()

    @cached_property
    def _where(self) -> dict[str, Path]:
        """Return the file of each tensor."""
        from safetensors import SafetensorError, safe_open

        where = {}
        for path in self.files:
            try:
                with safe_open(path, "np") as file:
                    where.update(dict.fromkeys(file.keys(), path))
            except SafetensorError as error:
                raise Unavailable(f"{path} cannot be read: {error}; download it again") from error
        return where

    @property
    def names(self) -> list[str]:
        """Return the names of the tensors, without scales."""
        names = self._unpickled if self.files[0].suffix == ".bin" else self._where
        return [name for name in names if not name.endswith((SCALE, BLOCK_SCALE))]

    def tensor(self, name: str) -> NDArray[np.float32] | None:
        """Return a tensor as float32, or None if there is none of that name."""
        if self.files[0].suffix == ".bin":
            tensor = self._unpickled.get(name)
            return None if tensor is None else tensor.float().numpy()
        from safetensors import safe_open

        if name not in self._where:
            return None
        path = self._where[name]
        scales = self.tensor(name + SCALE) if not name.endswith(SCALE) else None
        with safe_open(path, "np") as file:
            kind = file.get_slice(name).get_dtype()
            if kind == "F8_E4M3" and name + BLOCK_SCALE in self._where:
                return self._of_blocks(name, path)
            if kind not in FLOATS and scales is None:
                raise Unavailable(
                    f"{path}: {name} is {kind}, quantised by others; give the model as it was "
                    "trained, in floating point"
                )
            values: NDArray[np.float32] | None = (
                None if kind == "BF16" else file.get_tensor(name).astype(np.float32)
            )
        if values is None:  # NumPy has no bfloat16
            with safe_open(path, "pt") as file:
                values = np.asarray(file.get_tensor(name).float(), np.float32)
        return values if scales is None else values * scales[:, None]

    def _of_blocks(self, name: str, path: Path) -> NDArray[np.float32]:
        """Return an fp8 matrix times the scale of each of its blocks."""
        from safetensors import safe_open

        with safe_open(path, "pt") as file:
            values = np.asarray(file.get_tensor(name).float(), np.float32)
        scales = self.tensor(name + BLOCK_SCALE)
        rows, columns = self.config["quantization_config"].get("weight_block_size", (128, 128))
        assert scales is not None
        spread = scales.repeat(rows, 0).repeat(columns, 1)
        scaled: NDArray[np.float32] = values * spread[: values.shape[0], : values.shape[1]]
        return scaled

    def shapes(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Return the shape of each tensor by name, scales included."""
        if self.files[0].suffix == ".bin":
            yield from ((name, tuple(values.shape)) for name, values in self._unpickled.items())
            return
        from safetensors import safe_open

        for path in dict.fromkeys(self._where.values()):
            with safe_open(path, "np") as file:
                for name in file.keys():  # noqa: SIM118
                    yield name, tuple(file.get_slice(name).get_shape())

    @cached_property
    def _unpickled(self) -> dict[str, Any]:
        import torch

        tensors: dict[str, Any] = {}
        for path in self.files:
            try:
                tensors |= torch.load(path, map_location="cpu", weights_only=True)
            except Exception as error:  # whatever the library raises for what is no weights
                line = " ".join(str(error).split())[:200]
                raise Unavailable(f"{path} cannot be read: {line}") from error
        return tensors

    @property
    def is_quantised(self) -> bool:
        """Whether matrices are int8 with scales, as `quantise_checkpoint` writes them."""
        return any(name.endswith(SCALE) for name, _ in self.shapes())


@lru_cache(maxsize=8)
def open_checkpoint(
    model: str, revision: str | None, pickle: bool, adapter: str | None = None
) -> Checkpoint:
    """Return the checkpoint of that name, and download it if needed. Raises Unavailable.

    Args:
        model: A folder, a file or a repository of the hub.
        revision: Of the repository.
        pickle: Whether weights may be a pickle.
        adapter: A folder or a repository with a LoRA adapter.
    """
    if adapter is not None:
        from codelength_hf.adapters import AdaptedCheckpoint

        base, own = open_checkpoint(model, revision, pickle), Path(adapter).expanduser()
        if not own.is_dir():
            if adapter.startswith(("/", ".", "~")) or adapter.count("/") != 1:
                raise Unavailable(f"no folder {adapter!r}; adapter=… takes a folder of PEFT")
            own = _from_hub(adapter, None, pickle, ADAPTER)
        made = AdaptedCheckpoint(base.folder, pickle, base=base, adapter=own.resolve())
        _ = made.adapter_digest
        return made
    folder = Path(model).expanduser()
    checkpoint: Checkpoint
    if folder.is_file() and folder.suffix == ".gguf":
        from codelength_hf.gguf import GgufCheckpoint

        path = folder.resolve()
        checkpoint = GgufCheckpoint(path.parent, name=path.name)
    elif folder.is_dir():
        if revision is not None:
            raise UsageError(f"model={model} is a folder; only hub repositories have a revision")
        checkpoint = Checkpoint(folder.resolve(), pickle)
    elif model.startswith(("/", ".", "~")) or model.count("/") != 1:
        raise Unavailable(
            f"no folder {model!r}; model=… takes a folder, a .gguf file, or a hub repository such "
            "as EleutherAI/pythia-70m"
        )
    else:
        checkpoint = Checkpoint(_from_hub(model, revision, pickle), pickle)
    if (
        not (checkpoint.folder / "config.json").is_file()
        and (checkpoint.folder / ADAPTER[0]).is_file()
    ):
        raise Unavailable(
            f"{model} is an adapter, not a model; give the model that it changes, and "
            f"adapter={model}"
        )
    _ = checkpoint.config, checkpoint.files
    return checkpoint


ADAPTER = ("adapter_config.json", "adapter_model.safetensors")


def _from_hub(model: str, revision: str | None, pickle: bool, others: Sequence[str] = ()) -> Path:
    """Download what is not here. `others` are files wanted instead of those of a model."""
    try:
        from huggingface_hub import errors, snapshot_download
    except ImportError:
        raise Unavailable(
            "models of the hub need huggingface_hub: python -m pip install 'codelength[hf]'"
        ) from None
    patterns = [*SMALL_FILES, TIKTOKEN, SAFE, SAFE_INDEX, "model-*.safetensors", ADAPTER[0]]
    if pickle:
        patterns += [PICKLE, PICKLE_INDEX, "pytorch_model-*.bin"]
    patterns = [*others] or patterns
    label = model if revision is None else f"{model} at {revision}"
    snapshot = partial(snapshot_download, model, revision=revision, allow_patterns=patterns)
    with suppress(errors.LocalEntryNotFoundError):
        folder = Path(snapshot(local_files_only=True))
        whole = all((folder / name).is_file() for name in others)
        if whole if others else _whole(Checkpoint(folder, pickle)):
            return folder
    try:
        return Path(snapshot())
    except errors.GatedRepoError as error:
        raise Unavailable(
            f"{label} is open to those only who accepted its terms: 'hf auth login'"
        ) from error
    except errors.RevisionNotFoundError as error:
        raise Unavailable(
            f"{model} has no revision {revision!r}; its page on huggingface.co lists them"
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise Unavailable(
            f"no model {model!r} on huggingface.co, or none that is public"
        ) from error
    except Exception as error:  # whatever the network stack raises
        command = f"hf download {model}" + (f" --revision {revision}" if revision else "")
        raise Unavailable(
            f"{label} is not here and cannot be downloaded ({type(error).__name__}); "
            f"run '{command}' when online, or give a local folder: hf:model=FOLDER"
        ) from error


def _whole(checkpoint: Checkpoint) -> bool:
    try:
        return bool(checkpoint.config) and all(path.is_file() for path in checkpoint.files)
    except Unavailable:
        return False
