"""The wall time of whole runs at one job, against the time that the codecs themselves took.

python benchmarks/overhead.py --data DIR
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from codelength.results.store import load

CODECS = "store,gzip,zstd:level=3,zstd:level=19,brotli:quality=5,lz4,xz,bz2"
FACTOR, EACH = 1.15, 1.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--codecs", default=CODECS)
    parser.add_argument("--corpora", default="canterbury,silesia")
    arguments = parser.parse_args()
    print(f"{'corpus':12} {'wall s':>8} {'codecs s':>9} {'allowed s':>10}  cells")
    missed = False
    for corpus in arguments.corpora.split(","):
        with tempfile.TemporaryDirectory() as out:
            command = ["codelength", "run", "--codecs", arguments.codecs, "--corpora", corpus]
            command += ["--data", str(arguments.data), "--out", out]
            start = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            wall = time.perf_counter() - start
            cells = load(Path(out)).cells
        phases = [phase for cell in cells for phase in (cell.encode, cell.decode) if phase]
        measured = sum(phase.measured_seconds for phase in phases)
        allowed = FACTOR * measured + EACH * len(cells)
        missed |= wall > allowed
        print(f"{corpus:12} {wall:8.2f} {measured:9.2f} {allowed:10.2f}  {len(cells)}")
    return missed


if __name__ == "__main__":
    sys.exit(main())
