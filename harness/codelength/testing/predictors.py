"""The checks of a predictor: that its two views are one law, to the last integer."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np

from codelength.coding.predictor import Predictor
from codelength.coding.range_coder import PRECISION, IntArray
from codelength.testing import asked
from codelength.testing.inputs import noise, prose
from codelength.testing.messages import Finding, Returned
from codelength.testing.result import Result, answer
from codelength.testing.session import ARRIVES, MEMORY, READING, Session

NASTY = (
    b"",
    b"\0",
    bytes(range(256)),
    b"\xff\xfe\xc3\x28\xed\xa0\x80\xf5",  # not UTF-8: lone bytes, a surrogate, past the end
    "e\u0301 \u00e9 \ufb01 \u1100\u1161 \u212b".encode(),  # what normalising would change
    "\ufeffmark first, 🙂👩‍👩‍👧 and 東京".encode(),
    b" leading, trailing and    many spaces \t\r\n\r\n \n",
    b"<|endoftext|> <s> </s> [CLS] <0x0A> <unk> \xe2\x96\x81",  # what tokenizers take for theirs
    "naïve “quotes”".encode()[:-1],  # cut within a character
    noise(300, "nasty"),
)
"""Bytes that tokenizers like to lose."""

LENGTHS = (40, 0, 7, 300, 1)
"""Symbols of the sequences in a batch: ragged, none at all, and past most block sizes."""


def predictor_checks(
    predictor: Predictor, timeout: float = READING, memory: int = MEMORY
) -> Iterator[Result]:
    """What each check of `predictor` found, as they are made, each within `timeout` seconds. The
    second process is given other threads and another hash seed."""
    try:
        first = Session(predictor, timeout, memory, hash_seed=1, threads=1)
        with first, Session(predictor, timeout, memory, hash_seed=2, threads=3) as second:
            first.wait()
            second.wait()
            yield Result(ARRIVES)
            for check, question in QUESTIONS.items():
                yield answer(check, first.ask(question))
            yield _same_laws("same frequencies in another process", first, second)
    except Finding as finding:
        yield Result(ARRIVES, str(finding))


def _same_laws(check: str, first: Session, second: Session) -> Result:
    laws = [first.ask(digests), second.ask(digests)]
    for law in laws:
        if not isinstance(law, Returned):
            return Result(check, law.problem)
    one, other = (law.value for law in laws if isinstance(law, Returned))
    for stream, (here, there) in enumerate(zip(one, other, strict=True)):
        if here != there:
            return Result(check, f"sequence {stream} of a batch has others with 1 and 3 threads")
    return Result(check)


def tokens(predictor: Predictor) -> str | None:
    """Does every byte string become symbols, and come back?"""
    for data in NASTY:
        symbols = predictor.tokenize(data)
        what = f"tokenize({data[:40]!r})"
        if symbols.ndim != 1 or not np.issubdtype(symbols.dtype, np.integer):
            return f"{what} gives {symbols.dtype} of shape {symbols.shape}, not a row of integers"
        if len(symbols) and not 0 <= symbols.min() <= symbols.max() < predictor.alphabet:
            return f"{what} has symbols outside of its alphabet of {predictor.alphabet}"
        again = predictor.detokenize(symbols)
        if type(again) is not bytes or again != data:
            return f"detokenize({what}) is {again[:40]!r}"
    return None


def laws(predictor: Predictor) -> str | None:
    """Are there frequencies for each position in both views, and can a coder use them?"""
    batch = sequences(predictor)
    for view, rows in (("parallel", parallel), ("stepwise", stepwise)):
        for stream, law in enumerate(rows(predictor, batch)):
            if problem := unlawful(law, len(batch[stream]), predictor.alphabet):
                return f"the {view} view of a sequence of {len(batch[stream])}: {problem}"
    return None


def unlawful(law: IntArray, positions: int, alphabet: int) -> str | None:
    """What keeps a coder from using these frequencies."""
    if law.shape != (positions, alphabet):
        return f"shape {law.shape}, not {(positions, alphabet)}"
    if not np.issubdtype(law.dtype, np.integer):
        return f"{law.dtype}, not integers"
    for at, row in enumerate(law):
        if row.min() <= 0:
            return f"symbol {row.argmin()} has frequency {row.min()} at position {at}"
        if row.sum(dtype=np.int64) >= 1 << PRECISION:
            return f"a sum of {row.sum(dtype=np.int64)} at position {at}, not below 2^{PRECISION}"
    return None


def views(predictor: Predictor) -> str | None:
    """Does stepping give what the parallel view gives, whatever the size of the batch?"""
    whole = sequences(predictor)
    for size in range(1, len(whole) + 1):
        batch = whole[:size]
        one, other = parallel(predictor, batch), stepwise(predictor, batch)
        if problem := _apart(one, other, "parallel", "stepwise"):
            return f"in a batch of {size}, {problem}"
    return None


def company(predictor: Predictor) -> str | None:
    """Are the frequencies of a sequence the same alone and among others?"""
    whole = sequences(predictor)
    alone = [parallel(predictor, [sequence])[0] for sequence in whole]
    for size in range(2, len(whole) + 1):
        if problem := _apart(alone, parallel(predictor, whole[:size]), "alone", "among others"):
            return f"in a batch of {size}, {problem}"
    return None


def keeping(predictor: Predictor) -> str | None:
    """Do the streams that are kept go on as if the others had never been there?"""
    sequence = sequences(predictor)[LENGTHS.index(max(LENGTHS))]
    rows = np.stack([sequence[at : at + 24] for at in (0, 50, 100)]).astype(np.int32)
    together, alone = predictor.stepper([24, 24, 8]), predictor.stepper([24, 24])
    for at, symbols in enumerate(rows.T):
        streams = 3 if at < 8 else 2
        together.keep(streams)
        now, expected = together.frequencies().copy(), alone.frequencies().copy()
        if (len(now), len(expected)) != (streams, 2):
            return f"{len(now)} rows after keep({streams}), {len(expected)} of 2 streams"
        if problem := _apart([expected], [now[:2]], "of 2 streams", f"after keep({streams})"):
            return f"at step {at}, {problem}"
        together.advance(symbols[:streams])
        alone.advance(symbols[:2])
    return None


def digests(predictor: Predictor) -> list[str]:
    """What tells the laws of each sequence in a batch from others, for both views."""
    batch = sequences(predictor)
    laws = [*parallel(predictor, batch), *stepwise(predictor, batch)]
    return [hashlib.sha256(law.astype(np.int64).tobytes()).hexdigest() for law in laws]


def sequences(predictor: Predictor) -> list[IntArray]:
    """Symbols that `tokenize` gives, as many as LENGTHS says; fewer if it gives no more."""
    material = predictor.tokenize(prose(400) + noise(400, "symbols"))
    starts = (97 * at % max(1, len(material) - max(LENGTHS)) for at in range(len(LENGTHS)))
    return [material[start : start + length] for start, length in zip(starts, LENGTHS, strict=True)]


def parallel(predictor: Predictor, batch: Sequence[IntArray]) -> list[IntArray]:
    """The frequencies at every position of every sequence, as an encoder gets them."""
    return _gathered(predictor.frequencies(batch), len(batch), predictor.alphabet)


def stepwise(predictor: Predictor, batch: Sequence[IntArray]) -> list[IntArray]:
    """The frequencies at every position of every sequence, as a decoder gets them."""
    decoded = [symbols.astype(np.int32) for symbols in batch]
    # the base class steps, whatever `predictor` does to see all positions at once
    return _gathered(Predictor.frequencies(predictor, decoded), len(batch), predictor.alphabet)


def _gathered(
    blocks: Iterable[tuple[int, IntArray]], sequences: int, alphabet: int
) -> list[IntArray]:
    rows: list[list[IntArray]] = [[] for _ in range(sequences)]
    for stream, block in blocks:
        rows[stream].append(block.copy())
    nothing = np.empty((0, alphabet), np.int32)
    return [np.concatenate(pieces) if pieces else nothing for pieces in rows]


def _apart(
    laws: Sequence[IntArray], others: Sequence[IntArray], one: str, other: str
) -> str | None:
    """Where two views of the same sequences part, for as many as both have."""
    for stream, (law, again) in enumerate(zip(laws, others, strict=False)):
        if law.shape != again.shape:
            return f"sequence {stream} has {len(law)} positions {one}, {len(again)} {other}"
        places = np.argwhere(law != again)
        if len(places):
            at, symbol = places[0]
            return (
                f"symbol {symbol} at position {at} of sequence {stream} has frequency "
                f"{law[at, symbol]} {one}, {again[at, symbol]} {other}"
            )
    return None


QUESTIONS: Mapping[str, Callable[[Predictor], str | None]] = {
    "prior": asked.model_bytes,
    "tokens come back": tokens,
    "frequencies are lawful": laws,
    "parallel agrees with stepwise": views,
    "batches agree": company,
    "kept streams go on": keeping,
}
