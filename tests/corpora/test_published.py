"""Every corpus says from when on a model may have been trained on it."""

from pathlib import Path

import pytest

from codelength.api.corpus import Corpus
from codelength.api.model_card import days
from codelength.plugins import Plugins

UNKNOWN = {"documents", "path", "model-bytes", "prior", "url"}
"""What these hold is the user's choice."""

README = Path(__file__).parents[2] / "corpora" / "README.md"


def shipped() -> list[Corpus]:
    entries = Plugins().corpora
    return [o.item for o in entries if o.plugin.package == "codelength"]


@pytest.mark.parametrize("corpus", shipped(), ids=lambda corpus: corpus.name)
def test_the_date_can_be_compared_and_is_in_the_list_of_sources(corpus: Corpus) -> None:
    if corpus.name in UNKNOWN:
        assert not corpus.published
    else:
        assert days(corpus.published), corpus.published
        assert corpus.published in README.read_text()
