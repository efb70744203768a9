"""Curves on disk: what each piece cost at each place and in each context; all else is derived."""

from codelength.results.cell import CorpusSlice, Struct
from codelength_studies.journal import Key, data_digest, distribution_digest

FILE = "curves.jsonl"

DATA, SHUFFLED, SURROGATE, INITIAL = "data", "shuffled bytes", "surrogate", "initial weights"
CONTROLS = (SHUFFLED, SURROGATE, INITIAL)

NONE, UNIGRAM, LAST, EMPTY = "no context", "unigram", "last bytes", "empty before"
FOREIGN, OWN = "foreign before", "own"
CONTEXTS = (NONE, UNIGRAM, LAST, EMPTY, FOREIGN, OWN)


class Question(Struct, frozen=True, rename={"slice": "cut"}):
    """What was measured of what."""

    codec: str
    versions: dict[str, str]
    slice: CorpusSlice
    control: str
    """DATA, or one of CONTROLS."""
    length: int
    """Bytes of a piece."""
    chunks: int
    """How many pieces were asked for."""
    seed: int
    """Of the controls."""
    last: int = 0
    """Own bytes that are in every context but the first two. 0 in records of old versions, which
    have no contexts."""
    order: int = 0
    """Of the surrogate."""
    code: str = ""
    """The digest of the code; unknown in records of old versions."""


class Curve(Struct, frozen=True, rename={"question": "asked"}):
    """One codec on the pieces of one corpus, as they are or as a control."""

    question: Question
    chunks: int
    """How many pieces there were."""
    edges: list[int]
    """Positions, from 0 on."""
    bits: list[list[float]] | None
    """(pieces, edges − 1): mean ideal bits a byte between two edges; None where they are not
    known."""
    prefixes: list[int]
    """Lengths of the prefixes that were coded, increasing."""
    coded: list[list[int]] | None
    """(pieces, prefixes): bytes of their blobs; None where nothing was coded."""
    clusters: list[int] = []
    """(pieces,): the number of the file that each piece comes from."""
    contexts: dict[str, list[float]] = {}
    """Context → (pieces,): mean bits a byte of the target in that context. Some codecs have no
    distribution without context, and no unigram."""
    kept: list[int] = []
    """Numbers of own bytes since the middle of the piece, increasing."""
    learned: list[list[float]] = []
    """(pieces, kept − 1): by how many bits a byte less costs after its own first half than after a
    foreign one, between two numbers of own bytes. Nothing where code lengths are not known."""

    @property
    def key(self) -> Key:
        """What the curve is about."""
        return key_of(self.question)


def key_of(question: Question) -> Key:
    """Return what a curve that answers the question is about."""
    return Key(
        distribution_digest(question.codec, question.versions, question.code),
        data_digest(
            question.slice.digest,
            question.control,
            question.length,
            question.chunks,
            question.seed,
            question.last,
            question.order if question.control == SURROGATE else 0,
        ),
    )
