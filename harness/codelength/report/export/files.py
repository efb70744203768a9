"""Files that are replaced in one step, and the pages and pictures of the studies as files."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

WITHOUT_PLOTS = (
    "No plots: matplotlib is not installed. This command brings it, and running the command again "
    "draws them: `python -m pip install 'codelength[plots]'`"
)


def replace(path: Path, data: bytes) -> None:
    """Put a file in place in one step, with the folders it needs. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def put_page(path: Path, parts: Iterable[str]) -> Path:
    """Put a page of Markdown in place, its parts a line apart; `path`. Raises OSError."""
    replace(path, ("\n\n".join(part.strip("\n") for part in parts) + "\n").encode())
    return path


def picture(folder: Path, name: str, what: str, draw: Callable[[], bytes]) -> str:
    """Put an SVG in `folder`/plots.

    Returns:
        The Markdown that shows it, or says why there is none.

    Raises:
        OSError: The file cannot be written.
    """
    try:
        svg = draw()
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "matplotlib":
            raise
        return WITHOUT_PLOTS
    replace(folder / "plots" / f"{slug(name)}.svg", svg)
    return f"![{what}](plots/{slug(name)}.svg)"


def slug(name: str) -> str:
    """A name as part of a file's."""
    return "-".join("".join(c if c.isalnum() or c == "." else " " for c in name).split())
