"""What exact arithmetic costs over float32: code lengths of a GGUF model of the Llama family.

    python benchmarks/losses.py --model FILE.gguf --data DIR

The texts are 12 KiB of three files, in windows of 1024 tokens. One core, one thread.
"""

import argparse
import os

for library in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
    os.environ[f"{library}_NUM_THREADS"] = "1"  # before NumPy is imported

from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402

from codelength import Sample  # noqa: E402
from codelength.plugins import Plugins  # noqa: E402
from codelength_hf import HfCodec  # noqa: E402

START, SIZE, WINDOW = 20_000, 12_288, 1024
TEXTS = ("canterbury/alice29.txt", "enwik/enwik6", "silesia/xml")
SETTINGS = ("", ",bits=4", ",bits=4,activations=8", ",activations=8")


def float_bits(codec: HfCodec, text: bytes) -> float:
    """Return the bits of a text under the model in float32, as transformers runs it."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.set_num_threads(1)
    predictor = codec.model_predictor
    checkpoint = predictor.checkpoint
    model = LlamaForCausalLM(LlamaConfig(**checkpoint.config)).eval()
    tensors = {name: np.array(checkpoint.tensor(name)) for name in checkpoint.names}
    model.load_state_dict({n: torch.from_numpy(t) for n, t in tensors.items()}, strict=False)
    symbols, bits = predictor.tokenize(text).astype(np.int64), 0.0
    for at in range(0, len(symbols), WINDOW):
        segment = torch.from_numpy(symbols[at : at + WINDOW])
        begin = torch.tensor([predictor.model.begin_token])
        with torch.no_grad():
            logits = model(torch.cat([begin, segment[:-1]])[None]).logits[0].double()
        chosen = torch.log_softmax(logits, -1)[torch.arange(len(segment)), segment]
        bits -= float(chosen.sum()) / float(np.log(2))
    return bits


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", type=Path, required=True, help="a model as GGUF")
    parser.add_argument("--data", type=Path, required=True, help="a mirror of the corpora")
    options = parser.parse_args()
    texts = [(options.data / name).read_bytes()[START : START + SIZE] for name in TEXTS]
    plugins = Plugins()
    codecs = {}
    for setting in SETTINGS:
        codec = plugins.codec(f"hf:model={options.model},window={WINDOW}{setting}").item
        assert isinstance(codec, HfCodec)
        codecs[setting] = codec
    reference = [float_bits(codecs[""], text) for text in texts]
    print("| settings | " + " | ".join(Path(name).name for name in TEXTS) + " |")
    print("|---|" + "--:|" * len(TEXTS))
    rates = " | ".join(f"{bits / SIZE:.4f} bpb" for bits in reference)
    print(f"| float32 | {rates} |")
    for setting, codec in codecs.items():
        lengths = codec.code_lengths([Sample("", text) for text in texts])
        assert lengths is not None
        costs = [own.sum() / bits - 1 for own, bits in zip(lengths, reference, strict=True)]
        cells = " | ".join(f"{cost * 100:+.2f}%" for cost in costs)
        print(f"| {setting.lstrip(',') or 'default'} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
