"""A training run, and the checkpoint from which it can be continued."""

import math
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from codelength import UsageError
from codelength.api.errors import CodelengthError, StoreError
from codelength_train.material import WINDOW, Material
from codelength_train.optimizers import make_optimizers, set_rates

LONG = 0.25
"""The last part of a run whose windows are of full length whatever they were before."""

HELD_OUT_WINDOWS = 256
"""Windows that the figure in a card is measured on."""


class Subject(Protocol):
    """A kind of model."""

    kind: str
    shape: Any
    """With `fields` that JSON can hold."""

    @property
    def module(self) -> nn.Module:
        """Return the module that is trained."""

    def bits(self, data: Tensor) -> Tensor:
        """Return the mean code length of (batch, time) bytes, in bits a byte."""

    def group(self, name: str, parameter: Tensor) -> str:
        """Return the learning rate's group of a parameter: "matrices", "rest" or another."""

    def write(self, out: Path, state: Mapping[str, Tensor], card: Mapping[str, str]) -> None:
        """Write parameters like those of `module`, quantised, whole or not at all."""


class Diverged(CodelengthError):
    """The loss or a parameter of a run is no number any more."""

    exit_code = 3


@dataclass(frozen=True)
class Recipe:
    """How a model is trained, besides its shape and its data."""

    batch: int
    """Bytes of a step, in windows of full length."""
    short: int
    """Bytes of a window until the last part of the run begins."""
    rates: Mapping[str, float]
    """Group of parameters → the peak of its learning rate."""
    seed: int
    bfloat16: bool
    averaged: bool
    """The rates stay at their peak, and what counts is a mean of the parameters over the last
    tenth or so of the steps, so that every step is as good an end as any other."""


@dataclass(frozen=True)
class Bound:
    """Where a run ends: CPU minutes (on another device minutes), or steps."""

    minutes: float | None = None
    steps: int | None = None


class Run:
    """Training of a subject."""

    def __init__(
        self, subject: Subject, material: Material, recipe: Recipe, bound: Bound, device: str
    ) -> None:
        self.subject, self.material = subject, material
        self.recipe, self.bound, self.device = recipe, bound, device
        self.module = subject.module.to(device)
        self.optimizers = make_optimizers(self._groups(), recipe.rates)
        self.mean = {k: v.clone() for k, v in self.state.items()} if recipe.averaged else None
        self.step, self.seconds = 0, 0.0
        self._clock = time.process_time if device == "cpu" else time.monotonic
        self._since = self._clock()

    def _groups(self) -> dict[str, list[Tensor]]:
        groups: dict[str, list[Tensor]] = {"matrices": [], "rest": [], "tables": []}
        for name, parameter in self.module.named_parameters():
            groups[self.subject.group(name, parameter)].append(parameter)
        return groups

    @property
    def state(self) -> dict[str, Tensor]:
        """Return the current parameters."""
        return dict(self.module.state_dict())

    @property
    def parameters(self) -> int:
        """Return how many parameters are trained."""
        return sum(parameter.numel() for parameter in self.module.parameters())

    @property
    def seen(self) -> int:
        """Return the bytes trained on so far."""
        return self.step * self.recipe.batch * WINDOW

    @property
    def done(self) -> float:
        """Return the part of the run that is done, 0 to 1."""
        by_time = self.seconds / (60 * self.bound.minutes) if self.bound.minutes else 0.0
        by_steps = self.step / self.bound.steps if self.bound.steps else 0.0
        return min(1.0, max(by_time, by_steps))

    def advance(self) -> float:
        """Take one step, and return the loss in bits a byte."""
        self.module.train()
        set_rates(self.optimizers, self.done, falling=not self.recipe.averaged)
        size = WINDOW if self.done >= 1 - LONG else self.recipe.short
        draw = np.random.default_rng((self.recipe.seed, self.step))
        batch = self.material.windows(self.recipe.batch * WINDOW // size, size, draw)
        with torch.autocast(self.device, torch.bfloat16, enabled=self.recipe.bfloat16):
            loss = self.subject.bits(batch.to(self.device))
        for optimizer in self.optimizers:
            optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        for optimizer in self.optimizers:
            optimizer.step()
        self.step += 1
        if self.mean is not None:
            for name, values in self.state.items():
                self.mean[name].lerp_(values, min(1.0, 10 / self.step))
        bits = loss.item()
        self.count_time()
        return bits

    def count_time(self) -> None:
        """Add the time since the last call."""
        now = self._clock()
        self.seconds, self._since = self.seconds + now - self._since, now

    def held_out(self, windows: int) -> float:
        """Bits a byte of the parameters that count, in float32, on held-out windows.

        Takes none of the run's time.
        """
        self.count_time()
        now = {name: values.clone() for name, values in self.state.items()}
        if self.mean is not None:
            self.module.load_state_dict(self.mean)
        self.module.eval()
        with torch.no_grad():
            chunks = torch.split(self.material.held_out_windows(windows).to(self.device), 4)
            bits = sum(float(self.subject.bits(chunk)) * len(chunk) for chunk in chunks)
        self.module.load_state_dict(now)
        self._since = self._clock()
        return bits / windows

    def check(self, bits: float) -> None:
        """Raise Diverged if the last loss or a parameter is no number."""
        numbers = all(bool(torch.isfinite(values).all()) for values in self.state.values())
        if not math.isfinite(bits) or not numbers:
            raise Diverged(
                f"the loss is {bits} after step {self.step:,}, and parameters are "
                f"{'numbers' if numbers else 'no numbers any more'}; lower --muon-lr and "
                "--adam-lr, or give another --seed"
            )

    def write(self, out: Path, card: Mapping[str, str]) -> dict[str, str]:
        """Write the weights that count, quantised, with a card.

        Returns:
            `card` and what the run adds to it.
        """
        card = {**card, **self.card()}
        self.subject.write(out, self.state if self.mean is None else self.mean, card)
        return card

    def card(self) -> dict[str, str]:
        """Return what a user of the weights should know."""
        minutes = "cpu_minutes" if self.device == "cpu" else f"{self.device}_minutes"
        averaged = ", mean of the last steps' parameters" if self.recipe.averaged else ""
        held_out = self.held_out(HELD_OUT_WINDOWS)
        return {
            "kind": self.subject.kind,
            "parameters": str(self.parameters),
            "data": f"{self.material.digest} (sha256 over {self.material.files} files)",
            "held_out": self.material.rule,
            "held_out_bpb": f"{held_out:.4f} (float32, {HELD_OUT_WINDOWS} windows of {WINDOW} "
            f"bytes{averaged})",
            "steps": str(self.step),
            "bytes_seen": str(self.seen),
            minutes: f"{self.seconds / 60:.1f}",
            "seed": str(self.recipe.seed),
        }

    @property
    def made(self) -> dict[str, Any]:
        """Return the settings that a checkpoint must have in common with the run."""
        return {
            "kind": self.subject.kind,
            "shape": self.subject.shape.fields,
            "data": self.material.digest,
            **asdict(self.recipe),
        }

    def save(self, path: Path) -> None:
        """Write a checkpoint, whole or not at all. Raises StoreError."""
        saved = {
            "made": self.made,
            "model": self.state,
            "mean": self.mean,
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "step": self.step,
            "seconds": self.seconds,
        }
        partial = path.with_name(f"{path.name}.partial")
        try:
            with partial.open("wb") as file:
                torch.save(saved, file)
            partial.replace(path)
        except (OSError, RuntimeError) as error:  # PyTorch has one of its own for a full disk
            partial.unlink(missing_ok=True)
            full = error if isinstance(error, OSError) else error.__context__
            why = getattr(full, "strerror", None) or "the disk may be full"
            raise StoreError(f"{path} cannot be written: {why}") from error

    def load(self, path: Path) -> None:
        """Continue from a checkpoint. Raises UsageError for one of another run."""
        try:
            saved: dict[str, Any] = torch.load(path, map_location=self.device, weights_only=True)
            made = saved["made"]
        except Exception as error:  # whatever torch makes of a file that is none of its own
            raise UsageError(
                f"{path} is no checkpoint ({type(error).__name__}); remove it to begin anew"
            ) from error
        for what, value in self.made.items():
            if made[what] != value:
                raise UsageError(
                    f"{path} is of a run whose {what} is {made[what]}, not {value}; go on with "
                    "that, or remove it to begin anew"
                )
        self.module.load_state_dict(saved["model"])
        self.mean = saved["mean"]
        for optimizer, state in zip(self.optimizers, saved["optimizers"], strict=True):
            optimizer.load_state_dict(state)
        self.step, self.seconds = saved["step"], saved["seconds"]
        self._since = self._clock()
