"""What an executor takes for a cell beside the codec: many small cells on this machine and on Ray.

    python benchmarks/engines.py --cells 2000 --on local
    python benchmarks/engines.py --cells 2000 --on ray

A codec that does nearly nothing meets many small files, each a corpus of its own. Printed are the
wall time for a cell; what of it is the codec's calls; what the worker processes need for a cell in
any case, measured without an executor; the rest, which is the executor's; the same of the CPU time
of this process, which counts on a busy machine; and the memory of this process after a tenth of the
cells and at the end.
"""

import argparse
import tempfile
import time
from concurrent.futures import Executor
from pathlib import Path

from codelength.measure.bench import Bench
from codelength.measure.codec_workers import Watch
from codelength.measure.engine import execute
from codelength.measure.job import Limits
from codelength.measure.plan import Plan, make_plan
from codelength.plugins import Plugins
from codelength.results.cell import Cell
from codelength.results.store import Store
from codelength.workers.limits import resident
from codelength.workers.sandbox import Sandbox

SAMPLE = 200
"""Cells that are measured without an executor."""


class Seen(Watch):
    """Notes when cells are finished, what their codec took, and the memory of this process."""

    def __init__(self, cells: int) -> None:
        self._cells, self.ok, self.codec, self.first, self.early = cells, 0, 0.0, 0.0, 0

    def finished(self, cell: Cell, reused: bool) -> None:
        """Count a cell, if it is ok."""
        assert cell.ok, cell.reason
        assert cell.encode
        assert cell.decode
        self.ok += 1
        self.codec += cell.encode.measured_seconds + cell.decode.measured_seconds
        if self.ok == 1:  # until then processes have started
            self.first = time.perf_counter()
        if self.ok == self._cells // 10:
            self.early = resident()


def make(folder: Path, cells: int, codec: str) -> Plan:
    """Plan a codec on so many files of 2,000 bytes."""
    for number in range(cells):
        (folder / f"{number:05}.txt").write_bytes(f"{number} ".encode() * 400)
    plugins = Plugins()
    corpora = [plugins.corpus(f"path:{path}") for path in sorted(folder.iterdir())]
    return make_plan(
        plugins,
        plugins.select_codecs(codec),
        corpora,
        [plugins.protocol("whole")],
        2000,
        lambda _: None,
    )


def main() -> None:
    """Measure, and print a line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cells", type=int, default=2000)
    parser.add_argument("--on", default="local")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--codec", default="store")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        data, out = Path(name, "data"), Path(name, "out")
        data.mkdir()
        plan = make(data, options.cells, options.codec)
        limits = Limits(sandbox=Sandbox.NONE)
        with Bench(device="cpu") as bench:
            jobs = [job for job, _ in plan.jobs(limits, "run")]
            bench.measure(jobs[0])
            start, cpu, own = time.perf_counter(), time.process_time(), 0.0
            for job in jobs[:SAMPLE]:
                cell = bench.measure(job).cell
                assert cell.encode
                assert cell.decode
                own += cell.encode.measured_seconds + cell.decode.measured_seconds
            alone = (time.perf_counter() - start - own) / len(jobs[:SAMPLE])
            cpu_alone = (time.process_time() - cpu) / len(jobs[:SAMPLE])
        seen = Seen(options.cells)
        on: Executor | int = options.jobs
        if options.on != "local":
            on = plan.plugins.executor(options.on, options.jobs)
        cpu = time.process_time()
        with Store(out) as store:
            execute(plan, store, limits, on, seen)
        cpu = (time.process_time() - cpu) / options.cells
        wall = (time.perf_counter() - seen.first) / (options.cells - 1)
        late = resident()
        if isinstance(on, Executor):
            on.shutdown()
    codec = seen.codec / options.cells
    print(
        f"{options.cells} cells on {options.on}, {options.jobs} at once: {1000 * wall:.1f} ms a "
        f"cell, of which the codec {1000 * codec:.1f}, its processes {1000 * alone:.1f}, the "
        f"executor {1000 * (wall - codec - alone):.1f}; CPU of this process {1000 * cpu:.1f} ms a "
        f"cell, without an executor {1000 * cpu_alone:.1f}; memory {seen.early / 1e6:.0f} MB after "
        f"a tenth, {late / 1e6:.0f} MB at the end"
    )


if __name__ == "__main__":
    main()
