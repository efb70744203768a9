"""A page as one HTML file that needs nothing else: no network, no server."""

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from html import escape
from importlib.resources import files

import msgspec

from codelength.report.page import Chart, Folded, Heading, Page, Prose, Section
from codelength.report.table import Column, Table, split_code, to_line

POLICY = (
    "default-src 'none'; script-src '{script}'; style-src '{style}'; img-src data:; "
    "base-uri 'none'; form-action 'none'"
)
"""What a browser may run and load: this script and this style, and nothing from anywhere. If a
name ever got through as markup, it would still be no program."""

SCRIPTS = ("figures.js", "plot.js", "page.js")
"""In this order they are one script."""

LONG = 12
"""Tables with more rows open on a click."""

WIDE = 40
"""Characters from which on what may be wrapped is."""


def to_html(page: Page) -> str:
    """Fill the template in `web`.

    The data of a board stand in it as JSON, which the script turns into text nodes, never into
    markup; a page without a ranking has no script.
    """
    document = {**page.document, "readings": []} if "boards" in page.document else None
    style, script = _read("page.css"), "".join(map(_read, SCRIPTS)) if document else ""
    parts = {
        "title": _text(page.title),
        "summary": _prose(page.summary),
        "policy": POLICY.format(script=_digest(script), style=_digest(style)),
        "style": style,
        "ranking": _read("ranking.html") if document else "",
        "sections": "\n".join(
            part for section in page.appendix for part in render_section(section)
        ),
        "data": _inert(msgspec.json.encode(document).decode()) if document else "",
        "script": script,
    }
    head, *pieces = _read("page.html").split("{{")
    filled = [head]
    for piece in pieces:
        name, _, rest = piece.partition("}}")
        filled += [parts[name], rest]
    return "".join(filled)


def render_section(section: Section) -> Iterator[str]:
    """Render a section as lines of HTML."""
    match section:
        case Heading(text, level):
            yield f"<h{level}>{_text(text)}</h{level}>"
        case Prose(text):
            yield from (f'<p class="note">{_prose(line)}</p>' for line in text.split("\n"))
        case Table():
            yield from _render_table(section, len(section.rows) > LONG)
        case Folded(table):
            yield from _render_table(replace(table, made=""), True)
        case Chart(_, caption, draw):
            picture = b64encode(draw()).decode()
            yield f'<img alt="{_text(caption)}" src="data:image/svg+xml;base64,{picture}">'
            yield f'<p class="note">{_text(caption)}</p>'


def _render_table(table: Table, folds: bool) -> Iterator[str]:
    values = zip(*table.rows, strict=True) if table.rows else ([] for _ in table.columns)
    looks = [_look(column, found) for column, found in zip(table.columns, values, strict=True)]
    if folds:
        yield f"<details><summary>{_text(table.title or 'Show them')}</summary>"
    elif table.title:
        yield f"<h3>{_text(table.title)}</h3>"
    yield f'<p class="note">{_prose(table.made)}</p>' if table.made else ""
    yield '<div class="scroll"><table><thead>'
    yield _row("th", [column.title for column in table.columns], looks)
    yield "</thead><tbody>"
    yield from (_row("td", row, looks) for row in table.rows)
    yield "</tbody></table></div>"
    yield from (f'<p class="note">{_text(note)}</p>' for note in table.notes)
    yield "</details>" if folds else ""


def _look(column: Column, values: Iterable[str]) -> str:
    if column.wrap and any(len(value) > WIDE for value in values):
        return ' class="prose"'
    return ' class="left"' if column.align == "left" else ""


def _row(tag: str, values: Sequence[str], looks: Sequence[str]) -> str:
    cells = zip(values, looks, strict=True)
    return "<tr>" + "".join(f"<{tag}{look}>{_text(v)}</{tag}>" for v, look in cells) + "</tr>"


def _text(value: str) -> str:
    return escape(to_line(value))


def _prose(line: str) -> str:
    return "".join(
        f"<code>{_text(text)}</code>" if is_code else _text(text)
        for text, is_code in split_code(line)
    )


def _inert(data: str) -> str:
    """JSON that ends no script element and opens no comment in one."""
    return data.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _digest(text: str) -> str:
    return "sha256-" + b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _read(name: str) -> str:
    return files(__package__).joinpath("web", name).read_text(encoding="utf-8")
