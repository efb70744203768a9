"""The data of a page as JSON, CSV and Parquet."""

import csv
from io import BytesIO, StringIO

import msgspec

from codelength.api.errors import Unavailable
from codelength.report.page import Page, Records
from codelength.report.table import to_line


def to_json(page: Page) -> bytes:
    """Write the document of a page."""
    return msgspec.json.format(msgspec.json.encode(page.document), indent=1) + b"\n"


def to_csv(page: Page) -> str:
    """Write the records of a page."""
    return records_to_csv(page.records)


def records_to_csv(records: Records) -> str:
    """Write a flat table with its heads."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(records.heads)
    writer.writerows(map(_to_plain, row) for row in records.rows)  # None is written as nothing
    return text.getvalue()


def _to_plain(value: object) -> object:
    """Spell out what steers a terminal, and guard what a spreadsheet would take for a formula."""
    if not isinstance(value, str):
        return value
    line = to_line(value)
    return f"'{line}" if line.startswith(("=", "+", "-", "@")) else line


def to_parquet(page: Page) -> bytes:
    """Write the records with a type for each column. Raises Unavailable without pyarrow."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ModuleNotFoundError as error:
        raise Unavailable(
            "Parquet needs pyarrow, which is not installed: "
            "python -m pip install 'codelength[tables]'"
        ) from error
    records, data = page.records, BytesIO()
    columns = list(zip(*records.rows, strict=True)) or [()] * len(records.heads)
    named = dict(zip(records.heads, map(list, columns), strict=True))
    parquet.write_table(pyarrow.table(named), data)
    return data.getvalue()
