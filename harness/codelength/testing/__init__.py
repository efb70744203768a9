"""The conformance kit: what a codec, a corpus or a predictor must do before its figures count.

    from codelength.testing import check_codec

    def test_mine():
        check_codec(MyCodec(level=3))

The checks run in other processes, so a decoder that crashes, hangs or eats memory is a problem in a
result and does not end the caller. These processes find the class by its module or by its file, so
it has to be at the top of a module.

`check_…` raises AssertionError if a check fails; `…_checks` gives the result of every check.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from codelength.api.codec import Codec
from codelength.api.corpus import Corpus
from codelength.testing.codecs import codec_checks
from codelength.testing.corpora import corpus_checks
from codelength.testing.result import Result, raise_problems
from codelength.testing.session import MEMORY, READING, TIMEOUT

if TYPE_CHECKING:
    from codelength.coding.predictor import Predictor

__all__ = [
    "Result",
    "check_codec",
    "check_corpus",
    "check_predictor",
    "codec_checks",
    "corpus_checks",
    "predictor_checks",
]


def check_codec(codec: Codec, timeout: float = TIMEOUT, memory: int = MEMORY) -> None:
    """Check that a codec keeps its contract; the arguments are those of `codec_checks`.

    Raises:
        AssertionError: A check failed; the message has a line for each one that did.
    """
    __tracebackhide__ = True
    raise_problems(codec, codec_checks(codec, timeout, memory))


def check_corpus(corpus: Corpus, timeout: float = READING, memory: int = MEMORY) -> None:
    """Check that a corpus keeps its contract; the arguments are those of `corpus_checks`.

    Raises:
        AssertionError: A check failed; the message has a line for each one that did.
    """
    __tracebackhide__ = True
    raise_problems(corpus, corpus_checks(corpus, timeout, memory))


def check_predictor(predictor: "Predictor", timeout: float = READING, memory: int = MEMORY) -> None:
    """Check that a predictor keeps its contract; the arguments are those of `predictor_checks`.

    Raises:
        AssertionError: A check failed; the message has a line for each one that did.
    """
    __tracebackhide__ = True
    raise_problems(predictor, predictor_checks(predictor, timeout, memory))


def predictor_checks(
    predictor: "Predictor", timeout: float = READING, memory: int = MEMORY
) -> Iterator[Result]:
    """Return the results of all checks of a predictor: see `testing.predictors`."""
    # imports numpy; the processes of the other checks start faster without
    from codelength.testing import predictors

    return predictors.predictor_checks(predictor, timeout, memory)
