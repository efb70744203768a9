"""The hooks that a plugin implements, and the marks it does so with."""

from collections.abc import Iterable
from pathlib import Path

import pluggy

from codelength.api.codec import Codec
from codelength.api.corpus import Corpus

GROUP = "codelength"
"""The entry-point group that plugins are found in, and pluggy's project name."""

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


@hookspec
def codelength_codecs() -> Iterable[Codec]:  # type: ignore[empty-body]
    """One codec for each setting worth a row in the table."""


@hookspec
def codelength_corpora(data: Path | None) -> Iterable[Corpus]:  # type: ignore[empty-body]
    """One for each corpus.

    `data` is a local mirror of the standard sets; leave it out of your signature if you have no use
    for it.
    """
