"""The conformance kit: what a codec, a corpus or a predictor must do before its figures count.

    from codelength.testing import check_codec

    def test_mine():
        check_codec(MyCodec(level=3))

Whatever is checked runs in processes of its own, so that a decoder that crashes, hangs or eats
memory becomes a finding and not the end of the caller. They find the class again by its module, or
by the file that holds it, so it has to stand at the top of one.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from codelength.api.codec import Codec
from codelength.api.corpus import Corpus
from codelength.testing.codecs import codec_checks
from codelength.testing.corpora import corpus_checks
from codelength.testing.result import Result, demand
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
    """Raises AssertionError, naming every check that failed. See `codec_checks`."""
    __tracebackhide__ = True
    demand(codec, codec_checks(codec, timeout, memory))


def check_corpus(corpus: Corpus, timeout: float = READING, memory: int = MEMORY) -> None:
    """Raises AssertionError, naming every check that failed. See `corpus_checks`."""
    __tracebackhide__ = True
    demand(corpus, corpus_checks(corpus, timeout, memory))


def check_predictor(predictor: "Predictor", timeout: float = READING, memory: int = MEMORY) -> None:
    """Raises AssertionError, naming every check that failed. See `predictor_checks`."""
    __tracebackhide__ = True
    demand(predictor, predictor_checks(predictor, timeout, memory))


def predictor_checks(
    predictor: "Predictor", timeout: float = READING, memory: int = MEMORY
) -> Iterator[Result]:
    """What each check of the parallel and the stepwise view of `predictor` found."""
    # brings numpy, which the processes for other checks start faster without
    from codelength.testing import predictors

    return predictors.predictor_checks(predictor, timeout, memory)
