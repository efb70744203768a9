"""How often the gate fails when nothing changed, and when something did.

python benchmarks/gate_alarms.py --out reports/gate

Two codecs, one that works in C and one in byte code, are gated as they are (A/A), with one byte
more in one blob, and with encoding that takes 30% longer, which is measured beforehand. Baselines
are made anew for every ten runs. Every run is a line of alarms.jsonl; the command goes on where it
was stopped. The machine is taken as it is: the load is recorded, and the busier it is, the more the
figures say.
"""

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from codelength.measure.codec_workers import Watch
from codelength.plugins import Plugins
from codelength.results.machine import describe_machine
from codelength_gate.baseline import Baseline, Grid
from codelength_gate.outcome import Policy, accept, check
from codelength_gate.timing import TimeVerdict

EACH = 10
"""Runs for each baseline."""
PLANTED = 0.3
TIMEOUT = 600.0

CODEC = """
import bz2, zlib
from dataclasses import dataclass
from codelength import RAW, Codec, hookimpl
from codelength.coding.varint import read_varint, to_varint

PIECES = 10
AGAIN = {again}      # this share of the data is coded backwards, too, to no avail
LONGER = {longer}    # this piece of the first sample gets a byte more


def in_c(piece):
    return bz2.compress(piece)


def in_byte_code(piece):
    order, out = list(range(256)), bytearray()
    for byte in piece:
        at = order.index(byte)
        out.append(at)
        order.insert(0, order.pop(at))
    return zlib.compress(bytes(out), 1)


def out_of_byte_code(blob):
    order, out = list(range(256)), bytearray()
    for at in zlib.decompressobj().decompress(blob):
        order.insert(0, order.pop(at))
        out.append(order[0])
    return bytes(out)


@dataclass(frozen=True)
class InC(Codec):
    name = "in-c"
    code = staticmethod(in_c)
    back = staticmethod(lambda blob: bz2.BZ2Decompressor().decompress(blob))

    def encode(self, data, media=RAW):
        size = len(data) // PIECES + 1
        pieces = [data[at : at + size] for at in range(0, len(data), size)]
        for at in range(0, round(AGAIN * len(data)), size):
            self.code(data[at : min(at + size, round(AGAIN * len(data)))][::-1])
        blobs = [self.code(piece) for piece in pieces]
        if LONGER is not None and data.startswith({first!r}):
            blobs[LONGER] += b"x"
        return b"".join(to_varint(len(blob)) + blob for blob in blobs)

    def decode(self, blob):
        at, pieces = 0, []
        while at < len(blob):
            size, at = read_varint(blob, at)
            pieces.append(self.back(blob[at : at + size]))
            at += size
        return b"".join(pieces)


@dataclass(frozen=True)
class InByteCode(InC):
    name = "in-byte-code"
    code = staticmethod(in_byte_code)
    back = staticmethod(out_of_byte_code)


@hookimpl
def codelength_codecs():
    return [InC(), InByteCode()]
"""
CODECS = ("in-c", "in-byte-code")


class Experiment:
    """Codecs in a folder, and gates against baselines of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        sample = next(iter(Plugins().corpus("prose").item.samples()))
        self.data = bytes(sample.data[:2048])
        self._baselines: dict[tuple[str, int], Baseline] = {}
        self.again = {codec: self.calibrated(codec) for codec in CODECS}

    def plugins(self, again: float = 0.0, longer: int | None = None) -> Plugins:
        """The codecs with what is planted in them."""
        path = self.folder / f"codecs-{again}-{longer}.py"
        path.write_text(CODEC.format(again=again, longer=longer, first=self.data[:20]))
        return Plugins([str(path)])

    def calibrated(self, codec: str) -> float:
        """The share of data to code again, for encoding to take as much longer as is planted."""
        share = PLANTED
        for _ in range(3):
            share *= PLANTED / (self.slowdown(codec, share) - 1)
        return round(share, 3)

    def slowdown(self, codec: str, again: float) -> float:
        """How many times as long encoding takes, the two measured in turns in this process."""
        pair = [self.plugins(share).codec(codec).item for share in (0.0, again)]
        ratios = []
        for _ in range(200):
            moments = [time.process_time()]
            for one in pair:
                one.encode(self.data)
                moments.append(time.process_time())
            ratios.append((moments[2] - moments[1]) / (moments[1] - moments[0]))
        return median(ratios)

    def baseline(self, codec: str, number: int) -> Baseline:
        """Return the baseline of run `number`."""
        key = (codec, number // EACH)
        if key not in self._baselines:
            grid = Grid(corpora=["prose"], protocols=["whole"], limit=20_000)
            made, outcome = accept([codec], grid, self.plugins(), Watch(), True, TIMEOUT)
            assert outcome.exit_code == 0, list(outcome.summary())
            self._baselines[key] = made
        return self._baselines[key]

    def run(self, kind: str, codec: str, number: int) -> dict[str, Any]:
        """Run one gate, and return a line of the record."""
        before = self.baseline(codec, number)
        planted = {
            "a/a": self.plugins(),
            "byte": self.plugins(longer=number % 10),
            "slower": self.plugins(again=self.again[codec]),
        }[kind]
        timed, start = kind != "byte", time.perf_counter()
        outcome = check(before, planted, Watch(), Policy(), timed, TIMEOUT)
        return {
            "kind": kind,
            "codec": codec,
            "number": number,
            "again": self.again[codec] if kind == "slower" else 0,
            "exit_code": outcome.exit_code,
            "verdicts": [str(finding.verdict) for finding in outcome.cells],
            "slower": [t.direction for t in outcome.times if t.verdict is TimeVerdict.SLOWER],
            "factors": {t.direction: t.factor and round(t.factor, 4) for t in outcome.times},
            "p": {t.direction: t.p and round(t.p, 4) for t in outcome.times},
            "passes": max((t.passes for t in outcome.times), default=0),
            "seconds": round(time.perf_counter() - start, 1),
            "load": round(os.getloadavg()[0], 2),
        }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=100)
    arguments = parser.parse_args()
    record = arguments.out / "alarms.jsonl"
    record.parent.mkdir(parents=True, exist_ok=True)
    done = [json.loads(line) for line in record.read_text().splitlines()] if record.exists() else []
    known = {(line["kind"], line["codec"], line["number"]) for line in done}
    with TemporaryDirectory() as folder, record.open("a") as file:
        experiment = Experiment(Path(folder))
        for kind, codec, number in planned(arguments.runs):
            if (kind, codec, number) not in known:
                done.append(experiment.run(kind, codec, number))
                print(json.dumps(done[-1]), file=file, flush=True)
    text, met = report(done)
    (arguments.out / "alarms.md").write_text(text)
    print(text)
    return not met


def planned(runs: int) -> Iterator[tuple[str, str, int]]:
    """Kinds and codecs take turns, so that all meet the machine in every state."""
    for number in range(runs // 2):
        for kind in ("a/a", "byte", "slower"):
            for codec in CODECS:
                yield kind, codec, number


def report(done: list[dict[str, Any]]) -> tuple[str, bool]:
    """Return the report: results, and whether they keep what the gate promises."""
    a_a = [line for line in done if line["kind"] == "a/a"]
    byte = [line for line in done if line["kind"] == "byte"]
    slower = [line for line in done if line["kind"] == "slower"]
    blocked = sum(line["exit_code"] != 0 for line in a_a)
    spoke = sum(bool(line["slower"]) for line in a_a)
    caught = sum(line["exit_code"] == 1 for line in byte)
    found = sum("encode" in line["slower"] for line in slower)
    beside = sum("decode" in line["slower"] for line in slower)
    unsure = sum(not line["passes"] for line in a_a + slower)
    met = not blocked and spoke * 50 <= len(a_a) and caught == len(byte)
    met = met and found * 100 >= 95 * len(slower)
    loads = sorted(line["load"] for line in done)
    facts = describe_machine()
    rows = [
        ("nothing planted: blocking alarms", blocked, a_a, "none"),
        ("nothing planted: advisory alarms", spoke, a_a, "at most 2 in 100"),
        ("one byte more in one blob: exit code 1", caught, byte, "all"),
        ("encoding takes 30% longer: told", found, slower, "95 in 100"),
        ("encoding takes 30% longer: decoding said to be slower, too", beside, slower, ""),
        ("not compared, the machine being too busy", unsure, a_a + slower, ""),
    ]
    lines = [
        "# False alarms and detection of `codelength gate`",
        "",
        f"Made by `python benchmarks/gate_alarms.py --out reports/gate` on {facts['processor']}, "
        f"cores {facts['cores']}, {facts['python']}, with a load of {loads[0]:.1f} to "
        f"{loads[-1]:.1f} (median {median(loads):.1f}), most of it by other work. Half of the runs "
        "are of a codec that works in C, half of one in byte code; every "
        f"{EACH} runs have a baseline of their own. Each run is a line of `alarms.jsonl`.",
        "",
        "| what was planted, and what counts | runs | times | promised |",
        "|---|---:|---:|---|",
        *(f"| {what} | {len(of)} | {times} | {wanted} |" for what, times, of, wanted in rows),
        "",
        "Time now over time in the baseline, as the gate estimated it:",
        "",
        "| runs | codec | direction | smallest | median | largest |",
        "|---|---|---|---:|---:|---:|",
    ]
    for kind, of in (("a/a", a_a), ("encoding 30% longer", slower)):
        for codec in CODECS:
            for direction in ("encode", "decode"):
                told = (x["factors"][direction] for x in of if x["codec"] == codec)
                factors = [factor for factor in told if factor]
                if factors:
                    figures = f"{min(factors):.3f} | {median(factors):.3f} | {max(factors):.3f}"
                    lines.append(f"| {kind} | {codec} | {direction} | {figures} |")
    passes = Counter(line["passes"] for line in a_a)
    again = ", ".join(f"{passes[n]} runs took {n}" for n in sorted(passes))
    lines += ["", f"Passes with nothing planted: {again}."]
    return "\n".join(lines) + "\n", met


if __name__ == "__main__":
    sys.exit(main())
