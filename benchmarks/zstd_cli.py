"""The speeds that a run shows for zstd, against what the zstd tool says of itself.

    python benchmarks/zstd_cli.py --data DIR

The two take turns, so that both meet the machine in the same state. `zstd -b` measures wall time
and keeps its best round; a run measures CPU time and keeps the median. The tool reuses its buffers
and its context; a run pays for fresh ones with every call, as a caller of the library does.
"""

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from codelength.results.store import load

LEVELS = (1, 3, 19)
TOLERANCE = 0.15
TURNS = 5


def tool(level: int, file: Path) -> tuple[float, float]:
    """MB/s of `zstd -b`, encoding and decoding."""
    command = ["zstd", f"-b{level}", "-i1", str(file)]
    said = subprocess.run(command, check=True, capture_output=True, text=True)
    encode, decode = re.findall(r"([\d.]+) MB/s", said.stdout + said.stderr)[-2:]
    return float(encode), float(decode)


def run(level: int, folder: Path) -> tuple[float, float, str]:
    """MB/s of a codelength run, encoding and decoding, and the library's version."""
    with tempfile.TemporaryDirectory() as out:
        command = ["codelength", "run", "--codecs", f"zstd:level={level}"]
        command += ["--corpora", f"path:{folder}", "--out", out]
        subprocess.run(command, check=True, capture_output=True)
        (cell,) = load(Path(out)).cells
    assert cell.encode is not None
    assert cell.decode is not None
    speeds = [cell.slice.bytes / phase.seconds / 1e6 for phase in (cell.encode, cell.decode)]
    return speeds[0], speeds[1], cell.versions["libzstd"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    dickens = parser.parse_args().data / "silesia" / "dickens"
    version = subprocess.run(["zstd", "--version"], check=True, capture_output=True, text=True)
    print(f"tool: {version.stdout.strip().strip('*').strip()}")
    missed, library = False, ""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "dickens").symlink_to(dickens.resolve())
        for level in LEVELS:
            turns = TURNS if level < 10 else 2
            pairs = [(tool(level, dickens), run(level, Path(folder))) for _ in range(turns)]
            library = pairs[0][1][2]
            for at, direction in enumerate(("encode", "decode")):
                theirs = statistics.median(pair[0][at] for pair in pairs)
                ours = statistics.median(float(pair[1][at]) for pair in pairs)
                missed |= abs(ours / theirs - 1) > TOLERANCE
                print(
                    f"level {level:2} {direction}: tool {theirs:7.1f} MB/s, "
                    f"run {ours:7.1f} MB/s, ratio {ours / theirs:.2f}"
                )
    print(f"library: libzstd {library}")
    return missed


if __name__ == "__main__":
    sys.exit(main())
