"""`codelength decompress`: a container in, the file out; or what a container says."""

import click

from codelength.api.codec import Codec
from codelength.api.errors import Unavailable, UsageError
from codelength.api.spec import split_spec
from codelength.cli.apart import ending_with_its_parent, into_file, plugin_options, say_done
from codelength.cli.compress import DONE, FORCE, OUT, PLUGIN, codec_of
from codelength.cli.files import PIPE, Input, Output
from codelength.cli.list import aligned
from codelength.cli.options import DEVICE, Size
from codelength.container.container import Container
from codelength.results.machine import memory_bytes
from codelength.workers.limits import limit_memory


@click.command()
@click.argument("file")
@OUT
@click.option(
    "-c",
    "--codec",
    "spec",
    metavar="SPEC",
    help="The codec, with what is otherwise here: hf:model=FOLDER.",
)
@click.option("--test", is_flag=True, help="Only see whether all decodes to what went in.")
@click.option("--list", "listing", is_flag=True, help="Only show what FILE says; decode nothing.")
@click.option("--memory", type=Size(), help="What it may take; 80% of the machine's by default.")
@DEVICE
@FORCE
@PLUGIN
@DONE
def command(
    file: str,
    out: str | None,
    spec: str | None,
    test: bool,
    listing: bool,
    memory: int | None,
    force: bool,
    files: tuple[str, ...],
    done: int | None,
) -> int:
    """Give back the file that 'codelength compress' made FILE of; - is standard input.

    \b
    codelength decompress book.cdl -o book.txt
    codelength decompress folder.tar.cdl -o - | tar x
    codelength decompress book.cdl --list
    codelength decompress book.cdl -c hf:model=models/pythia -o book.txt

    \b
    Exit codes: 2 FILE cannot be read or its codec is not here, 3 FILE is
    no container or is damaged, 4 it is intact and does not decode to what
    went in.
    """
    if (out is not None) + test + listing != 1:
        raise UsageError("decompress takes one of -o OUT (- for a pipe), --test and --list")
    if listing:
        show(file)
        return 0
    memory = memory or memory_bytes() * 4 // 5
    if out not in (None, PIPE):
        options = [*plugin_options(files), "--memory", str(memory)]
        options += ["-c", spec] if spec else []
        return into_file("decompress", file, out, force, options)
    ending_with_its_parent(done)
    limit_memory(memory)
    with Input(file) as source:
        container = Container(source, source.name)
        pieces = container.decoded(codec_for(container, spec, files))
        if test:
            size = sum(len(piece) for piece in pieces)
        else:
            with Output() as output:
                for piece in pieces:
                    output.write(piece)
    if test:
        click.echo(f"{source.name}: {size} bytes decode to what went in")
    say_done(done)
    return 0


def codec_for(container: Container, spec: str | None, files: tuple[str, ...]) -> Codec:
    """The codec that made `container`, with the settings that `spec` has otherwise. Raises
    UsageError, Unavailable."""
    made_by = container.header.codec
    try:
        codec = codec_of(changed(made_by, spec) if spec else made_by, files)
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


def show(file: str) -> None:
    """What a container says, checked against its checksums. Raises ContainerError."""
    with Input(file) as source:
        container = Container(source, source.name)
        sizes = [segment.size for segment in container.segments()]
        coded = source.done
    header = container.header
    share = f", {100 * coded / container.size:.2f} %" if container.size else ""
    rows = [
        ["codec", header.codec],
        ["bytes", f"{container.size}"],
        ["coded", f"{coded}{share} (smaller is better)"],
        ["segments", f"{len(sizes)} of at most {header.segment} bytes"],
        *(["requires", f"{key} {value}"] for key, value in header.requires.items()),
        *(["made with", f"{key} {value}"] for key, value in header.versions.items()),
        *(["prior", f"{key}, {size} bytes"] for key, size in header.model_bytes.items()),
        ["sha256", container.digest.hex()],
    ]
    click.echo("\n".join(aligned(rows)))
