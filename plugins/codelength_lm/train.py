"""Training of the byte models in the box: `python -m codelength_lm.train --size 0.9m …`.

A run is bounded by minutes of its own CPU time (other work on the machine does not cut it short)
or by steps; the learning rate warms up and then falls linearly to nothing at the bound. A killed
run goes on from its last checkpoint with the same command.
"""

import argparse
import os
import shlex
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from codelength_lm import data, weights
from codelength_lm.muon import Muon
from codelength_lm.recurrent import RecurrentModel
from codelength_lm.shape import SHAPES

WINDOW = 2048
"""Bytes of a training window, each from an empty state, as chunks are coded."""
WARM_UP = 0.02
HELD_OUT_WINDOWS = 64


@dataclass(frozen=True)
class Recipe:
    """What a run is made of, besides its data."""

    size: str
    minutes: float | None
    steps: int | None
    batch: int
    muon_lr: float
    adam_lr: float
    table_lr: float
    seed: int
    device: str
    bfloat16: bool


class Run:
    """A model in training, with what it takes to go on later."""

    def __init__(self, recipe: Recipe, text: data.Text) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.text = recipe, text
        self.model = RecurrentModel(SHAPES[recipe.size]).to(recipe.device)
        self.optimizers = _optimizers(self.model, recipe)
        self.step, self.seconds = 0, 0.0
        self._since = time.process_time()

    @property
    def done(self) -> float:
        """The part of the run that lies behind, 0 to 1."""
        by_time = self.seconds / (60 * self.recipe.minutes) if self.recipe.minutes else 0.0
        by_steps = self.step / self.recipe.steps if self.recipe.steps else 0.0
        return min(1.0, max(by_time, by_steps))

    def advance(self) -> float:
        """One step; the loss in bits a byte."""
        rate = min(self.done / WARM_UP + 0.01, 1.0) * (1 - self.done)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate * group["peak"]
        draw = np.random.default_rng((self.recipe.seed, self.step))
        batch = self.text.windows(self.recipe.batch, WINDOW, draw).to(self.recipe.device)
        with torch.autocast(self.recipe.device, torch.bfloat16, enabled=self.recipe.bfloat16):
            loss = self.model.bits(batch)
        for optimizer in self.optimizers:
            optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        for optimizer in self.optimizers:
            optimizer.step()
        self.step += 1
        self.count_time()
        return loss.item()

    def count_time(self) -> None:
        """Adds the CPU time since the last call."""
        now = time.process_time()
        self.seconds, self._since = self.seconds + now - self._since, now

    @torch.no_grad()
    def held_out(self, windows: int = HELD_OUT_WINDOWS) -> float:
        """Bits a byte on held-out windows. Takes none of the run's time."""
        self.count_time()
        data = self.text.held_out_windows(windows, WINDOW).to(self.recipe.device)
        chunks = torch.split(data, 8)
        bits = [float(self.model.bits(chunk)) * len(chunk) for chunk in chunks]
        self._since = time.process_time()
        return sum(bits) / windows

    def save(self, path: Path) -> None:
        """Writes a checkpoint, whole or not at all."""
        state = {
            "model": self.model.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "step": self.step,
            "seconds": self.seconds,
        }
        partial = path.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(path)

    def load(self, path: Path) -> None:
        """Goes on where `save` was."""
        state: dict[str, Any] = torch.load(path, map_location=self.recipe.device, weights_only=True)
        self.model.load_state_dict(state["model"])
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.step, self.seconds = state["step"], state["seconds"]

    def weights(self, card: dict[str, str]) -> weights.Weights:
        """The model as it is, quantised."""
        parameters = {
            name: values.float().cpu().numpy() for name, values in self.model.state_dict().items()
        }
        return weights.of_parameters(self.model.shape, parameters, card)

    def card(self) -> dict[str, str]:
        """What a reader of the weights should know."""
        return {
            "size": self.recipe.size,
            "data": f"{self.text.digest} (sha256 over the files), shares by kind in data.KINDS",
            "steps": str(self.step),
            "bytes_seen": str(self.step * self.recipe.batch * WINDOW),
            "cpu_minutes": f"{self.seconds / 60:.1f}",
            "held_out_bpb": f"{self.held_out(256):.4f} (float32, 256 windows of {WINDOW} bytes)",
            "command": shlex.join(["python", "-m", "codelength_lm.train", *sys.argv[1:]]),
            "seed": str(self.recipe.seed),
        }


def _optimizers(model: RecurrentModel, recipe: Recipe) -> list[torch.optim.Optimizer]:
    matrices: list[Tensor] = []
    tables: list[Tensor] = []
    rest: list[Tensor] = []
    for name, param in model.named_parameters():
        inner = param.ndim == 2 and not name.startswith(("byte", "tables", "head"))
        (matrices if inner else tables if name.startswith("tables") else rest).append(param)
    adam = torch.optim.AdamW(
        [{"params": rest, "lr": recipe.adam_lr}, {"params": tables, "lr": recipe.table_lr}],
        betas=(0.9, 0.98),
        weight_decay=0.0,
    )
    optimizers: list[torch.optim.Optimizer] = [Muon(matrices, recipe.muon_lr), adam]
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["peak"] = group["lr"]
    return optimizers


def train(run: Run, out: Path, every: float) -> None:
    """Runs to the end, printing as it goes, with a checkpoint every `every` CPU seconds; then
    writes the weights to `out`."""
    checkpoint = out.with_suffix(".checkpoint")
    if checkpoint.exists():
        run.load(checkpoint)
        print(f"going on from {checkpoint} at step {run.step}", flush=True)
    mean, saved, said = 0.0, run.seconds, -1e9
    while run.done < 1:
        loss = run.advance()
        mean = loss if not mean else 0.95 * mean + 0.05 * loss
        if run.seconds - said > 15:
            said = run.seconds
            seen = run.step * run.recipe.batch * WINDOW
            print(
                f"{100 * run.done:5.1f}%  step {run.step}  {seen / 1e6:.1f} MB  "
                f"{seen / run.seconds / 1e3:.1f} kB/s  {mean:.3f} bpb",
                flush=True,
            )
        if run.seconds - saved > every:
            saved = run.seconds
            run.save(checkpoint)
            print(f"        held out: {run.held_out():.4f} bpb", flush=True)
    run.save(checkpoint)
    card = run.card()
    weights.write(out, run.weights(card))
    print(f"{out}: held out {card['held_out_bpb']}", flush=True)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m codelength_lm.train", description=__doc__)
    parser.add_argument("--size", choices=SHAPES, required=True)
    parser.add_argument("--data", type=Path, required=True, help="a tar archive of text files")
    parser.add_argument("--out", type=Path, required=True, help="weights, *.safetensors")
    parser.add_argument("--minutes", type=float, help="of CPU time")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--batch", type=int, default=8, help=f"windows of {WINDOW} bytes")
    parser.add_argument("--muon-lr", type=float, default=0.02)
    parser.add_argument("--adam-lr", type=float, default=0.005)
    parser.add_argument("--table-lr", type=float, default=0.01)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--bfloat16", action="store_true", help="autocast; pays with AVX-512 BF16")
    parser.add_argument("--every", type=float, default=180, help="seconds between checkpoints")
    options = vars(parser.parse_args())
    if not options["minutes"] and not options["steps"]:
        parser.error("give --minutes or --steps")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    torch.set_num_threads(options.pop("threads"))
    archive, out, every = options.pop("data"), options.pop("out"), options.pop("every")
    train(Run(Recipe(**options), data.read(archive)), out, every)


if __name__ == "__main__":
    main()
