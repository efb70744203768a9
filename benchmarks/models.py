"""What models cost: SmolLM2-135M and the bundled models measured, others extrapolated.

    python benchmarks/models.py --model FILE.gguf --data DIR --out docs/models.md

The text is the beginning of alice29.txt, and this project's own pages: what was written in 2026 no
model of 2024 has seen. One core, one thread.
"""

import argparse
import os
import sys

for library in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
    os.environ[f"{library}_NUM_THREADS"] = "1"  # before NumPy is imported

import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import NamedTuple  # noqa: E402

from codelength import Codec, Sample  # noqa: E402
from codelength.plugins import Plugins  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
BUNDLED = (
    *(f"recurrent:size={size}" for size in ("0.2m", "0.9m", "3.5m")),
    *(f"transformer:size={size}" for size in ("0.2m", "0.8m", "3.2m")),
)
MEASURED = "SmolLM2-135M"


class Shape(NamedTuple):
    """A decoder, by the numbers of its config.json."""

    name: str
    layers: int
    width: int
    queries: int
    """Heads times their width."""
    keys: int
    """Key heads times their width."""
    hidden: int
    matrices: int
    """Of the MLP: 3 if it is gated."""
    vocabulary: int
    tables: int
    """1 if the table of tokens is the head, too."""

    @property
    def products(self) -> int:
        """Multiplications of weights for a token: each weight of a layer and of the head once."""
        attention = 2 * self.width * (self.queries + self.keys)
        mlp = self.matrices * self.width * self.hidden
        return self.layers * (attention + mlp) + self.vocabulary * self.width

    @property
    def parameters(self) -> int:
        """Weights of matrices."""
        return self.products + (self.tables - 1) * self.vocabulary * self.width


SHAPES = (
    Shape("Pythia-70M", 6, 512, 512, 512, 2048, 2, 50304, 2),
    Shape(MEASURED, 30, 576, 576, 192, 1536, 3, 49152, 1),
    Shape("Pythia-160M", 12, 768, 768, 768, 3072, 2, 50304, 2),
    Shape("SmolLM2-360M", 32, 960, 960, 320, 2560, 3, 49152, 1),
    Shape("Pythia-410M", 24, 1024, 1024, 1024, 4096, 2, 50304, 2),
    Shape("Qwen3-0.6B", 28, 1024, 2048, 1024, 3072, 3, 151936, 1),
    Shape("SmolLM2-1.7B", 24, 2048, 2048, 2048, 8192, 3, 49152, 1),
)

KERNELS, LAUNCH = 14, 5e-6
"""Kernels of a layer in one step, and seconds that one takes to launch: assumptions."""


INTRODUCTION = """\
The first {size} bytes of alice29.txt, and of this project's own pages, which were written after the
models. Speeds are in kB a second of CPU time on one core. Decoding is of samples of {short} bytes:
one, and {streams} together."""

EXTRAPOLATION = """\
Nobody has measured these rows, except that of {measured}. A step reads each weight once, so speeds
are taken to fall as the products of a token grow; attention and the coder are left out. A token
counts as {each} bytes, as in this text. The last column is an upper bound for one stream on a GPU,
no measurement: it reads int8 weights at {bandwidth} TB a second, and launches {kernels} kernels a
layer at {launch} µs."""


class Line(NamedTuple):
    """What one codec took."""

    spec: str
    model_bytes: int
    bits: tuple[float, float]
    """Bits a byte of alice29.txt and of the pages."""
    encode: float
    decode_one: float
    decode_many: float
    """kB a second of CPU time."""


def seconds(work: Callable[[], None]) -> float:
    """Return the CPU time of a call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def measured(codec: Codec, texts: tuple[bytes, bytes], short: int, streams: int) -> Line:
    """Encode both texts, and decode the first bytes of one, alone and with others."""
    codec.decode(codec.encode(texts[0][:64]))  # loads, and compiles
    blobs: list[bytes] = []
    took = seconds(lambda: blobs.extend(codec.encode_many([Sample("", text) for text in texts])))
    pieces = [texts[0][at * short : (at + 1) * short] for at in range(streams)]
    coded = codec.encode_many([Sample("", piece) for piece in pieces])
    decoded: list[bytes] = []
    one = seconds(lambda: decoded.append(codec.decode(coded[0])))
    many = seconds(lambda: decoded.extend(codec.decode_many(coded)))
    assert decoded == [pieces[0], *pieces]
    bits = [8 * len(blob) / len(text) for blob, text in zip(blobs, texts, strict=True)]
    size = sum(map(len, texts))
    return Line(
        codec.spec,
        sum(codec.model_bytes.values()),
        (bits[0], bits[1]),
        size / 1000 / took,
        short / 1000 / one,
        short * streams / 1000 / many,
    )


def pages(size: int) -> bytes:
    """Return the first bytes of this project's pages."""
    names = ("architecture", "learned", "online", "plugins", "measuring", "training")
    texts = [(ROOT / "docs" / f"{name}.md").read_bytes() for name in names]
    return b"\n".join(texts)[:size]


def bandwidth_bound(shape: Shape, bandwidth: float) -> float:
    """Return the tokens a second of one stream that reads int8 weights at bytes a second."""
    return 1 / (shape.products / bandwidth + KERNELS * shape.layers * LAUNCH)


def extrapolated(line: Line, bandwidth: float, each: float) -> list[str]:
    """Make the table of shapes, by the products of each."""
    known = next(shape for shape in SHAPES if shape.name == MEASURED)
    rows = [
        "| model | weights, M | products a token, M | encode | decode, 1 | decode, many | GPU, 1 |"
    ]
    rows.append("|---|--:|--:|--:|--:|--:|--:|")
    for shape in SHAPES:
        share = known.products / shape.products
        cells = [line.encode * share, line.decode_one * share, line.decode_many * share]
        gpu = bandwidth_bound(shape, bandwidth) * each / 1000
        rows.append(
            f"| {shape.name} | {shape.parameters / 1e6:.0f} | {shape.products / 1e6:.0f} | "
            + " | ".join(f"{cell:.2f}" for cell in [*cells, gpu])
            + " |"
        )
    return rows


def row(line: Line) -> str:
    """Format a line of the table of what was measured."""
    label = (
        line.spec if "over=" not in line.spec and "hf:" not in line.spec else short_name(line.spec)
    )
    figures = [*(f"{bits:.3f}" for bits in line.bits), f"{line.encode:.2f}"]
    figures += [f"{line.decode_one:.2f}", f"{line.decode_many:.2f}"]
    return f"| {label} | {line.model_bytes / 1e6:.1f} | {' | '.join(figures)} |"


def short_name(spec: str) -> str:
    """Return a spec with the name of the model's file alone."""
    before, _, path = spec.partition("model=")
    file, _, rest = path.partition(",")
    return f"{before}model={Path(file).name}" + (f",{rest}" if rest else "")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", type=Path, required=True, help="SmolLM2-135M as GGUF")
    parser.add_argument("--data", type=Path, required=True, help="a mirror of the corpora")
    parser.add_argument("--bytes", type=int, default=20_000, help="of each text")
    parser.add_argument("--short", type=int, default=400, help="bytes of a sample that is decoded")
    parser.add_argument("--streams", type=int, default=16, help="samples that are decoded together")
    parser.add_argument("--bandwidth", type=float, default=3.35e12, help="bytes a second of a GPU")
    parser.add_argument("--out", type=Path, help="the page; standard output unless set")
    options = parser.parse_args()
    alice = (options.data / "canterbury" / "alice29.txt").read_bytes()[: options.bytes]
    texts = alice, pages(options.bytes)
    plugins = Plugins()
    large = f"hf:model={options.model},window=2048"
    lines = []
    for spec in (*BUNDLED, large, f"mix:over={large}"):
        lines.append(measured(plugins.codec(spec).item, texts, options.short, options.streams))
        print(row(lines[-1]), file=sys.stderr)
    smollm2 = lines[-2]
    symbols = len(plugins.codec(large).item.predictor.tokenize(alice))
    each = options.bytes / symbols
    text = "\n".join(
        [
            "# What models cost",
            "",
            f"Made by `{command(options)}`.",
            "",
            *INTRODUCTION.format(
                size=f"{options.bytes:,}", short=options.short, streams=options.streams
            ).splitlines(),
            "",
            "## Measured",
            "",
            "| codec | model, MB | alice29, bpb | pages, bpb | encode | decode, 1 | decode, many |",
            "|---|--:|--:|--:|--:|--:|--:|",
            *map(row, lines),
            "",
            "## Extrapolated",
            "",
            *EXTRAPOLATION.format(
                measured=MEASURED,
                each=f"{each:.2f}",
                bandwidth=f"{options.bandwidth / 1e12:.2f}",
                kernels=KERNELS,
                launch=f"{LAUNCH * 1e6:.0f}",
            ).splitlines(),
            "",
            *extrapolated(smollm2, options.bandwidth, each),
        ]
    )
    if options.out:
        options.out.write_text(text + "\n", "utf-8")
    else:
        print(text)
    return 0


def command(options: argparse.Namespace) -> str:
    """Return the command that makes the page again."""
    model, size = options.model.name, options.bytes
    return f"python benchmarks/models.py --model {model} --data DIR --bytes {size}"


if __name__ == "__main__":
    sys.exit(main())
