"""A corpus that describes itself by nonsense costs its own cells, and the folder stays readable."""

from dataclasses import dataclass

import pytest

from codelength import Corpus, Media, Sample
from codelength.api.corpus import Reading
from codelength.measure.plan import survey
from codelength.plugins import Plugin, Plugins, Registered


class Smell(Media):
    kind = "smell"


class Numbered(Media):
    kind = 7  # type: ignore[assignment]


ODD = {
    "label": None,
    "entropy": "much",
    "published": 1999,
    "readings": lambda self: [Reading(name="a", on_disk="9", measured=1, taken_as="x")],
    "samples": lambda self: iter([Sample("a", b"abc", Numbered())]),
}


@pytest.mark.parametrize("attribute", ODD)
def test_what_cannot_be_stored_is_the_problem_of_its_corpus(attribute):
    namespace = {"name": "odd", "samples": lambda self: iter([Sample("a", b"abc")])}
    odd = dataclass(frozen=True)(type("Odd", (Corpus,), {**namespace, attribute: ODD[attribute]}))
    plugins = Plugins(only=())
    entry = Registered(odd(), Plugin("odd", "odd", "1"))
    (target,) = survey([entry], plugins.select_protocols("whole"), None, lambda _: None)
    assert target.problem is not None
    assert "cannot be stored" in target.problem
    assert target.slice.corpus == "odd"


def test_a_kind_of_media_that_nobody_knows_is_stored_as_it_is():
    namespace = {"name": "odd", "samples": lambda self: iter([Sample("a", b"abc", Smell())])}
    entry = Registered(type("Odd", (Corpus,), namespace)(), Plugin("odd", "odd", "1"))
    protocols = Plugins(only=()).select_protocols("whole")
    (target,) = survey([entry], protocols, None, lambda _: None)
    assert (target.problem, target.slice.kind) == (None, "smell")


def test_a_sample_whose_blocks_are_too_short_for_a_protocol_says_so():
    plugins = Plugins()
    chosen = plugins.select_corpora("images"), plugins.select_protocols("paper")
    (target,) = survey(*chosen, "sample:4000", lambda _: None)
    assert "images has nothing to code under paper: blocks of " in (target.problem or "")
