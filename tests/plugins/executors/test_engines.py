"""Real engines on this machine: needs Ray, submitit and Dask, and `-m slow`."""

import os
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

import codelength
from codelength.results.cell import Cell, Status
from codelength.results.store import Store, load
from codelength.workers.processes import descendants

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc"),
]

GRID = ("gzip,bz2", "prose,zeros")


def figures(cells: list[Cell]) -> set[tuple[object, ...]]:
    return {(c.key, c.status, c.coded_bytes, c.blobs, c.evidence, c.plugin) for c in cells}


def run(out: Path, executor: str | None = None, codecs: str = GRID[0], **options: object):
    return codelength.run(
        codecs, GRID[1], limit=20_000, out=out, executor=executor, progress=False, **options
    )


@pytest.fixture
def cluster(monkeypatch):
    pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("RAY_worker_niceness", "0")
    monkeypatch.setenv("RAY_raylet_start_wait_time_s", "120")
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    made.add_node(num_cpus=1)
    made.wait_for_nodes()
    yield made
    made.shutdown()


def test_a_ray_cluster_gives_what_this_machine_gives(cluster, tmp_path):
    plugin = tmp_path / "mine.py"
    plugin.write_text(
        "import zlib\n"
        "from dataclasses import dataclass\n"
        "from codelength import RAW, Codec, hookimpl\n"
        "@dataclass(frozen=True)\n"
        "class Mine(Codec):\n"
        "    name = 'mine'\n"
        "    def encode(self, data, media=RAW): return zlib.compress(data)\n"
        "    def decode(self, blob): return zlib.decompress(blob)\n"
        "@hookimpl\n"
        "def codelength_codecs(): return [Mine()]\n"
    )
    options = {"codecs": "gzip,mine", "plugins": [plugin]}
    here = run(tmp_path / "here", **options)
    there = run(tmp_path / "there", f"ray:{cluster.address}", **options)
    assert figures(there.cells) == figures(here.cells)
    assert all(cell.ok for cell in there.cells)
    (record,) = there.environments.values()
    assert record.machine["node"] == os.uname().nodename
    assert record.jobs == 2, (
        "both nodes of the cluster are this machine, so cells are beside others"
    )
    assert next(iter(here.environments.values())).jobs == 1
    assert "‖" in str(codelength.board(there)) or "while other cells ran" in str(
        codelength.board(there)
    )


def test_a_ray_worker_that_is_killed_costs_nothing_that_is_finished(cluster, tmp_path):
    out, killed = tmp_path / "out", []

    def kill() -> None:
        while not killed:
            time.sleep(0.05)
            if len(load(out).cells) < 1:
                continue
            for process in descendants(os.getpid()):
                with suppress(OSError):
                    title = Path(f"/proc/{process.pid}/cmdline").read_bytes()
                    if title.startswith(b"ray::") and b" on " in title:  # it measures
                        os.kill(process.pid, signal.SIGKILL)
                        killed.append(process.pid)
                        return

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    codecs = "gzip,bz2,xz,zlib"
    there = run(out, f"ray:{cluster.address}", codecs)
    killer.join(10)
    assert killed
    assert len(there.cells) == 8
    assert figures(there.cells) == figures(run(tmp_path / "here", codecs=codecs).cells)


def test_jobs_of_submitit_give_what_this_machine_gives(tmp_path, monkeypatch):
    pytest.importorskip("submitit")
    monkeypatch.chdir(tmp_path)
    there = run(tmp_path / "there", "slurm:local", jobs=2)
    assert figures(there.cells) == figures(run(tmp_path / "here").cells)
    (record,) = there.environments.values()
    assert record.machine["node"] == os.uname().nodename
    assert record.jobs > 1
    assert not list(Path("codelength-slurm").glob("*result*")), "results are removed once read"


def test_a_dask_cluster_gives_what_this_machine_gives(tmp_path):
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, processes=True
    ) as cluster:
        there = run(tmp_path / "there", f"dask:{cluster.scheduler_address}")
    assert figures(there.cells) == figures(run(tmp_path / "here").cells)
    (record,) = there.environments.values()
    assert record.jobs == 2


def test_processes_of_the_standard_library_will_do(tmp_path):
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        there = run(tmp_path / "there", pool, codecs="gzip")
    assert {cell.status for cell in there.cells} == {Status.OK}
    (record,) = there.environments.values()
    assert "node" in record.machine
    with Store(tmp_path / "there"):
        assert figures(load(tmp_path / "there").cells) == figures(there.cells)
