"""`codelength decompress`: a container in, the file out; or what a container says."""

from functools import partial

import click

from codelength.api.errors import UsageError
from codelength.cli.options import DEVICE, Size
from codelength.cli.output import aligned
from codelength.measure.job import default_memory
from codelength_container.compress import FORCE, OUT, PLUGIN
from codelength_container.container import Container
from codelength_container.files import Reader, opened, output
from codelength_container.worker import decode_container, in_worker


@click.command()
@click.argument("file")
@OUT
@click.option(
    "-c",
    "--codec",
    "spec",
    metavar="SPEC",
    help="The codec, with what is otherwise here: NAME:model=FOLDER.",
)
@click.option("--test", is_flag=True, help="Only see whether all decodes to what went in.")
@click.option("--list", "listing", is_flag=True, help="Only show what FILE says; decode nothing.")
@click.option("--memory", type=Size(), help="What it may take; 80% of the machine's by default.")
@DEVICE
@FORCE
@PLUGIN
def command(
    file: str,
    out: str | None,
    spec: str | None,
    test: bool,
    listing: bool,
    memory: int | None,
    force: bool,
    files: tuple[str, ...],
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
    decode = partial(decode_container, spec=spec, files=files, memory=memory or default_memory())
    with opened(file) as source:
        if out is None:
            size = in_worker(partial(decode, source, None), source)
            click.echo(f"{source.name}: {size} bytes decode to what went in")
        else:
            with output(out, force, source.mode) as descriptor:
                if in_worker(partial(decode, source, descriptor), source, descriptor) is None:
                    raise BrokenPipeError
    return 0


def show(file: str) -> None:
    """What a container says, checked against its checksums. Raises ContainerError."""
    with opened(file) as source:
        reader = Reader(source)
        container = Container(reader, source.name)
        sizes = [segment.size for segment in container.segments()]
        coded = reader.done
    header = container.header
    share = f", {100 * coded / container.size:.2f} %" if container.size else ""
    rows = [
        ["codec", header.codec],
        ["bytes", f"{container.size}"],
        ["coded", f"{coded}{share} (smaller is better)"],
        ["segments", f"{len(sizes)} of at most {header.segment} bytes"],
        *(["requires", f"{key} {value}"] for key, value in header.requires.items()),
        *(["made with", f"{key} {value}"] for key, value in header.versions.items()),
        *(["model bytes", f"{key}, {size}"] for key, size in header.model_bytes.items()),
        ["sha256", container.digest.hex()],
    ]
    click.echo("\n".join(aligned(rows)))
