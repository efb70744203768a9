"""Exact models on an accelerator: the same integers as on a processor, and how fast.

    python benchmarks/gpu.py --device cuda --out reports/speed/gpu.md
    python benchmarks/gpu.py --device cpu          # a rehearsal: every step, without an accelerator

First every family of Hugging Face and every kind of bundled model: blobs of one device are decoded
on the other, both ways, and must be the same. Then speeds, at batches of 1, 64 and 1024, of
SmolLM2-135M's shape (random weights) and of the bundled models. A line that does not fit into
`--seconds` is left out, and the page says so. Ends with 1 if a blob differs.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "plugins" / "hf"))  # which makes models of every family

import hf_models as models  # noqa: E402

from codelength import Codec, Sample  # noqa: E402
from codelength.coding import device  # noqa: E402
from codelength.coding.predictor import Predictor  # noqa: E402
from codelength.plugins import Plugins  # noqa: E402
from codelength_hf import HfCodec  # noqa: E402

FAMILIES = ("gpt2", "gpt_neox", *models.LLAMAS)
BUNDLED = ("recurrent:size=0.2m", "recurrent:size=0.9m", "transformer:size=0.8m")
BATCHES = (1, 64, 1024)
REHEARSED = (1, 4)
"""Batches of a rehearsal, which is on a processor."""

SMOLLM2 = {
    "vocab_size": 49152,
    "hidden_size": 576,
    "num_hidden_layers": 30,
    "num_attention_heads": 9,
    "num_key_value_heads": 3,
    "intermediate_size": 1536,
    "max_position_embeddings": 2048,
    "tie_word_embeddings": True,
}
POSITIONS = 128
"""Symbols of each sequence whose speed is measured."""


def on(name: str) -> None:
    """Have models compute on a device from now on."""
    os.environ[device.VARIABLE] = name


def folders(root: Path) -> Iterator[tuple[str, Codec]]:
    """Yield a codec of each family, of random weights, and each kind of bundled model."""
    tokenizer = models.byte_level()
    sizes = models.Sizes(vocabulary=tokenizer.get_vocab_size())
    for family in FAMILIES:
        folder = models.save(models.model(family, sizes), root / family, tokenizer)
        yield family, HfCodec(model=str(folder), window=64)
    for spec in BUNDLED:
        yield spec, Plugins().codec(spec).item


def is_same(codec: Codec, name: str) -> bool:
    """Whether the blobs of both devices are the same, and each decodes those of the other."""
    text = models.text()[:1500].encode()
    samples = [Sample("", text), Sample("", text[100:400] + b"\xff\x00"), Sample("", b"")]
    wanted = [bytes(sample.data) for sample in samples]
    blobs = []
    for where in (device.PROCESSOR, name):
        on(where)
        blobs.append(codec.encode_many(samples))
    for where, own in zip((name, device.PROCESSOR), blobs, strict=True):
        on(where)
        if codec.decode_many(own) != wanted:
            return False
    return blobs[0] == blobs[1]


def speeds(predictor: Predictor, batch: int, bytes_each: float) -> tuple[float, float]:
    """Measure kB a second of encoding and decoding, by wall time, without the range coder."""
    draw = np.random.default_rng(1)
    sequences = [draw.integers(0, 256, POSITIONS) for _ in range(batch)]
    size = POSITIONS * batch * bytes_each / 1000

    def parallel() -> None:
        for _ in predictor.frequencies(sequences):
            pass

    def stepwise() -> None:
        stepper = predictor.stepper([POSITIONS] * batch)
        for at in range(POSITIONS):
            stepper.frequencies()
            stepper.advance(np.array([sequence[at] for sequence in sequences]))

    found = []
    for work in (parallel, stepwise):
        work() if batch == 1 else None  # compiles, and warms up
        start = time.perf_counter()
        work()
        found.append(size / (time.perf_counter() - start))
    return found[0], found[1]


def smollm2(root: Path) -> Codec:
    """Return a model of SmolLM2-135M's shape, of random weights."""
    import transformers

    config = transformers.LlamaConfig(**SMOLLM2, bos_token_id=0, eos_token_id=0)
    made = transformers.LlamaForCausalLM(config)
    return HfCodec(model=str(models.save(made, root / "smollm2", models.byte_level())))


def describe(name: str) -> str:
    """Name the hardware behind a device."""
    import torch

    if name.startswith("cuda"):
        return f"{torch.cuda.get_device_name(name)}, PyTorch {torch.__version__}"
    return f"a rehearsal on a processor, PyTorch {torch.__version__}: no figure of an accelerator"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--device", required=True, help="what PyTorch calls it: cuda; cpu rehearses"
    )
    parser.add_argument("--seconds", type=float, default=450, help="after which no line is begun")
    parser.add_argument("--out", type=Path, help="the page; standard output unless set")
    options = parser.parse_args()
    is_rehearsal = options.device.startswith("cpu")
    if is_rehearsal and options.out:
        parser.error("a rehearsal is no measurement, so there is no page of it; leave --out away")
    name = "cpu:0" if is_rehearsal else options.device  # PyTorch's operations on the processor
    on(name)
    from codelength_exact import devices

    devices.check()
    start, wrong = time.perf_counter(), 0
    lines = ["# Exact models on an accelerator", "", f"{describe(name)}.", ""]
    lines += ["| model | the same blobs as on a processor |", "|---|---|"]
    with tempfile.TemporaryDirectory() as folder:
        for title, codec in folders(Path(folder)):
            same = is_same(codec, name)
            wrong += not same
            lines.append(f"| {title} | {'yes' if same else 'NO'} |")
            print(lines[-1], file=sys.stderr)
        lines += [
            "",
            "Speeds in kB a second of wall time. A token of SmolLM2's shape counts as 4 bytes.",
            "",
        ]
        lines += ["| model | batch | encode | decode |", "|---|--:|--:|--:|"]
        on(name)
        subjects = [("SmolLM2-135M's shape", smollm2(Path(folder)), 4.0)]
        subjects += [(spec, Plugins().codec(spec).item, 1.0) for spec in BUNDLED]
        for batch in REHEARSED if is_rehearsal else BATCHES:
            for title, codec, each in subjects:
                if time.perf_counter() - start > options.seconds:
                    lines.append(f"| {title} | {batch} | no time left | |")
                    continue
                predictor = codec.predictor
                assert predictor is not None
                encode, decode = speeds(predictor, batch, each)
                lines.append(f"| {title} | {batch} | {encode:.2f} | {decode:.2f} |")
                print(lines[-1], file=sys.stderr)
    lines += ["", f"Made by `{' '.join(['python', 'benchmarks/gpu.py', *sys.argv[1:]])}`."]
    text = "\n".join(lines) + "\n"
    if options.out:
        options.out.write_text(text, "utf-8")
    else:
        print(text)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
