"""The CPU time of commands that have to answer at once.

python benchmarks/startup.py
"""

import resource
import statistics
import subprocess
import sys

TARGET = 0.4
RUNS = 7


def main() -> int:
    missed = False
    for command in (["codelength", "--help"], ["codelength", "list", "codecs"]):
        seconds = []
        for _ in range(RUNS):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(command, check=True, capture_output=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            seconds.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
        median = statistics.median(seconds)
        missed |= median > TARGET
        span = f"{min(seconds):.3f} to {max(seconds):.3f}"
        print(f"{' '.join(command):24} {median:.3f} s of CPU ({span}); target {TARGET} s")
    return missed


if __name__ == "__main__":
    sys.exit(main())
