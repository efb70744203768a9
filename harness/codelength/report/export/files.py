"""The pages and pictures of the studies as files."""

from collections.abc import Callable, Iterable
from pathlib import Path

from codelength.results.files import write_file

WITHOUT_PLOTS = (
    "No plots: matplotlib is not installed. This command brings it, and running the command again "
    "draws them: `python -m pip install 'codelength[plots]'`"
)


def put_page(path: Path, parts: Iterable[str]) -> Path:
    """Write a page of Markdown, its parts a line apart, and return `path`. Raises StoreError."""
    write_file(path, "\n\n".join(part.strip("\n") for part in parts) + "\n")
    return path


def picture(folder: Path, name: str, what: str, draw: Callable[[], bytes]) -> str:
    """Put an SVG in `folder`/plots.

    Returns:
        The Markdown that shows it, or says why there is none.

    Raises:
        StoreError: The file cannot be written.
    """
    try:
        svg = draw()
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "matplotlib":
            raise
        return WITHOUT_PLOTS
    write_file(folder / "plots" / f"{slug(name)}.svg", svg)
    return f"![{what}](plots/{slug(name)}.svg)"


def slug(name: str) -> str:
    """A name as part of a file's."""
    return "-".join("".join(c if c.isalnum() or c == "." else " " for c in name).split())
