"""Results folders that are URLs: `s3://…`, `gs://…`, `hf://datasets/…`, `memory://…`."""

from collections.abc import Iterable

from codelength import hookimpl
from codelength.api.hooks import FolderOpener


@hookimpl
def codelength_folder_openers() -> Iterable[FolderOpener]:
    return [FolderOpener("fsspec", f"{__name__}.mirror:Mirror")]
