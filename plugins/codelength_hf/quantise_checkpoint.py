"""A checkpoint at a quarter of its size, for the exact executor.

`python -m codelength_hf.quantise_checkpoint FOLDER SMALLER_FOLDER`.

Matrices become int8 with a float32 scale for each row, as the executor makes them when it loads;
the tensors of a transposed family (GPT-2) stay as they are, because its rows are inputs.
"""

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codelength import UsageError
from codelength.results.files import write_file
from codelength_exact.quantisation import SCALE, quantise_matrix
from codelength_hf.checkpoint import SAFE, SMALL_FILES, open_checkpoint


def shrink(folder: Path, smaller: Path, card: Mapping[str, str]) -> None:
    """Write the int8 checkpoint `smaller`, whole or not at all, with `card` in its metadata."""
    from safetensors.numpy import save

    checkpoint = open_checkpoint(str(folder), None, False)
    if checkpoint.config.get("model_type") == "gpt2":
        raise UsageError("GPT-2 stores its matrices the other way round; it cannot be shrunk")
    tensors: dict[str, NDArray[np.generic]] = {}
    for name in checkpoint.names:
        values = checkpoint.tensor(name)
        assert values is not None, name
        if values.ndim == 2:
            tensors[name], tensors[name + SCALE] = quantise_matrix(values)
        else:
            tensors[name] = values
    smaller.mkdir(parents=True, exist_ok=True)
    for name in SMALL_FILES:
        if (folder / name).is_file():
            shutil.copyfile(folder / name, smaller / name)
    write_file(smaller / SAFE, save(tensors, dict(card)))  # a file that others may read


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    shrink(Path(sys.argv[1]), Path(sys.argv[2]), {})
