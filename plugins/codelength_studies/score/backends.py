"""Codecs that are scored and code nothing, and how a model gets to one of them."""

from dataclasses import fields, replace
from typing import Any, Protocol, cast, runtime_checkable

from codelength.api.codec import Codec
from codelength.api.errors import UsageError
from codelength.plugins import Plugins, Registered

BACKENDS = ("torch", "vllm", "imported")
"""The names of codecs that score the models of others."""


@runtime_checkable
class ScoresOnly(Protocol):
    """A codec that knows code lengths and codes nothing."""

    @property
    def coded_by(self) -> Codec | None:
        """Return the codec that codes with the same model; None if there is none."""

    @property
    def unstrided(self) -> Codec | None:
        """Return the codec whose model reads no token again; None if this one's does not."""

    @property
    def takes_pieces(self) -> bool:
        """Whether it knows the code lengths of any bytes, and not of whole samples alone."""


def with_backend(
    plugins: Plugins, entry: Registered[Codec], backend: str, file: str | None
) -> Registered[Codec]:
    """Return the codec that scores the model of another one, with the settings that both have.

    Args:
        file: Log-probabilities, for a backend that reads them.

    Raises:
        UsageError: The codec has no model that has a name.
    """
    target: Any = plugins.codec(backend).item
    own = {field.name for field in fields(entry.item)}
    shared = {f.name for f in fields(target)} & own
    if entry.item.name == backend:
        return entry
    if "model" not in shared or getattr(entry.item, "model", None) is None:
        raise UsageError(
            f"--backend {backend} scores models of the hub or of a folder: --codecs hf:model=…; "
            f"{entry.item.spec} is none"
        )
    settings = {name: getattr(entry.item, name) for name in shared}
    if file is not None:
        settings["file"] = file
    return plugins.codec(cast("Codec", replace(target, **settings)).spec)
