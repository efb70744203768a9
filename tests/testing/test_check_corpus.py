from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import pytest

from codelength import Audio, Corpus, Image, Sample, Unavailable
from codelength.plugins import Plugins
from codelength.testing import check_corpus, corpus_checks
from codelength.testing.corpora import misfit_of

INSTALLED = [entry.item for entry in Plugins().corpora]
FAULTY = Plugins([str(Path(__file__).parents[1] / "faulty_plugin.py")], only=())


def failed(corpus: Corpus) -> dict[str, str]:
    """The checks that fail, with their problems."""
    return {check: problem for check, problem, _ in corpus_checks(corpus) if problem}


def liar(name: str) -> Corpus:
    return FAULTY.corpus(name).item


@pytest.mark.parametrize(
    "corpus",
    [corpus for corpus in INSTALLED if corpus.embedded],
    ids=lambda corpus: corpus.spec,
)
def test_every_embedded_corpus_conforms(corpus):
    corpus.check_available()
    check_corpus(corpus)


def test_a_wrong_digest_is_found():
    problems = failed(liar("liar-digest"))
    assert list(problems) == ["declared digest"]
    assert problems["declared digest"].endswith(f"declared is {'0' * 64}")


def test_a_corpus_that_breaks_off_cannot_be_read():
    problems = failed(liar("liar-unreadable"))
    assert list(problems) == ["can be read"]
    assert "raised OSError: [Errno 5] Input/output error" in problems["can be read"]


def test_a_corpus_that_changes_is_found_in_one_process_and_in_two():
    assert list(failed(liar("liar-shifting"))) == [
        "same samples each time",
        "same samples in another process",
    ]


@dataclass(frozen=True)
class Tidy(Corpus):
    """What the corpora below are, but for what is wrong with them."""

    name: ClassVar[str] = "tidy"
    title = "two small samples"
    licence = "CC0-1.0"
    entropy = 0.0
    size: int = 6
    place: Path | None = field(default=None, repr=False)

    def samples(self) -> Iterator[Sample]:
        yield Sample("picture", bytes(self.size), Image(self.size, 1))
        yield Sample("view", memoryview(bytes(self.size)))


def test_a_corpus_with_settings_and_a_place_conforms(tmp_path):
    check_corpus(Tidy(9, tmp_path))


class Untidy(Tidy):
    """Wrong wherever it can be."""

    name = "untidy"
    title = ""
    kind = "video"  # type: ignore[assignment]
    entropy = 8.5

    @property
    def spec(self) -> str:
        return f"untidy:size={self.size + 1}"

    def samples(self) -> Iterator[Sample]:
        for media in (Image(4, 2), Image(3, 2, 3), Audio(16_000, 2, 16), Image(2, 3), Audio(1)):
            yield Sample(f"of {media.kind}", bytes(6), media)


def test_each_promise_has_a_check_of_its_own():
    problems = failed(Untidy())
    assert problems == {
        "spec builds it again": problems["spec builds it again"],
        "kind": "'video' is not one of array, audio, image, raw, text",
        "title and licence": "it has no title; say what it holds",
        "entropy": "8.5 bits per byte is not between 0 and 8",
        "names are unique": "3 have the name 'of image' (the first of 2)",
        "hints fit": problems["hints fit"],
    }
    assert problems["spec builds it again"].startswith("'untidy:size=7' builds Untidy(size=7)")
    assert problems["hints fit"].startswith("'of image' has 6 bytes, Image(width=4, height=2")
    assert problems["hints fit"].endswith("takes 8 (the first of 3)")


@pytest.mark.parametrize(
    ("size", "media", "wrong"),
    [
        (7, Audio(16_000, 2, 16), "has 7 bytes, not a multiple of 4"),
        (6, Image(2, 4), "has 6 bytes, Image(width=2, height=4, channels=1, depth=8) takes 8"),
        (
            12,
            Audio(44_100, 2, 20),
            "has an impossible hint, Audio(rate=44100, channels=2, depth=20)",
        ),
        (0, Image(0, 0), "has an impossible hint, Image(width=0"),
    ],
)
def test_a_hint_that_does_not_fit_is_named(size, media, wrong):
    assert misfit_of(Sample("odd", bytes(size), media)).startswith(f"'odd' {wrong}")


class Empty(Tidy):
    name = "empty"

    def samples(self) -> Iterator[Sample]:
        return iter(())


def test_an_empty_corpus_is_none():
    assert failed(Empty()) == {"has samples": "it is empty"}


class Elsewhere(Tidy):
    name = "elsewhere"

    def check_available(self) -> None:
        raise Unavailable("elsewhere is not here: fetch it")


def test_data_that_are_not_here_are_no_problem_of_the_corpus():
    *_, last = corpus_checks(Elsewhere())
    assert last == ("is available", None, "elsewhere is not here: fetch it")
