"""What a worker does for `compress` and `decompress`: it writes containers, and decodes them."""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Self, TypeVar

import click

from codelength.api.codec import Codec
from codelength.api.errors import CodelengthError, Unavailable, UsageError
from codelength.api.spec import split_spec
from codelength.cli.options import warn_broken
from codelength.measure.job import default_memory
from codelength.plugins import Plugins
from codelength.report.progress import Meter
from codelength.workers.limits import limit_memory
from codelength.workers.supervisor import CallFailed, FunctionRaised, Supervisor, WorkerLost
from codelength_container.container import Container, RoundTripError, pack
from codelength_container.fields import ContainerError
from codelength_container.files import STANDARD_INPUT, Input, Reader, write_pieces

T = TypeVar("T")


def in_worker(task: "partial[T]", source: Input, *descriptors: int) -> T:
    """Have a worker do `task`, which reads `source`, and show how far that is.

    Raises ContainerError if the worker is lost.
    """
    with (
        Meter(sys.stderr) as meter,
        Supervisor(threads=None, descriptors=[source.descriptor, *descriptors]) as supervisor,
    ):
        try:
            result = supervisor.call(task, on_progress=partial(_show, meter, source))
            _pass_on(supervisor.errors())
            return result
        except FunctionRaised as error:
            if CodelengthError.__name__ in error.kinds:  # or else there is a traceback
                _pass_on(supervisor.errors())
            raise
        except WorkerLost as error:
            said = "".join(f" ({line[:200]})" for line in supervisor.errors().splitlines()[-1:])
            raise ContainerError(f"the codec's process {error.problem}{said}") from error


def _pass_on(printed: str) -> None:
    if printed:
        click.echo(printed, err=True)


def _show(meter: Meter, source: Input, done: int) -> None:
    share = done / source.size if source.size else 0.0
    meter.now(f"{source.name}: {(source.size or done) / 1e6:.1f} MB", share)


def write_container(
    spec: str, files: Sequence[str], source: Input, out: int, segment: int, verify: bool
) -> bool:
    """Compress what is read from `source` into the descriptor `out`; in a worker.

    Returns:
        Whether all was written: False if nobody reads the pipe any more.
    """
    codec = codec_of(spec, files)
    codec.check_available()
    pieces = pack(codec, Reader(source), segment)
    if not verify:
        return write_pieces(out, pieces)
    with Verifier(codec, files, f"{codec.spec} does not give {source.name} back") as verifier:
        return write_pieces(out, verified(pieces, verifier))


def verified(pieces: Iterable[bytes], verifier: "Verifier") -> Iterator[bytes]:
    """Pass `pieces` on, the last one only when all are known to decode.

    A container without its end is refused, also behind a pipe that could not wait. Raises
    RoundTripError.
    """
    held = b""
    for piece in pieces:
        yield held
        verifier.write(piece)
        held = piece
    verifier.finish()
    yield held


def decode_container(
    source: Input, out: int | None, spec: str | None, files: tuple[str, ...], memory: int
) -> int | None:
    """Decode the container that is read from `source` into the descriptor `out`, or only check it.

    In a worker.

    Args:
        source: The container.
        out: Where to, if anywhere.
        spec: Settings for the codec, as the option `-c` has them.
        files: Plugins that are not installed.
        memory: Bytes that this process may allocate once the codec is loaded.

    Returns:
        How many bytes it decodes to; None if nobody reads the pipe any more.
    """
    container = Container(Reader(source), source.name)
    codec = codec_for(container, spec, files)
    with suppress(Exception):  # loads what the codec loads late; it may not fit any more
        codec.decode(codec.encode(b"\0"))
    limit_memory(memory)
    pieces = container.decode(codec)
    if out is None:
        return sum(len(piece) for piece in pieces)
    return container.size if write_pieces(out, pieces) else None


class Verifier:
    """A worker that reads a container and finds out whether it decodes to what went in."""

    def __init__(self, codec: Codec, files: Sequence[str], claim: str) -> None:
        """`claim` is what it means if it does not."""
        self._claim = claim
        theirs, ours = os.pipe()
        self._pipe = os.fdopen(ours, "wb")
        try:
            self._supervisor = Supervisor(threads=None, descriptors=[theirs])
        finally:
            os.close(theirs)
        source = Input(theirs, STANDARD_INPUT, 0, 0)
        given = codec.spec if codec.trusting else None
        self._result = self._supervisor.begin(
            partial(decode_container, source, None, given, tuple(files), default_memory())
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._supervisor.close()
        with suppress(OSError):
            self._pipe.close()

    def write(self, piece: bytes) -> None:
        """Give it the next bytes of the container. Raises RoundTripError."""
        try:
            self._pipe.write(piece)
        except BrokenPipeError:  # it has seen enough
            self._judge()

    def finish(self) -> None:
        """There are no more. Raises RoundTripError unless they are right."""
        with suppress(BrokenPipeError):
            self._pipe.close()
        self._judge()

    def _judge(self) -> None:
        try:
            self._result.result()
        except WorkerLost as error:
            problem = f"the codec's process {error.problem}"
            raise RoundTripError(f"{self._claim}: {problem}") from error
        except CallFailed as error:
            reason = str(error).removeprefix(f"{STANDARD_INPUT}: ")
            raise RoundTripError(f"{self._claim}: {reason}") from error


def codec_for(container: Container, spec: str | None, files: tuple[str, ...]) -> Codec:
    """The codec that made `container`, with the settings that `spec` has otherwise.

    Raises UsageError, Unavailable.
    """
    made_by = container.header.codec
    try:
        meant = _meant(made_by, files)
        codec = codec_of(changed(meant, spec) if spec else meant, files)
        codec.check_available()
    except (UsageError, Unavailable) as error:
        kind = type(error)
        lost = container.header.requires and not spec and not str(error).startswith("--")
        elsewhere = "; -c names it where it is" if lost else ""
        raise kind(f"{container.name} was made by {made_by}: {error}{elsewhere}") from error
    return codec


def changed(made_by: str, spec: str) -> str:
    """`made_by`, with the settings that `spec` names. Raises UsageError."""
    name, before = split_spec(made_by)
    other, now = split_spec(spec)
    if name != other or not all("=" in piece for piece in now.split(",")):
        raise UsageError(
            f"-c takes {name} and settings by name, as in {name}:setting=…, not {spec}"
        )
    pieces = [piece.partition("=") for piece in [*before.split(","), *now.split(",")] if piece]
    settings = {key: value for key, _, value in pieces}
    return f"{name}:{','.join(f'{key}={value}' for key, value in settings.items())}"


def _meant(made_by: str, files: Sequence[str]) -> str:
    """Return the spec of a container without the settings that only the receiver may give.

    Settings that are younger than the container get the value that they had before.
    """
    name, settings = split_spec(made_by)
    codecs = [entry.item for entry in Plugins(files).codecs if entry.item.name == name]
    trusting = {setting for codec in codecs for setting in codec.trusting}
    pieces = {piece.partition("=")[0]: piece for piece in settings.split(",")}
    before = {key: f"{key}={value}" for codec in codecs for key, value in codec.before.items()}
    kept = [piece for key, piece in {**before, **pieces}.items() if key not in trusting]
    return f"{name}:{','.join(kept)}" if any(kept) else name


def codec_of(spec: str, files: Sequence[str]) -> Codec:
    """The codec that plugins offer under `spec`. Raises UsageError."""
    plugins = Plugins(files)
    try:
        return plugins.codec(spec).item
    except UsageError:
        warn_broken(plugins)  # it may be in one of these
        raise
