"""The checks of a corpus, among them that two processes read the same bytes."""

from collections import Counter
from collections.abc import Iterator
from itertools import zip_longest
from typing import get_args

from codelength.api.corpus import Corpus, Digest, corpus_digest
from codelength.api.media import Audio, Image, Kind, Sample
from codelength.testing import asked
from codelength.testing.messages import Finding, Returned
from codelength.testing.result import Result, answer, worst
from codelength.testing.session import ARRIVES, MEMORY, READING, Session


def corpus_checks(
    corpus: Corpus, timeout: float = READING, memory: int = MEMORY
) -> Iterator[Result]:
    """What each check of `corpus` found, as they are made. It is read three times, each time within
    `timeout` seconds. If its data are not here, only what it says of itself is checked."""
    try:
        first = Session(corpus, timeout, memory, hash_seed=1)
        with first, Session(corpus, timeout, memory, hash_seed=2) as second:
            first.wait()
            second.wait()
            yield Result(ARRIVES)
            yield from _checks(first, second)
    except Finding as finding:
        yield Result(ARRIVES, str(finding))


def _checks(first: Session, second: Session) -> Iterator[Result]:
    for check, question in {
        "spec builds it again": asked.spec,
        "kind": kind,
        "title and licence": labels,
        "entropy": entropy,
    }.items():
        yield answer(check, first.ask(question))
    here = first.ask(asked.missing)
    if isinstance(here, Returned) and here.value:
        yield Result("is here", declined=here.value)
        return
    yield answer("is here", here)
    outcome = first.ask(read)
    if not isinstance(outcome, Returned):
        yield Result("can be read", f"reading it {outcome.problem}")
        return
    digest, problems = outcome.value
    yield Result("can be read")
    for check, problem in problems.items():
        yield Result(check, problem)
    yield answer("same samples each time", first.ask(again))
    yield answer("same samples in another process", second.ask(differs, digest))


def kind(corpus: Corpus) -> str | None:
    """Is it one of those that there are boards for?"""
    kinds = get_args(Kind)
    return None if corpus.kind in kinds else f"{corpus.kind!r} is none of {', '.join(kinds)}"


def labels(corpus: Corpus) -> str | None:
    """Do readers learn what it is, and what they may do with it?"""
    if not corpus.title:
        return "it has no title"
    return "it has no licence" if corpus.licence in ("", "unknown") else None


def entropy(corpus: Corpus) -> str | None:
    """Is it a number of bits that a byte can have?"""
    bits = corpus.entropy
    return None if bits is None or 0 <= bits <= 8 else f"{bits!r} bits a byte, not 0 to 8"


def read(corpus: Corpus) -> tuple[str, dict[str, str | None]]:
    """The digest of the samples, and for each check that they are read for, its problem."""
    digest, names = Digest(), Counter[str]()
    misfits: list[str | None] = []
    for sample in corpus.samples():
        if not isinstance(sample, Sample):
            raise Finding(f"gives {type(sample).__name__}, not Sample")
        digest.add(sample)
        names[sample.name] += 1
        misfits.append(misfit(sample))
    found = digest.hexdigest()
    wrong = corpus.digest not in (None, found)
    return found, {
        "has samples": None if names else "it is empty",
        "names are unique": worst(f"{n} are called {name!r}" for name, n in names.items() if n > 1),
        "hints fit": worst(misfits),
        "declared digest": f"it is {found}, declared is {corpus.digest}" if wrong else None,
    }


def misfit(sample: Sample) -> str | None:
    """What the hint says that the bytes do not bear out."""
    media, size = sample.media, len(sample.data)
    if not isinstance(media, Image | Audio):
        return None
    depths = (8, 16) if isinstance(media, Image) else (8, 16, 24, 32, 64)
    if media.depth not in depths or media.frame_size <= 0:
        return f"{sample.name!r} cannot be {media}"
    if isinstance(media, Image) and size != media.frame_size * media.height:
        return f"{sample.name!r} has {size} bytes, {media} takes {media.frame_size * media.height}"
    if size % media.frame_size:
        return f"{sample.name!r} has {size} bytes, not a multiple of {media.frame_size}: {media}"
    return None


def again(corpus: Corpus) -> str | None:
    """Do two readings at once give the same samples?"""
    for at, (one, other) in enumerate(zip_longest(corpus.samples(), corpus.samples())):
        if one is None or other is None:
            return f"one of two readings at once ends after {at}"
        if (one.name, one.media, one.data) != (other.name, other.media, other.data):
            return f"sample {at}, {one.name!r}, differs between two readings at once"
    return None


def differs(corpus: Corpus, digest: str) -> str | None:
    """Does another process read something else?"""
    found = corpus_digest(corpus.samples())
    return None if found == digest else f"digest {found} in one process, {digest} in another"
