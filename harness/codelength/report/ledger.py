"""Where the bytes went, and from what corpus size on a prior pays for itself."""

from codelength import metrics
from codelength.report import format, marks
from codelength.report.board import Board
from codelength.report.table import Column, Table

UNBOOKED = "off the\nbooks"


def ledger(board: Board, corpus: str) -> Table | None:
    """The bytes of all blobs of a corpus by purpose, and the prior beside them."""
    column = {codec: cell for codec, cell in board.column(corpus).items() if cell.ok}
    if not column:
        return None
    totals: dict[str, int] = {}
    for cell in column.values():
        for entry, size in cell.ledger.items():
            totals[entry] = totals.get(entry, 0) + size
    entries = sorted(totals, key=lambda entry: (entry != "payload", -totals[entry], entry))
    missing = {c: cell.coded_bytes - sum(cell.ledger.values()) for c, cell in column.items()}
    unbooked = any(missing.values())
    priors = any(cell.model_bytes for cell in column.values())
    rows = []
    for codec, cell in sorted(column.items(), key=lambda item: (item[1].coded_bytes, item[0])):
        row = [codec, format.count(cell.coded_bytes)]
        row += [format.count(cell.ledger.get(entry, 0)) for entry in entries]
        row += [format.count(missing[codec])] if unbooked else []
        row += [format.count(cell.header_bytes)]
        row += [format.count(metrics.total_model_bytes(cell))] if priors else []
        rows.append(row)
    heads = ["coded", *entries, *([UNBOOKED] if unbooked else []), "header\nof one"]
    heads += ["prior"] if priors else []
    columns = [Column("codec", "left", fixed=True), *map(Column, heads)]
    made = (
        "Bytes of all blobs together, as each codec accounts for them; what stands between coded "
        "and header sums to coded. Header of one is the size of the blob for a single zero byte"
        + ("; the prior is what the receiver must already hold." if priors else ".")
    )
    notes = ["off the books: coded bytes that the codec's ledger leaves out."] if unbooked else []
    title = f"Ledger · {corpus} · {board.protocol_label} · bytes"
    return Table(title, columns, rows, made, [*notes, *([board.pricing.told] if priors else [])])


def break_even(board: Board, corpus: str) -> Table | None:
    """For each codec without a prior, from how much such data on each codec with one is cheaper,
    the prior sent along; None where no codec has a prior."""
    column = {codec: cell for codec, cell in board.column(corpus).items() if cell.ok}
    rates = {codec: rate for codec, cell in column.items() if (rate := metrics.ratio(cell))}
    order = sorted(rates, key=lambda codec: (rates[codec], codec))
    heavy = [codec for codec in order if metrics.total_model_bytes(column[codec])]
    light = [codec for codec in order if not metrics.total_model_bytes(column[codec])]
    if not heavy or not light:
        return None
    percents = {c: marks.marked(format.percent(rates[c]), column[c]) for c in order}
    rows = [
        [codec, percents[codec]]
        + [format.size(metrics.break_even(column[other], column[codec])) for other in heavy]
        for codec in light
    ]
    priors = [["prior", ""] + [format.size(metrics.total_model_bytes(column[c])) for c in heavy]]
    priors += [["ratio %", ""] + [percents[codec] for codec in heavy]]
    columns = [Column("codec without prior", "left", fixed=True), Column("ratio\n%")]
    columns += [Column(codec.replace(":", ":\n", 1)) for codec in heavy]
    made = (
        "N\\* = prior / (ratio without − ratio with). With more than N\\* bytes of such data the "
        "codec with the prior is cheaper, even if the prior is sent along. Never: its ratio is "
        "not the smaller one."
    )
    title = f"Break-even · {corpus} · {board.protocol_label} · raw bytes, smaller is better"
    notes = [*marks.cautions(column.values()), board.pricing.told]
    return Table(title, columns, [*priors, *rows], made, notes)
