"""A page as one HTML file that needs nothing else: no network, no server.

Everything is there without scripts. The script sorts and filters the tables that have `facts`, and
adds what a transfer takes.
"""

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from html import escape
from importlib.resources import files

from codelength.report.page import Chart, Folded, Heading, Page, Prose, Section
from codelength.report.svg import STYLE
from codelength.report.table import Bad, Bold, Column, Table, split_code, to_line

POLICY = (
    "default-src 'none'; script-src '{script}'; style-src '{style}'; img-src data:; "
    "base-uri 'none'; form-action 'none'"
)
"""What a browser may run and load: this script and this style, and nothing from anywhere. If a
name ever got through as markup, it would still be no program."""

LONG = 12
"""Among the details, tables with more rows open on a click."""

WIDE = 40
"""Characters from which on what may be wrapped is."""

MANY = 20_000
"""Cells of tables that a browser shows without pain; the tables behind them are left to others."""


def to_html(page: Page) -> str:
    """Fill the template in `web`: what stands first, the filters, the details."""
    has_facts = any(isinstance(section, Table) and section.facts for section in page.first)
    style, script = _read("page.css") + STYLE, _read("page.js") if has_facts else ""
    parts = {
        "title": _text(page.title),
        "summary": _prose(page.summary),
        "policy": POLICY.format(script=_digest(script), style=_digest(style)),
        "style": style,
        "first": _render_all(page.first, folds=False),
        "filters": _read("filters.html") if has_facts else "",
        "details": _render_all(_readable(page.details), folds=True),
        "script": script,
    }
    head, *pieces = _read("page.html").split("{{")
    filled = [head]
    for piece in pieces:
        name, _, rest = piece.partition("}}")
        filled += [parts[name], rest]
    return "".join(filled)


def render_section(section: Section, folds: bool = False) -> Iterator[str]:
    """Render a section as lines of HTML. With `folds`, long tables open on a click."""
    match section:
        case Heading(text, level):
            yield f"<h{level}>{_text(text)}</h{level}>"
        case Prose(text):
            look = "note bad" if isinstance(text, Bad) else "note"
            yield from (f'<p class="{look}">{_prose(line)}</p>' for line in text.split("\n"))
        case Table():
            yield from _render_table(section, folds and len(section.rows) > LONG)
        case Folded(table):
            yield from _render_table(replace(table, method=""), True)
        case Chart(_, caption, draw):
            picture = draw()
            yield '<figure><div class="scroll">'
            if STYLE.encode() in picture:  # drawn by `Svg`, so it is no markup of others
                yield picture.decode().replace(f"<style>{STYLE}</style>", "")
            else:
                data = b64encode(picture).decode()
                yield f'<img alt="{_text(caption)}" src="data:image/svg+xml;base64,{data}">'
            yield f'</div><figcaption class="note">{_text(caption)}</figcaption></figure>'


def _render_all(sections: Iterable[Section], folds: bool) -> str:
    return "\n".join(line for section in sections for line in render_section(section, folds))


def _readable(sections: Sequence[Section]) -> Iterator[Section]:
    """All sections as long as a browser can bear them; a line says which tables are elsewhere."""
    room, left = MANY, 0
    for section in sections:
        table = section.table if isinstance(section, Folded) else section
        if isinstance(table, Table):
            room -= len(table.rows) * len(table.columns)
            if room < 0:
                left += 1
                continue
        yield section
    if left:
        yield Prose(f"{left} more tables are in the Markdown report: too much for a browser.")


def _render_table(table: Table, is_folded: bool) -> Iterator[str]:
    values = zip(*table.rows, strict=True) if table.rows else ([] for _ in table.columns)
    looks = [_look(column, found) for column, found in zip(table.columns, values, strict=True)]
    if is_folded:
        yield f"<details><summary>{_text(table.title or 'Show them')}</summary>"
    elif table.title:
        yield f"<h3>{_text(table.title)}</h3>"
    kind = ' class="ranking"' if table.facts else ""
    yield f'<div class="scroll"><table{kind}><thead>'
    yield _row("th", [column.title for column in table.columns], looks)
    yield "</thead><tbody>"
    facts = table.facts or [{}] * len(table.rows)
    yield from (_row("td", r, looks, f) for r, f in zip(table.rows, facts, strict=True))
    yield "</tbody></table></div>"
    yield f'<p class="note">{_prose(table.method)}</p>' if table.method else ""
    yield from (f'<p class="note">{_text(note)}</p>' for note in table.notes)
    yield "</details>" if is_folded else ""


def _look(column: Column, values: Iterable[str]) -> str:
    if column.wrap and any(len(value) > WIDE for value in values):
        return "prose"
    return "left" if column.align == "left" else ""


def _row(
    tag: str, values: Sequence[str], looks: Sequence[str], facts: Mapping[str, object] | None = None
) -> str:
    cells = []
    for value, look in zip(values, looks, strict=True):
        more = {Bold: " best", Bad: " bad"}.get(type(value), "")
        kind = f' class="{(look + more).strip()}"' if look or more else ""
        cells.append(f"<{tag}{kind}>{_text(value)}</{tag}>")
    data = "".join(f' data-{name}="{_text(str(fact))}"' for name, fact in (facts or {}).items())
    return f"<tr{data}>{''.join(cells)}</tr>"


def _text(value: str) -> str:
    return escape(to_line(value))


def _prose(line: str) -> str:
    return "".join(
        f"<code>{_text(text)}</code>" if is_code else _text(text)
        for text, is_code in split_code(line)
    )


def _digest(text: str) -> str:
    return "sha256-" + b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _read(name: str) -> str:
    return files(__package__).joinpath("web", name).read_text(encoding="utf-8")
