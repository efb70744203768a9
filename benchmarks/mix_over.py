"""Whether a mixture is ever worse than its better part: the model alone, or `mixer` alone.

    python benchmarks/mix_over.py --model FILE.gguf --bytes 3000 --out reports/speed/mix.md

The first bytes of each embedded corpus, of several samples where one is too short. A mixture of a
bundled model is coded beside that of SmolLM2. Ends with exit code 1 if a mixture is more than 0.5%
and two bytes a sample above its better part.
"""

import argparse
import os
import sys

for library in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
    os.environ[f"{library}_NUM_THREADS"] = "1"  # before NumPy is imported

from collections.abc import Iterator  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import NamedTuple  # noqa: E402

from codelength import Sample  # noqa: E402
from codelength.plugins import Plugins  # noqa: E402

CORPORA = (
    *("random", "iid", "markov", "zeros", "prose", "structured", "images", "sound", "pydoc"),
    *("pylib", "elevation", "topography", "prices", "volumes", "mri"),
)
BUNDLED = "transformer:size=0.8m"
TARGET, HEAD = 0.005, 2
"""What a mixture may cost above its better part: a share, and bytes for each sample."""

PARTS = 3
"""Samples of a corpus, at most."""


class Line(NamedTuple):
    """Bytes that one corpus took."""

    corpus: str
    samples: int
    size: int
    model: int
    mixer: int
    mixed: int

    @property
    def above(self) -> float:
        """Return what the mixture takes above its better part, as a share of it."""
        return self.mixed / min(self.model, self.mixer) - 1

    @property
    def is_missed(self) -> bool:
        """Return whether that is more than the target."""
        most = min(self.model, self.mixer) * (1 + TARGET) + HEAD * self.samples
        return self.mixed > most


def samples(plugins: Plugins, corpus: str, size: int) -> list[Sample]:
    """Return the beginnings of the first samples of a corpus, `size` bytes in all."""
    found: list[Sample] = []
    for sample in plugins.corpus(corpus).item.samples():
        found.append(Sample(sample.name, bytes(sample.data[: size // PARTS])))
        if len(found) == PARTS:
            break
    if len(found) < PARTS:
        whole = next(iter(plugins.corpus(corpus).item.samples()))
        return [Sample(whole.name, bytes(whole.data[:size]))]
    return found


def lines(plugins: Plugins, model: str, size: int) -> Iterator[Line]:
    """Code each corpus by the model, by `mixer`, and by the mixture of both."""
    specs = model, "mixer", f"mix:lanes=1,over={model}"
    codecs = [plugins.codec(spec).item for spec in specs]
    for corpus in CORPORA:
        given = samples(plugins, corpus, size)
        blobs = [codec.encode_many(given) for codec in codecs]
        decoded = codecs[2].decode(blobs[2][0])
        assert decoded == given[0].data, f"{specs[2]} does not decode {corpus}"
        totals = [sum(map(len, each)) for each in blobs]
        data = sum(len(sample.data) for sample in given)
        yield Line(corpus, len(given), data, totals[0], totals[1], totals[2])


def table(plugins: Plugins, model: str, size: int) -> tuple[list[str], int]:
    """Return the table of one model, and how many of its lines miss the target."""
    rows = ["| corpus | bytes | model alone | `mixer` alone | `mix` | beside the better |"]
    rows.append("|---|--:|--:|--:|--:|--:|")
    missed = 0
    for line in lines(plugins, model, size):
        missed += line.is_missed
        mark = " (missed)" if line.is_missed else ""
        figures = line.size, line.model, line.mixer, line.mixed
        cells = " | ".join(f"{figure:,}" for figure in figures)
        rows.append(f"| {line.corpus} | {cells} | {100 * line.above:+.2f}%{mark} |")
        print(rows[-1], file=sys.stderr, flush=True)
    return rows, missed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--model", type=Path, help="SmolLM2-135M as GGUF; a bundled model unless set"
    )
    parser.add_argument("--bytes", type=int, default=3000, help="of each corpus")
    parser.add_argument("--out", type=Path, help="the page; standard output unless set")
    options = parser.parse_args()
    models = {BUNDLED: BUNDLED}
    if options.model is not None:
        settings = ",window=2048,learn=true"
        models[f"hf:model={options.model.name}{settings}"] = f"hf:model={options.model}{settings}"
    plugins, missed = Plugins(), 0
    text = ["# A mixture beside its parts", ""]
    name = "" if options.model is None else f" --model {options.model.name}"
    text += [f"Made by `python benchmarks/mix_over.py{name} --bytes {options.bytes}`.", ""]
    text += [
        "The first bytes of each embedded corpus. The last column is `mix` beside the better of"
    ]
    text += [
        f"its parts; the target is at most {100 * TARGET}% and {HEAD} bytes a sample more.",
        "",
    ]
    for label, model in models.items():
        rows, more = table(plugins, model, options.bytes)
        text += [f"## `{label}`", "", *rows, ""]
        missed += more
    if options.out:
        options.out.write_text("\n".join(text), "utf-8")
    else:
        print("\n".join(text))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
