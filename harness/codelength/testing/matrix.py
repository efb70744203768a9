"""Checks of a portable codec over settings: all of them decode what the first one encoded.

Settings differ in threads, processor instructions, devices, and in how many blobs are decoded at a
time. Where one fails, the first symbol that it predicts otherwise is named.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from codelength.api.codec import Codec
from codelength.api.media import Sample
from codelength.testing import questions
from codelength.testing.inputs import make_noise, make_prose
from codelength.testing.messages import CheckFailed
from codelength.testing.result import Result
from codelength.testing.session import ARRIVES, MEMORY, READING, Session
from codelength.workers.processes import OLD_PROCESSOR

AVX2 = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "NUMBA_CPU_FEATURES": "+avx2,+fma",
    "NUMBA_CPU_NAME": "x86-64-v3",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
}
DEVICE = "CODELENGTH_DEVICE"

SAMPLES = (
    Sample("prose", make_prose(700)),
    Sample("noise", make_noise(300, "matrix")),
    Sample("line", make_prose(40)),
    Sample("nothing", b""),
)


class Setting(NamedTuple):
    """How a process computes."""

    name: str
    threads: int = 1
    variables: Mapping[str, str] = {}


def settings() -> list[Setting]:
    """Return the settings that can be tried here. The first one is that of the encoder."""
    flags = Path("/proc/cpuinfo")
    has_avx2 = flags.is_file() and " avx2" in flags.read_text(encoding="utf-8")
    device = os.environ.get(DEVICE) or "cpu:0"
    return [
        Setting("1 thread"),
        Setting("3 threads", 3),
        Setting("plain instructions", 1, OLD_PROCESSOR),
        *([Setting("AVX2", 1, AVX2)] if has_avx2 else []),
        *([Setting(f"device {device}", 1, {DEVICE: device})] if find_spec("torch") else []),
    ]


def matrix_checks(codec: Codec, timeout: float = READING) -> Iterator[Result]:
    """Return the result of each setting that decodes, made when it is asked for.

    Args:
        codec: Its class has to be at the top of a module.
        timeout: Seconds for one call.
    """
    if not codec.portable:
        yield Result(ARRIVES, declined="the codec does not state that it is portable")
        return
    first, *others = settings()
    try:
        with _session(codec, first, timeout) as encoder:
            if missing := encoder.ask(questions.check_available).value:
                yield Result(ARRIVES, declined=missing)
                return
            encoded = encoder.ask(questions.encode_many, SAMPLES)
            if encoded.problem is not None:
                yield Result(f"encode with {first.name}", encoded.problem)
                return
            yield from _decode(encoder, encoder, first, encoded.value)
            for setting in others:
                with _session(codec, setting, timeout) as decoder:
                    yield from _decode(encoder, decoder, setting, encoded.value)
    except CheckFailed as finding:
        yield Result(ARRIVES, str(finding))


def _session(codec: Codec, setting: Setting, timeout: float) -> Session:
    return Session(codec, timeout, MEMORY, 1, setting.threads, setting.variables)


def _decode(
    encoder: Session, decoder: Session, setting: Setting, blobs: Sequence[bytes]
) -> Iterator[Result]:
    """Decode all blobs together, and each alone."""
    for size in (len(SAMPLES), 1):
        problem = None
        for at in range(0, len(SAMPLES), size):
            outcome = decoder.ask(questions.decode_many, blobs[at : at + size])
            values = outcome.value or [None] * size
            for sample, value in zip(SAMPLES[at : at + size], values, strict=True):
                if value != sample.data and problem is None:
                    what = outcome.problem or "gives other data"
                    where = _first_difference(encoder, decoder, bytes(sample.data))
                    problem = f"decoding {sample.name!r} {what}; {where}"
        yield Result(f"{setting.name}, {size} at a time", problem)


def _first_difference(encoder: Session, decoder: Session, data: bytes) -> str:
    """Say which symbol is the first that two processes predict otherwise."""
    one, other = (session.ask(digest_rows, data).value for session in (encoder, decoder))
    if one is None or other is None:
        return "there are no frequencies of symbols to compare"
    for number, (row, again) in enumerate(zip(one, other, strict=True)):
        if row != again:
            return f"symbol {number}, {row[0]!r}, is the first with other frequencies"
    return "all symbols have the same frequencies"


def digest_rows(codec: Codec, data: bytes) -> list[tuple[bytes, str]] | None:
    """Return each symbol's bytes, and a digest of the frequencies that a decoder gets before it."""
    from codelength.coding.predictor import Predictor

    predictor: Any = codec.predictor
    if predictor is None:
        return None
    symbols = predictor.tokenize(data)
    rows = (row for _, block in Predictor.frequencies(predictor, [symbols]) for row in block)
    digests = [hashlib.sha256(row.astype("int64").tobytes()).hexdigest() for row in rows]
    pieces = [predictor.detokenize(symbols[at : at + 1]) for at in range(len(symbols))]
    return list(zip(pieces, digests, strict=True))
