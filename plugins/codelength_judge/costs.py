"""What a submission costs besides its blobs: the model that the receiver holds, and the decoder."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from codelength.metrics.decoder_size import measure_decoder, zip_files
from codelength_judge.tasks import Used, data_files

CODE = (".py", ".pyc", ".so", ".pyd")


class Costs(NamedTuple):
    """Bytes that are charged for model and decoder, by what they are."""

    model: dict[str, int]
    decoder: list[str]
    """Modules and files."""
    decoder_bytes: int | None
    """Their code, zipped. None if it is not known."""


def find_costs(used: Sequence[Used], own: Sequence[Path]) -> Costs:
    """Find what to charge.

    A codec that comes with codelength says itself what its model is and which modules decode. Code
    of a submission is charged with all files that it brings, and with all that it takes from
    codecs that come with codelength.

    Args:
        used: What the processes that encoded and decoded said.
        own: The files of the submission.
    """
    stated = max((u.model_bytes for u in used), key=lambda sizes: sum(sizes.values()), default={})
    modules = {name for of in used for name in of.library}
    model: dict[str, int] = {}
    if own:
        packages = {name for of in used for name in of.plugins}
        modules |= packages
        data = [path for package in sorted(packages) for path in data_files(package)]
        data += [path for path in own if path.suffix not in CODE]
        model = {f"{path.parent.name}/{path.name}": path.stat().st_size for path in data}
    if sum(stated.values()) > sum(model.values()):
        model = dict(stated)
    code = [path for path in own if path.suffix in CODE]
    names = sorted(modules)
    measured = measure_decoder(names) if names else None
    if (names and measured is None) or not (names or code):
        return Costs(model, names, None)
    zipped = (measured.zipped if measured else 0) + (zip_files(code)[1] if code else 0)
    return Costs(model, [*names, *(path.name for path in code)], zipped)
