"""The records of a page as a Parquet file."""

from io import BytesIO

from codelength.api.errors import Unavailable
from codelength.report.page import Page


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
