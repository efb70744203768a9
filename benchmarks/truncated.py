"""What a pipeline leaves out that reads 2048-byte chunks as text and stops after 1,024 tokens.

    python benchmarks/truncated.py --tokenizer tokenizer.json --data DIR

The code behind "Scaling Laws for LLM-Based Data Compression" turns each byte b into the character
b % 128, tokenises the text with `max_length=1024, truncation=True`, codes these tokens, and divides
by all bits of the chunk (github.com/rokosbasilisk/scaling-laws-for-compression, code.py). The
tokenizer of Pythia is tokenizer.json of any of its models on the hub.
"""

import argparse
from pathlib import Path

from tokenizers import Tokenizer

from codelength.measure.plan import make_plan, read_slice
from codelength.plugins import Plugins

CORPORA = ("enwik6", "imagenet", "kodak", "librispeech")
CHUNKS, TOKENS = 2048, 1024


def main() -> None:
    """Print for each corpus how much is coded, and how many bytes lose a bit."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--tokenizer", type=Path, required=True)
    options.add_argument("--data", type=Path)
    chosen = options.parse_args()
    tokenizer = Tokenizer.from_file(str(chosen.tokenizer))
    plugins = Plugins((), chosen.data)
    print("| corpus | chunks | cut off | bytes that are coded | bytes that lose a bit |")
    print("|---|--:|--:|--:|--:|")
    for name in CORPORA:
        corpora = plugins.select_corpora(name)
        plan = make_plan(plugins, [], corpora, [plugins.protocol("paper")], None, lambda _: None)
        chunks = []
        for sample in read_slice(plugins, plan.targets[0].slice):
            chunks.append(bytes(sample.data))
            if len(chunks) == CHUNKS:
                break
        texts = ["".join(chr(byte % 128) for byte in chunk) for chunk in chunks]
        codes = tokenizer.encode_batch(texts, add_special_tokens=False)
        kept = [code.offsets[TOKENS - 1][1] if len(code) > TOKENS else len(text)
                for code, text in zip(codes, texts, strict=True)]  # fmt: skip
        cut = sum(len(code) > TOKENS for code in codes)
        size, lost = sum(map(len, chunks)), sum(b > 127 for chunk in chunks for b in chunk)
        print(f"| {name} | {len(chunks):,} | {100 * cut / len(chunks):.1f} % "
              f"| {100 * sum(kept) / size:.1f} % | {100 * lost / size:.1f} % |")  # fmt: skip


if __name__ == "__main__":
    main()
