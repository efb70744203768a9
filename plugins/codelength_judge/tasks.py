"""What the workers of a judge do: one encodes a part and is gone, another one decodes the blobs."""

import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import msgspec

from codelength.api.codec import Codec, versions_of
from codelength.api.media import Sample
from codelength.measure.code import all_code
from codelength.measure.job import Recipe
from codelength.plugins import FILE_MODULE
from codelength.workers.limits import limit_memory, peak

OWN = "codelength_judge"


class Used(msgspec.Struct, frozen=True):
    """What a worker says of the part that it has encoded or decoded."""

    peak_bytes: int
    """The most that was resident, interpreter and libraries among it."""
    model_bytes: dict[str, int]
    """What the codec says that the receiver must hold."""
    versions: dict[str, str]
    digests: dict[str, str]
    library: list[str]
    """The modules that hold the decoder, as the codec says."""
    plugins: list[str]
    """Packages of other plugins that were loaded, too."""
    code: dict[str, str]
    """Name → digest of all code that was loaded."""


def encode(recipe: Recipe, folder: str, memory: int | None) -> Used:
    """Encode the files of `folder`/given into files of `folder`/made."""
    return _convert(recipe, folder, memory, _encode)


def decode(recipe: Recipe, folder: str, memory: int | None) -> Used:
    """Decode the blobs of `folder`/given into files of `folder`/made."""
    return _convert(recipe, folder, memory, _decode)


def _encode(codec: Codec, given: list[bytes]) -> list[bytes]:
    return codec.encode_many([Sample("", data) for data in given])


def _decode(codec: Codec, given: list[bytes]) -> list[bytes]:
    return codec.decode_many(given)


def _convert(
    recipe: Recipe,
    folder: str,
    memory: int | None,
    convert: Callable[[Codec, list[bytes]], list[bytes]],
) -> Used:
    if memory:
        limit_memory(memory)
    codec = recipe.load().codec(recipe.codec).item
    codec.check_available()
    given = [path.read_bytes() for path in sorted(Path(folder, "given").iterdir())]
    made = Path(folder, "made")
    made.mkdir()
    for number, data in enumerate(convert(codec, given)):
        (made / file_name(number)).write_bytes(data)
    packages = {name.partition(".")[0] for name in sys.modules}
    return Used(
        peak_bytes=peak(),
        model_bytes=dict(codec.model_bytes),
        versions=versions_of(codec),
        digests=dict(codec.digests),
        library=list(type(codec).library),
        plugins=sorted(name for name in packages if _is_plugin(name)),
        code=all_code(recipe.folders),
    )


def _is_plugin(package: str) -> bool:
    """Whether it is a plugin that is installed with codelength, and not this one."""
    return package.startswith("codelength_") and not package.startswith((OWN, FILE_MODULE))


def file_name(number: int) -> str:
    """Return the name of a file in the folder of a worker; they sort by number."""
    return f"{number:06d}"


def data_files(package: str) -> list[Path]:
    """List the files of a package that are no code: models, tables."""
    spec = find_spec(package)
    places = list(spec.submodule_search_locations or ()) if spec else []
    files = (path for place in places for path in sorted(Path(place).rglob("*")))
    code = {".py", ".pyc", ".so", ".pyd", ".nbi", ".nbc"}
    return [path for path in files if path.is_file() and path.suffix not in code]
