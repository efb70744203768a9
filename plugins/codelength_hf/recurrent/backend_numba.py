"""The steps of a recurrent model on a CPU, as the compiled loops of `kernels`."""

from math import sqrt

import numpy as np

from codelength_exact.kernels import FloatArray, IntArray
from codelength_hf.backend import Norm
from codelength_hf.backend_numba import NumbaTransformerBackend
from codelength_hf.recurrent import kernels
from codelength_hf.recurrent.backend import (
    Delta,
    DeltaVectors,
    HeadScan,
    RecurrentBackend,
    Scan,
)


class NumbaRecurrentBackend(NumbaTransformerBackend, RecurrentBackend[IntArray, FloatArray]):
    """On a CPU."""

    def full(self, value: np.float32, *shape: int) -> FloatArray:
        return np.full(shape, value, np.float32)

    def bytes_of(self, x: FloatArray) -> int:
        return x.nbytes

    def columns(self, x: FloatArray, start: int, stop: int) -> FloatArray:
        return np.ascontiguousarray(x[:, start:stop])

    def mixed(self, x: FloatArray, mixes: FloatArray, last: FloatArray) -> list[FloatArray]:
        out = np.empty((len(mixes), *x.shape), np.float32)
        kernels.mix(x, mixes, last, out)
        return list(out)

    def blended(self, x: FloatArray, y: FloatArray, share: FloatArray) -> FloatArray:
        out = np.empty_like(x)
        kernels.blend(x, y, share, out)
        return out

    def convolved(
        self, x: FloatArray, start: int, taps: FloatArray, bias: FloatArray, before: FloatArray
    ) -> FloatArray:
        out = np.empty((len(x), len(bias)), np.float32)
        kernels.convolve(x, start, taps, bias, before, out)
        return out

    def scanned(
        self,
        scan: Scan[FloatArray],
        a: FloatArray,
        d: FloatArray,
        gain: FloatArray,
        state: FloatArray,
    ) -> FloatArray:
        out = np.empty_like(scan.x)
        kernels.scan(scan[:], a, d, gain, state, out)
        return out

    def heads_scanned(
        self,
        x: FloatArray,
        projected: FloatArray,
        scan: HeadScan[FloatArray],
        norm: Norm[FloatArray],
        state: FloatArray,
    ) -> FloatArray:
        out = np.empty((len(x), len(norm.gain)), np.float32)
        kernels.scan_heads(x, projected, scan[:], norm[:], state, out)
        return out

    def averaged(
        self,
        r: FloatArray,
        k: FloatArray,
        v: FloatArray,
        decay: FloatArray,
        first: FloatArray,
        sums: FloatArray,
        largest: FloatArray,
    ) -> FloatArray:
        out = np.empty_like(r)
        kernels.average(r, k, v, decay, first, sums, largest, out)
        return out

    def delta(
        self,
        delta: Delta[FloatArray],
        vectors: DeltaVectors[FloatArray],
        norm: Norm[FloatArray],
        state: FloatArray,
    ) -> FloatArray:
        out = np.empty_like(delta.r)
        unit = np.float32(1 / sqrt(state.shape[-1]))
        kernels.apply_delta(delta[:], vectors[:], norm[:], unit, state, out)
        return out
