"""Jobs on their way to an executor and back."""

import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from codelength.measure import bench
from codelength.measure.bench import Outcome, record_of
from codelength.measure.codec_workers import Watch
from codelength.measure.engine import execute
from codelength.measure.job import Job, Limits, Resources
from codelength.measure.local import SCRATCH, LocalExecutor
from codelength.measure.plan import Plan, make_plan
from codelength.plugins import Plugins
from codelength.results.cell import Status
from codelength.results.store import Store, load
from factories import cell
from factories import environment as made_environment

CODECS = "store,gzip,bz2,xz,lz4,zlib"


def make(
    codecs: str = CODECS, corpora: str = "zeros,prose,iid", within: float | None = None
) -> Plan:
    plugins = Plugins(only=["stdlib", "embedded", "controls", "lz4"])
    return make_plan(
        plugins,
        plugins.select_codecs(codecs),
        plugins.select_corpora(corpora),
        [plugins.protocol("whole")],
        2000 if within is None else "sample:500",
        lambda corpus: None,
        within,
    )


def outcome_of(job: Job, run: str = "there") -> Outcome:
    of = job.slice
    made = cell(job.recipe.codec, of, 7, run=run, groups=[(of.bytes, 7)])
    return Outcome(made, made_environment(run, machine={"node": "n1"}))


class Remote(Executor):
    """Does not call anything: what comes of each job is given."""

    def __init__(self, answer: Callable[[Job], Outcome]) -> None:
        self.jobs: list[Job] = []
        self._answer = answer

    def submit(self, fn, /, *args, **named):
        (job,), future = args, Future()
        self.jobs.append(job)
        try:
            future.set_result(self._answer(job))
        except Exception as error:
            future.set_exception(error)
        return future


def run(plan: Plan, folder: Path, answer: Callable[[Job], Outcome], watch: Watch | None = None):
    remote = Remote(answer)
    with Store(folder) as store:
        execute(plan, store, Limits(), remote, watch or Watch())
    return remote.jobs


def test_what_comes_back_is_stored_with_the_record_of_where_it_was_measured(tmp_path):
    plan = make()
    jobs = run(plan, tmp_path, outcome_of)
    results = load(tmp_path)
    assert {cell.key for cell in results.cells} == plan.keys == {job.key for job in jobs}
    assert set(results.environments) == {"there"}
    assert not results.problems


def test_what_the_folder_holds_is_sent_along(tmp_path):
    plan = make("gzip,store")
    run(plan, tmp_path, outcome_of)

    def again(job: Job) -> Outcome:
        assert job.before is not None
        return outcome_of(job)._replace(cell=job.before, reused=True)

    run(plan, tmp_path, again)
    assert len(load(tmp_path).cells) == 6, "what is reused is not stored again"


def test_a_lost_machine_costs_its_cells_and_no_others(tmp_path):
    def answer(job: Job) -> Outcome:
        if job.recipe.codec.startswith("gzip"):
            raise ConnectionError("node n7 is gone\nfor good")
        return outcome_of(job)

    plan = make()
    run(plan, tmp_path, answer)
    results = load(tmp_path)
    lost = [cell for cell in results.cells if not cell.ok]
    assert {cell.codec for cell in lost} == {"gzip:level=9"}
    assert {cell.status for cell in lost} == {Status.FAILED}
    assert {cell.reason for cell in lost} == {
        "the machine or process that measured it is lost: ConnectionError: node n7 is gone for good"
    }
    assert {cell.key for cell in results.cells} == plan.keys
    assert {cell.run for cell in results.cells} <= set(results.environments)
    again = run(plan, tmp_path, outcome_of)
    assert {job.key for job in again if not (job.before and job.before.ok)} == {c.key for c in lost}


def test_the_longest_jobs_go_first_and_quick_ones_codec_by_codec(tmp_path):
    plan = make("store,gzip,bz2")
    slow = {key: 100.0 for key in plan.keys if key.corpus == "iid"}
    jobs = run(replace(plan, expected=slow), tmp_path, outcome_of)
    assert [job.slice.corpus for job in jobs[:3]] == ["iid"] * 3
    assert [job.recipe.codec for job in jobs[3:]] == [
        codec for codec in ("store", "gzip:level=9", "bz2:level=9") for _ in range(2)
    ]


def test_all_of_a_corpus_follows_its_sample_where_that_was_quick(tmp_path):
    plan = make("store,gzip", "prose", within=1000.0)
    left_out = []

    class Told(Watch):
        def left_out(self, key):
            left_out.append(key)

    def answer(job: Job) -> Outcome:
        outcome = outcome_of(job)
        if job.slice.limit and job.recipe.codec == "store":
            encode = outcome.cell.encode
            assert encode
            slow = structs.replace(encode, cpu=[[1000.0]], wall=[[1000.0]])
            return outcome._replace(cell=structs.replace(outcome.cell, encode=slow))
        return outcome

    jobs = run(plan, tmp_path, answer, Told())
    assert [(job.recipe.codec, job.slice.limit) for job in jobs] == [
        ("store", "sample:500"),
        ("gzip:level=9", "sample:500"),
        ("gzip:level=9", None),
    ]
    assert [key.codec for key in left_out] == ["store"]


@pytest.mark.parametrize("parts", [2, 3, 7])
def test_the_parts_of_a_run_are_all_of_it_and_alike(parts):
    plan = make()
    keys = [replace(plan, part=(number, parts)).keys for number in range(1, parts + 1)]
    assert set().union(*keys) == plan.keys
    assert sum(map(len, keys)) == len(plan.keys)
    assert max(map(len, keys)) - min(map(len, keys)) <= 2
    if parts == 3:
        assert all(len({key.codec for key in part}) == 6 for part in keys), "some of each codec"


def test_a_sample_is_in_one_part_with_the_whole():
    plan = make(corpora="prose,markov", within=1.0)
    for number in (1, 2):
        part = replace(plan, part=(number, 2))
        pairs = {(key.codec, key.corpus) for key in part.keys}
        assert len(part.keys) == len(plan.keys) // 2
        assert all(part.sample_of(target) for _, target in part.cells if not target.slice.limit)
        assert len(pairs) == 6


def stub(codec: str) -> Job:
    entry = Plugins(only=["stdlib"]).codec(codec)
    plan = Plan(Plugins(only=["stdlib"]), [entry], [])
    return plan.job(entry, cell().slice, Limits(), "run")


@contextmanager
def local(jobs: int, folder: Path) -> Iterator[LocalExecutor]:
    with LocalExecutor(jobs, folder) as executor:
        yield executor


def test_a_thread_goes_on_with_its_codec_and_two_threads_have_two(tmp_path):
    jobs = [stub(codec) for codec in ("gzip", "bz2") for _ in range(4)]
    began, both = [], threading.Barrier(2)

    def measure(job: Job) -> None:
        both.wait(10)
        began.append((threading.get_ident(), job.recipe.codec))

    with local(2, tmp_path) as executor, executor._changed:  # no thread begins before all are there
        for job in jobs:
            executor.submit(measure, job)
    codecs = {thread: {codec for of, codec in began if of == thread} for thread, _ in began}
    assert sorted(map(len, codecs.values())) == [1, 1]


def test_each_thread_has_a_device_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("CODELENGTH_DEVICE", "cuda:0,cuda:1")
    both = threading.Barrier(2)

    def measure(job: Job) -> str:
        both.wait(10)
        return bench._thread.bench._device

    with local(2, tmp_path) as executor:
        futures = [executor.submit(measure, stub(codec)) for codec in ("gzip", "bz2")]
        assert {future.result() for future in futures} == {"cuda:0", "cuda:1"}
    names = {
        record_of(stub("gzip"), "none", f"cuda:{number}").machine["device"] for number in (0, 1)
    }
    assert names == {"cuda:0", "cuda:1"}


def test_only_scratch_of_runs_that_are_gone_is_removed(tmp_path):
    with local(1, tmp_path):
        (alive,) = tmp_path.glob(f"{SCRATCH}*")
        elsewhere = tmp_path / f"{SCRATCH}another-machine-7-x"
        gone = tmp_path / alive.name.replace(alive.name.split("-")[-2], "4194305")
        for folder in (elsewhere, gone):
            folder.mkdir()
        with local(1, tmp_path):
            assert alive.exists()
            assert elsewhere.exists()
            assert not gone.exists()
    assert list(tmp_path.iterdir()) == [elsewhere]


def test_plugin_files_travel(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", f"{tmp_path}")
    here = tmp_path / "mine.py"
    here.write_text((Path(__file__).parents[1] / "faulty_plugin.py").read_text())
    plugins = Plugins([str(here)], only=["stdlib"])
    job = replace(stub("gzip"), recipe=Plan(plugins, [], []).recipe(plugins.codec("liar-raises")))
    assert job.recipe.unpack() == job.recipe
    here.unlink()
    there = job.recipe.unpack()
    assert there.files != job.recipe.files
    assert (
        there.load().codec("liar-raises").plugin.label == plugins.codec("liar-raises").plugin.label
    )
    assert there == job.recipe.unpack()


def test_a_job_says_what_its_codec_takes():
    class Hungry:
        model_bytes = {"weights": 1_000_000_000}
        resources = {"cores": 4}

    needs = Resources.of(Hungry(), Limits(threads=2))  # type: ignore[arg-type]
    assert needs.cores == 4
    assert needs.memory > 2_000_000_000
    assert needs.gpus == 0
    assert stub("gzip").resources == Resources(cores=1)


def test_a_long_run_measures_all_samples_first_and_then_the_cheapest(tmp_path):
    def answer(job: Job) -> Outcome:
        slow = 5.0 if job.recipe.codec.startswith("gzip") else 0.1
        phase = structs.replace(cell().encode, cpu=[[slow]], wall=[[slow]])
        outcome = outcome_of(job)
        return outcome._replace(cell=structs.replace(outcome.cell, encode=phase, decode=phase))

    plan = replace(make("gzip,bz2", "prose", within=1e9), expected={})
    jobs = run(plan, tmp_path / "short", answer)
    assert [(job.recipe.codec, bool(job.slice.draw)) for job in jobs].index(
        ("gzip:level=9", False)
    ) < 3
    long = replace(plan, expected={job.key: 200.0 for job in jobs})
    jobs = run(long, tmp_path / "long", answer)
    assert [bool(job.slice.draw) for job in jobs] == [True, True, False, False]
    # the longest first, elsewhere than here
    assert [job.recipe.codec for job in jobs][2:] == [
        "gzip:level=9",
        "bz2:level=9",
    ]
