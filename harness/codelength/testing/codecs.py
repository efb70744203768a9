"""The checks of a codec. One process encodes, another decodes, and neither knows of the other."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from codelength.api.codec import Codec
from codelength.api.media import Sample
from codelength.measure.worker import difference
from codelength.testing import questions
from codelength.testing.inputs import DAMAGED, LONG, corrupt, make_inputs, truncate
from codelength.testing.result import Result, first_problem, run_checks, to_result
from codelength.testing.session import MEMORY, TIMEOUT, Session
from codelength.workers.processes import OLD_PROCESSOR

Coded = tuple[Sample, bytes]
"""A sample and its blob."""


def codec_checks(codec: Codec, timeout: float = TIMEOUT, memory: int = MEMORY) -> Iterator[Result]:
    """Return the results of all checks of a codec, each made when it is asked for.

    The codec may decline inputs with Unsupported, but not all of them. For a damaged blob it may
    raise an exception or return any bytes. It must not hang or end its process, and it must not
    return the whole data if a part of the blob is cut off. If it is `portable`, the process that
    decodes has other threads and older processor instructions.

    Args:
        codec: Its class has to be at the top of a module.
        timeout: Seconds for one call.
        memory: Bytes that a process may allocate.
    """
    checks, portable = partial(_checks, timeout), codec.portable
    return run_checks(
        codec, checks, timeout, memory, 3 if portable else 1, OLD_PROCESSOR if portable else {}
    )


def _checks(timeout: float, encoder: Session, decoder: Session) -> Iterator[Result]:
    installed = to_result("is installed", encoder.ask(questions.check_available))
    yield installed
    if installed.problem:
        return
    yield to_result("spec builds it again", encoder.ask(questions.check_spec))
    yield to_result("versions", encoder.ask(questions.check_versions))
    yield to_result("model bytes", encoder.ask(questions.check_model_bytes))
    coded: list[Coded] = []
    failed, fastest = False, float("inf")
    for check, samples in make_inputs().items():
        start = time.monotonic()
        result = _round_trips(check, encoder, decoder, samples, coded)
        yield result
        failed = failed or result.problem is not None
        size = sum(len(sample.data) for sample in samples)
        fastest = min(fastest, (time.monotonic() - start) / (size or 1))
    if coded:
        short = coded[:]
        seconds = fastest * len(LONG.data)
        if seconds > timeout:
            too_slow = f"{LONG.name}: they would take {seconds:.0f} s, as slow as it is"
            yield Result("long input", declined=too_slow)
        else:
            yield _round_trips("long input", encoder, decoder, [LONG], coded)
        yield from _blob_checks(encoder, decoder, coded, short)
    elif not failed:
        yield Result("codes something", "declines every input, so nothing was checked")


def _blob_checks(
    encoder: Session, decoder: Session, coded: Sequence[Coded], short: Sequence[Coded]
) -> Iterator[Result]:
    """Check the blobs again, in batches, in the other process, and damaged.

    `short` leaves out the long input.
    """
    # backwards, so that nothing may depend on what was coded before
    samples, blobs = zip(*short[::-1], strict=True)
    data = [bytes(sample.data) for sample in samples]
    encode_many, decode_many = questions.encode_many, questions.decode_many
    yield Result("same blob each time", first_problem(_other_blobs(encoder, coded)))
    yield _batches("encode_many agrees", encoder, encode_many, samples, blobs)
    yield _batches("decode_many agrees", decoder, decode_many, blobs, data)
    # only now: a process that has encoded may remember what it should decode
    other = first_problem(_other_blobs(decoder, coded[::-1]))
    yield Result("same blob in another process", other)
    yield Result("streams agree", first_problem(_other_streams(encoder, coded)))
    yield Result("ledger sums up", first_problem(_wrong_ledgers(encoder, coded)))
    longest = max(short, key=lambda pair: len(pair[0].data))
    lengths = encoder.ask(questions.check_code_lengths, *longest)
    yield to_result("code lengths are what is coded", lengths)
    whole = [(sample, blob) for sample, blob in short if sample.data and blob]
    damaged = [pair for pair in whole if pair[0].name in DAMAGED] or whole[-1:]
    yield Result("truncated blobs", first_problem(_truncations(decoder, damaged)))
    yield Result("corrupted blobs", first_problem(_corruptions(decoder, damaged)))


def _round_trips(
    check: str, encoder: Session, decoder: Session, samples: Sequence[Sample], coded: list[Coded]
) -> Result:
    """Encode and decode each sample, and add those that could be encoded to `coded`."""
    problems: list[str | None] = []
    declined = []
    for sample in samples:
        outcome = encoder.ask(questions.encode, sample)
        if outcome.problem is None:
            coded.append((sample, outcome.value))
            problems.append(_decode_problem(decoder, sample, outcome.value))
        elif outcome.declined:
            declined.append(f"{sample.name}: {outcome.problem}")
        else:
            problems.append(f"encoding {sample.name!r} {outcome.problem}")
    share = f"{len(declined)} of {len(samples)}, {declined[0]}" if declined else ""
    return Result(check, first_problem(problems), share)


def _decode_problem(decoder: Session, sample: Sample, blob: bytes) -> str | None:
    outcome = decoder.ask(questions.decode, blob, len(sample.data))
    if outcome.problem is not None:
        return f"decoding {sample.name!r} {outcome.problem}"
    if outcome.value != sample.data:
        return f"{sample.name!r}: {difference(bytes(sample.data), outcome.value)}"
    return None


def _other_blobs(session: Session, coded: Iterable[Coded]) -> Iterator[str]:
    for sample, blob in coded:
        outcome = session.ask(questions.encode, sample)
        if outcome.problem is not None:
            yield f"encoding {sample.name!r} again {outcome.problem}"
        elif outcome.value != blob:
            sizes = f"{len(outcome.value)} bytes, {len(blob)} before"
            yield f"{sample.name!r} becomes another blob: {sizes}"


def _other_streams(session: Session, coded: Iterable[Coded]) -> Iterator[str]:
    for sample, blob in coded:
        if problem := to_result("", session.ask(questions.check_streams, sample, blob)).problem:
            yield problem


def _batches(
    check: str,
    session: Session,
    function: Callable[..., list[bytes]],
    given: Sequence[Sample | bytes],
    expected: Sequence[bytes],
) -> Result:
    for batch, wanted in ((given, expected), ([], [])):
        outcome = session.ask(function, batch)
        if outcome.problem is not None:
            return Result(check, f"a batch of {len(wanted)} {outcome.problem}")
        if len(outcome.value) != len(wanted):
            return Result(check, f"a batch of {len(wanted)} returns {len(outcome.value)}")
        for at, (alone, batched) in enumerate(zip(wanted, outcome.value, strict=True)):
            if alone != batched:
                sizes = f"{len(batched)} bytes, {len(alone)} alone"
                return Result(check, f"number {at} of {len(wanted)} differs in a batch: {sizes}")
    return Result(check)


def _wrong_ledgers(session: Session, coded: Iterable[Coded]) -> Iterator[str]:
    for sample, blob in coded:
        problem = to_result("", session.ask(questions.check_ledger, blob)).problem
        if problem:
            yield f"the ledger of {sample.name!r} {problem}"


def _truncations(session: Session, coded: Iterable[Coded]) -> Iterator[str]:
    for sample, blob in coded:
        for change, damaged in truncate(blob):
            outcome = session.ask(questions.decode, damaged, len(sample.data))
            where = f"the blob of {sample.name!r}, {change},"
            if outcome.lost:
                yield f"decoding {where} {outcome.problem}"
            elif outcome.problem is None and outcome.value == sample.data:
                yield f"{where} decodes to the whole data; raise CorruptBlob instead"


def _corruptions(session: Session, coded: Iterable[Coded]) -> Iterator[str]:
    for sample, blob in coded:
        for change, damaged in corrupt(blob):
            outcome = session.ask(questions.decode, damaged, len(sample.data))
            if outcome.lost:
                yield f"decoding the blob of {sample.name!r}, {change}, {outcome.problem}"
