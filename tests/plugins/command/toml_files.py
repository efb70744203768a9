"""TOML files for tests, and the codecs in them."""

from pathlib import Path

from codelength import Codec
from codelength.plugins import Plugins

GZIP = """
[codec.my-gzip]
encode = "gzip -n -c -{level}"
decode = "gzip -d -c"
version = "gzip --version"
settings.level = { default = 9, values = [1, 6, 9] }
rows = [{ level = 1 }, {}]
"""


def loaded(folder: Path, text: str, name: str = "my-codecs.toml") -> Plugins:
    """A host with the codecs of one file, and no installed plugins."""
    (folder / name).write_text(text)
    return Plugins([str(folder / name)], only=())


def codec(folder: Path, text: str) -> Codec:
    """The codec of a file that has one. A text without a table is what stands in `[codec.mine]`."""
    plugins = loaded(folder, text if "[codec" in text else f"[codec.mine]\n{text}\n")
    assert not plugins.broken, plugins.broken
    return plugins.codecs[0].item


def script(folder: Path, name: str, text: str) -> None:
    """A shell script that a definition calls as `{here}/name`."""
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)
