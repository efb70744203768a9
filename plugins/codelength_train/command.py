"""`codelength train`: its options. Imports no torch."""

import os
import re
import sys
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, TypeVar

import click

from codelength import Unavailable, UsageError

if TYPE_CHECKING:
    from codelength_train.run import Recipe, Subject

F = TypeVar("F", bound=Callable[..., Any])

NEEDS = {
    "recurrent": ({"torch", "safetensors"}, "lm"),
    "transformer": ({"torch", "safetensors", "transformers"}, "hf"),
}
"""Kind of model → what its training imports, and the extra that brings it."""


@click.group()
def command() -> None:
    """Train a model of bytes, as the bundled ones were, or a dictionary.

    On a text archive, on any files, or on corpora; bounded by CPU minutes or by steps. A run that
    was stopped goes on when the same command is given again. The weights are int8, as the exact
    coders take them, with a card in their metadata that says how they were made.

    \b
    codelength train recurrent --size 0.9m --data text.tar.xz --minutes 45 --out my.safetensors
    codelength train transformer --size 0.2m --corpora kodak --minutes 10 --out my-transformer
    """


DATA = (
    click.option(
        "--data",
        type=click.Path(path_type=Path),
        metavar="PATH",
        help="A tar archive, a folder or a file; any bytes.",
    ),
    click.option("--corpora", metavar="LIST", help="Corpora, as 'codelength list' has them."),
    click.option(
        "--mirror",
        type=click.Path(path_type=Path, file_okay=False),
        envvar="CODELENGTH_DATA",
        metavar="DIR",
        help="A local mirror of the standard corpora (or CODELENGTH_DATA).",
    ),
    click.option(
        "--plugin",
        "files",
        multiple=True,
        metavar="FILE",
        help="A Python file with plugins; may be repeated.",
    ),
)
"""What every kind of training takes."""


def data_options(function: F) -> F:
    """Add the options that say what is trained on."""
    for option in reversed(DATA):
        function = option(function)
    return function


def common(batch: int, muon: float, adam: float) -> Callable[[F], F]:
    """Add the options of every kind of model. Some defaults depend on the kind."""
    options = (
        *DATA,
        click.option("--minutes", type=Positive(float), help="CPU minutes that training takes."),
        click.option("--steps", type=Positive(int), help="Steps that training takes."),
        click.option(
            "--save-at",
            metavar="STEPS",
            help="Such as 100,200,400: weights after each of these steps, called OUT-step100 and "
            "so on, each as good as if the run had ended there; instead of --minutes or --steps.",
        ),
        click.option("--width", type=Positive(int), help="Instead of the size's own."),
        click.option("--layers", type=Positive(int), help="Instead of the size's own."),
        click.option("--hidden", type=Positive(int), help="Units of a layer's MLP."),
        click.option(
            "--batch",
            type=Positive(int),
            default=batch,
            show_default=True,
            help="Times 2048 bytes are a step.",
        ),
        click.option("--muon-lr", type=Positive(float), default=muon, show_default=True),
        click.option("--adam-lr", type=Positive(float), default=adam, show_default=True),
        click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True),
        click.option("--threads", type=Positive(int), default=1, show_default=True),
        click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu"),
        click.option(
            "--bfloat16",
            is_flag=True,
            help="Matrix products in bfloat16: pays on a GPU, and on a CPU with units for it.",
        ),
    )

    def add(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return add


class Positive(click.ParamType[Any]):
    """A number above zero."""

    name = "number"

    def __init__(self, kind: type) -> None:
        self._kind = kind

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            number = self._kind(value)
        except ValueError:
            number = 0
        if not 0 < number < float("inf"):
            self.fail(f"{value!r} is no number above zero", param, ctx)
        return number


@command.command()
@click.option("--size", required=True, help="0.2m, 0.9m, 3.5m, or parameters such as 30k.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="FILE.safetensors")
@common(batch=6, muon=0.03, adam=0.01)
@click.option("--table-lr", type=Positive(float), default=0.03, show_default=True)
@click.option("--state", type=Positive(int), help="Channels of a layer's recurrence.")
@click.option("--orders", metavar="LIST", help="Lengths of the n-grams that tables know: 2,3.")
@click.option("--rows", type=Positive(int), help="Of the table of each order.")
@click.option("--columns", type=Positive(int), help="Of each table.")
def recurrent(size: str, table_lr: float, **options: Any) -> None:
    """A gated linear recurrent model.

    Named sizes have hashed tables of n-grams; a number of parameters gives a shape without tables,
    which may be added (--orders, --rows, --columns).

    \b
    codelength train recurrent --size 0.9m --data text.tar.xz --minutes 45 --out my.safetensors
    codelength train recurrent --size 30k --data text.tar.xz --save-at 100,200,400 \\
        --out ladder-30k.safetensors
    """
    _prepare("recurrent", options)
    out = options["out"]
    if out.suffix != ".safetensors" or out.is_dir():
        raise UsageError(f"--out {out} cannot be: it is to be a file that ends in .safetensors")
    from codelength_train import sizes
    from codelength_train.recurrent import Recurrent, count

    parts = _parts(options, "width", "state", "hidden", "layers", "rows", "columns")
    if options["orders"]:
        parts["orders"] = _numbers("--orders", options["orders"])
    shape = sizes.recurrent(size, parts, count)
    if not bool(shape.orders) == bool(shape.rows) == bool(shape.columns):
        raise UsageError("tables need all of --orders, --rows and --columns")
    _go(size, lambda: Recurrent(shape), _recipe(options, tables=table_lr), options)


@command.command()
@click.option("--size", required=True, help="0.2m, 0.8m, 3.2m, or parameters such as 30k.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="FOLDER")
@common(batch=1, muon=0.02, adam=0.005)
@click.option("--heads", type=Positive(int), help="Of attention.")
@click.option(
    "--short",
    type=click.Choice(["64", "128", "256", "512", "1024", "2048"]),
    default="256",
    show_default=True,
    help="Bytes of a window before the last quarter of the run, where it is 2048: attention over "
    "fewer bytes is cheaper. With --save-at it is 2048 throughout.",
)
def transformer(size: str, short: str, **options: Any) -> None:
    """A decoder-only transformer of bytes, a Llama in the words of transformers.

    \b
    codelength train transformer --size 0.8m --data text.tar.xz --minutes 15 --out my-transformer
    """
    _prepare("transformer", options)
    if options["out"].is_file() or not options["out"].name:
        raise UsageError(f"--out {options['out']} cannot be: it is to be the name of a folder")
    from codelength_train import sizes
    from codelength_train.transformer import Transformer, count

    shape = sizes.transformer(size, _parts(options, "width", "heads", "hidden", "layers"), count)
    _go(size, lambda: Transformer(shape), _recipe(options, short=int(short)), options)


@command.command("codec")
@click.argument("codec")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="FILE")
@click.option("--size", default="110kB", show_default=True, help="Of the file, at most.")
@click.option(
    "--protocol",
    default="chunks:4096",
    show_default=True,
    help="How the data are cut into samples, as 'codelength run' cuts them.",
)
@data_options
def of_codec(codec: str, **options: Any) -> None:
    """A file for a codec that learns from samples, such as a dictionary of zstd.

    It takes data that are not those it will be used on. A card beside the file says which they
    were, and tables mark a codec on a corpus that its file was made of.

    \b
    codelength train codec zstd:level=19 --data old-logs/ --out logs.dictionary
    codelength run --codecs zstd:level=19,dictionary=logs.dictionary --corpora path:new-logs \\
        --protocol chunks:2048
    """
    from codelength_train.codec import train_codec

    _check_data(options)
    train_codec(codec, options)


def _prepare(kind: str, options: Mapping[str, Any]) -> None:
    """Check the options. Raises UsageError or Unavailable before anything is loaded."""
    modules, extra = NEEDS[kind]
    for module in sorted(modules):
        if find_spec(module) is None:
            raise Unavailable(
                f"training a {kind} needs {module}: python -m pip install 'codelength[{extra}]'"
            )
    _check_data(options)
    if sum(bool(options[name]) for name in ("minutes", "steps", "save_at")) != 1:
        raise UsageError("train takes one of --minutes, --steps and --save-at")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read when torch is loaded
    import torch

    torch.set_num_threads(options["threads"])
    if options["device"] == "cuda" and not torch.cuda.is_available():
        raise UsageError("torch finds no CUDA device here; --device cpu trains without one")


def _check_data(options: Mapping[str, Any]) -> None:
    """Check what is read and whether something can be written. Raises UsageError."""
    if bool(options["data"]) == bool(options["corpora"]):
        raise UsageError("train takes --data PATH or --corpora LIST, one of the two")
    folder = options["out"].parent
    try:
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UsageError(
            f"--out {options['out']} cannot be: no file can be written to {folder}: "
            f"{error.strerror}"
        ) from error


def _parts(options: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: options[name] for name in names if options[name] is not None}


def _numbers(option: str, text: str) -> tuple[int, ...]:
    """Parse rising numbers above zero: "100,200,400"."""
    match = re.fullmatch(r"[1-9]\d*(,[1-9]\d*)*", text)
    numbers = tuple(map(int, text.split(","))) if match else ()
    if not numbers or list(numbers) != sorted(set(numbers)):
        raise UsageError(f"{option} {text} cannot be: it takes rising numbers such as 2,3,5")
    return numbers


def _recipe(options: Mapping[str, Any], short: int | None = None, **rates: float) -> "Recipe":
    from codelength_train.material import WINDOW
    from codelength_train.run import Recipe

    averaged = bool(options["save_at"])
    return Recipe(
        batch=options["batch"],
        short=WINDOW if averaged or short is None else short,
        rates={"matrices": options["muon_lr"], "rest": options["adam_lr"], **rates},
        seed=options["seed"],
        bfloat16=options["bfloat16"],
        averaged=averaged,
    )


def _go(
    size: str, subject: "Callable[[], Subject]", recipe: "Recipe", options: Mapping[str, Any]
) -> None:
    import torch

    from codelength.api.spec import split_specs
    from codelength.cli.options import load_plugins
    from codelength.report.progress import Meter
    from codelength.results.machine import command_line
    from codelength_train.heap import keep
    from codelength_train.loop import Outputs, train
    from codelength_train.material import split_material
    from codelength_train.run import Bound, Run
    from codelength_train.sources import of_corpora, of_path

    keep()
    save_at = _numbers("--save-at", options["save_at"]) if options["save_at"] else ()
    with Meter(sys.stderr) as meter:
        meter.now("reads the data")
        if options["data"]:
            files = of_path(options["data"])
        else:
            plugins = load_plugins(options["files"], options["mirror"])
            files = of_corpora(split_specs(options["corpora"]), plugins)
        data = split_material(files)
        torch.manual_seed(recipe.seed)
        steps = save_at[-1] if save_at else options["steps"]
        bound = Bound(options["minutes"], steps)
        run = Run(subject(), data, recipe, bound, options["device"])
        meter.say(f"{run.subject.kind} {size}: {run.parameters:,} parameters, {data}")
        meter.say(f"takes {steps:,} steps" if steps else f"takes {bound.minutes:g} minutes")
        card = {"size": size, "command": command_line()}
        train(run, Outputs(options["out"], save_at), card, meter)
