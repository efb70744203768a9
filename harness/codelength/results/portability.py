"""What a cell may claim of other machines, and which codecs were tried with their settings.

`codelength check-plugin` lets one process encode and another one decode, with another number of
threads, another hash seed and other processor instructions. The codecs that pass are noted in the
user's cache.
"""

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from codelength.api.codec import Codec
from codelength.plugins import Plugin, Registered
from codelength.results.cell import Evidence
from codelength.results.files import write_file

FILE = "tried.json"

TESTED = "codelength"
"""The package whose plugins its own test suite tries."""


def note_tried(plugin: Plugin, names: Iterable[str]) -> None:
    """Note that these codecs of `plugin`, in this version of it, passed the trial."""
    tried = _tried()
    tried[plugin.label] = sorted({*tried.get(plugin.label, ()), *names})
    write_file(_path(), msgspec.json.encode(tried))


def was_tried(entry: Registered[Codec]) -> bool:
    """Whether this codec passed the trial, in this version of its plugin."""
    plugin = entry.plugin
    return plugin.package == TESTED or entry.item.name in _tried().get(plugin.label, ())


def evidence_of(entry: Registered[Codec], portable: bool) -> Evidence:
    """What a decoded cell of the codec may claim.

    A codec that states nothing claims what `Codec.portable` says of it. A codec that states that it
    is portable may claim so once it was tried.
    """
    states = type(entry.item).portable is not Codec.portable
    if portable and (not states or was_tried(entry)):
        return Evidence.VERIFIED
    return Evidence.SAME_MACHINE


def _tried() -> dict[str, list[str]]:
    try:
        return msgspec.json.decode(_path().read_bytes(), type=dict[str, list[str]])
    except (OSError, ValueError, msgspec.MsgspecError):
        return {}


def _path() -> Path:
    import platformdirs

    folder = os.environ.get("CODELENGTH_CACHE") or platformdirs.user_cache_dir("codelength")
    return Path(folder) / FILE
