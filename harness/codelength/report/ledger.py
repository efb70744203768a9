"""Where the bytes of the blobs went."""

from codelength import metrics
from codelength.report import format
from codelength.report.board import Grid
from codelength.report.table import Column, Table


def ledger_table(grid: Grid, corpus: str) -> Table | None:
    """Sum the bytes of all blobs of a corpus by purpose, the model beside them.

    None if no codec has a ledger there.
    """
    column = {n: cell for n, cell in grid.column(corpus).items() if cell.ok and cell.ledger}
    if not column:
        return None
    totals: dict[str, int] = {}
    for cell in column.values():
        for entry, size in cell.ledger.items():
            totals[entry] = totals.get(entry, 0) + size
    entries = sorted(totals, key=lambda entry: (entry != "payload", -totals[entry], entry))
    missing = {c: cell.coded_bytes - sum(cell.ledger.values()) for c, cell in column.items()}
    incomplete = any(missing.values())
    has_models = any(cell.model_bytes for cell in column.values())
    rows = []
    for name, cell in sorted(column.items(), key=lambda item: (item[1].coded_bytes, item[0])):
        row = [name, format.count(cell.coded_bytes)]
        row += [format.count(cell.ledger.get(entry, 0)) for entry in entries]
        row += [format.count(missing[name])] if incomplete else []
        row += [format.count(cell.header_bytes)]
        row += [format.count(metrics.total_model_bytes(cell))] if has_models else []
        rows.append(row)
    heads = ["coded", *entries, *(["off the\nbooks"] if incomplete else []), "header\nof one"]
    heads += ["model"] if has_models else []
    columns = [Column("codec", "left", fixed=True), *map(Column, heads)]
    made = (
        "Bytes of all blobs together, as each codec accounts for them; what stands between coded "
        "and header sums to coded. Header of one is the size of the blob for a single zero byte"
        + ("; the model is what the receiver must already hold." if has_models else ".")
    )
    notes = ["off the books: coded bytes that the codec's ledger leaves out."] if incomplete else []
    notes += [grid.pricing.description] if has_models else []
    return Table(f"Ledger · {corpus} · {grid.label} · bytes", columns, rows, made, notes)
