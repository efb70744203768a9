"""Checks of a portable codec over settings: each decodes what the first one encoded.

Settings differ in threads, processor instructions, devices, and in how many blobs are decoded at a
time. Where one differs, the first symbol that its predictor sees otherwise is named.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from codelength.api.codec import Codec
from codelength.api.media import Sample
from codelength.testing import questions
from codelength.testing.inputs import make_noise, make_prose
from codelength.testing.messages import CheckFailed, Returned
from codelength.testing.result import Result
from codelength.testing.session import MEMORY, READING, Session
from codelength.workers.processes import OLD_PROCESSOR

AVX2 = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "NUMBA_CPU_FEATURES": "+avx2,+fma",
    "NUMBA_CPU_NAME": "x86-64-v3",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
}
DEVICE = "CODELENGTH_DEVICE"


class Setting(NamedTuple):
    """How a process computes."""

    name: str
    threads: int = 1
    variables: Mapping[str, str] = {}


def settings() -> list[Setting]:
    """Return the settings that can be tried here. The first one is that of the encoder."""
    flags = Path("/proc/cpuinfo")
    has_avx2 = flags.is_file() and " avx2" in flags.read_text(encoding="utf-8")
    found = [Setting("1 thread"), Setting("3 threads", 3), Setting("plain", 1, OLD_PROCESSOR)]
    found += [Setting("AVX2", 1, AVX2)] if has_avx2 else []
    given = os.environ.get(DEVICE)
    return found + [Setting(name, 1, {DEVICE: name}) for name in [given or "cpu:0"]]


def matrix_checks(codec: Codec, timeout: float = READING) -> Iterator[Result]:
    """Return the result of each setting that decodes, made when it is asked for.

    Args:
        codec: Its class has to be at the top of a module.
        timeout: Seconds for one call.
    """
    if not codec.portable:
        yield Result("settings", declined="the codec does not state that it is portable")
        return
    samples = [
        Sample("prose", make_prose(700)),
        Sample("noise", make_noise(300, "matrix")),
        Sample("line", make_prose(40)),
        Sample("nothing", b""),
    ]
    first, *others = settings()
    with ExitStack() as stack:
        try:
            encoder = stack.enter_context(_session(codec, first, timeout))
            encoded = encoder.ask(questions.encode_many, samples)
            if not isinstance(encoded, Returned):
                yield Result(f"encode, {first.name}", encoded.problem)
                return
            yield from _decoded(encoder, encoder, first, samples, encoded.value)
            for setting in others:
                with _session(codec, setting, timeout) as decoder:
                    yield from _decoded(encoder, decoder, setting, samples, encoded.value)
        except CheckFailed as finding:
            yield Result("settings", str(finding))


def _session(codec: Codec, setting: Setting, timeout: float) -> Session:
    return Session(codec, timeout, MEMORY, 1, setting.threads, setting.variables)


def _decoded(
    encoder: Session, decoder: Session, setting: Setting, samples: list[Sample], blobs: list[bytes]
) -> Iterator[Result]:
    """Decode all blobs together, and each alone."""
    for size in (len(samples), 1):
        problem = None
        for at in range(0, len(samples), size):
            batch = samples[at : at + size]
            outcome = decoder.ask(questions.decode_many, blobs[at : at + size])
            values = outcome.value if isinstance(outcome, Returned) else [None] * size
            for sample, value in zip(batch, values, strict=True):
                if value != sample.data and problem is None:
                    where = first_difference(encoder, decoder, sample)
                    problem = f"{sample.name!r} {outcome.problem or 'differs'}; {where}"
        yield Result(f"{setting.name}, {size} at a time", problem)


def first_difference(encoder: Session, decoder: Session, sample: Sample) -> str:
    """Say which symbol of a sample is the first that two processes predict otherwise."""
    answers = [session.ask(digest_rows, bytes(sample.data)) for session in (encoder, decoder)]
    one, other = (answer.value if isinstance(answer, Returned) else None for answer in answers)
    if one is None or other is None:
        return "it has no predictor whose symbols could be compared"
    for number, (row, again) in enumerate(zip(one, other, strict=False)):
        if row != again:
            return f"symbol {number}, {row[0]!r}, is the first with other frequencies"
    return "all symbols have the same frequencies"


def digest_rows(codec: Codec, data: bytes) -> list[tuple[Any, str]] | None:
    """Return each symbol's bytes, and a digest of the frequencies that a decoder gets before it."""
    from codelength.coding.predictor import Predictor

    predictor = codec.predictor
    if predictor is None:
        return None
    symbols = predictor.tokenize(data)
    stepped = (rows for _, rows in Predictor.frequencies(predictor, [symbols]))
    digests = [hashlib.sha256(row.astype("int64").tobytes()).hexdigest() for r in stepped for row in r]
    pieces = [predictor.detokenize(symbols[n : n + 1]) for n in range(len(symbols))]
    return list(zip(pieces, digests, strict=True))
