"""What became of the files that a corpus was read from."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from codelength.api.corpus import Reading
from codelength.report import format
from codelength.report.board import Board, Grid
from codelength.report.page import Records
from codelength.report.table import Bold, Column, Table, build_table, stack_head
from codelength.results.cell import Cell

SHOWN = 8
"""Codecs that stand beside each other in a table of sums."""

FILE_HEADS = ("corpus", "protocol", "file", "suffix", "folder", "row", "bytes", "coded_bytes")


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
    method = (
        "What each file was taken as, and why a picture or a recording is measured as bytes, or a "
        "file is not measured."
    )
    return build_table(title, range(len(files)), columns, method, notes)


def sizes_by_file(cell: Cell, files: Sequence[Reading]) -> dict[int, tuple[int, int]]:
    """Return the (raw, coded) bytes of each measured file of a folder, by its place in `files`.

    Files of no bytes have none where samples are cut. Empty if the cell is not of these files.
    """
    sizes = cell.by_cluster
    measured = [place for place, file in enumerate(files) if file.taken_as]
    with_bytes = [place for place in measured if files[place].measured]
    places = measured if len(measured) == len(sizes) else with_bytes
    return dict(zip(places, sizes, strict=True)) if len(places) == len(sizes) else {}


def sum_tables(grid: Grid, corpus: str) -> list[Table]:
    """Sum the sizes of the files of a corpus by suffix and by subfolder, where there are several.

    Only of corpora that were measured whole, file by file.
    """
    sizes, tables = file_sizes(grid, corpus), []
    names = next(iter(sizes.values()), {})
    for what, of in (("suffix", suffix_of), ("folder", folder_of)):
        members: dict[str, list[str]] = {}
        for name in names:
            members.setdefault(of(name), []).append(name)
        if len(members) > 1:
            tables.append(_sum_table(f"By {what} · {corpus} · {grid.label}", members, sizes))
    return tables


def _sum_table(
    title: str, members: dict[str, list[str]], sizes: dict[str, dict[str, tuple[int, int]]]
) -> Table:
    def sums(codec: str, group: str) -> tuple[int, int]:
        pairs = [sizes[codec][name] for name in members[group]]
        return sum(raw for raw, _ in pairs), sum(coded for _, coded in pairs)

    smallest = sorted(sizes, key=lambda codec: sum(c for _, c in sizes[codec].values()))
    shown = smallest[:SHOWN]
    total = {group: sums(shown[0], group)[0] for group in members}
    rows = []
    for group in sorted(members, key=lambda group: -total[group]):
        coded = {codec: sums(codec, group)[1] for codec in sizes}
        best = min(sizes, key=coded.__getitem__)
        raw = total[group]
        cells = [format.percent(coded[codec] / raw if raw else None) for codec in shown]
        marked = [
            Bold(c) if raw and coded[n] == coded[best] else c
            for n, c in zip(shown, cells, strict=True)
        ]
        winner = best if raw else format.NA
        facts = [format.count(len(members[group])), format.count(raw), winner]
        rows.append([group or "none", *facts, *marked])
    columns = [Column("of", "left", fixed=True), Column("files"), Column("bytes")]
    columns += [Column("smallest by", "left"), *(Column(stack_head(n) + "\n%") for n in shown)]
    method = "Coded / raw bytes of all such files together; of many codecs, the smallest ones."
    return Table(title, columns, rows, method)


def file_sizes(grid: Grid, corpus: str) -> dict[str, dict[str, tuple[int, int]]]:
    """Return, for each row, the raw and coded bytes of each file of a corpus that is all there."""
    files = grid.readings.get(corpus, ())
    found = {}
    for name, cell in grid.column(corpus).items():
        if files and cell.ok and cell.slice.limit is None and (of := sizes_by_file(cell, files)):
            found[name] = {files[place].name: size for place, size in of.items()}
    return found


def file_records(board: Board) -> Records:
    """A line for each file and row: what the file came to."""
    lines = []
    for grid in board.grids:
        for corpus in grid.readings:
            for row, sizes in file_sizes(grid, corpus).items():
                for name, (raw, coded) in sizes.items():
                    place = (corpus, grid.label, name, suffix_of(name), folder_of(name))
                    lines.append([*place, row, raw, coded])
    return Records(FILE_HEADS, lines)


def suffix_of(name: str) -> str:
    """`.json` of `a/b.json`; empty for a name without one."""
    return PurePosixPath(name).suffix.lower()


def folder_of(name: str) -> str:
    """The first folder in the name of a file, `logs/` of `logs/old/a.txt`; empty for none."""
    first, slash, _ = name.partition("/")
    return f"{first}/" if slash else ""


def _smallest(grid: Grid, corpus: str) -> Cell | None:
    """The cell with the smallest coding that was decoded."""
    column = grid.column(corpus).items()
    cells = [cell for name, cell in column if cell.ok and grid.rows[name].evidence.is_ranked]
    return min(cells, key=lambda cell: cell.coded_bytes, default=None)
