"""One prompt, continued by several codecs, on a page."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from codelength.report import Column, Table, format
from codelength.report.page import Heading, Prose, Section
from codelength.report.table import stack_head
from codelength.report.table import to_printable as spell_out
from codelength_studies.figure import INCH, draw_svg, draw_tile
from codelength_studies.page import StudyPage, make_chart
from codelength_studies.sample.draw import CrossCosts
from codelength_studies.sample.records import Continuation

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAGE = "samples.md"
SHOWN = 1000
"""Bytes of the prompt's end that the page shows, from the beginning of a line if it can."""
DARKEST = 8.0
"""Bits a byte of the darkest tile."""

GUIDE = (
    "Each codec continues the same prompt, one symbol at a time. A predictor draws from the "
    "frequencies that a coder uses. Any other codec draws byte b with a probability proportional "
    "to 2^−len(context + b). That length is a mean over contexts that begin at neighbouring bytes, "
    "because lengths are whole bytes and a single one would tell little. What is not text is shown "
    "as \\xNN. “bits a byte” is what a text costs under the distribution that it was drawn from: "
    "how sure the codec was."
)
COSTS = (
    "By how many bits a blob of prompt and continuation is longer than one of the prompt, for each "
    "byte of the continuation. What is cheap for a codec is what it might have written itself. "
    "Blobs are of whole bytes, so a short text costs more or less by a fraction of a bit."
)


def page(
    prompt: bytes, continuations: Sequence[Continuation], costs: CrossCosts, command: str
) -> StudyPage:
    """Return the page on the continuations of one prompt."""
    settings = continuations[0].settings
    method = (
        f"Made by `{command}`: seed {settings.seed}, temperature {settings.temperature:g}; the "
        f"prompt has {format.count(len(prompt))} bytes, SHA-256 `{settings.prompt}`, and "
        f"{'ends' if len(prompt) > SHOWN else 'is'}:"
    )
    sections: list[Section] = [
        Prose(method),
        Prose(to_code_block(end_of(prompt))),
        overview(continuations),
    ]
    for one in continuations:
        sections += [Heading(one.settings.codec), Prose(to_code_block(one.text))]
    if len(costs.codecs) > 1:
        sections += [
            Heading("Who would have written it"),
            Prose(COSTS),
            make_chart("costs", "What each continuation costs each codec.", partial(draw, costs)),
        ]
    return StudyPage("One prompt, continued", GUIDE, sections)


def overview(continuations: Sequence[Continuation]) -> Table:
    """Return how each continuation was drawn and what it cost."""
    rows = [
        [
            one.settings.codec,
            one.method,
            format.count(len(one.text)),
            format.bits(one.bits / len(one.text)) if one.text else format.NA,
            format.significant(one.cpu_seconds),
        ]
        for one in continuations
    ]
    columns = [Column("codec", "left", fixed=True), Column("distribution", "left")]
    columns += map(Column, ("bytes", "bits a byte", "CPU seconds"))
    return Table("Continuations", columns, rows)


def end_of(prompt: bytes) -> bytes:
    """Return as much of the prompt as the page shows."""
    if len(prompt) <= SHOWN:
        return prompt
    end = prompt[-SHOWN:]
    _, line_end, rest = end.partition(b"\n")
    return rest if line_end and rest else end


def to_code_block(text: bytes) -> str:
    """Return a block of code that the text cannot end."""
    lines = to_printable(text)
    fence = "```"
    while fence in lines:
        fence += "`"
    return f"{fence}text\n{lines}\n{fence}"


def to_printable(text: bytes) -> str:
    """Return `text` with its line ends, and what is not printable spelt out."""
    return spell_out(text.decode("utf-8", "backslashreplace"))


def draw(costs: CrossCosts) -> bytes:
    """Draw what each codec needs for what the others wrote, as an SVG map."""
    left, top = 0.4 + 0.075 * max(map(len, costs.codecs)), 0.95
    tiles = (1.4 * INCH[0] * len(costs.codecs), INCH[1] * len(costs.codecs))
    size = (left + max(3.6, tiles[0]) + 0.2, top + tiles[1] + 0.15)
    box = (left / size[0], 0.15 / size[1], tiles[0] / size[0], tiles[1] / size[1])
    return draw_svg(size, partial(_paint, costs, box))


def _paint(costs: CrossCosts, box: tuple[float, float, float, float], figure: "Figure") -> None:
    names, axis = costs.codecs, figure.add_axes(box)
    for row, needed in enumerate(costs.bits):
        for column, bits in enumerate(needed):
            shade = min(1.0, max(0.0, bits / DARKEST))
            draw_tile(axis, column, row, format.bits(bits), shade, bits == min(needed))
    middles = [i + 0.5 for i in range(len(names))]
    axis.set_xlim(0, len(names))
    axis.set_ylim(len(names), 0)
    axis.xaxis.tick_top()
    axis.set_xticks(middles, [stack_head(name) for name in names], fontsize=8)
    axis.set_yticks(middles, names, fontsize=8)
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    width, height = figure.get_size_inches()
    title = "Bits a byte: a row is what one codec wrote, a column what another needs for it"
    figure.text(0.12 / width, 1 - 0.2 / height, title, fontsize=9, va="center")
