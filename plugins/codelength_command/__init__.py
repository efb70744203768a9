"""Any command-line compressor as a codec, from a TOML file.

`--plugin my-codecs.toml` reads a file of one's own; `presets.toml` beside this module has the
programs that many machines have, under names that begin with `cli-`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from codelength import Codec, FileReader, hookimpl
from codelength_command.codec import codecs
from codelength_command.definition import read


@dataclass(frozen=True)
class CommandFile:
    """A TOML file as a plugin."""

    path: Path

    @hookimpl
    def codelength_codecs(self) -> Iterable[Codec]:
        return [codec for definition in read(self.path) for codec in codecs(definition)]


@hookimpl
def codelength_codecs() -> Iterable[Codec]:
    return CommandFile(Path(__file__).with_name("presets.toml")).codelength_codecs()


@hookimpl
def codelength_file_readers() -> Iterable[FileReader]:
    return [FileReader("toml", "codelength_command:CommandFile")]
