"""Cells as rows of a table, for pandas."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from codelength.api.errors import Unavailable, UsageError
from codelength.metrics import rates
from codelength.results.cell import Cell

if TYPE_CHECKING:
    import pandas as pd

INSTALL = "python -m pip install 'codelength[tables]'"

Row = dict[str, object]


def cell_rows(cells: Iterable[Cell]) -> Iterator[Row]:
    """Return one row for each cell; None where a cell has no such figure."""
    for cell in cells:
        of, encode, decode = cell.slice, cell.encode, cell.decode
        yield {
            **cell.key._asdict(),
            "kind": of.kind,
            "status": str(cell.status),
            "evidence": None if cell.evidence is None else str(cell.evidence),
            "samples": of.samples,
            "raw_bytes": of.bytes,
            "coded_bytes": cell.coded_bytes if cell.ok else None,
            "ratio": rates.ratio(cell),
            "bits_per_byte": rates.bits_per_byte(cell),
            "model_bytes": sum(size or 0 for size in cell.model_bytes.values()),
            "encode_seconds": encode.seconds if encode else None,
            "decode_seconds": decode.seconds if decode else None,
            "encode_memory_bytes": encode.memory_bytes if encode else None,
            "decode_memory_bytes": decode.memory_bytes if decode else None,
            "plugin": cell.plugin,
            "run": cell.run,
            "reason": cell.reason,
        }


def sample_rows(cells: Iterable[Cell]) -> Iterator[Row]:
    """Return one row for each sample of a cell; past 1000 samples, for each group of them."""
    for cell in cells:
        for number, (raw, coded) in enumerate(cell.groups):
            sizes = {"sample": number, "raw_bytes": raw, "coded_bytes": coded}
            yield {**cell.key._asdict(), **sizes, "ratio": coded / raw if raw else None}


LEVELS = {"cells": cell_rows, "samples": sample_rows}


def to_dataframe(cells: Iterable[Cell], level: str) -> "pd.DataFrame":
    """Return cells as a data frame.

    Raises:
        Unavailable: pandas is not installed.
        UsageError: There is no such level.
    """
    if level not in LEVELS:
        raise UsageError(f"no level {level!r}; it is one of {', '.join(LEVELS)}")
    try:
        import pandas as pd
    except ModuleNotFoundError as error:
        raise Unavailable(
            f"a data frame needs pandas, which is not installed: {INSTALL}"
        ) from error
    return pd.DataFrame.from_records(list(LEVELS[level](cells)))
