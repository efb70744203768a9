"""The protocols and kinds of media in the box, through the hooks that a plugin has, too."""

from collections.abc import Iterable

from codelength.api.hooks import hookimpl
from codelength.api.media import Audio, Image, Media, Text
from codelength.api.protocol import Chunks, Paper, Protocol, Solid, Whole


@hookimpl
def codelength_protocols() -> Iterable[type[Protocol]]:
    """Return the protocols in the box."""
    return Whole, Chunks, Solid, Paper


@hookimpl
def codelength_media_kinds() -> Iterable[type[Media]]:
    """Return the kinds of media in the box."""
    return Media, Text, Image, Audio
