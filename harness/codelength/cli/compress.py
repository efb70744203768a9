"""`codelength compress`: a file in, a container out, by any codec.

What is written to a file is made by another process, which writes to a pipe or a part of a file
and knows no name for it. Whatever becomes of that process, and of the codec in it, this one takes
the part away, or gives it its name when all is well.
"""

from collections.abc import Iterator, Sequence

import click

from codelength.api.codec import Codec
from codelength.api.errors import UsageError
from codelength.cli.apart import (
    Verifier,
    ending_with_its_parent,
    into_file,
    plugin_options,
    say_done,
)
from codelength.cli.files import PIPE, Input, Output
from codelength.cli.options import DEVICE, Size, warn_broken
from codelength.container.container import LARGEST, SEGMENT, pack
from codelength.plugins import Plugins

OUT = click.option(
    "-o", "--out", metavar="OUT", help="Where to: a file that is not there yet, or - for a pipe."
)


FORCE = click.option("--force", is_flag=True, help="Overwrite OUT.")


PLUGIN = click.option(
    "--plugin", "files", multiple=True, metavar="FILE", help="A Python file with codecs."
)


DONE = click.option("--done", type=int, hidden=True)
"""A descriptor on which a process says that it has come to its end; an exit code alone would be
believed of a codec that ends the process."""


@click.command()
@click.argument("file")
@click.option("-c", "--codec", "spec", required=True, metavar="SPEC", help="As zstd:level=19.")
@OUT
@click.option(
    "--segment",
    type=Size(),
    default=SEGMENT,
    show_default="16MiB",
    metavar="SIZE",
    help="What is coded by itself; more codes smaller and takes more memory.",
)
@click.option(
    "--verify/--no-verify",
    default=True,
    help="Decode in another process and compare, before OUT appears.  [default: verify]",
)
@DEVICE
@FORCE
@PLUGIN
@DONE
def command(
    file: str,
    spec: str,
    out: str | None,
    segment: int,
    verify: bool,
    force: bool,
    files: tuple[str, ...],
    done: int | None,
) -> int:
    """Compress FILE, or standard input for -, with any codec.

    \b
    codelength compress book.txt -c zstd:level=19 -o book.cdl
    tar c folder | codelength compress - -c xz -o folder.tar.cdl

    \b
    Exit codes: 2 the command cannot be meant, 3 the codec failed or OUT
    cannot be written, 4 what was written does not decode to FILE.
    """
    if out is None:
        raise UsageError("compress needs to know where to: -o FILE, or -o - for a pipe")
    if segment > LARGEST:
        raise UsageError(f"--segment takes at most 1GiB, not {segment} bytes")
    options = [*plugin_options(files), "--segment", str(segment)]
    options += ["--verify" if verify else "--no-verify"]
    if out != PIPE:
        return into_file("compress", file, out, force, ["-c", spec, *options])
    ending_with_its_parent(done)
    codec = codec_of(spec, files)
    codec.check_available()
    with Input(file) as source, Output() as output:
        if verify:
            with Verifier(files, f"{codec.spec} does not give {source.name} back") as verifier:
                verified(pack(codec, source, segment), verifier, output)
        else:
            for piece in pack(codec, source, segment):
                output.write(piece)
    say_done(done)
    return 0


def verified(pieces: Iterator[bytes], verifier: "Verifier", output: "Output") -> None:
    """Writes `pieces`, the last one only when all are known to decode: a container without its
    end is refused, also behind a pipe that could not wait. Raises RoundTripError."""
    held = b""
    for piece in pieces:
        output.write(held)
        verifier.write(piece)
        held = piece
    verifier.finish()
    output.write(held)


def codec_of(spec: str, files: Sequence[str]) -> Codec:
    """The codec that plugins offer under `spec`. Raises UsageError."""
    plugins = Plugins(files)
    try:
        return plugins.codec(spec).item
    except UsageError:
        warn_broken(plugins)  # it may be in one of these
        raise
