"""What a model is trained on: bytes of some kinds, cut into windows, with a part held out."""

import hashlib
import random
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from codelength import UsageError
from codelength_train.mix import KINDS, LISTS, as_drawn, kind_of
from codelength_train.sources import Files

WINDOW = 2048
"""Bytes that a model sees from an empty state, as chunks are coded."""

HELD_OUT = 16
"""One part of so many is held out."""

FEW = 64
"""Of fewer files than this, a part of each is held out, not some files."""

Kinds = Mapping[str, NDArray[np.uint8]]
"""The bytes of each kind in one piece."""


@dataclass(frozen=True)
class Material:
    """Bytes to train on and held-out bytes, by kind, and how windows are drawn."""

    training: Kinds
    held_out: Kinds
    shares: Mapping[str, float]
    digest: str
    """sha256 over names and contents of the files."""
    files: int
    rule: str
    """What is held out."""

    def __str__(self) -> str:
        sizes = [sum(map(len, part.values())) for part in (self.training, self.held_out)]
        training, held_out = (
            f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.1f} kB" for size in sizes
        )
        return (
            f"{training} to train on and {held_out} held out ({self.rule}) from {self.files:,} "
            f"file{'s' * (self.files > 1)}"
        )

    def windows(self, count: int, size: int, draw: np.random.Generator) -> Tensor:
        """Return windows (count, size) at random places. Kinds are drawn by their shares."""
        return self._windows(self.training, count, size, draw)

    def held_out_windows(self, count: int) -> Tensor:
        """Return held-out windows (count, WINDOW), always the same ones."""
        return self._windows(self.held_out, count, WINDOW, np.random.default_rng(1))

    def _windows(self, kinds: Kinds, count: int, size: int, draw: np.random.Generator) -> Tensor:
        names = [name for name, content in kinds.items() if len(content) > size]
        shares = np.array([self.shares[name] for name in names])
        windows = []
        for kind in draw.choice(len(names), count, p=shares / shares.sum()):
            content = kinds[names[kind]]
            start = int(draw.integers(len(content) - size))
            windows.append(content[start : start + size])
        return torch.from_numpy(np.stack(windows))


def split_material(files: Files) -> Material:
    """Split `files` into kinds and parts. Raises UsageError for too few bytes."""
    mixed = any(kind_of(name) for name, _ in files)
    if mixed:
        files = [file for file in files if not file[0].endswith(LISTS)]
    by_file = len(files) >= FEW
    training: dict[str, list[bytes]] = {}
    held_out: dict[str, list[bytes]] = {}
    digest = hashlib.sha256()
    for name, content in files:
        mark = hashlib.sha256(f"{name}\0".encode(errors="surrogateescape") + content).digest()
        digest.update(mark)
        kind = kind_of(name) or "other"
        drawn = as_drawn(name, content, random.Random(mark)) if mixed else content
        if by_file:
            part = held_out if mark[0] % HELD_OUT == 0 else training
            part.setdefault(kind, []).append(drawn)
        else:
            last = len(drawn) - len(drawn) // HELD_OUT
            training.setdefault(kind, []).append(drawn[:last])
            held_out.setdefault(kind, []).append(drawn[last:])
    order = random.Random(0)
    for pieces in training.values():
        order.shuffle(pieces)
    joined = _joined(training), _joined(held_out)
    if not all(any(len(content) > WINDOW for content in part.values()) for part in joined):
        size = sum(len(content) for _, content in files)
        raise UsageError(
            f"{size:,} bytes of data are too few to train on: {HELD_OUT} windows of "
            f"{WINDOW} bytes are needed, one of them to be held out"
        )
    total = sum(map(len, joined[0].values()))
    shares = {
        kind: KINDS[kind][0] if kind in KINDS else len(content) / total
        for kind, content in joined[0].items()
    }
    rule = (
        f"1 file in {HELD_OUT}, by a hash of its name and content"
        if by_file
        else f"the last {HELD_OUT}th of each file"
    )
    return Material(*joined, shares, digest.hexdigest(), len(files), rule)


def _joined(kinds: Mapping[str, list[bytes]]) -> dict[str, NDArray[np.uint8]]:
    return {
        kind: np.frombuffer(b"".join(pieces), np.uint8).copy()
        for kind, pieces in sorted(kinds.items())
    }
