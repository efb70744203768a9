"""The checks of a corpus, among them that two processes read the same bytes."""

from collections import Counter
from collections.abc import Iterator
from itertools import zip_longest
from math import prod

from codelength.api.corpus import Corpus, Digest, corpus_digest
from codelength.api.media import Array, Audio, Image, Sample, known_kinds
from codelength.testing import questions
from codelength.testing.messages import CheckFailed
from codelength.testing.result import Result, first_problem, run_checks, to_result
from codelength.testing.session import MEMORY, READING, Session


def corpus_checks(
    corpus: Corpus, timeout: float = READING, memory: int = MEMORY
) -> Iterator[Result]:
    """Return the results of all checks of a corpus, each made when it is asked for.

    The corpus is read three times. If its data are not on this machine, only its description is
    checked.

    Args:
        corpus: Its class has to be at the top of a module.
        timeout: Seconds for one reading.
        memory: Bytes that a process may allocate.
    """
    return run_checks(corpus, _checks, timeout, memory)


def _checks(first: Session, second: Session) -> Iterator[Result]:
    yield to_result("spec builds it again", first.ask(questions.check_spec))
    yield to_result("kind", first.ask(check_kind))
    yield to_result("title and licence", first.ask(check_labels))
    yield to_result("entropy", first.ask(check_entropy))
    available = first.ask(questions.check_available)
    if available.value:
        yield Result("is available", declined=available.value)
        return
    yield to_result("is available", available)
    outcome = first.ask(read)
    if outcome.problem is not None:
        yield Result("can be read", f"reading it {outcome.problem}")
        return
    digest, problems = outcome.value
    yield Result("can be read")
    for check, problem in problems.items():
        yield Result(check, problem)
    yield to_result("same samples each time", first.ask(check_repeated))
    yield to_result("same samples in another process", second.ask(check_digest, digest))


def check_kind(corpus: Corpus) -> str | None:
    """Is the kind a known one?"""
    kinds = sorted(known_kinds())
    return None if corpus.kind in kinds else f"{corpus.kind!r} is not one of {', '.join(kinds)}"


def check_labels(corpus: Corpus) -> str | None:
    """Is it said what it is, and what may be done with it?"""
    if not corpus.title:
        return "it has no title; say what it holds"
    if corpus.licence in ("", "unknown"):
        return "it has no licence; name the one that its files have"
    return None


def check_entropy(corpus: Corpus) -> str | None:
    """Is it a possible number of bits for a byte?"""
    bits = corpus.entropy
    return (
        None if bits is None or 0 <= bits <= 8 else f"{bits!r} bits per byte is not between 0 and 8"
    )


def read(corpus: Corpus) -> tuple[str, dict[str, str | None]]:
    """Read the samples once.

    Returns:
        Their digest, and for each check its problem.
    """
    digest, names = Digest(), Counter[str]()
    misfits: list[str | None] = []
    for sample in corpus.samples():
        if not isinstance(sample, Sample):
            raise CheckFailed(f"gives {type(sample).__name__}, not Sample")
        digest.add(sample)
        names[sample.name] += 1
        misfits.append(misfit_of(sample))
    found = digest.hexdigest()
    wrong = corpus.digest not in (None, found)
    return found, {
        "has samples": None if names else "it is empty",
        "names are unique": first_problem(
            f"{n} have the name {name!r}" for name, n in names.items() if n > 1
        ),
        "hints fit": first_problem(misfits),
        "declared digest": f"it is {found}, declared is {corpus.digest}" if wrong else None,
    }


def misfit_of(sample: Sample) -> str | None:
    """Say where the bytes of a sample contradict its hint; None if they do not."""
    media, size = sample.media, len(sample.data)
    if isinstance(media, Array) and size != media.item_size * prod(media.shape):
        return f"{sample.name!r} has {size} bytes, not those of {media}"
    if not isinstance(media, Image | Audio):
        return None
    depths = (8, 16) if isinstance(media, Image) else (8, 16, 24, 32, 64)
    if media.depth not in depths or media.frame_size <= 0:
        return f"{sample.name!r} has an impossible hint, {media}"
    if isinstance(media, Image) and size != media.frame_size * media.height:
        return f"{sample.name!r} has {size} bytes, {media} takes {media.frame_size * media.height}"
    if size % media.frame_size:
        return f"{sample.name!r} has {size} bytes, not a multiple of {media.frame_size}: {media}"
    return None


def check_repeated(corpus: Corpus) -> str | None:
    """Do two readings at the same time give the same samples?"""
    for at, (one, other) in enumerate(zip_longest(corpus.samples(), corpus.samples())):
        if one is None or other is None:
            return f"one of two readings at the same time ends after {at} samples"
        if (one.name, one.media, bytes(one.data)) != (other.name, other.media, bytes(other.data)):
            return f"sample {at}, {one.name!r}, differs between two readings at the same time"
    return None


def check_digest(corpus: Corpus, digest: str) -> str | None:
    """Does this process read the same samples as another one?"""
    found = corpus_digest(corpus.samples())
    return None if found == digest else f"digest {found} in one process, {digest} in another"
