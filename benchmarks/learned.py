"""How fast the learned codecs are on one core, and where the time goes, as Markdown.

    python benchmarks/learned.py --data DIR --out reports/speed/learned.md

Every bundled model, and one of random weights in the shape of Pythia-70M, whose tokens count as
four bytes. Stopped, it goes on with the same command: rows that the page has are not measured
again. Ends with 1 if a target is missed.
"""

import argparse
import os
import subprocess
import sys

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
os.environ.update(dict.fromkeys(THREADS, "1"))  # before NumPy is imported

import time  # noqa: E402
from collections import Counter  # noqa: E402
from collections.abc import Callable, Iterator  # noqa: E402
from dataclasses import dataclass  # noqa: E402
from functools import cache  # noqa: E402
from pathlib import Path  # noqa: E402
from types import SimpleNamespace  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402

from codelength.coding import device, range_coder, streams  # noqa: E402
from codelength.coding.predictor import Predictor  # noqa: E402
from codelength.coding.range_coder import IntArray  # noqa: E402
from codelength.plugins import Plugins  # noqa: E402
from codelength.workers.processes import HEAP  # noqa: E402
from codelength_hf.families import read_architecture  # noqa: E402
from codelength_hf.loading import quantized_on  # noqa: E402
from codelength_hf.predictor import TransformerPredictor  # noqa: E402
from codelength_hf.transformer import AnyQuantizedTransformer  # noqa: E402
from codelength_hf.weights import Block, Mlp, QuantizedMatrix, Vectors, Weights  # noqa: E402

FAMILIES = ("recurrent", "transformer")
BATCHES = (1, 16, 64, 256)
LONGEST = 2048
"""Bytes of a sequence."""

EACH = 65_536
"""Bytes for a figure, about."""

IN_PYTORCH = 128
"""Symbols of the one that steps in PyTorch."""

INTRODUCTION = """\
Kilobytes for each second of CPU time, one thread, all in exact integer arithmetic. Forward: all
positions of known sequences, the frequencies made but not used. Encode: the same, coded. Step: one
symbol of each sequence at a time, known beforehand. Decode: the same out of the coded streams.
Freed memory stays with the process, as in the workers of a run.
The four are measured in turn, twice; the better of each is shown, and the ratios are of those.
Model and coder are the shares of encoding, then of decoding. A transformer sees what came before in
its sequence, so its speed depends on the symbols of each."""


@dataclass(frozen=True)
class Pythia(TransformerPredictor):
    """The shape of Pythia-70M with its vocabulary, of random weights."""

    checkpoint: Any = None

    @property
    def model(self) -> AnyQuantizedTransformer:
        return pythia(self.window or LONGEST, device.chosen())

    @property
    def tokens(self) -> Any:
        return SimpleNamespace(escapes=b"")

    def stored(self) -> bytes:
        raise NotImplementedError


@cache
def pythia(window: int, where: str) -> AnyQuantizedTransformer:
    """The model of `Pythia` on a device."""
    random = np.random.default_rng(0)
    width, hidden, vocabulary, tokens = 512, 2048, 50304, 50277

    def matrix(outputs: int, inputs: int) -> QuantizedMatrix:
        values = random.integers(-127, 128, (outputs, inputs), np.int8)
        scales = np.full(outputs, 0.014 / inputs**0.5, np.float32)  # variances stay one
        return QuantizedMatrix(values, scales, np.zeros(outputs, np.float32))

    def norm() -> Vectors:
        return Vectors(np.ones(width, np.float32), np.zeros(width, np.float32))

    shape = read_architecture(
        {
            "model_type": "gpt_neox",
            "vocab_size": vocabulary,
            "hidden_size": width,
            "num_hidden_layers": 6,
            "num_attention_heads": 8,
            "intermediate_size": hidden,
            "max_position_embeddings": LONGEST,
            "rotary_pct": 0.25,
            "hidden_act": "gelu",
            "bos_token_id": 0,
        }
    )
    none = np.empty((0, shape.head_dim), np.float32)
    no_norms = Vectors(none, none)
    blocks = [
        Block(
            norm(),
            matrix(3 * width, width),
            no_norms,
            matrix(width, width),
            norm(),
            Mlp(matrix(hidden, width), matrix(width, hidden)),
        )
        for _ in range(shape.layers)
    ]
    table, head = matrix(vocabulary, width), matrix(vocabulary, width)
    read = Weights(shape, table, None, blocks, norm(), head, tied=False)
    return quantized_on(where, read, window, tokens)


@dataclass(frozen=True)
class Subject:
    """A model, symbols for it, and how many bytes each of these stands for."""

    name: str
    predictor: Predictor
    symbols: IntArray
    bytes_each: int = 1
    longest: int = LONGEST

    def batch(self, streams: int, length: int) -> list[IntArray]:
        """Sequences from different places."""
        starts = np.linspace(0, len(self.symbols) - length, streams).astype(int)
        return [self.symbols[start : start + length] for start in starts]


class Stopwatch:
    """CPU time spent in some functions, which it takes the place of."""

    def __init__(self, **watched: list[tuple[Any, str]]) -> None:
        self.seconds: Counter[str] = Counter()
        for what, functions in watched.items():
            for owner, name in functions:
                setattr(owner, name, self._timed(what, getattr(owner, name)))

    def _timed(self, what: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any) -> Any:
            start = time.thread_time()
            try:
                return function(*arguments)
            finally:
                self.seconds[what] += time.thread_time() - start

        return timed

    def of(self, work: Callable[[], Any]) -> tuple[float, dict[str, float], Any]:
        """Seconds of `work`, the shares of what is watched in it, and what it gave."""
        self.seconds.clear()
        start = time.thread_time()
        given = work()
        whole = time.thread_time() - start
        shares = {what: seconds / whole for what, seconds in self.seconds.items()}
        return whole, shares, given


WATCH = Stopwatch(
    coder=[
        (streams, "merge_others"),
        (range_coder.Encoder, "encode_merged"),
        (range_coder.Encoder, "finish"),
        (range_coder.Decoders, "decode"),
        (range_coder.Decoders, "finish"),
    ],
)


@dataclass(frozen=True)
class Line:
    """One row of the table: speeds in bytes a second, and where the time of the two ways goes."""

    subject: str
    batch: int
    length: int
    forward: float
    encode: float
    step: float
    decode: float
    shares: tuple[str, str]

    def __str__(self) -> str:
        speeds = (self.forward, self.encode, self.step, self.decode)
        cells = [self.subject, str(self.batch), str(self.length)]
        cells += [f"{speed / 1e3:.1f}" for speed in speeds]
        cells += [f"{self.encode / self.forward:.0%}", f"{self.decode / self.step:.0%}"]
        return f"| {' | '.join((*cells, *self.shares))} |"

    @staticmethod
    def read(row: str) -> "Line":
        """The same from a row, with speeds as exact as there."""
        name, batch, length, *cells = row.strip("| ").split(" | ")
        speeds = [1e3 * float(cell) for cell in cells[:4]]
        return Line(name, int(batch), int(length), *speeds, shares=(cells[-2], cells[-1]))


def shares_text(shares: dict[str, float]) -> str:
    """Return the shares of the model and the coder, as text."""
    parts = 1 - shares["coder"], shares["coder"]
    return " / ".join(f"{part:.0%}" for part in parts)


SLOW = """\
Slower ways, in kB/s. O(n²): the whole prefix is computed for each symbol. PyTorch: one stream
steps, in operations of PyTorch that give the same integers (`--device cpu:0`) instead of compiled
loops."""

SLOW_HEAD = """\
| model | O(n²) | PyTorch |
|---|--:|--:|"""

HEAD = """\
| model | batch | symbols each | forward | encode | step | decode | encode / forward \
| decode / step | encode: model / coder | decode: model / coder |
|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"""


def stepped(predictor: Predictor, sequences: list[IntArray]) -> None:
    """Compute the frequencies of every symbol, one of each sequence at a time."""
    stepper = predictor.stepper([len(sequence) for sequence in sequences])
    for now in np.stack(sequences, 1):
        stepper.frequencies()
        stepper.advance(now)


def measured(subject: Subject, batch: int, symbols: int) -> Line:
    """Measure about so many symbols at a batch size."""
    length = min(subject.longest, max(1, symbols // batch))
    predictor, sequences = subject.predictor, subject.batch(batch, length)

    def forward() -> None:
        for _ in predictor.frequencies(sequences):
            pass

    def step() -> None:
        stepped(predictor, sequences)

    def encode() -> list[bytes]:
        return streams.encode(predictor, [[sequence] for sequence in sequences])

    coded = encode()

    def decode() -> None:
        decoded = streams.decode(predictor, coded, [[length]] * batch)
        assert all((a == b).all() for (a,), b in zip(decoded, sequences, strict=True))

    best: dict[str, tuple[float, dict[str, float]]] = {}
    for _ in range(2):
        for work in (forward, encode, step, decode):
            seconds, shares, _ = WATCH.of(work)
            best[work.__name__] = min(best.get(work.__name__, (9e9, {})), (seconds, shares))
    size = batch * length * subject.bytes_each
    speeds = {name: size / seconds for name, (seconds, _) in best.items()}
    shares = shares_text(best["encode"][1]), shares_text(best["decode"][1])
    return Line(subject.name, batch, length, **speeds, shares=shares)


def quadratic(subject: Subject) -> float:
    """Return bytes a second without a cache: each symbol computes its whole prefix. From
    prefixes of nine lengths, for the longest sequence."""
    lengths = np.linspace(1, subject.longest, 9).astype(int)
    (sequence,) = subject.batch(1, subject.longest)
    seconds = []
    for length in lengths:

        def work(prefix: IntArray = sequence[:length]) -> None:
            for _ in subject.predictor.frequencies([prefix]):
                pass

        seconds.append(min(WATCH.of(work)[0] for _ in range(2)))
    return subject.bytes_each * subject.longest / float(np.trapezoid(seconds, lengths))


def in_pytorch(subject: Subject) -> float:
    """Bytes a second of stepping one stream in PyTorch operations."""
    sequences = subject.batch(1, IN_PYTORCH)
    os.environ[device.VARIABLE] = "cpu:0"
    stepped(subject.predictor, sequences)
    seconds = min(WATCH.of(lambda: stepped(subject.predictor, sequences))[0] for _ in range(2))
    del os.environ[device.VARIABLE]
    return subject.bytes_each * IN_PYTORCH / seconds


def memory(spec: str, size: int, data: Path) -> int:
    """The peak of a process that encodes and decodes `size` bytes of text."""
    command = [
        sys.executable,
        __file__,
        "--data",
        str(data),
        "--memory",
        spec,
        "--bytes",
        str(size),
    ]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def peak(spec: str, size: int, data: Path) -> int:
    """Return the peak memory of this process."""
    plugins = Plugins(data=data)
    codec = plugins.codec(spec).item
    text = (corpus_text(plugins) * (size // 1_000_000 + 1))[:size]
    assert codec.decode(codec.encode(text)) == text
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])


def corpus_text(plugins: Plugins) -> bytes:
    (sample,) = plugins.corpus("enwik6").item.samples()
    return bytes(sample.data)


def subjects(plugins: Plugins, text: bytes) -> Iterator[Subject]:
    symbols = np.frombuffer(text, np.uint8)
    for entry in plugins.codecs:
        codec = entry.item
        if codec.name in FAMILIES:
            yield Subject(codec.spec, codec.predictor, symbols)
    tokens = np.random.default_rng(0).integers(0, 50_277, 200_000)
    longest = LONGEST // 4
    yield Subject("Pythia-70M's shape", Pythia(window=longest), tokens, 4, longest)


AT_LEAST = {
    "recurrent:size=0.2m": (600, 600, 60),
    "recurrent:size=0.9m": (250, 250, 60),
    "transformer:size=3.2m": (40, 40, 4),
}
"""kB/s: encode and decode at the best batch, decode one stream. On a core with AVX-512 VNNI."""


@dataclass(frozen=True)
class Target:
    """A target for one figure."""

    name: str
    value: float
    least: float
    unit: str = ""

    def __str__(self) -> str:
        found = "met" if self.value >= self.least else "**missed**"
        return (
            f"| {self.name} | {self.value:.3g}{self.unit} | {self.least:g}{self.unit} | {found} |"
        )


def targets(lines: list[Line], slow: dict[str, float]) -> Iterator[Target]:
    """Return the targets of a table with all batch sizes."""
    for name in dict.fromkeys(line.subject for line in lines):
        own = [line for line in lines if line.subject == name]
        full = [line for line in own if line.batch > 1]
        best = max(line.encode for line in own)
        yield Target(f"{name}: encode / forward", max(x.encode / x.forward for x in full), 0.7)
        yield Target(f"{name}: decode / step", max(x.decode / x.step for x in full), 0.5)
        yield Target(f"{name}: encode / the O(n²) way", best / slow[name], 100)
        if name in AT_LEAST:
            encode, decode, alone = AT_LEAST[name]
            yield Target(f"{name}: encode", best / 1e3, encode, " kB/s")
            yield Target(f"{name}: decode", max(x.decode for x in own) / 1e3, decode, " kB/s")
            yield Target(f"{name}: decode one stream", own[0].decode / 1e3, alone, " kB/s")
        if name == "Pythia-70M's shape":
            yield Target(f"{name}: step", max(x.step for x in own) / 1e3, 4, " kB/s")


MEMORY = {
    "recurrent:size=0.9m": 10_000_000,
    "recurrent:size=3.5m": 2_000_000,
    "transformer:size=3.2m": 600_000,
}
"""Bytes to measure memory with: more than what fills the largest batch."""


class Page:
    """The page of measurements, kept in a file."""

    def __init__(self, path: Path, each: int) -> None:
        self.path, self.each = path, each
        self._rows: dict[tuple[str, ...], str] = {}
        for row in path.read_text().splitlines() if path.exists() else ():
            key = self._key(row)
            if key:
                self._rows[key] = row

    @staticmethod
    def _key(row: str) -> tuple[str, ...] | None:
        cells = row.strip("| ").split(" | ")
        match len(cells):
            case 11 if cells[1].isdigit():
                return cells[0], cells[1]
            case 3 if cells[1].endswith(" bytes"):
                return "memory", cells[0]
            case 3 if cells[0] != "model" and ":--" not in row:
                return "slow", cells[0]
        return None

    def row(self, *key: str, make: Callable[[], str]) -> str:
        """Return the row of a key; measure it if it is missing."""
        if key not in self._rows:
            self._rows[key] = make()
            self.write([])
        return self._rows[key]

    def write(self, targets: list["Target"]) -> None:
        """Write the whole page."""
        tables: dict[str, list[str]] = {"": [], "slow": [], "memory": []}
        for key, row in self._rows.items():
            tables[key[0] if key[0] in tables else ""].append(row)
        each = f" --each {self.each}" if self.each != EACH else ""
        command = f"python benchmarks/learned.py --data DIR{each} --out reports/speed/learned.md"
        parts = [
            f"<!-- {command} -->",
            "# Speed of learned codecs",
            f"{INTRODUCTION}\n\n{processor()}",
            "\n".join((HEAD, *tables[""])),
            SLOW,
            "\n".join((SLOW_HEAD, *tables["slow"])),
            "\n".join(
                ("| model | coded and decoded | peak memory |\n|---|--:|--:|", *tables["memory"])
            ),
            "\n".join(("| figure | found | target | |\n|---|--:|--:|---|", *map(str, targets))),
        ]
        self.path.write_text("\n\n".join(parts) + "\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, help="the page")
    parser.add_argument("--each", type=int, default=EACH, help="bytes for a figure, about")
    parser.add_argument("--memory", metavar="SPEC", help=argparse.SUPPRESS)
    parser.add_argument("--bytes", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory:
        print(peak(options.memory, options.bytes, options.data))
        return 0
    if not options.out:
        parser.error("--out is missing")
    plugins, page = Plugins(data=options.data), Page(options.out, options.each)
    lines, slow = [], {}
    found: list[Target] = []
    for subject in subjects(plugins, corpus_text(plugins)):
        for batch in dict.fromkeys(min(batch, subject.predictor.batch) for batch in BATCHES):
            row = page.row(
                subject.name,
                str(batch),
                make=lambda s=subject, b=batch: str(measured(s, b, options.each // s.bytes_each)),
            )
            lines.append(Line.read(row))
        row = page.row(
            "slow",
            subject.name,
            make=lambda s=subject: (
                f"| {s.name} | {quadratic(s) / 1e3:.4f} | {in_pytorch(s) / 1e3:.3f} |"
            ),
        )
        slow[subject.name] = 1e3 * float(row.strip("| ").split(" | ")[1])
    found += targets(lines, slow)
    for spec, size in MEMORY.items():
        row = page.row(
            "memory",
            spec,
            make=lambda s=spec, n=size: (
                f"| {s} | {n:,} bytes | {memory(s, n, options.data) / 1e6:.0f} MB |"
            ),
        )
        most = 1e6 * float(row.strip("| ").split(" | ")[2].removesuffix(" MB"))
        found.append(Target(f"{spec}: 1 GB / peak memory", 1e9 / most, 1))
    page.write(found)
    return any(target.value < target.least for target in found)


def processor() -> str:
    names = [
        line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    ]
    return f"{names[0].partition(':')[2].strip()}, {len(names)} cores; one of them is used."


if __name__ == "__main__":
    if not HEAP.items() <= os.environ.items():  # as workers have it, from the beginning
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **HEAP})
    sys.exit(main())
