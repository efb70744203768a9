"""The checks of a predictor: its two views have to give the same frequencies."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np

from codelength.coding.predictor import Predictor
from codelength.coding.range_coder import IntArray
from codelength.testing import questions
from codelength.testing.inputs import make_noise, make_prose
from codelength.testing.result import Result, run_checks, to_result
from codelength.testing.session import MEMORY, READING, Session

HARD_BYTES = (
    b"",
    b"\0",
    bytes(range(256)),
    b"\xff\xfe\xc3\x28\xed\xa0\x80\xf5",  # not UTF-8: lone bytes, a surrogate, past the end
    "e\u0301 \u00e9 \ufb01 \u1100\u1161 \u212b".encode(),  # normalization would change them
    "\ufeffmark first, 🙂👩‍👩‍👧 and 東京".encode(),
    b" leading, trailing and    many spaces \t\r\n\r\n \n",
    b"<|endoftext|> <s> </s> [CLS] <0x0A> <unk> \xe2\x96\x81",  # special tokens of many tokenizers
    "naïve “quotes”".encode()[:-1],  # cut within a character
    make_noise(300, "nasty"),
)
"""Bytes that tokenizers often lose."""

LENGTHS = (40, 0, 7, 300, 1)
"""Lengths of the sequences in a batch: unequal, zero, and larger than most block sizes."""


def predictor_checks(
    predictor: Predictor, timeout: float = READING, memory: int = MEMORY
) -> Iterator[Result]:
    """Return the results of all checks of a predictor, each made when it is asked for.

    The parallel view and the stepwise view have to give the same frequencies, in any batch and in
    two processes with other numbers of threads and other hash seeds.

    Args:
        predictor: Its class has to be at the top of a module.
        timeout: Seconds for one check.
        memory: Bytes that a process may allocate.
    """
    return run_checks(predictor, _checks, timeout, memory, threads=3)


def _checks(first: Session, second: Session) -> Iterator[Result]:
    for check, question in CHECKS.items():
        yield to_result(check, first.ask(question))
    yield _same_digests("same frequencies in another process", first, second)


def _same_digests(check: str, first: Session, second: Session) -> Result:
    one, other = first.ask(compute_digests), second.ask(compute_digests)
    for outcome in (one, other):
        if outcome.problem is not None:
            return Result(check, outcome.problem)
    for stream, (digest, again) in enumerate(zip(one.value, other.value, strict=True)):
        if digest != again:
            return Result(check, f"those of sequence {stream} differ with 1 and with 3 threads")
    return Result(check)


def check_tokens(predictor: Predictor) -> str | None:
    """Does every byte string become symbols, and the same bytes again?"""
    for data in HARD_BYTES:
        symbols = predictor.tokenize(data)
        what = f"tokenize({data[:40]!r})"
        if symbols.ndim != 1 or not np.issubdtype(symbols.dtype, np.integer):
            return f"{what} gives {symbols.dtype} of shape {symbols.shape}, not a row of integers"
        if len(symbols) and not 0 <= symbols.min() <= symbols.max() < predictor.alphabet:
            return f"{what} has symbols outside its alphabet of {predictor.alphabet}"
        again = predictor.detokenize(symbols)
        if type(again) is not bytes or again != data:
            return f"detokenize({what}) is {again[:40]!r}"
    return None


def check_frequencies(predictor: Predictor) -> str | None:
    """Are there frequencies for each position in both views, and can a coder use them?"""
    batch = sequences(predictor)
    for view, frequencies in (("parallel", parallel), ("stepwise", stepwise)):
        for symbols, rows in zip(batch, frequencies(predictor, batch), strict=True):
            if problem := _frequency_problem(rows, len(symbols), predictor):
                return f"the {view} view of a sequence of {len(symbols)}: {problem}"
    return None


def check_views(predictor: Predictor) -> str | None:
    """Does stepping give what the parallel view gives, whatever the size of the batch?"""
    batch = sequences(predictor)
    for size in range(1, len(batch) + 1):
        one, other = parallel(predictor, batch[:size]), stepwise(predictor, batch[:size])
        if problem := _difference(one, other, "parallel", "stepwise"):
            return f"in a batch of {size}, {problem}"
    return None


def check_batches(predictor: Predictor) -> str | None:
    """Are the frequencies of a sequence the same alone and among others?"""
    batch = sequences(predictor)
    alone = [parallel(predictor, [sequence])[0] for sequence in batch]
    for size in range(2, len(batch) + 1):
        if problem := _difference(
            alone, parallel(predictor, batch[:size]), "alone", "among others"
        ):
            return f"in a batch of {size}, {problem}"
    return None


def check_keep(predictor: Predictor) -> str | None:
    """Do kept streams give the same frequencies as without the streams that were dropped?"""
    sequence = sequences(predictor)[LENGTHS.index(max(LENGTHS))]
    rows = np.stack([sequence[at : at + 24] for at in (0, 50, 100)]).astype(np.int32)
    together, alone = predictor.stepper([24, 24, 8]), predictor.stepper([24, 24])
    for at, symbols in enumerate(rows.T):
        streams = 3 if at < 8 else 2
        together.keep(streams)
        now, expected = together.frequencies().copy(), alone.frequencies().copy()
        if (len(now), len(expected)) != (streams, 2):
            return f"{len(now)} rows after keep({streams}), {len(expected)} of 2 streams"
        if problem := _difference([expected], [now[:2]], "of 2 streams", f"after keep({streams})"):
            return f"at step {at}, {problem}"
        together.advance(symbols[:streams])
        alone.advance(symbols[:2])
    return None


def compute_digests(predictor: Predictor) -> list[str]:
    """Compute the digests of the frequencies of each sequence in a batch, for both views."""
    batch = sequences(predictor)
    frequencies = [*parallel(predictor, batch), *stepwise(predictor, batch)]
    return [hashlib.sha256(rows.astype(np.int64).tobytes()).hexdigest() for rows in frequencies]


def sequences(predictor: Predictor) -> list[IntArray]:
    """Return sequences of the lengths in LENGTHS, or shorter ones if `tokenize` gives fewer."""
    material = predictor.tokenize(make_prose(400) + make_noise(400, "symbols"))
    starts = (97 * at % max(1, len(material) - max(LENGTHS)) for at in range(len(LENGTHS)))
    return [material[start : start + length] for start, length in zip(starts, LENGTHS, strict=True)]


def parallel(predictor: Predictor, batch: Sequence[IntArray]) -> list[IntArray]:
    """Return the frequencies of every sequence, (positions, alphabet), as an encoder gets them."""
    return _join_blocks(predictor.frequencies(batch), len(batch), predictor.alphabet)


def stepwise(predictor: Predictor, batch: Sequence[IntArray]) -> list[IntArray]:
    """Return the frequencies of every sequence, (positions, alphabet), as a decoder gets them."""
    decoded = [symbols.astype(np.int32) for symbols in batch]
    # the base class steps, whatever `predictor` does to see all positions at once
    return _join_blocks(Predictor.frequencies(predictor, decoded), len(batch), predictor.alphabet)


def _join_blocks(
    blocks: Iterable[tuple[int, IntArray]], sequences: int, alphabet: int
) -> list[IntArray]:
    rows: list[list[IntArray]] = [[] for _ in range(sequences)]
    for stream, block in blocks:
        rows[stream].append(block.copy())
    nothing = np.empty((0, alphabet), np.int32)
    return [np.concatenate(pieces) if pieces else nothing for pieces in rows]


def _frequency_problem(rows: IntArray, positions: int, predictor: Predictor) -> str | None:
    """Say why a coder cannot use these frequencies."""
    alphabet, precision = predictor.alphabet, predictor.precision
    if rows.shape != (positions, alphabet):
        return f"shape {rows.shape}, not {(positions, alphabet)}"
    if not np.issubdtype(rows.dtype, np.integer):
        return f"{rows.dtype}, not integers"
    for at, row in enumerate(rows):
        if row.min() <= 0:
            return f"symbol {row.argmin()} has frequency {row.min()} at position {at}"
        if row.sum(dtype=np.int64) >= 1 << precision:
            return f"a sum of {row.sum(dtype=np.int64)} at position {at}, not below 2^{precision}"
    return None


def _difference(
    frequencies: Sequence[IntArray], others: Sequence[IntArray], one: str, other: str
) -> str | None:
    """Say where two views of the same sequences differ, for as many as both have."""
    for stream, (rows, again) in enumerate(zip(frequencies, others, strict=False)):
        if rows.shape != again.shape:
            return f"sequence {stream} has {len(rows)} positions {one}, {len(again)} {other}"
        places = np.argwhere(rows != again)
        if len(places):
            at, symbol = places[0]
            return (
                f"symbol {symbol} at position {at} of sequence {stream} has frequency "
                f"{rows[at, symbol]} {one}, {again[at, symbol]} {other}"
            )
    return None


CHECKS: Mapping[str, Callable[[Predictor], str | None]] = {
    "model bytes": questions.check_model_bytes,
    "tokens decode to their bytes": check_tokens,
    "frequencies can be coded": check_frequencies,
    "parallel agrees with stepwise": check_views,
    "batches agree": check_batches,
    "kept streams agree": check_keep,
}
