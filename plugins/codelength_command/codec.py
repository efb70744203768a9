"""Codecs that hand their work to a program."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields, make_dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from codelength import RAW, Audio, Codec, CorruptBlob, Media, Unavailable, UsageError
from codelength_command import wave
from codelength_command.command import FILLED, HERE, IN, OUT, Command
from codelength_command.definition import Definition
from codelength_command.process import STDERR, STDOUT, CommandFailed, Limits, last_line, run
from codelength_images.formats import Png, room_for
from codelength_images.pixels import ImageCodec

if TYPE_CHECKING:
    from codelength_images.pixels import Pixels

VERSION = re.compile(r"\d+(?:\.\d+)+[\w.+-]*")
ASKING = Limits(timeout=10, memory=None, output=1 << 20)
"""For a program that is asked for its version."""


@dataclass(frozen=True)
class CommandCodec(Codec):
    """A program that makes files smaller. Each has a class of its own, its settings as fields.

    Nothing is a blob of no bytes, and no program is started for it: many take no empty file.
    """

    definition: ClassVar[Definition]

    def __post_init__(self) -> None:
        for name, setting in self.definition.entry.settings.items():
            value = getattr(self, name)
            if value not in setting.values:
                *front, last = map(str, setting.values)
                choice = f"{', '.join(front)} or {last}" if front else last
                raise UsageError(f"{self.name} takes {name} {choice}, not {value}")

    def __reduce__(self) -> tuple[Any, ...]:
        # a class that was made here has no name by which another process could import it
        return _restored, (self.definition, self._settings)

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        return self._encoded(data) if data else b""

    def decode(self, blob: bytes) -> bytes:
        return self._decoded(blob) if blob else b""

    @property
    def versions(self) -> Mapping[str, str]:
        """What the program says of itself."""
        return self._said

    @property
    def digests(self) -> Mapping[str, str]:
        """Those of the program, of the definition, and of other files that the commands name."""
        commands = filter(None, (self.definition.encoder, self.definition.decoder))
        (program, *words), *decoder = map(self._filled, commands)
        for other, *more in decoder:
            words += [*more, shutil.which(other) or other] if other != program else more
        # a program works in a folder of its own, where no other name leads to a file
        paths = [Path(word.rpartition("=")[2]) for word in words]
        files = [_digest(str(path)) for path in paths if path.is_absolute() and path.is_file()]
        digests = {"program": _digest(program), "definition": self.definition.digest}
        if files:
            digests["files"] = sha256("".join(files).encode()).hexdigest()[:12]
        return digests

    def check_available(self) -> None:
        super().check_available()
        for command in filter(None, (self.definition.encoder, self.definition.decoder)):
            program = self._program(command)
            if shutil.which(program) is None:
                install = self.definition.entry.install
                raise Unavailable(f"{self.name} needs the program {program}: {install}")

    def _encoded(self, file: bytes) -> bytes:
        return self._through(self.definition.encoder, file)

    def _decoded(self, blob: bytes) -> bytes:
        decoder, end = self.definition.decoder, bytes.fromhex(self.definition.entry.ends)
        if not blob.endswith(end):
            raise CorruptBlob(f"a blob for {self.name} that does not end in {end.hex()}")
        return blob if decoder is None else self._through(decoder, blob)

    def _through(self, command: Command, data: bytes) -> bytes:
        """What the program makes of `data`. Raises CommandFailed or TimeoutError."""
        entry = self.definition.entry
        with tempfile.TemporaryDirectory(prefix="codelength-") as name:
            folder = Path(name)
            source = folder / (command.file(IN) or IN)
            result = folder / (command.file(OUT) or OUT)
            stdin = None if command.file(IN) else source
            stdout = folder / STDOUT if command.file(OUT) else result
            source.write_bytes(data)
            source.chmod(0o600)
            os.utime(source, (0, 0))  # archives hold modes and times
            limits = Limits(entry.timeout, entry.memory, entry.output)
            run(self._filled(command), folder, stdin, stdout, limits)
            try:
                made = result.read_bytes()
            except OSError:
                made = b""
            if not made:
                raise CommandFailed(f"{self.name}: the program made nothing{last_line(folder)}")
            return made

    @property
    def _settings(self) -> dict[str, Any]:
        return {setting.name: getattr(self, setting.name) for setting in fields(self)}

    def _filled(self, command: Command) -> list[str]:
        return command.filled({IN: IN, OUT: OUT, HERE: self.definition.here, **self._settings})

    def _program(self, command: Command) -> str:
        return self._filled(command)[0]

    @property
    def _said(self) -> dict[str, str]:
        """The version that the program prints, by the program's name."""
        if self.definition.asker is None:
            return {}
        words = self._filled(self.definition.asker)
        with tempfile.TemporaryDirectory(prefix="codelength-") as name:
            folder = Path(name)
            # some call it a mistake to be called without a file
            with suppress(CommandFailed, TimeoutError):
                run(words, folder, None, folder / STDOUT, ASKING)
            printed = [(folder / kind).read_text(errors="replace") for kind in (STDOUT, STDERR)]
        text = "".join(printed).strip()
        found = VERSION.search(text)
        version = found[0] if found else text.partition("\n")[0][:80] or "unknown"
        return {Path(words[0]).name: version}


class SoundCommand(CommandCodec):
    """A program that takes WAV files. Bytes that are no sound are given to it as 8-bit mono."""

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        return self._encoded(wave.written(data, media)) if data else b""

    def drops(self, media: Media) -> bool:
        return isinstance(media, Audio) and not wave.is_known(media)

    def decode(self, blob: bytes) -> bytes:
        return wave.read(self._decoded(blob)) if blob else b""


class PictureCommand(ImageCodec, CommandCodec):
    """A program that takes PNG files. Bytes that are no picture are given to it as one of gray."""

    longest: ClassVar[int] = Png.longest

    def write(self, pixels: "Pixels") -> bytes:
        from imagecodecs import png_encode

        return self._encoded(bytes(png_encode(pixels, 1, out=room_for(pixels))))

    def read(self, file: bytes) -> "Pixels":
        return Png().read(self._decoded(file))

    def overhead(self, file: bytes) -> int:
        return Png().overhead(file) if self.definition.decoder is None else 0

    @property
    def versions(self) -> Mapping[str, str]:
        return {**CommandCodec.versions.fget(self), **Png().versions}  # type: ignore[attr-defined]


TAKES: Mapping[str, type[CommandCodec]] = {
    "bytes": CommandCodec,
    "wav": SoundCommand,
    "png": PictureCommand,
}


def codecs(definition: Definition) -> Iterator[CommandCodec]:
    """One codec for each row of a definition. Raises UsageError for settings it does not have."""
    made = _made(definition)
    for row in definition.entry.rows or ({},):
        if unknown := row.keys() - definition.entry.settings:
            raise UsageError(f"{definition.name} has no setting {min(unknown)!r} for a row")
        yield made(**row)


def _digest(program: str) -> str:
    path = shutil.which(program) or program
    try:
        return sha256(Path(path).read_bytes()).hexdigest()[:12]
    except OSError:
        return "missing"


def _made(definition: Definition) -> type[CommandCodec]:
    """The class whose fields are the settings of `definition`."""
    entry, base = definition.entry, TAKES[definition.entry.takes]
    settings = [
        (name, type(setting.default), field(default=setting.default))
        for name, setting in entry.settings.items()
    ]
    namespace = {
        "name": definition.name,
        "definition": definition,
        "by_default": entry.by_default,
        "__doc__": entry.about or f"The command {entry.encode}",
        "__module__": __name__,
    }
    taken = entry.settings.keys() & {*dir(base), *namespace, *FILLED}
    if taken:
        raise UsageError(f"{definition.name} cannot call a setting {min(taken)!r}; rename it")
    called = f"Command_{definition.name}"
    return make_dataclass(called, settings, bases=(base,), frozen=True, namespace=namespace)


def _restored(definition: Definition, settings: Mapping[str, Any]) -> CommandCodec:
    return _made(definition)(**settings)
