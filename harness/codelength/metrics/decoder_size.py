"""The size of a decoder's own code: the files behind some modules, zipped.

The Large Text Compression Benchmark (https://mattmahoney.net/dc/text.html) adds to each result the
size of a ZIP archive that holds the decompressor, as source or as a program; what a system brings
along is free. Here the archive holds, for a compiled module, its file and the shared objects that
it is linked to, and for a package, its Python sources and whatever is compiled in it. Free are the
interpreter and the runtime of C and C++.
"""

import json
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec

FIND = """
import importlib.util, json, sys
from pathlib import Path
found = {"source": [], "compiled": []}
for name in sys.argv[1:]:
    spec = importlib.util.find_spec(name)
    if spec is None or not (spec.origin or spec.submodule_search_locations):
        sys.exit(1)
    inside = [Path(at) for at in spec.submodule_search_locations or ()]
    paths = [p for at in inside for p in sorted(at.rglob("*"))] or [Path(spec.origin)]
    found["source"] += [str(p) for p in paths if p.suffix == ".py"]
    found["compiled"] += [str(p) for p in paths if ".so" in p.suffixes or p.suffix == ".so"]
print(json.dumps(found))
"""
"""A module that is built into the interpreter has an origin that is no file, and adds nothing."""

LOAD = """
import ctypes, json, sys
from pathlib import Path
def mapped():
    lines = Path("/proc/self/maps").read_text().splitlines()
    return {line[line.index("/"):] for line in lines if "/" in line and ".so" in line}
before = mapped()
for path in sys.argv[1:]:
    ctypes.CDLL(path)
print(json.dumps(sorted(mapped() - before)))
"""
"""The dynamic linker maps a file with all that it is linked to, and runs nothing of Python."""

RUNTIME = (
    "ld-linux",
    "libc.",
    "libdl.",
    "libgcc_s.",
    "libm.",
    "libmvec.",
    "libpthread.",
    "librt.",
    "libstdc++.",
)


class DecoderCode(msgspec.Struct, frozen=True):
    """The code of a decoder."""

    modules: list[str]
    files: dict[str, int]
    """Name → bytes."""
    zipped: int
    """Bytes of an archive of all files, by deflate at level 9."""


def measure_decoder(modules: Sequence[str]) -> DecoderCode | None:
    """Measure the code behind `modules`; None where it cannot be measured.

    That is so if one is missing or part of the interpreter, or outside Linux.
    """
    if not modules:
        return None
    found = _run_script(FIND, modules)
    compiled = found["compiled"] if found else []
    linked = _run_script(LOAD, compiled) if compiled else []
    if found is None or linked is None:
        return None
    names = [*found["source"], *linked]
    paths = [Path(name) for name in names if not Path(name).name.startswith(RUNTIME)]
    if not paths:
        return None
    return DecoderCode(list(modules), *zip_files(paths))


def zip_files(paths: Sequence[Path]) -> tuple[dict[str, int], int]:
    """Return the bytes of files by name, and those of an archive of all, as `DecoderCode` has."""
    archive, files = BytesIO(), {}
    with zipfile.ZipFile(archive, "w") as packed:
        for path in paths:
            name = f"{path.parent.name}/{path.name}"
            files[name] = path.stat().st_size
            # ZipInfo has one date for all, so that the same files make the same archive
            packed.writestr(zipfile.ZipInfo(name), path.read_bytes(), zipfile.ZIP_DEFLATED, 9)
    return files, len(archive.getvalue())


def _run_script(script: str, arguments: Sequence[str]) -> Any:
    """Run a script in a bare interpreter and read the JSON that it prints; None if it fails."""
    ran = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, check=False
    )
    return None if ran.returncode else json.loads(ran.stdout)
