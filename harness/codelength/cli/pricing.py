"""The price of models and decoders: its options, and what has to be measured for it."""

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from codelength.api.codec import dependencies_of
from codelength.api.errors import CodelengthError, StoreError
from codelength.metrics.budget import NO_BUDGET, Budget
from codelength.metrics.price import (
    AS_STORED,
    COMPRESSED,
    CompressedModel,
    Price,
    Pricing,
    decoder_key,
    find_smallest_codings,
    parse_price,
)
from codelength.plugins import Plugins
from codelength.results.cell import WEIGHTS, Cell
from codelength.results.files import write_file

F = TypeVar("F", bound=Callable[..., Any])

MODELS = "priors"
"""In a results folder: the results of coding models, a results folder of its own."""

DECODERS = "decoders.json"
"""In a results folder: the code that takes part in decoding, by `decoder_key`."""


def with_price(command: F) -> F:
    """Adds --price and --decoder-bytes."""
    for option in (
        click.option(
            "--decoder-bytes",
            is_flag=True,
            help="Charge the code of decoders, too, zipped, in adjusted ratios.",
        ),
        click.option(
            "--price",
            callback=lambda _context, _option, text: parse_price(text),
            default=AS_STORED,
            show_default=True,
            metavar="PRICE",
            help="What a model costs in adjusted ratios: stored (its bytes), 3.6bits or 2bytes (so "
            "much a parameter), compressed (what the best lossless codec makes of it).",
        ),
    ):
        command = option(command)
    return command


def price_cells(
    price: Price,
    decoder_bytes: bool,
    cells: Sequence[Cell],
    plugins: Plugins,
    folders: Sequence[Path],
    budget: Budget = NO_BUDGET,
) -> Pricing:
    """Find what to charge for `cells`.

    Measures what no folder holds yet and keeps it in the first one. What cannot be measured here
    is left without a price, with a line that says why. A budget for the total charges decoders.
    """
    decoder_bytes |= budget.total is not None
    good = [cell for cell in cells if cell.ok]
    compressed = _compress_models(good, plugins, folders) if price == COMPRESSED else {}
    decoders = _measure_decoders(good, plugins, folders) if decoder_bytes else None
    return Pricing(price, compressed, decoders, budget)


def _compress_models(
    cells: Iterable[Cell], plugins: Plugins, folders: Sequence[Path]
) -> dict[str, CompressedModel]:
    """The smallest coding of every model that `cells` have, by the digest of its weights.

    Each codec of a default run that has no model codes it as a corpus, once.
    """
    from codelength.results.store import load

    def known() -> list[Cell]:
        return [cell for folder in folders for cell in load(folder / MODELS).current]

    wanted = {cell.digests.get(WEIGHTS, ""): cell.codec for cell in cells if cell.model_bytes}
    codecs = [entry for entry in plugins.select_codecs(None) if not entry.item.model_bytes]
    for digest, owner in wanted.items():
        tried = {cell.codec for cell in known() if cell.slice.label == digest}
        left = [entry for entry in codecs if entry.item.spec not in tried]
        if left:
            try:
                _code(owner, digest, left, plugins, folders[0] / MODELS)
            except CodelengthError as error:
                click.echo(f"no price for the model of {owner}: {error}", err=True)
    return find_smallest_codings(known())


def _code(owner: str, digest: str, codecs: Sequence[Any], plugins: Plugins, folder: Path) -> None:
    from codelength.api.errors import Unavailable
    from codelength.measure.engine import execute
    from codelength.measure.job import Limits
    from codelength.measure.plan import make_plan
    from codelength.report.progress import watch
    from codelength.results.store import Store

    corpora = [corpus.item.name for corpus in plugins.corpora if corpus.item.of_models]
    if not corpora:
        raise Unavailable("no plugin has a corpus of the bytes of models")
    entry = plugins.corpus(f"{corpora[0]}:{owner}")
    entry.item.check_available()
    if not digest or entry.item.label != digest:
        here = entry.item.label or "unnamed"
        raise Unavailable(f"its weights are {digest or 'unnamed'}, those that are here {here}")
    with watch(sys.stderr) as progress:
        whole = plugins.protocol("whole")
        plan = make_plan(plugins, codecs, [entry], [whole], None, progress.reading)
        (target,) = plan.targets
        if target.problem:
            raise Unavailable(target.problem)
        progress.line(
            f"to price it, the model of {owner} ({target.slice.bytes:,} bytes) is coded by "
            f"{len(codecs)} codecs, up to five times each; kept in {folder}"
        )
        with Store(folder) as store:
            execute(plan, store, Limits(), watch=progress)


def _measure_decoders(
    cells: Iterable[Cell], plugins: Plugins, folders: Sequence[Path]
) -> dict[str, int]:
    """The bytes of every decoder behind `cells` that is known or can be measured here."""
    from codelength.metrics.decoder_size import DecoderCode, measure_decoder

    known: dict[str, DecoderCode] = {}
    for path in (folder / DECODERS for folder in folders):
        try:
            known |= msgspec.json.decode(path.read_bytes(), type=dict[str, DecoderCode])
        except FileNotFoundError:
            continue
        except (OSError, ValueError, msgspec.MsgspecError) as error:
            raise StoreError(
                f"{path} cannot be read: {error}; remove it to measure again"
            ) from error
    before = len(known)
    for cell in {decoder_key(cell): cell for cell in cells}.values():
        if decoder_key(cell) in known:
            continue
        try:
            codec = plugins.codec(cell.codec).item
            here = dependencies_of(codec)
        except (CodelengthError, ImportError) as error:
            click.echo(f"no price for the decoder of {cell.codec}: {error}", err=True)
            continue
        measured = {name: version for name, version in cell.depends_on.items() if name in here}
        if here != measured:
            click.echo(
                f"no price for the decoder of {cell.codec}: it was measured with {measured}, here "
                f"is {here}",
                err=True,
            )
        elif found := measure_decoder(codec.library):
            known[decoder_key(cell)] = found
    if len(known) > before:
        path = folders[0] / DECODERS
        write_file(path, msgspec.json.format(msgspec.json.encode(known), indent=1) + b"\n")
    return {key: found.zipped for key, found in known.items()}
