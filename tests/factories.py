"""Invented cells: what a run would have measured, without a run."""

import hashlib
import random
from collections.abc import Iterable
from typing import Any

from codelength.api.media import Kind
from codelength.metrics.price import STORED, Pricing
from codelength.report.board import Board, build_board
from codelength.results.cell import SCHEMA, Cell, CorpusSlice, Environment, Evidence, Phase, Status
from codelength.results.store import Results

MACHINE = {"cpu": "Fast 9000", "cores": "8", "memory": "32 GiB", "load": "0.12"}


def environment(run: str = "run-1", **changes: Any) -> Environment:
    fields: dict[str, Any] = {
        "schema": SCHEMA,
        "started": "2025-11-21T06:00:00Z",
        "command": "codelength run --corpora all",
        "codelength": "0.1.0",
        "commit": "0123456789abcdef0123456789abcdef01234567",
        "machine": MACHINE,
        "versions": {"python": "3.11.9", "numpy": "2.4.6"},
        "threads": 1,
        "jobs": 1,
    }
    return Environment(run=run, **(fields | changes))


def corpus_slice(corpus: str = "prose", size: int = 1000, **changes: Any) -> CorpusSlice:
    fields: dict[str, Any] = {"protocol": "whole", "kind": "text", "samples": 1}
    fields["digest"] = hashlib.sha256(f"{corpus} {size}".encode()).hexdigest()
    return CorpusSlice(corpus=corpus, bytes=size, **(fields | changes))


def phase(seconds: float = 0.5, memory: int = 2_000_000) -> Phase:
    """One batch, three repetitions, the middle one of which took `seconds`."""
    times = [[seconds * 1.5, seconds, seconds * 0.5]]
    return Phase(
        cpu=times, wall=times, peak_bytes=30_000_000 + memory, baseline_rss_bytes=30_000_000
    )


def cell(
    codec: str = "gzip", of: CorpusSlice | None = None, coded: int = 400, **changes: Any
) -> Cell:
    of = of or corpus_slice()
    fields: dict[str, Any] = {
        "status": Status.OK,
        "run": "run-1",
        "evidence": Evidence.VERIFIED,
        "versions": {"zlib": "1.3.1"},
        "groups": [(of.bytes, coded)],
        "ledger": {"payload": coded},
        "header_bytes": 10,
        "encode": phase(),
        "decode": phase(),
    }
    return Cell(codec=codec, slice=of, coded_bytes=coded, **(fields | changes))


def broken(
    codec: str = "gzip",
    of: CorpusSlice | None = None,
    status: Status = Status.FAILED,
    reason: str = "it",
) -> Cell:
    return Cell(codec=codec, slice=of or corpus_slice(), status=status, run="run-1", reason=reason)


CODECS = {  # strength, encode and decode MB/s, memory
    "store": (1.0, 3000, 3200, 0),
    "gzip:level=1": (0.42, 120, 380, 0.3),
    "gzip:level=6": (0.375, 42, 390, 0.3),
    "gzip:level=9": (0.372, 19, 392, 0.3),
    "zstd:level=1": (0.40, 480, 1400, 1.2),
    "zstd:level=3": (0.37, 310, 1350, 2.9),
    "zstd:level=9": (0.345, 62, 1290, 12),
    "zstd:level=19": (0.315, 3.1, 1100, 84),
    "zstd:level=22,long=27": (0.309, 1.9, 1050, 640),
    "xz:preset=6": (0.300, 4.2, 92, 94),
    "xz:preset=9": (0.297, 2.9, 90, 674),
    "brotli:quality=5": (0.355, 41, 420, 5),
    "brotli:quality=11": (0.308, 0.62, 430, 38),
    "bz2:level=9": (0.318, 14, 36, 7.6),
    "lz4:level=1": (0.52, 690, 3900, 0.1),
    "lz4:level=12": (0.445, 9.8, 3950, 0.4),
    "ppmd:order=6": (0.262, 18, 16, 48),
    "ppmd:order=12,memory=256": (0.251, 11, 10, 268),
    "png": (0.62, 12, 130, 1.1),
    "flac": (0.66, 95, 220, 0.8),
    "webp:lossless": (0.52, 1.4, 88, 9),
    "order2": (0.335, 0.21, 0.18, 21),
    "lm:tiny": (0.235, 0.0031, 0.0029, 410),
    "lm:small,int8=1": (0.199, 0.00021, 0.0002, 1900),
}

CORPORA: dict[str, tuple[Kind, int, int]] = {
    "embedded:prose": ("text", 12, 181_233),
    "canterbury": ("text", 11, 2_810_784),
    "enwik8": ("text", 1, 100_000_000),
    "silesia": ("raw", 12, 211_938_580),
    "kodak": ("image", 24, 28_311_552),
    "clic-validation": ("image", 41, 171_000_320),
    "librispeech-dev-clean": ("audio", 200, 62_000_128),
    "embedded:sound": ("audio", 6, 960_000),
    "random": ("raw", 4, 1_000_000),
    "markov-2": ("raw", 4, 1_000_000),
}

PACKAGES = {"zstd": "zstandard", "brotli": "brotli", "lz4": "lz4", "ppmd": "pyppmd"}


def leaderboard(protocol: str = "whole", run: str = "run-1") -> list[Cell]:
    """Twenty-four codecs on ten corpora, with holes, failures, controls, priors and ties."""
    dice = random.Random(7)
    cells = []
    for corpus, (kind, samples, size) in CORPORA.items():
        entropy = {"random": 8.0, "markov-2": 2.25}.get(corpus)
        extra: dict[str, Any] = {"label": "partial: 40 of 41 files"} if "clic" in corpus else {}
        if protocol == "paper":
            samples = size // 2048
            extra["header_once"] = True
        of = corpus_slice(
            corpus, size, protocol=protocol, kind=kind, samples=samples, entropy=entropy, **extra
        )
        for codec, (strength, encoding, decoding, mega) in CODECS.items():
            name = codec.partition(":")[0]
            special = {"png": "image", "webp": "image", "flac": "audio"}.get(name)
            if special and special != kind:
                reason = f"{name} takes {special} samples only; this is {kind}"
                cells.append(broken(codec, of, Status.UNSUPPORTED, reason))
                continue
            if codec.startswith("lm:small") and size > 50_000_000:
                reason = "encode took more than 3600 s; --timeout sets the limit"
                cells.append(broken(codec, of, Status.TIMEOUT, reason))
                continue
            if codec == "order2" and corpus == "kodak":
                reason = (
                    "kodim07: offset 118,201: wrote 0x7f, read 0x80; the blob is kept in "
                    "results/blobs/order2-kodak-7.bin for whoever wants to look"
                )
                cells.append(broken(codec, of, Status.MISMATCH, reason))
                continue
            base = {"text": 1.0, "raw": 0.9, "image": 1.9, "audio": 2.2}[kind] * strength
            rate = 0.35 * strength + 0.65 * base * dice.uniform(0.9, 1.1)
            if entropy is not None:
                rate = entropy / 8 * (1 + 0.05 * strength) + 1e-4
            if special:
                rate = strength * dice.uniform(0.9, 1.1)
            rate = 1.0 if name == "store" else min(rate, 1.0004)
            many = min(samples, 1000)
            sizes = [size // many + (i < size % many) for i in range(many)]
            spread = 0.0 if name == "store" or entropy is not None else 0.1
            rate = 0.9187 if (corpus, name) == ("kodak", "lz4") else rate
            spread = 0.0 if (corpus, name) == ("kodak", "lz4") else spread
            groups = [(s, round(s * rate * dice.uniform(1 - spread, 1 + spread))) for s in sizes]
            coded = sum(coded for _, coded in groups)
            model_bytes = {"lm:tiny": 3_542_272, "lm:small,int8=1": 88_211_456}.get(codec)
            wobble = dice.uniform(0.8, 1.2)
            cells.append(
                cell(
                    codec,
                    of,
                    coded,
                    run=run,
                    groups=groups,
                    header_bytes={"gzip": 21, "zstd": 14, "xz": 60, "png": 67}.get(name, 3),
                    versions={PACKAGES[name]: "1.2.3"} if name in PACKAGES else {"python": "3.11"},
                    ledger={
                        "payload": coded - 3 * samples,
                        "length": 2 * samples,
                        "flush": samples,
                    },
                    model_bytes={"weights": model_bytes, "tokenizer": 0} if model_bytes else {},
                    encode=phase(size / encoding / 1e6 * wobble, round(mega * 1e6)),
                    decode=phase(size / decoding / 1e6 * wobble, round(mega * 0.4e6)),
                )
            )
    return cells


def board_of(
    cells: Iterable[Cell],
    environments: Iterable[Environment] = (),
    pricing: Pricing = STORED,
) -> Board:
    """The board of some cells of one folder."""
    results = Results({e.run: e for e in environments}, list(cells))
    return build_board({"results": results}, pricing=pricing)
