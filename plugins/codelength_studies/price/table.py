"""Total sizes over the price of a parameter: blobs and model, as percent of the raw bytes."""

from collections.abc import Iterable, Sequence

from codelength.metrics import rates
from codelength.metrics.price import STORED, Pricing, apply_price
from codelength.report import Column, Table, format
from codelength.results.cell import Cell

HOW = (
    "Coded bytes and model, in percent of the raw bytes, at so many bits a parameter and with the "
    "model as stored; tokenizers as stored. Pays up to: the bits a parameter at which the codec "
    "takes as many bytes as the smallest one without a model."
)


def price_table(cells: Sequence[Cell], bits: Sequence[float]) -> Table:
    """Return the total sizes of the cells of one slice, the smallest coded size first."""
    corpus_slice = cells[0].slice
    plain = [cell.coded_bytes for cell in cells if not rates.has_model(cell)]
    best = min(plain, default=None)
    rows = []
    for cell in sorted(cells, key=lambda cell: cell.coded_bytes):
        prices = [*(Pricing(price) for price in bits), STORED]
        totals = [rates.adjusted_ratio(apply_price(cell, price)) for price in prices]
        sizes = [format.percent(rate) for rate in (rates.ratio(cell), *totals)]
        rows.append([cell.codec, *sizes, format.significant(highest_price(cell, best))])
    columns = [Column("codec", "left", fixed=True), Column("size\n%")]
    columns += [Column(f"{price:g} bits\n%") for price in bits]
    columns += [Column("stored\n%"), Column("pays\nup to")]
    where = f"{corpus_slice.corpus} · {corpus_slice.protocol}"
    title = f"Total size over price · {where} · {format.count(corpus_slice.bytes)} bytes"
    return Table(title, columns, rows, HOW)


def highest_price(cell: Cell, best: int | None) -> float | None:
    """Return the bits a parameter at which a model costs what it saves against `best` bytes.

    None without a model that says its parameters, without `best`, or where nothing is saved.
    """
    parameters = None if cell.card is None else cell.card.parameters
    rest = rates.total_model_bytes(apply_price(cell, Pricing(0.0)))
    if best is None or not parameters or rest is None or not rates.has_model(cell):
        return None
    saved = best - cell.coded_bytes - rest
    return 8 * saved / parameters if saved > 0 else None


def group_cells(cells: Iterable[Cell]) -> list[list[Cell]]:
    """Return the cells that have a size, together by slice."""
    groups: dict[tuple[str, ...], list[Cell]] = {}
    for cell in cells:
        if cell.ok and cell.slice.bytes:
            groups.setdefault(cell.slice.identity, []).append(cell)
    return list(groups.values())
