"""What a TOML file says of its codecs: read, and refused where it is wrong."""

import hashlib
import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from codelength import UsageError
from codelength_command.command import FILLED, IN, OUT, Command

Some = Annotated[int, msgspec.Meta(ge=1)]
"""A number of bytes."""


class Setting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A setting of a codec: what it is if nobody says, and all that it may be."""

    default: int | str
    values: tuple[int | str, ...]

    def __post_init__(self) -> None:
        if self.default not in self.values:
            raise ValueError(f"the default {self.default!r} is none of the values")
        for value in self.values:
            if type(value) is not type(self.default) or not re.fullmatch(r"[\w.+-]+", f"{value}"):
                raise ValueError(
                    f"{value!r} cannot be a value here: values are all numbers, or all words of "
                    "letters, digits and .+-_"
                )


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table `[codec.NAME]`."""

    encode: str
    decode: str | None = None
    """Left out where `encode` writes what it takes, PNG or WAV; then reading that decodes."""
    takes: Literal["bytes", "png", "wav"] = "bytes"
    ends: str = ""
    """Hexadecimal: the last bytes of every blob, where the program would not miss them."""
    about: str | None = None
    version: str | None = None
    """A command that prints the program's version."""
    install: str = "install it, or put it on the PATH"
    """What the error says where the program is missing."""
    settings: dict[str, Setting] = {}
    rows: tuple[dict[str, int | str], ...] = ()
    """Settings of each row in the tables; by default one row, of nothing but defaults."""
    by_default: bool = True
    timeout: Annotated[float, msgspec.Meta(gt=0)] = 3600
    """Seconds that one call of the program may take."""
    memory: Some | None = None
    """Bytes that each of its processes may allocate."""
    output: Some = 1 << 30
    """Bytes that it may write to a file."""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"([0-9a-f]{2})*", self.ends):
            raise ValueError(f"ends={self.ends!r} is no row of bytes like 00ff")


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole file."""

    codec: dict[str, Entry]


@dataclass(frozen=True)
class Definition:
    """One codec of a file. Raises UsageError for what is wrong."""

    name: str
    here: str
    """The folder of the file."""
    entry: Entry

    def __post_init__(self) -> None:
        entry = self.entry
        places = {*FILLED, *entry.settings}
        for command in filter(None, (self.encoder, self.decoder, self.asker)):
            if unknown := sorted(command.places - places):
                known = ", ".join(f"{{{place}}}" for place in sorted(places))
                raise UsageError(f"{self.name} has no {{{unknown[0]}}} to fill in; it has {known}")
            for place in (IN, OUT):
                command.file(place)
        unused = entry.settings.keys() - self.encoder.places
        if unused:
            raise UsageError(f"{self.name} never uses its setting {min(unused)!r} to encode")
        if self.decoder is None and entry.takes == "bytes":
            raise UsageError(f"{self.name} needs a command to decode")

    @property
    def encoder(self) -> Command:
        """Makes a blob."""
        return Command.parsed(self.entry.encode)

    @property
    def decoder(self) -> Command | None:
        """Makes data out of it."""
        return Command.parsed(self.entry.decode) if self.entry.decode is not None else None

    @property
    def asker(self) -> Command | None:
        """Asks the program for its version."""
        return Command.parsed(self.entry.version) if self.entry.version is not None else None

    @property
    def digest(self) -> str:
        """Tells apart definitions that may make different blobs."""
        said = [self.entry.encode, self.entry.decode, self.entry.takes]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:12]


def read(path: Path) -> list[Definition]:
    """The codecs of a file. Raises UsageError, with what is wrong and where."""
    try:
        file = msgspec.convert(tomllib.loads(path.read_text("utf-8")), File)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise UsageError(f"{path.name} defines no codecs: {error}") from error
    here = str(path.resolve().parent)
    return [Definition(name, here, entry) for name, entry in file.codec.items()]
