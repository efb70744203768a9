"""The built-in protocols and kinds of media, through the hooks that a plugin has, too."""

from collections.abc import Iterable

from codelength.api.hooks import hookimpl
from codelength.api.media import Array, Audio, Image, Media, Text
from codelength.api.protocol import Chunks, Protocol, Solid, Whole


@hookimpl
def codelength_protocols() -> Iterable[type[Protocol]]:
    """Return the built-in protocols."""
    return Whole, Chunks, Solid


@hookimpl
def codelength_media_kinds() -> Iterable[type[Media]]:
    """Return the built-in kinds of media."""
    return Media, Text, Image, Audio, Array
