"""One transformer, several vocabularies, equal compute: what a tokenizer is worth to a compressor.

    python benchmarks/vocabularies.py --text text-train.tar.xz --models vocabularies \\
        --data DIR --out reports/tokenizers

Trains what `--models` lacks, some two CPU minutes each, codes every model as `hf:model=…` does,
decodes in another process, compares, and writes a page with its plot. A run that was stopped goes
on where it was when the command is given again.
"""

import argparse
import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read when torch is loaded

import click
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from vocabularies_coded import coded, notes
from vocabularies_page import write

from codelength.report.progress import Meter
from codelength.results.store import load
from codelength_hf.checkpoint import SAFE
from codelength_hf.pieces import Pieces, of_json
from codelength_hf.tokens import Bytes, Tokens
from codelength_train.heap import keep
from codelength_train.loop import Outputs, train
from codelength_train.material import WINDOW, Material, split_material
from codelength_train.run import Bound, Recipe, Run
from codelength_train.sizes import TRANSFORMERS, TransformerShape
from codelength_train.sources import of_path
from codelength_train.transformer import Transformer

VOCABULARIES = {"bytes": 256, "bpe-1k": 1_000, "bpe-5k": 5_000, "bpe-20k": 20_000}
SHAPE = TRANSFORMERS["0.2m"]
FLOPS = 1e12
POOL = 8_000_000
"""Bytes of text that tokenizers and models are made from, drawn by the shares of its kinds."""
RECIPE = Recipe(
    batch=1,
    short=256,
    rates={"matrices": 0.02, "rest": 0.005},
    seed=0,
    bfloat16=False,
    averaged=False,
)


def multiplied(shape: TransformerShape, vocabulary: int) -> int:
    """Weights that a symbol is multiplied with: the blocks and the head, not the table that it is
    looked up in, nor gains."""
    block = 4 * shape.width**2 + 3 * shape.width * shape.hidden
    return shape.layers * block + vocabulary * shape.width


def steps_for(flops: float, weights: int, symbols: int) -> int:
    """Steps of `symbols` symbols that take `flops`, at six for a weight and symbol: two forward,
    four backward (Kaplan et al. 2020, arXiv:2001.08361)."""
    return max(1, round(flops / (6 * weights * symbols)))


@dataclass(frozen=True)
class Vocabulary:
    """Symbols for any bytes. `file` is a tokenizer.json; there is none for bytes."""

    name: str
    size: int
    file: bytes | None

    @property
    def tokens(self) -> Tokens:
        """As `hf` codes with."""
        if self.file is None:
            return Bytes(Pieces([bytes([byte]) for byte in range(256)], lambda text: []), 256)
        return Tokens(of_json(self.file), self.size)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Bytes that each symbol stands for."""
        tokens = self.tokens
        return np.array([len(tokens.decode(np.array([symbol]))) for symbol in range(self.size)])


def byte_pairs(name: str, size: int, text: Mapping[str, NDArray[np.uint8]]) -> Vocabulary:
    """The byte-level BPE with so many tokens, made from `text`."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    texts = (part.tobytes().decode(errors="replace") for part in text.values())
    lines = (line for part in texts for line in part.splitlines(keepends=True))
    tokenizer.train_from_iterator(lines, trainer)
    return Vocabulary(name, size, tokenizer.to_str().encode())


@dataclass(frozen=True)
class Tokenized(Material):
    """Symbols to train on, about `bytes_each` bytes each: windows are as long in bytes as those of
    a model of bytes, to the nearest symbol."""

    bytes_each: float

    def symbols(self, size: int) -> int:
        """Of a window of `size` bytes."""
        return round(size / self.bytes_each)

    def windows(self, count: int, size: int, draw: np.random.Generator) -> Tensor:
        return super().windows(count, self.symbols(size), draw)

    def held_out_windows(self, count: int) -> Tensor:
        draw = np.random.default_rng(1)
        return self._windows(self.held_out, count, self.symbols(WINDOW), draw)


def pool(text: Material, size: int) -> Material:
    """The beginning of each kind, `size` bytes by their shares; of what is held out a sixteenth of
    that."""

    def first(kinds: Mapping[str, NDArray[np.uint8]], size: int) -> dict[str, NDArray[np.uint8]]:
        return {kind: part[: round(size * text.shares[kind])] for kind, part in kinds.items()}

    return Material(
        first(text.training, size),
        first(text.held_out, size // 16),
        text.shares,
        text.digest,
        text.files,
        text.rule,
    )


def tokenized(text: Material, vocabulary: Vocabulary) -> Tokenized:
    """`text` in symbols."""
    tokens = vocabulary.tokens

    def encoded(kinds: Mapping[str, NDArray[np.uint8]]) -> dict[str, NDArray[Any]]:
        return {k: tokens.encode(part.tobytes()).astype(np.int32) for k, part in kinds.items()}

    training = encoded(text.training)
    sizes = [sum(map(len, kinds.values())) for kinds in (text.training, training)]
    return Tokenized(
        training,
        encoded(text.held_out),
        text.shares,
        text.digest,
        text.files,
        text.rule,
        sizes[0] / sizes[1],
    )


class OfTokens(Transformer):
    """The transformer of `codelength train` with another vocabulary. A line's end stands before the
    first symbol."""

    def __init__(self, shape: TransformerShape, vocabulary: Vocabulary, context: int) -> None:
        super().__init__(shape)
        self.vocabulary = vocabulary
        self.begin = int(vocabulary.tokens.encode(b"\n")[0])
        self.lengths = torch.from_numpy(vocabulary.lengths)
        model = self.module
        model.resize_token_embeddings(vocabulary.size, mean_resizing=False)
        with torch.no_grad():
            model.model.embed_tokens.weight.normal_(std=0.5)
            model.lm_head.weight.zero_()
        model.config.bos_token_id = self.begin
        model.config.max_position_embeddings = context

    def bits(self, data: Tensor) -> Tensor:
        """The mean code length of (batch, time) symbols, in bits for each of the bytes that they
        stand for."""
        symbols = data.long()
        inputs = functional.pad(symbols[:, :-1], (1, 0), value=self.begin)
        logits = self.module(input_ids=inputs).logits.float().flatten(0, 1)
        nats = functional.cross_entropy(logits, symbols.flatten(), reduction="sum")
        return nats / np.log(2) / self.lengths[symbols].sum()

    def write(self, out: Path, state: Mapping[str, Tensor], card: Mapping[str, str]) -> None:
        out.mkdir(parents=True, exist_ok=True)
        if self.vocabulary.file:
            (out / "tokenizer.json").write_bytes(self.vocabulary.file)
        super().write(out, state, card)


def trained(models: Path, archive: Path, flops: float) -> None:
    """Makes the models that are not in `models` yet."""
    missing = {n: size for n, size in VOCABULARIES.items() if not (models / n / SAFE).exists()}
    if not missing:
        return
    models.mkdir(parents=True, exist_ok=True)
    keep()
    torch.set_num_threads(1)
    with Meter(sys.stderr) as meter:
        meter.say(f"reads {archive}")
        text = pool(split_material(of_path(archive)), POOL)
        for name, size in missing.items():
            vocabulary = (
                byte_pairs(name, size, text.training)
                if size > 256
                else Vocabulary(name, size, None)
            )
            data = tokenized(text, vocabulary)
            context = data.symbols(WINDOW)
            weights = multiplied(SHAPE, size)
            torch.manual_seed(RECIPE.seed)
            steps = steps_for(flops, weights, RECIPE.batch * context)
            run = Run(OfTokens(SHAPE, vocabulary, context), data, RECIPE, Bound(None, steps), "cpu")
            meter.say(f"{name}: {run.parameters:,} parameters, {context} symbols, {steps:,} steps")
            card = {
                "vocabulary": str(size),
                "multiplied": str(weights),
                "flops": f"{6 * weights * steps * RECIPE.batch * context:.4g}",
                "symbols_seen": str(steps * RECIPE.batch * context),
                "command": shlex.join(["python", *sys.argv]),
            }
            train(run, Outputs(models / name), card, meter)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--text", type=Path, required=True, help="what to train on")
    parser.add_argument("--models", type=Path, required=True, help="where the models are, or go")
    parser.add_argument("--flops", type=float, default=FLOPS, help="for each model")
    parser.add_argument("--data", type=Path, default=os.environ.get("CODELENGTH_DATA"))
    parser.add_argument("--limit", type=int, default=200_000, help="bytes of each corpus")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    try:
        trained(options.models, options.text, options.flops)
    except click.Abort:
        return 3
    found = coded(options.models, list(VOCABULARIES), options.data, options.limit, options.out)
    first = next(iter(found.values()))
    runs = dict.fromkeys(one.cell.run for lines in found.values() for one in lines)
    made = load(options.out).environments
    print(write(found, [made[run] for run in runs], list(notes(first)), options.out))
    return 0


if __name__ == "__main__":
    sys.exit(main())
