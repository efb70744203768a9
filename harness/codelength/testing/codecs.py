"""The checks of a codec. One process encodes, another decodes, and neither knows of the other."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from codelength.api.codec import Codec
from codelength.api.media import Sample
from codelength.run.worker import difference
from codelength.testing import asked
from codelength.testing.damage import corrupted, truncated
from codelength.testing.inputs import DAMAGED, LONG, inputs
from codelength.testing.messages import Finding, Lost, Raised, Returned
from codelength.testing.result import Result, answer, worst
from codelength.testing.session import ARRIVES, MEMORY, TIMEOUT, Session

QUESTIONS: Mapping[str, Callable[..., str | None]] = {
    "spec builds it again": asked.spec,
    "versions": asked.versions,
    "prior": asked.model_bytes,
}

Coded = tuple[Sample, bytes]
"""A sample and its blob."""


def codec_checks(codec: Codec, timeout: float = TIMEOUT, memory: int = MEMORY) -> Iterator[Result]:
    """What each check of `codec` found, as they are made.

    A call may take `timeout` seconds and allocate `memory` bytes. Inputs may be declined with
    Unsupported, but not all of them. A damaged blob may give an exception or any bytes; it must not
    hang or end its process, nor, if a part is cut off, give the whole data all the same.
    """
    try:
        encoder = Session(codec, timeout, memory, hash_seed=1)
        with encoder, _decoder(codec, timeout, memory) as decoder:
            encoder.wait()
            decoder.wait()
            yield Result(ARRIVES)
            yield from Trial(encoder, decoder, patience=timeout).results()
    except Finding as finding:
        yield Result(ARRIVES, str(finding))


def _decoder(codec: Codec, timeout: float, memory: int) -> Session:
    """The process that decodes. For a codec that claims to be portable, its threads and processor
    instructions are other ones than those of the process that encodes."""
    portable = codec.portable
    threads = 3 if portable else 1
    return Session(codec, timeout, memory, hash_seed=2, threads=threads, old_processor=portable)


@dataclass
class Trial:
    """One codec in its two processes, and what could be encoded so far."""

    encoder: Session
    decoder: Session
    patience: float
    """Seconds for the long input; a codec that would take longer is not given it."""
    coded: dict[str, Coded] = field(default_factory=dict)
    """By the name of the sample."""

    def results(self) -> Iterator[Result]:
        """All checks, in order; those that nothing is left to check with are left out."""
        installed = answer("is installed", self.encoder.ask(asked.missing))
        yield installed
        if installed.problem:
            return
        for check, question in QUESTIONS.items():
            yield answer(check, self.encoder.ask(question))
        failed, pace = False, float("inf")
        for check, samples in inputs().items():
            start = time.monotonic()
            result = self._round_trips(check, samples)
            yield result
            failed = failed or result.problem is not None
            size = sum(len(sample.data) for sample in samples)
            pace = min(pace, (time.monotonic() - start) / (size or 1))
        if self.coded:
            batch = list(self.coded.values())
            yield self._long_input(pace * len(LONG.data))
            yield from self._blobs(batch)
        elif not failed:
            yield Result("codes something", "declines every input, so nothing was checked")

    def _round_trips(self, check: str, samples: Sequence[Sample]) -> Result:
        problems: list[str | None] = []
        declined = []
        for sample in samples:
            outcome = self.encoder.ask(asked.encode, sample)
            if isinstance(outcome, Returned):
                self.coded[sample.name] = sample, outcome.value
                problems.append(self._changed(sample, outcome.value))
            elif isinstance(outcome, Raised) and outcome.declined:
                declined.append(f"{sample.name}: {outcome.problem}")
            else:
                problems.append(f"encoding {sample.name!r} {outcome.problem}")
        share = f"{len(declined)} of {len(samples)}, {declined[0]}" if declined else ""
        return Result(check, worst(problems), share)

    def _changed(self, sample: Sample, blob: bytes) -> str | None:
        outcome = self.decoder.ask(asked.decode, blob, len(sample.data))
        if not isinstance(outcome, Returned):
            return f"decoding {sample.name!r} {outcome.problem}"
        if outcome.value != sample.data:
            return f"{sample.name!r}: {difference(bytes(sample.data), outcome.value)}"
        return None

    def _long_input(self, seconds: float) -> Result:
        if seconds > self.patience:
            why = f"{LONG.name}: at its pace they take {seconds:.0f} s"
            return Result("long input", declined=why)
        return self._round_trips("long input", [LONG])

    def _blobs(self, batch: Sequence[Coded]) -> Iterator[Result]:
        """What must hold of blobs, and of what becomes of them; `batch` is all but the long one."""
        coded = list(self.coded.values())
        # backwards, so that nothing may depend on what was coded before
        samples, blobs = zip(*batch[::-1], strict=True)
        data = [bytes(sample.data) for sample in samples]
        yield Result("same blob each time", worst(_unlike(self.encoder, coded)))
        yield _batched("encode_many agrees", self.encoder, asked.encode_many, samples, blobs)
        yield _batched("decode_many agrees", self.decoder, asked.decode_many, blobs, data)
        # only now: what has encoded may remember what it should decode
        yield Result("same blob in another process", worst(_unlike(self.decoder, coded[::-1])))
        yield Result("ledger sums up", worst(_unbalanced(self.encoder, coded)))
        whole = [(sample, blob) for sample, blob in batch if sample.data and blob]
        damaged = [pair for pair in whole if pair[0].name in DAMAGED] or whole[-1:]
        yield Result("truncated blobs", worst(_truncations(self.decoder, damaged)))
        yield Result("corrupted blobs", worst(_corruptions(self.decoder, damaged)))


def _unlike(session: Session, coded: Iterable[Coded]) -> Iterator[str]:
    for sample, blob in coded:
        outcome = session.ask(asked.encode, sample)
        if not isinstance(outcome, Returned):
            yield f"encoding {sample.name!r} again {outcome.problem}"
        elif outcome.value != blob:
            sizes = f"{len(outcome.value)} bytes, {len(blob)} before"
            yield f"{sample.name!r} becomes another blob: {sizes}"


def _batched(
    check: str,
    session: Session,
    function: Callable[..., list[bytes]],
    given: Sequence[Sample | bytes],
    expected: Sequence[bytes],
) -> Result:
    for batch, wanted in ((given, expected), ([], [])):
        outcome = session.ask(function, batch)
        if not isinstance(outcome, Returned):
            return Result(check, f"a batch of {len(wanted)} {outcome.problem}")
        if len(outcome.value) != len(wanted):
            return Result(check, f"{len(outcome.value)} come out of a batch of {len(wanted)}")
        for at, (alone, among) in enumerate(zip(wanted, outcome.value, strict=True)):
            if alone != among:
                sizes = f"{len(among)} bytes, {len(alone)} alone"
                return Result(check, f"number {at} of {len(wanted)} comes out otherwise: {sizes}")
    return Result(check)


def _unbalanced(session: Session, coded: Iterable[Coded]) -> Iterator[str]:
    for sample, blob in coded:
        problem = answer("", session.ask(asked.ledger, blob)).problem
        if problem:
            yield f"the ledger of {sample.name!r} {problem}"


def _truncations(session: Session, coded: Iterable[Coded]) -> Iterator[str]:
    for sample, blob in coded:
        for change, damaged in truncated(blob):
            outcome = session.ask(asked.decode, damaged, len(sample.data))
            where = f"the blob of {sample.name!r}, {change},"
            if isinstance(outcome, Lost):
                yield f"decoding {where} {outcome.problem}"
            elif isinstance(outcome, Returned) and outcome.value == sample.data:
                yield f"{where} silently passes: it gives the whole data all the same"


def _corruptions(session: Session, coded: Iterable[Coded]) -> Iterator[str]:
    for sample, blob in coded:
        for change, damaged in corrupted(blob):
            outcome = session.ask(asked.decode, damaged, len(sample.data))
            if isinstance(outcome, Lost):
                yield f"decoding the blob of {sample.name!r}, {change}, {outcome.problem}"
