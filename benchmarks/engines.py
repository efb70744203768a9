"""What an executor takes for a cell beside the codec: many small cells, here or on a cluster.

    python benchmarks/engines.py --cells 2000
    python benchmarks/engines.py --cells 2000 --on ray
    python benchmarks/engines.py --cells 300 --measured

Many small files, each a corpus of its own, meet a codec. Without `--measured` no cell is measured:
the function that is called gives a cell at once. So the wall time is that of the executor alone: to
send a job, to take what comes back, and to store it. With `--measured`, the cells are measured on
this machine; printed is the CPU time of all processes, without the codec's calls, and how much of
it is of this process. CPU time is what counts on a machine that does other things, too.
"""

import argparse
import os
import tempfile
import time
from concurrent.futures import Executor
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from codelength.measure import engine
from codelength.measure.bench import Bench, Outcome
from codelength.measure.codec_workers import Watch
from codelength.measure.job import Job, Limits
from codelength.measure.plan import Plan, make_plan
from codelength.plugins import Plugins
from codelength.results.cell import Cell
from codelength.results.store import Store
from codelength.workers.limits import resident
from codelength.workers.processes import cpu_seconds_of
from codelength.workers.sandbox import Sandbox


class Seen(Watch):
    """Notes when cells are finished, what their codec took, and the memory of this process."""

    def __init__(self, cells: int) -> None:
        self._cells, self.ok, self.codec, self.first, self.early = cells, 0, 0.0, 0.0, 0
        self.cpu = self.own = 0.0

    def finished(self, cell: Cell, reused: bool) -> None:
        """Count a cell."""
        assert cell.ok, cell.reason
        assert cell.encode
        assert cell.decode
        self.ok += 1
        if self.ok == 1:  # until then processes have started
            self.first, self.own = time.perf_counter(), time.process_time()
            self.cpu = cpu_seconds_of(os.getpid())
        else:
            self.codec += sum(map(sum, (*cell.encode.cpu, *cell.decode.cpu)))
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


def pretend(outcome: Outcome, job: Job) -> Outcome:
    """Give a job the outcome of another one."""
    return outcome._replace(cell=replace(outcome.cell, slice=job.slice))


def main() -> None:
    """Measure, and print a line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cells", type=int, default=2000)
    parser.add_argument("--on", default="local")
    parser.add_argument("--codec", default="store")
    parser.add_argument("--measured", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        data, out = Path(name, "data"), Path(name, "out")
        data.mkdir()
        plan = make(data, options.cells, options.codec)
        limits = Limits(sandbox=Sandbox.NONE)
        if not options.measured:
            with Bench() as bench:
                outcome = bench.measure(next(plan.jobs(limits, "run"))[0])
            engine.measure_job = partial(pretend, outcome)  # type: ignore[assignment]
        seen = Seen(options.cells)
        on: Executor | int = 1 if options.on == "local" else plan.plugins.executor(options.on)
        with Store(out) as store:
            engine.execute(plan, store, limits, on, seen)
        many = (options.cells - 1) / 1000
        wall = (time.perf_counter() - seen.first) / many
        own = (time.process_time() - seen.own) / many
        cpu = (cpu_seconds_of(os.getpid()) - seen.cpu - seen.codec) / many
        late = resident()
        if isinstance(on, Executor):
            on.shutdown()
    what = "measured" if options.measured else "not measured"
    print(
        f"{options.cells} cells on {options.on}, {what}: {wall:.1f} ms a cell; CPU time of this "
        f"process {own:.1f} ms a cell"
        + (f", of all processes without the codec {cpu:.1f} ms" if options.measured else "")
        + f"; memory {seen.early / 1e6:.0f} MB after a tenth, {late / 1e6:.0f} MB at the end"
    )


if __name__ == "__main__":
    main()
