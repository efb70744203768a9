"""Puts files from outside docs/ on the site, so that links work here as on a code host.

The site starts with README.md and the pages of docs/. This hook follows their links. A file of the
repository that a page links to is copied to the site under its own path, and the link is changed
to lead there. A Markdown file becomes a page, a notebook becomes a page of its cells.
"""

import json
import os
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^( *)(`{3,}).*?^ *\2 *$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(!?\[[^\]]*\]\()([^)\s#]+)([^)\s]*\))")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add every file that pages link to, directly or through other pages."""
    have = {file.src_uri for file in files}
    ahead = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    followed: set[Path] = set()
    while ahead:
        path = ahead.pop()
        if path in followed:
            continue
        followed.add(path)
        if (uri := site_uri(path)) not in have:
            files.append(_file(path, uri, config))
        if path.suffix == ".md":
            ahead += [target for _, target in _targets(path.read_text("utf-8"), path)]
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Change links into the repository to links within the site."""
    source = repository_path(page.file.src_uri)
    here = posixpath.dirname(page.file.src_uri)
    moved = {
        link: posixpath.relpath(site_uri(target), here or ".")
        for link, target in _targets(markdown, source)
    }

    def with_links(prose: str) -> str:
        return LINK.sub(lambda m: m[1] + moved.get(m[2], m[2]) + m[3], prose)

    parts, end = [], 0
    for fence in FENCE.finditer(markdown):
        parts += [with_links(markdown[end : fence.start()]), fence[0]]
        end = fence.end()
    return "".join([*parts, with_links(markdown[end:])])


def site_uri(path: Path) -> str:
    """Where a file of the repository lies on the site."""
    name = path.relative_to(ROOT).as_posix()
    if name == "README.md":
        return "index.md"
    name = name.removeprefix("docs/")
    return name.removesuffix(".ipynb") + ".md" if name.endswith(".ipynb") else name


def repository_path(uri: str) -> Path:
    """The file that a page of the site was made from."""
    if uri == "index.md":
        return ROOT / "README.md"
    inside = ROOT / "docs" / uri
    notebook = inside.with_suffix(".ipynb")
    return next((path for path in (inside, notebook) if path.exists()), ROOT / uri)


def _targets(markdown: str, source: Path) -> Iterator[tuple[str, Path]]:
    """Each link to a file of the repository, and the file."""
    for _, link, _ in LINK.findall(FENCE.sub("", markdown)):
        target = Path(os.path.normpath(source.parent / link))
        if ":" not in link and target.is_relative_to(ROOT) and target.is_file():
            yield link, target


def _file(path: Path, uri: str, config: MkDocsConfig) -> File:
    if path.suffix == ".ipynb":
        notebook = json.loads(path.read_text("utf-8"))
        return File.generated(config, uri, content=notebook_page(notebook))
    return File.generated(config, uri, abs_src_path=str(path))


def notebook_page(notebook: dict[str, Any]) -> str:
    """The cells of a notebook as Markdown: prose, code, and what the code printed or showed."""
    return "\n\n".join(part for cell in notebook["cells"] for part in _cell(cell))


def _cell(cell: dict[str, Any]) -> Iterator[str]:
    text = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        yield text
        return
    yield f"```python\n{text}\n```"
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        if "text/html" in data:
            html = re.sub(r"<table[^>]*>", "<table>", "".join(data["text/html"]))
            yield f'<div class="output" markdown="0">\n{html}\n</div>'
        else:
            shown = "".join(data.get("text/plain", output.get("text", "")))
            yield f"```text\n{shown.rstrip()}\n```"
