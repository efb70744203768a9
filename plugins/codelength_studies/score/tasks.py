"""What the processes do: score pieces, code them, decode blobs."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import active_children, get_context

from codelength.api.codec import Codec
from codelength.api.errors import UsageError
from codelength.api.media import Sample
from codelength.coding.predictor_codec import PredictorCodec
from codelength.plugins import Plugins, Registered
from codelength.workers.limits import die_with_parent

QUIET = {
    **{f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMBA")},
    "OMP_WAIT_POLICY": "PASSIVE",
}
"""One thread a process; one that waits leaves its core to others."""


@dataclass(frozen=True)
class Recipe:
    """Enough to build a codec in another process."""

    spec: str
    files: tuple[str, ...]
    plugin: str | None

    @classmethod
    def of(cls, plugins: Plugins, entry: Registered[Codec]) -> "Recipe":
        """For a codec that `plugins` offer."""
        plugin = entry.plugin.name if entry.plugin.package else None
        return cls(entry.item.spec, plugins.files, plugin)


@contextmanager
def processes(count: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that start afresh; all of them are gone in the end, whatever they were doing."""
    before = {name: os.environ.get(name) for name in QUIET}
    os.environ.update(QUIET)  # a library reads these when it is loaded, so they have to be there
    known = set(active_children())
    pool = ProcessPoolExecutor(count, get_context("spawn"), _begin)
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in set(active_children()) - known:
            process.terminate()
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that waits
    die_with_parent()


@lru_cache(maxsize=2)
def codec_of(recipe: Recipe) -> PredictorCodec:
    """The codec. Raises UsageError if it has no predictor."""
    only = () if recipe.plugin is None else (recipe.plugin,)
    return with_predictor(Plugins(recipe.files, only=only).codec(recipe.spec).item)


def with_predictor(codec: Codec) -> PredictorCodec:
    """`codec`, if it is made out of a predictor. Raises UsageError."""
    if not isinstance(codec, PredictorCodec):
        raise UsageError(
            f"{codec.spec} has no predictor, so there is no ideal code length to give; "
            f"'codelength run --codecs {codec.spec}' codes instead"
        )
    return codec


def ideal(recipe: Recipe, pieces: tuple[bytes, ...]) -> tuple[float, float]:
    """The ideal code length of all pieces in bits, and the CPU seconds that it took."""
    from codelength.coding.code_length import code_lengths

    predictor = codec_of(recipe).predictor
    if pieces:  # what is loaded or compiled once is no part of the time
        first = predictor.tokenize(pieces[0][:1])
        for _ in code_lengths(predictor, [first]):
            pass
    start = time.process_time()
    symbols = [predictor.tokenize(piece) for piece in pieces]
    bits = [float(lengths.sum()) for _, _, lengths in code_lengths(predictor, symbols)]
    return sum(bits), time.process_time() - start


def coded(recipe: Recipe, pieces: tuple[bytes, ...]) -> list[bytes]:
    """A blob for each piece."""
    return codec_of(recipe).encode_many([Sample("", piece) for piece in pieces])


def decoded(recipe: Recipe, blobs: list[bytes]) -> list[bytes]:
    """The piece behind each blob."""
    return codec_of(recipe).decode_many(blobs)
