"""The models of a ladder: codecs that say how large they are and after how many steps."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from codelength.api.codec import Codec
from codelength.api.errors import UsageError
from codelength.plugins import Plugins, Registered
from codelength.results.cell import Cell
from codelength_studies.scaling.ladder import STEP, How, Point

FILE = "{}"
"""Stands for a file in the spec of a codec."""


@dataclass(frozen=True)
class Model:
    """A model of the ladder."""

    entry: Registered[Codec]
    parameters: int
    steps: int


def specs_in_folder(folder: Path, template: str) -> list[str]:
    """Return the spec of each model in a folder.

    Weights, or a folder with a model, whose name says after how many steps. Raises UsageError.
    """
    if FILE not in template:
        raise UsageError(f"--as {template} has no {FILE}, where the file goes")
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder of weights")
    paths = [
        path
        for path in sorted(folder.iterdir())
        if STEP.search(path.name) and (path.is_dir() or path.suffix == ".safetensors")
    ]
    if not paths:
        raise UsageError(
            f"{folder} has no weights; they are called after their steps, as in "
            "ladder-30k-step400.safetensors"
        )
    return [template.replace(FILE, str(path)) for path in paths]


def find_models(plugins: Plugins, specs: Iterable[str]) -> list[Model]:
    """Return the models that `specs` name, smallest and youngest first.

    Raises:
        UsageError: A model does not say its steps or its parameters.
        Unavailable: A model is not here.
    """
    models = [_model(plugins.codec(spec)) for spec in specs]
    return sorted(models, key=lambda model: (model.parameters, model.steps))


def _model(entry: Registered[Codec]) -> Model:
    entry.item.check_available()
    spec, card = entry.item.spec, entry.item.card
    steps = STEP.findall(spec)
    if not steps or not int(steps[-1]):
        raise UsageError(f"{spec} does not say after how many steps, as step400 in its name would")
    if card is None or card.parameters is None:
        raise UsageError(f"{spec} does not say how many parameters it has")
    return Model(entry, card.parameters, int(steps[-1]))


def points_of(
    models: Sequence[Model], cells: Iterable[Cell], step_tokens: int | None = None
) -> list[Point]:
    """Return a point for each cell of a model that has figures.

    Args:
        step_tokens: Tokens of a step of training, if that is known.
    """
    by_spec = {model.entry.item.spec: model for model in models}
    points = []
    for cell in cells:
        model = by_spec.get(cell.codec)
        if model is not None and cell.ok and cell.slice.bytes:
            bits = 8 * cell.coded_bytes if cell.estimate is None else cell.estimate.bits
            how: How = "coded" if cell.estimate is None else "score"
            rate = bits / 8 / cell.slice.bytes
            card = model.entry.item.card
            points.append(
                Point(
                    cell.slice.corpus,
                    model.parameters,
                    model.steps,
                    rate,
                    how,
                    cell.codec,
                    None if card is None else card.embeddings,
                    None if step_tokens is None else step_tokens * model.steps,
                )
            )
    return sorted(points, key=lambda p: (p.corpus, p.parameters, p.steps))
