"""Damaged input for every decoder and parser of this project: decoded or refused, nothing else.

python benchmarks/fuzz.py --seconds 600 --inputs 100000 --out reports/fuzz

An input is decoded, or the error comes that is documented. Any other exception is a fault. So is an
input that ends the process, that takes more than 20 s, or that makes the process allocate 512 MiB.
Inputs follow from their number, so a fault can be had again: `--only TARGET --from NUMBER`.
"""

import argparse
import json
import sys
import time
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from fuzz_targets import TARGETS, try_inputs

from codelength.results.files import write_file
from codelength.workers.supervisor import Supervisor, WorkerLost

HANG = 20.0
"""Seconds that an input may take."""
CHUNK = 10.0
"""Seconds after which a worker is asked for another chunk of inputs, about."""
LARGEST_CHUNK = 20_000
PREPARING = 300.0
"""Seconds that a worker may take to load a codec and make the seeds."""

MEMORY = Path("/dev/shm") if Path("/dev/shm").is_dir() else None
"""Where files are written that parsers read; None for the folder of temporary files."""

Tally = dict[str, float]


def new_tally(start: int) -> Tally:
    """Figures of a target of which no input was tried; `start` is the first."""
    return {"first": start, "inputs": 0, "good": 0, "seconds": 0.0, "slowest": 0.0}


def fuzz(name: str, tally: Tally, inputs: int, seconds: float) -> list[str]:
    """Try inputs until there are `inputs` of them or the time is up; return the faults."""
    faults: list[str] = []
    end = time.monotonic() + seconds
    while tally["inputs"] < inputs and time.monotonic() < end:
        with Supervisor(within=MEMORY) as worker:
            worker.call(partial(try_inputs, name, 0, 0), PREPARING)
            while worker.alive and tally["inputs"] < inputs and time.monotonic() < end:
                pace = tally["inputs"] / tally["seconds"] if tally["inputs"] else 1.0
                left = int(min(inputs - tally["inputs"], pace * CHUNK, LARGEST_CHUNK))
                faults += _chunk(name, worker, tally, max(1, left))
    return faults


def _chunk(name: str, worker: Supervisor, tally: Tally, count: int) -> list[str]:
    start, begin = int(tally["first"] + tally["inputs"]), time.monotonic()
    reached = [start]
    try:
        good, slowest, faults = worker.call(
            partial(try_inputs, name, start, count), HANG + 3 * CHUNK, reached.append
        )
    except WorkerLost as lost:
        tally["inputs"] = reached[-1] + 1 - tally["first"]
        tally["seconds"] += time.monotonic() - begin
        return [f"{name} input {reached[-1]}: {lost}; {worker.errors()[-200:]}"]
    tally["inputs"] += count
    tally["good"] += good
    tally["seconds"] += time.monotonic() - begin
    tally["slowest"] = max(tally["slowest"], slowest)
    found = [f"{name} input {number}: {fault}" for number, fault in faults]
    if slowest > HANG:
        found.append(f"{name} inputs {start} to {start + count}: one took {slowest:.0f} s")
    return found


def page(tallies: dict[str, Tally], faults: list[str], command: str) -> str:
    """The figures as Markdown."""
    lines = [
        "# Damaged input",
        "",
        "Every decoder and every parser of this project was given damaged input. Each input was",
        "decoded or read, or the documented error came. Anything else would be a fault: another",
        f"exception, the end of the process, more than {HANG:.0f} s, or 512 MiB of memory.",
        "",
        "Made by",
        "",
        f"    {command}",
        "",
        "| decoder | inputs | accepted | refused | slowest | inputs/s | faults |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, tally in tallies.items():
        count = sum(fault.startswith(f"{name} input") for fault in faults)
        refused = tally["inputs"] - tally["good"] - count
        pace = tally["inputs"] / max(tally["seconds"], 1e-9)
        lines.append(
            f"| {name} | {tally['inputs']:,.0f} | {tally['good']:,.0f} | {refused:,.0f} | "
            f"{tally['slowest']:.2f} s | {pace:,.0f} | {count} |"
        )
    lines += ["", *(f"- {fault}" for fault in faults)]
    return "\n".join(lines).rstrip() + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000, help="of each target")
    parser.add_argument("--seconds", type=float, default=600, help="for each target")
    parser.add_argument("--only", help="names of targets, separated by commas")
    parser.add_argument("--from", type=int, default=0, dest="start", help="number of the first")
    parser.add_argument("--out", type=Path, help="a folder for fuzz.md and fuzz.json; continued")
    arguments = parser.parse_args()
    names = arguments.only.split(",") if arguments.only else list(TARGETS)
    tallies: dict[str, Tally] = {}
    faults: list[str] = []
    state = arguments.out and arguments.out / "fuzz.json"
    if state and state.exists():
        tallies, faults = json.loads(state.read_text())
    for name in names:
        tally = tallies.setdefault(name, new_tally(arguments.start))
        faults += fuzz(name, tally, arguments.inputs, arguments.seconds)
        print(f"{name:20} {tally['inputs']:9,.0f} inputs, {tally['seconds']:7.1f} s", flush=True)
        if state:
            command = "python benchmarks/fuzz.py " + " ".join(sys.argv[1:])
            write_file(state, json.dumps([tallies, faults], indent=1) + "\n")
            write_file(arguments.out / "fuzz.md", page(tallies, faults, command))
    print(*faults, sep="\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
