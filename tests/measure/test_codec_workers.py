"""One cell as a function of its job."""

import pickle
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from codelength.measure import codec_workers
from codelength.measure.bench import measure_cell
from codelength.measure.codec_workers import CodecWorkers, Watch
from codelength.measure.job import Job, Limits, Recipe
from codelength.measure.plan import survey
from codelength.plugins import Plugins
from codelength.results.cell import CorpusSlice, Status
from codelength.workers.supervisor import Crew, Stopped, Supervisor

FAULTY = str(Path(__file__).parents[1] / "faulty_plugin.py")


def job(codec: str, memory: int | None = None) -> Job:
    plugins = Plugins([FAULTY], only=["stdlib", "embedded"])
    (target,) = survey(
        [plugins.corpus("prose")], [plugins.protocol("whole")], 20_000, lambda name: None
    )
    recipe = Recipe.of(plugins, plugins.codec(codec), target.plugins)
    return Job(recipe, target.slice, Limits(timeout=60, memory=memory, threads=1), "run-1")


def test_a_job_that_has_travelled_gives_the_same_cell_each_time() -> None:
    sent = [pickle.loads(pickle.dumps(job("gzip"))) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(measure_cell, sent)
    assert one.status is Status.OK
    assert one.coded_bytes == sum(coded for _, coded in one.groups) > 0
    assert (one.key, one.blobs, one.ledger) == (other.key, other.blobs, other.ledger)
    assert one.key == sent[0].key
    assert one.run.startswith("run-1-")


def test_whatever_a_codec_does_its_job_gives_a_cell() -> None:
    cell = measure_cell(job("liar-segfaults"))
    assert cell.status is Status.FAILED
    assert cell.reason == "its process died of SIGSEGV"
    assert cell.key == job("liar-segfaults").key


@pytest.mark.parametrize(("memories", "alive_at_once"), [(3, 2), (1.5, 1)])
def test_workers_that_need_much_memory_take_turns(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, memories: float, alive_at_once: int
) -> None:
    alive: list[Supervisor] = []
    most = []

    class Counted(Supervisor):
        def begin(self, task, timeout=None):
            if task.func.__name__ == "load":
                alive.append(self)
            if task.func.__name__ == "decode":
                most.append(len({id(worker) for worker in alive if worker.alive}))
            return super().begin(task, timeout)

    monkeypatch.setattr(codec_workers, "Supervisor", Counted)
    encode = measure_cell(job("gzip")).encode
    assert encode is not None
    asked = job("gzip", int(memories * encode.peak_bytes))
    with CodecWorkers(asked, Crew(), tmp_path) as workers:
        assert [workers.measure(asked).status for _ in range(2)] == [Status.OK] * 2
    assert most[-2:] == [alive_at_once] * 2


def test_what_a_stop_takes_away_is_no_failure_of_the_codec(tmp_path: Path) -> None:
    crew, asked = Crew(), job("gzip")

    class Stop(Watch):
        def started(self, codec: str, corpus_slice: CorpusSlice, decode: bool) -> None:
            crew.stop()
            for left in tmp_path.iterdir():
                shutil.rmtree(left)

    workers = CodecWorkers(asked, crew, tmp_path)
    with workers, pytest.raises(Stopped):
        workers.measure(asked, Stop())
