"""Models with vocabularies of their own on corpora: coded, decoded in another process, compared."""

import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from safetensors import safe_open
from vocabularies_page import Line, Lines, Model

from codelength.api.errors import CodelengthError
from codelength.api.media import Sample
from codelength.api.protocol import head
from codelength.coding.code_length import code_lengths
from codelength.measure.engine import execute
from codelength.measure.job import Limits
from codelength.measure.plan import Plan, survey
from codelength.plugins import Plugins
from codelength.report.progress import watch
from codelength.results.cell import Cell, CellKey
from codelength.results.machine import memory_bytes
from codelength.results.store import Store, load
from codelength_exact.safetensors_card import TEXTS
from codelength_hf.checkpoint import SAFE
from codelength_hf.families import read_architecture

TARGETS = {"enwik6": "whole", "silesia": "whole", "kodak": "paper"}
"""Corpora and how they are cut. Silesia begins with `dickens`."""


def coded(
    models: Path, names: Sequence[str], data: Path | None, limit: int, out: Path
) -> dict[str, list[Line]]:
    """Codes and decodes every corpus with every model in the folder `models`; what is in `out` is
    not done again. By the name of the corpus, or of the one sample that is within the limit."""
    plugins = Plugins(data=data)
    out = out.absolute()
    found: dict[str, list[Line]] = {}
    with contextlib.chdir(models):  # so that results call a model by its name
        entries = [plugins.codec(f"hf:model={name}") for name in names]
        with Store(out) as store, watch(sys.stderr) as progress:
            targets = [
                target
                for corpus, rule in TARGETS.items()
                for target in survey(
                    [plugins.corpus(corpus)], [plugins.protocol(rule)], limit, progress.reading
                )
            ]
            plan = Plan(plugins, entries, targets)
            limits = Limits(3600, memory_bytes() * 4 // 5, 1)
            execute(plan, store, limits, watch=progress)
        cells = {cell.key: cell for cell in load(out).current}
        for target in targets:
            corpus_slice = target.slice
            samples = plugins.corpus(corpus_slice.corpus).item.samples()
            pieces = list(plugins.protocol(corpus_slice.protocol).item.split(head(samples, limit)))
            name = pieces[0].name if len(pieces) == 1 else corpus_slice.corpus
            for entry in entries:
                cell = cells[CellKey(entry.item.spec, *corpus_slice.key)]
                if not cell.ok:
                    raise ResultError(
                        f"{cell.codec} on {corpus_slice.corpus}: {cell.status}, {cell.reason}"
                    )
                found.setdefault(name, []).append(line(cell, entry.item, pieces))
    return found


class ResultError(CodelengthError):
    """A cell without a figure."""

    exit_code = 3


def line(cell: Cell, codec: Any, pieces: Sequence[Sample]) -> Line:
    """The cell, with what its codec's predictor says of the same samples."""
    predictor, folder = codec.predictor, codec.checkpoint.folder
    symbols = [predictor.tokenize(bytes(piece.data)) for piece in pieces]
    bits = sum(float(own.sum()) for own in code_lengths(predictor, symbols))
    with safe_open(folder / SAFE, "np") as file:
        card = file.metadata()
    shape = read_architecture(codec.checkpoint.config)
    model = Model(folder.name, shape.vocabulary, shape.context, card)
    return Line(model, cell, sum(map(len, symbols)), bits)


def notes(lines: Lines) -> Iterator[str]:
    """What the models were trained on, by their cards."""
    for data, command in dict.fromkeys(
        (x.model.card["data"], x.model.card["command"]) for x in lines
    ):
        yield f"The models were trained by `{command}` on files with the digest {data}."
        text = TEXTS.get(data.partition(" ")[0])
        if text:
            without = ", ".join(name for name in TARGETS if name in text.excludes)
            yield f"They hold {text.data}; nothing of {without} is in them."
