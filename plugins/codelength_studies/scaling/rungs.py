"""The models of a ladder: codecs that say how large they are and after how many steps."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from codelength.api.codec import Codec
from codelength.api.errors import UsageError
from codelength.plugins import Plugins, Registered
from codelength.results.cell import Cell
from codelength.results.score import Score
from codelength_studies.scaling.points import Point

STEP = re.compile(r"step[-_]?(\d+)")
"""How a name says the number of training steps: `ladder-30k-step400.safetensors`, `step8000`."""

PLACE = "{}"
"""Stands for a file in the spec of a codec."""


@dataclass(frozen=True)
class Rung:
    """A model of the ladder."""

    entry: Registered[Codec]
    parameters: int
    steps: int

    @property
    def codec(self) -> Codec:
        """The model as a codec."""
        return self.entry.item


def specs_of(folder: Path, template: str) -> list[str]:
    """The spec of each model in a folder: weights, or a folder with a model, whose name says after
    how many steps. Raises UsageError."""
    if PLACE not in template:
        raise UsageError(f"--as {template} has no {PLACE}, where the file goes")
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder of weights")
    found = [
        path
        for path in sorted(folder.iterdir())
        if STEP.search(path.name) and (path.is_dir() or path.suffix == ".safetensors")
    ]
    if not found:
        raise UsageError(
            f"{folder} has no weights; they are called after their steps, as in "
            "ladder-30k-step400.safetensors"
        )
    return [template.replace(PLACE, str(path)) for path in found]


def rungs(plugins: Plugins, specs: Iterable[str]) -> list[Rung]:
    """The models that `specs` name, smallest and youngest first. Raises UsageError for one that
    does not say its steps or its parameters."""
    found = [_rung(plugins.codec(spec)) for spec in specs]
    return sorted(found, key=lambda rung: (rung.parameters, rung.steps))


def _rung(entry: Registered[Codec]) -> Rung:
    entry.item.check_available()
    spec, card = entry.item.spec, entry.item.card
    steps = STEP.findall(spec)
    if not steps or not int(steps[-1]):
        raise UsageError(f"{spec} does not say after how many steps, as step400 in its name would")
    if card is None or card.parameters is None:
        raise UsageError(f"{spec} does not say how many parameters it has")
    return Rung(entry, card.parameters, int(steps[-1]))


def points(ladder: Sequence[Rung], results: Iterable[Score | Cell]) -> list[Point]:
    """The points that results give for the rungs of a ladder. Of a cell without figures there is
    none."""
    by_spec = {rung.codec.spec: rung for rung in ladder}
    found = []
    for result in results:
        rung = by_spec.get(result.codec)
        if rung is None:
            continue
        size, steps, corpus = rung.parameters, rung.steps, result.slice.corpus
        if isinstance(result, Score):
            found.append(Point(corpus, size, steps, result.ratio, "score", result.codec))
        elif result.ok and result.slice.bytes:
            rate = result.coded_bytes / result.slice.bytes
            found.append(Point(corpus, size, steps, rate, "coded", result.codec))
    return sorted(found, key=lambda p: (p.corpus, p.parameters, p.steps))
