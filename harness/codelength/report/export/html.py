"""The leaderboard as one HTML file that needs nothing else: no network, no server."""

import hashlib
from base64 import b64encode
from html import escape
from importlib.resources import files

import msgspec

from codelength.report.export.json import Document

POLICY = (
    "default-src 'none'; script-src '{script}'; style-src '{style}'; base-uri 'none'; "
    "form-action 'none'"
)
"""What a browser may run and load: this script and this style, and nothing from anywhere. Should
a name ever come through as markup, it is still no program."""


SCRIPTS = ("figures.js", "rows.js", "plot.js", "table.js", "page.js")
"""In this order they are one script."""


def page(document: Document) -> str:
    """The page. Its template, style and script are the files in `web`; the data stands
    in it as JSON, which the script turns into text nodes, never into markup."""
    style, script = _read("page.css"), "".join(map(_read, SCRIPTS))
    parts = {
        "title": escape(document.title),
        "summary": escape(document.summary),
        "policy": POLICY.format(script=_digest(script), style=_digest(style)),
        "style": style,
        "data": _inert(msgspec.json.encode(document).decode()),
        "script": script,
    }
    head, *pieces = _read("page.html").split("{{")
    filled = [head]
    for piece in pieces:
        name, _, rest = piece.partition("}}")
        filled += [parts[name], rest]
    return "".join(filled)


def _inert(data: str) -> str:
    """JSON that ends no script element and opens no comment in one."""
    return data.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _digest(text: str) -> str:
    return "sha256-" + b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _read(name: str) -> str:
    return files(__package__).joinpath("web", name).read_text(encoding="utf-8")
