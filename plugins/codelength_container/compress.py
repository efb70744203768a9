"""`codelength compress`: a file in, a container out, by any codec.

The codec runs in a worker, which writes to a pipe or to a part of a file. Whatever becomes of the
worker, this process takes the part away, or gives it its name when all is well.
"""

from functools import partial

import click

from codelength.api.errors import UsageError
from codelength.cli.options import DEVICE, Size
from codelength_container.container import LARGEST, SEGMENT
from codelength_container.files import opened, output
from codelength_container.worker import in_worker, write_container

OUT = click.option(
    "-o", "--out", metavar="OUT", help="Where to: a file that is not there yet, or - for a pipe."
)


FORCE = click.option("--force", is_flag=True, help="Overwrite OUT.")


PLUGIN = click.option(
    "--plugin", "files", multiple=True, metavar="FILE", help="A Python file with codecs."
)


@click.command()
@click.argument("file")
@click.option("-c", "--codec", "spec", required=True, metavar="SPEC", help="As NAME:level=19.")
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
def command(
    file: str,
    spec: str,
    out: str | None,
    segment: int,
    verify: bool,
    force: bool,
    files: tuple[str, ...],
) -> int:
    """Compress FILE, or standard input for -, with any codec.

    \b
    codelength compress book.txt -c zstd:level=19 -o book.cdl
    tar c folder | codelength compress - -c xz -o folder.tar.cdl

    \b
    Exit codes: 2 bad usage, 3 the codec failed or OUT
    cannot be written, 4 what was written does not decode to FILE.
    """
    if out is None:
        raise UsageError("compress needs to know where to: -o FILE, or -o - for a pipe")
    if segment > LARGEST:
        raise UsageError(f"--segment takes at most 1GiB, not {segment} bytes")
    with opened(file) as source, output(out, force, source.mode) as descriptor:
        task = partial(write_container, spec, files, source, descriptor, segment, verify)
        if not in_worker(task, source, descriptor):
            raise BrokenPipeError
    return 0
