"""What became of the files that a corpus was read from."""

from collections.abc import Sequence

from codelength.api.corpus import Reading
from codelength.report import format
from codelength.report.board import Grid
from codelength.report.table import Column, Table, build_table
from codelength.results.cell import Cell


def describe_readings(grid: Grid, corpus: str) -> str:
    """What was read, in one line; empty for a corpus that has no ledger of files."""
    files = grid.readings.get(corpus, ())
    if not files:
        return ""
    on_disk, measured = sum(f.on_disk for f in files), sum(f.measured for f in files)
    decoded = [file for file in files if file.is_decoded]
    taken = [file for file in files if file.taken_as]
    inexact = sum(bool(file.reason) for file in taken)
    text = f"{format.plural(len(files), 'file')}, {format.count(on_disk)} B on disk; "
    if lost := len(files) - len(taken):
        size = sum(file.on_disk for file in files if not file.taken_as)
        text += f"{lost} not measured ({format.count(size)} B); "
    if not decoded and not inexact:
        return text + "measured as the bytes that they are."
    text += f"{len(decoded)} read as media, {len(taken) - len(decoded)} as bytes"
    text += f" ({inexact} could not be read exactly)" if inexact else ""
    if decoded:
        text += f". Ratios are of the decoded {format.count(measured)} B"
        best = _smallest(grid, corpus)
        given = sum(file.on_disk for file in taken)
        if best and given and best.slice.bytes == measured:
            text += (
                f"; the smallest coding of them, by {best.codec}, is "
                f"{format.percent(best.coded_bytes / given)}% of the bytes on disk"
            )
    return text + "."


def is_shown_decoded(grid: Grid, corpus: str) -> bool:
    """Tell whether the same files are also there decoded; then one list shows both."""
    return any(grid.as_bytes(other) == corpus for other in grid.readings)


def files_table(grid: Grid, corpus: str) -> Table | None:
    """List the files of a corpus, and what became of each.

    None if it was not read from files. Where the same files were measured as bytes and decoded,
    there is one list, in which their smallest codings stand beside each other.
    """
    files = grid.readings.get(corpus, ())
    if not files or is_shown_decoded(grid, corpus):
        return None
    coded, notes = [], []
    for name in filter(None, [grid.as_bytes(corpus), corpus]):
        best = _smallest(grid, name)
        sizes = sizes_by_file(best, grid.readings[name]) if best else {}
        if best and sizes and best.slice.limit is None:
            how = "decoded" if grid.is_decoded(name) else "as bytes"
            shown = {i: format.count(sizes[i][1]) if i in sizes else "" for i in range(len(files))}
            coded.append(Column(f"coded\n{how} B", show=shown.__getitem__))
            notes.append(f"coded {how}: the blobs of {best.codec}, the smallest of {name}.")
    columns = [
        Column("file", "left", fixed=True, wrap=True, show=lambda i: files[i].name),
        Column("on disk\nB", show=lambda i: format.count(files[i].on_disk)),
        Column("measured\nB", show=lambda i: format.count(files[i].measured)),
        *coded,
        Column("left out\nB", show=lambda i: format.count(files[i].left_out)),
        Column("taken as", "left", show=lambda i: files[i].taken_as or "not measured"),
        Column("reader", "left", show=lambda i: files[i].reader),
        Column("why", "left", wrap=True, show=lambda i: files[i].reason),
    ]
    title = f"Files · {corpus} · {grid.label}"
    made = (
        "What each file was taken as, and why a picture or a recording is measured as bytes, or a "
        "file is not measured."
    )
    return build_table(title, range(len(files)), columns, made, notes)


def sizes_by_file(cell: Cell, files: Sequence[Reading]) -> dict[int, tuple[int, int]]:
    """Return the (raw, coded) bytes of each measured file of a folder, by its place in `files`.

    Files of no bytes have none where samples are cut. Empty if the cell is not of these files.
    """
    sizes = cell.by_cluster
    measured = [place for place, file in enumerate(files) if file.taken_as]
    with_bytes = [place for place in measured if files[place].measured]
    places = measured if len(measured) == len(sizes) else with_bytes
    return dict(zip(places, sizes, strict=True)) if len(places) == len(sizes) else {}


def _smallest(grid: Grid, corpus: str) -> Cell | None:
    """The cell with the smallest coding that was decoded."""
    column = grid.column(corpus).items()
    cells = [cell for name, cell in column if cell.ok and grid.rows[name].evidence.is_ranked]
    return min(cells, key=lambda cell: cell.coded_bytes, default=None)
