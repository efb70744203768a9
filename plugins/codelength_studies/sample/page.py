"""One prompt, continued by several codecs, on a page."""

import hashlib
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

import msgspec

from codelength.report import Column, Table, format
from codelength.report.export.files import picture, put_page
from codelength.report.table import printable
from codelength.results.cell import Struct
from codelength.results.journal import records
from codelength_studies.sample.plot import plot
from codelength_studies.sample.prices import Prices

FILE = "samples.jsonl"
PAGE = "samples.md"
SHOWN = 1000
"""Bytes of the prompt's end that the page shows, from the beginning of a line if it can."""

GUIDE = (
    "Each codec continues the same prompt, one symbol at a time. A predictor draws from the "
    "frequencies that a coder would use. Any other codec draws byte b with a probability "
    "proportional to 2^−len(context + b), where the length is a mean over contexts that begin at "
    "neighbouring bytes, because lengths are whole bytes and a single one would tell little. What "
    "is not text is shown as \\xNN. “bits a byte” is what the codec's own law charges for what it "
    "wrote: how sure it was."
)

READ = (
    "By how many bits a blob of prompt and continuation is longer than one of the prompt, for each "
    "byte of the continuation. What a codec finds cheap is what it might have written itself. "
    "Blobs are of whole bytes, so a short text costs more or less by a fraction of a bit."
)


class Settings(Struct, frozen=True):
    """What makes a continuation what it is."""

    codec: str
    versions: dict[str, str]
    prompt: str
    """The digest of the prompt."""
    bytes: int
    seed: int
    temperature: float
    context: int
    starts: int


class Continuation(Struct, frozen=True):
    """A continuation, or as much of it as there was when it was stored."""

    settings: Settings
    symbols: list[int]
    text: bytes
    bits: float
    cpu_seconds: float
    method: str

    @property
    def complete(self) -> bool:
        """Whether nothing is left to draw."""
        return len(self.text) >= self.settings.bytes


_read = msgspec.json.Decoder(Continuation).decode


def load(folder: Path) -> dict[str, Continuation]:
    """The latest continuation by `key`. Raises StoreError."""
    found: dict[str, Continuation] = {}
    for _, one in records(folder / FILE, _read):
        found[key(one.settings)] = one
    return found


def key(settings: Settings) -> str:
    """Equal for equal settings."""
    return msgspec.json.encode(settings, order="sorted").decode()


def digest(prompt: bytes) -> str:
    """What tells prompts apart."""
    return hashlib.sha256(prompt).hexdigest()


def shown(text: bytes) -> str:
    """`text` as a page can show it: line ends kept, what else is not printable spelt out."""
    return printable(text.decode("utf-8", "backslashreplace"))


def end_of(prompt: bytes) -> bytes:
    """As much of the prompt as the page shows."""
    if len(prompt) <= SHOWN:
        return prompt
    end = prompt[-SHOWN:]
    _, line_end, rest = end.partition(b"\n")
    return rest if line_end and rest else end


def write(
    prompt: bytes, found: Sequence[Continuation], charged: Prices, command: str, out: Path
) -> Path:
    """Writes `out`/samples.md and its plot; the path of the former. Raises OSError."""
    settings = found[0].settings
    parts = [
        "# One prompt, continued",
        GUIDE,
        f"Made by `{command}`: seed {settings.seed}, temperature {settings.temperature:g}; the "
        f"prompt has {format.count(len(prompt))} bytes, SHA-256 `{settings.prompt}`, and "
        f"{'ends' if len(prompt) > SHOWN else 'is'}:",
        fenced(end_of(prompt)),
        overview(found).markdown(2),
    ]
    for one in found:
        parts += [f"## {one.settings.codec}", fenced(one.text)]
    if len(charged.codecs) > 1:
        parts += ["## Who would have written it", READ]
        parts += [picture(out, "prices", "what each codec charges", partial(plot, charged))]
    return put_page(out / PAGE, parts)


def overview(found: Iterable[Continuation]) -> Table:
    """What each continuation was made of."""
    rows = [
        [
            one.settings.codec,
            one.method,
            format.count(len(one.text)),
            format.bits(one.bits / len(one.text)) if one.text else format.NA,
            format.significant(one.cpu_seconds),
        ]
        for one in found
    ]
    columns = [
        Column("codec", "left", fixed=True),
        Column("law", "left"),
        Column("bytes"),
        Column("bits a byte"),
        Column("CPU seconds"),
    ]
    return Table("Continuations", columns, rows)


def fenced(text: bytes) -> str:
    """A block of code that the text cannot end."""
    lines = shown(text)
    fence = "```"
    while fence in lines:
        fence += "`"
    return f"{fence}text\n{lines}\n{fence}"
