"""The layers of each family."""

from abc import ABC, abstractmethod
from typing import Generic

import numpy as np

from codelength_exact.backend import Floats, Ints, Matrix, Rows
from codelength_hf.backend import Norm
from codelength_hf.quantized_model import ready
from codelength_hf.recurrent.backend import (
    NOWHERE,
    Delta,
    DeltaVectors,
    HeadScan,
    RecurrentBackend,
    Scan,
)
from codelength_hf.recurrent.shape import Recurrent
from codelength_hf.recurrent.weights import Parts
from codelength_hf.weights import QuantizedMatrix

ZERO = np.float32(0)


class Layer(ABC, Generic[Ints, Floats]):
    """One layer, ready to run."""

    def __init__(
        self,
        parts: Parts[QuantizedMatrix],
        shape: Recurrent,
        backend: RecurrentBackend[Ints, Floats],
    ) -> None:
        self._shape, self._backend = shape, backend
        self._matrices: dict[str, Matrix[Ints, Floats]] = {
            name: ready(backend, matrix) for name, matrix in parts.matrices.items()
        }
        floats, is_centred = backend.floats, shape.norm == "layer"
        self._norms = {
            name: Norm(floats(norm.gain), floats(norm.bias), shape.epsilon, is_centred)
            for name, norm in parts.norms.items()
        }
        self._vectors = {name: floats(vector) for name, vector in parts.vectors.items()}

    @abstractmethod
    def begin(self, streams: int) -> list[Floats]:
        """Return what the layer remembers at the beginning; the first axis is the streams."""

    @abstractmethod
    def advance(
        self, x: Floats, state: list[Floats], first: Floats | None
    ) -> tuple[Floats, Floats | None]:
        """Return x (rows, width) with what the layer makes of it, and what later layers read.

        Args:
            x: Is changed.
            state: Is brought forward.
            first: The values of the first layer of RWKV-7.
        """

    def _inner(self, norm: Norm[Floats]) -> Norm[Floats]:
        """Return a norm inside of the recurrence, which adds something else to the variance."""
        return Norm(norm.gain, norm.bias, self._shape.inner_epsilon or 0.0, norm.centred)

    def _times(self, name: str, rows: Rows[Ints, Floats]) -> Floats:
        return self._backend.to_floats(self._matrices[name].times(rows))

    def _of(self, name: str, x: Floats) -> Floats:
        """Return the product of floats and a matrix."""
        return self._times(name, self._backend.quantise(x))


class Mamba(Layer[Ints, Floats]):
    """Gu and Dao, arXiv:2312.00752."""

    def begin(self, streams: int) -> list[Floats]:
        shape, full = self._shape, self._backend.full
        return [
            full(ZERO, streams, shape.kernel - 1, shape.inner),
            full(ZERO, streams, shape.state, shape.inner),
        ]

    def advance(
        self, x: Floats, state: list[Floats], first: Floats | None
    ) -> tuple[Floats, Floats | None]:
        backend, shape, vectors = self._backend, self._shape, self._vectors
        inner, rank, count = shape.inner, shape.rank, shape.state
        projected = self._times("in", backend.normalise(x, self._norms["norm"]))
        own = backend.convolved(projected, 0, vectors["taps"], vectors["conv_bias"], state[0])
        low = self._of("x", backend.times(own, vectors["x_gain"]))
        steps = self._normed("steps", backend.columns(low, 0, rank))
        b = self._normed("state", backend.columns(low, rank, rank + count))
        c = self._normed("state", backend.columns(low, rank + count, rank + 2 * count))
        steps = self._of("dt", backend.times(steps, vectors["dt_gain"]))
        scan = Scan(own, steps, b, c, backend.columns(projected, inner, 2 * inner))
        read = backend.scanned(scan, vectors["a"], vectors["d"], vectors["out_gain"], state[1])
        backend.add(x, self._matrices["out"].times(backend.quantise(read)))
        return x, first

    def _normed(self, name: str, x: Floats) -> Floats:
        """Return the norm of what Falcon makes steps, inputs and outputs of."""
        norm = self._norms.get(name)
        return x if norm is None else self._backend.normed(x, self._inner(norm))


class Mamba2(Layer[Ints, Floats]):
    """Dao and Gu, arXiv:2405.21060."""

    def begin(self, streams: int) -> list[Floats]:
        shape, full = self._shape, self._backend.full
        convolved = shape.inner + 2 * shape.groups * shape.state
        return [
            full(ZERO, streams, shape.kernel - 1, convolved),
            full(ZERO, streams, shape.heads, shape.state, shape.head_dim),
        ]

    def advance(
        self, x: Floats, state: list[Floats], first: Floats | None
    ) -> tuple[Floats, Floats | None]:
        backend, shape, vectors = self._backend, self._shape, self._vectors
        projected = self._times("in", backend.normalise(x, self._norms["norm"]))
        own = backend.convolved(
            projected, shape.inner, vectors["taps"], vectors["conv_bias"], state[0]
        )
        low, high = (np.float32(bound) for bound in shape.steps)
        scan = HeadScan(vectors["a"], vectors["d"], vectors["dt_bias"], low, high, shape.groups)
        read = backend.heads_scanned(own, projected, scan, self._norms["gated"], state[1])
        backend.add(x, self._matrices["out"].times(backend.quantise(read)))
        return x, first


class Rwkv4(Layer[Ints, Floats]):
    """Peng et al., arXiv:2305.13048."""

    def begin(self, streams: int) -> list[Floats]:
        shape, full = self._shape, self._backend.full
        return [
            full(ZERO, streams, shape.width),
            full(ZERO, streams, shape.width),
            full(ZERO, streams, 2, shape.inner),
            full(NOWHERE, streams, shape.inner),
        ]

    def advance(
        self, x: Floats, state: list[Floats], first: Floats | None
    ) -> tuple[Floats, Floats | None]:
        backend, vectors, norms = self._backend, self._vectors, self._norms
        mixed = backend.mixed(backend.normed(x, norms["norm"]), vectors["mixes"], state[0])
        k, v, r = (self._of(name, part) for name, part in zip("kvr", mixed, strict=True))
        decay = vectors["decay"], vectors["first"]
        mean = backend.averaged(r, k, v, *decay, state[2], state[3])
        backend.add(x, self._matrices["out"].times(backend.quantise(mean)))
        normed = backend.normed(x, norms["mlp_norm"])
        up, gate = backend.mixed(normed, vectors["mlp_mixes"], state[1])
        hidden = self._matrices["up"].times(backend.quantise(up))
        added = self._times("down", backend.activate("relu2", False, hidden))
        share = backend.sigmoid(self._matrices["gate"].times(backend.quantise(gate)))
        return backend.plus(x, backend.times(added, share)), first


class Rwkv7(Layer[Ints, Floats]):
    """Peng et al., arXiv:2503.14456."""

    def begin(self, streams: int) -> list[Floats]:
        shape, full = self._shape, self._backend.full
        size = shape.head_dim
        return [
            full(ZERO, streams, shape.width),
            full(ZERO, streams, shape.width),
            full(ZERO, streams, shape.heads, size, size),
        ]

    def advance(
        self, x: Floats, state: list[Floats], first: Floats | None
    ) -> tuple[Floats, Floats | None]:
        backend, vectors, norms = self._backend, self._vectors, self._norms
        mixed = backend.mixed(backend.normed(x, norms["norm"]), vectors["mixes"], state[0])
        rows = dict(zip("rwkvag", map(backend.quantise, mixed), strict=True))
        r, k, v = (self._times(name, rows[name]) for name in "rkv")
        if first is None:
            first = v
        else:
            v = backend.blended(v, first, self._of("v2", self._times("v1", rows["v"])))
        low = backend.cap(self._matrices["w1"].times(rows["w"]), 1)  # tanh
        w = self._of("w2", backend.to_floats(low))
        a = self._of("a2", self._times("a1", rows["a"]))
        g = self._of("g2", backend.sigmoid(self._matrices["g1"].times(rows["g"])))
        heads = self._inner(norms["heads"])
        of_delta = DeltaVectors(vectors["k_k"], vectors["k_a"], vectors["r_k"])
        read = backend.delta(Delta(r, w, k, v, a, g), of_delta, heads, state[2])
        backend.add(x, self._matrices["out"].times(backend.quantise(read)))
        normed = backend.normed(x, norms["mlp_norm"])
        (up,) = backend.mixed(normed, vectors["mlp_mixes"], state[1])
        hidden = self._matrices["up"].times(backend.quantise(up))
        backend.add(x, self._matrices["down"].times(backend.activate("relu2", False, hidden)))
        return x, first


LAYERS: dict[str, type[Layer]] = {  # type: ignore[type-arg]
    "mamba": Mamba,
    "falcon_mamba": Mamba,
    "mamba2": Mamba2,
    "rwkv": Rwkv4,
    "rwkv7": Rwkv7,
}
"""By family."""
