"""The code behind a codec, so that a study measures again what somebody has edited."""

from contextlib import suppress
from functools import partial

from codelength.api.codec import Codec
from codelength.api.errors import CodelengthError
from codelength.api.media import Sample
from codelength.measure.code import all_code
from codelength.measure.job import Recipe
from codelength.plugins import Plugins, Registered
from codelength.results.cell import Code
from codelength.workers.supervisor import CallFailed, Supervisor


class CodeUnknown(CodelengthError):
    """A codec that fails where its code is looked at."""

    exit_code = 3


def code_of(plugins: Plugins, entry: Registered[Codec], run: str = "") -> Code:
    """Return what a new process loads that codes with this codec and computes code lengths.

    Raises:
        CodeUnknown: The codec cannot be loaded there, or its process dies.
    """
    try:
        with Supervisor(keep_errors=False) as worker:
            files = worker.call(partial(load_code, Recipe.of(plugins, entry)))
    except CallFailed as error:
        raise CodeUnknown(
            f"{entry.item.spec} failed on its first byte: {error}; nothing was measured with it"
        ) from error
    return Code(run=run, files=files)


def load_code(recipe: Recipe) -> dict[str, str]:
    """Have the codec load all that it needs, and return name → digest of each file of code."""
    codec = recipe.load().codec(recipe.codec).item
    byte = Sample("", b"\0")
    with suppress(Exception):  # it may decline one byte
        codec.decode_many(codec.encode_many([byte]))
        codec.code_lengths([byte])
    return all_code(recipe.folders)
