"""A supervisor and its worker: what is said, what is not believed, and how it ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import tasks

from codelength.workers.messages import LARGEST, MAGIC, Threw, encode
from codelength.workers.pool import Pool
from codelength.workers.supervisor import (
    ERRORS,
    Crew,
    Died,
    FunctionRaised,
    Stopped,
    Supervisor,
    TimedOut,
    WorkerLost,
)

NOT_UTF8 = encode(Threw(["ValueError"], "nothing", 1)).replace(b"nothing", b"\xff" * 7)


def test_a_worker_calls_one_function_after_another() -> None:
    with Supervisor() as supervisor:
        assert supervisor.call(partial(tasks.add, 2, 3)) == 5
        first, second = (supervisor.begin(partial(tasks.add, n, n)) for n in (1, 2))
        assert (first.result(), second.result()) == (2, 4)


def test_a_worker_has_its_own_surroundings_and_its_folder_goes_with_it() -> None:
    with Supervisor(threads=3, hash_seed=7) as supervisor:
        found = supervisor.call(partial(tasks.where))
        folder = Path(found.pop("TMPDIR"))
        assert folder.is_dir()
    expected = {"OMP_NUM_THREADS": "3", "OMP_WAIT_POLICY": "PASSIVE", "PYTHONHASHSEED": "7"}
    assert found == expected
    assert not folder.exists()


def test_progress_is_told_while_a_function_runs() -> None:
    told: list[int] = []
    with Supervisor() as supervisor:
        assert supervisor.call(partial(tasks.count_to, 3), on_progress=told.append) == "there"
    assert told == [0, 1, 2]


@pytest.mark.parametrize(
    ("task", "line", "exit_code"),
    [
        (partial(tasks.raise_usage), "^that does not exist$", 2),
        (partial(tasks.raise_value, "a\nb"), r"^ValueError: a b \(tasks.py:\d+\)$", 3),
        (partial(tasks.promise_number), "^ValidationError: Expected `int`, got `str`", 3),
    ],
)
def test_an_exception_is_one_line_and_the_worker_goes_on(
    task: "partial[object]", line: str, exit_code: int
) -> None:
    with Supervisor() as supervisor:
        with pytest.raises(FunctionRaised, match=line) as raised:
            supervisor.call(task)
        assert raised.value.exit_code == exit_code
        assert supervisor.call(partial(tasks.add, 1, 1)) == 2


def test_a_worker_that_ends_is_named_with_its_end() -> None:
    with Supervisor() as supervisor:
        with pytest.raises(Died, match=r"^its process ended with exit code 7 and no result$"):
            supervisor.call(partial(tasks.leave, 7))
        assert not supervisor.alive
        with pytest.raises(WorkerLost, match="has ended before"):
            supervisor.call(partial(tasks.add, 1, 1))


def test_a_worker_that_dies_of_a_signal_without_a_name_is_named_with_its_number() -> None:
    with Supervisor() as supervisor, pytest.raises(Died, match=r"^its process died of signal 40$"):
        supervisor.call(partial(tasks.die_of, 40))


def test_what_a_worker_prints_is_kept_as_far_as_its_end() -> None:
    with Supervisor() as supervisor:
        supervisor.call(partial(tasks.print_a_lot, 10 << 20))
        said = supervisor.errors()
        assert said.endswith("zlast")
        assert len(said) < 1 << 17
        assert supervisor.errors() == ""


def test_a_flood_fills_no_disk_and_is_ended_in_time() -> None:
    with Supervisor() as supervisor:
        assert not supervisor.call(partial(tasks.prints_to_a_file))
        start = time.monotonic()
        with pytest.raises(TimedOut):
            supervisor.call(partial(tasks.flood_forever), 1)
        assert time.monotonic() - start < 10
        assert len(supervisor.errors()) <= ERRORS


def test_a_worker_that_takes_too_long_is_ended() -> None:
    with Supervisor() as supervisor:
        start = time.monotonic()
        with pytest.raises(TimedOut, match=r"^its process gave no result in 1 s$"):
            supervisor.call(partial(tasks.sleep, 600), 1)
        assert time.monotonic() - start < 10


@pytest.mark.parametrize(
    ("task", "problem"),
    [
        (partial(tasks.write_everywhere, b"a library's debug line\n", 1), "wrote b\"a library's "),
        (partial(tasks.write_everywhere, b"endless" * 1000, 10**6), "wrote b'endless"),
        (
            partial(tasks.write_everywhere, MAGIC + (LARGEST + 1).to_bytes(8, "little"), 1),
            f"has an answer of {LARGEST + 1} bytes, more than {LARGEST}",
        ),
        (
            partial(tasks.write_everywhere, MAGIC + (3).to_bytes(8, "little") + b"???", 1),
            "has an answer that cannot be read",
        ),
        (
            partial(
                tasks.write_everywhere, MAGIC + len(NOT_UTF8).to_bytes(8, "little") + NOT_UTF8, 1
            ),
            "has an answer that cannot be read: 'utf-8' codec can't decode",
        ),
        (partial(tasks.close_everything), "closed the channel for its answer and went on"),
        (partial(tasks.report_forever), "gave no result in 5 s"),
    ],
)
def test_nonsense_on_the_channel_costs_the_call_and_not_the_timeout(
    task: "partial[object]", problem: str
) -> None:
    start = time.monotonic()
    with Supervisor() as supervisor:
        with pytest.raises(WorkerLost) as lost:
            supervisor.call(task, 5)
        assert problem.removeprefix("its process ") in str(lost.value)
        assert not supervisor.alive
    assert time.monotonic() - start < 15


def test_a_crew_is_ended_at_once_and_takes_no_one_after_that() -> None:
    before = children_of(os.getpid())
    crew = Crew()
    supervisor = Supervisor(crew=crew)
    pending = supervisor.begin(partial(tasks.sleep, 600))
    crew.stop()
    with pytest.raises(Stopped):
        pending.result()
    supervisor.close()
    with pytest.raises(Stopped):
        Supervisor(crew=crew)
    assert children_of(os.getpid()) <= before


def test_a_pool_shares_calls_among_workers_that_are_ended_with_it() -> None:
    before = children_of(os.getpid())
    with Pool(2) as pool:
        futures = [pool.submit(tasks.add, n, n) for n in range(10)]
        assert [future.result() for future in futures] == [2 * n for n in range(10)]
        with pytest.raises(Died):
            pool.submit(tasks.leave, 1).result()
        assert pool.submit(tasks.add, 1, 1).result() == 2
        pool.submit(tasks.sleep, 600)
        assert 1 <= len(children_of(os.getpid())) - len(before) <= 2
    assert children_of(os.getpid()) <= before


ORPHANED = """
import sys, time
from functools import partial
sys.path.insert(0, {path!r})
import tasks
from codelength.workers.supervisor import Supervisor
supervisor = Supervisor()
print(supervisor.call(partial(tasks.where))["TMPDIR"], flush=True)
supervisor.call(partial(tasks.sleep, 600))
"""


def test_a_worker_goes_with_the_process_that_it_serves() -> None:
    program = ORPHANED.format(path=str(Path(tasks.__file__).parent))
    served = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert served.stdout is not None
    folder = Path(served.stdout.readline().strip())
    assert folder.is_dir()
    (guard,) = children_of(served.pid)
    (worker,) = children_of(guard)
    served.send_signal(signal.SIGKILL)
    served.communicate()
    wait_until(lambda: not folder.exists() and not is_alive(guard) and not is_alive(worker))


def children_of(parent: int) -> set[int]:
    """Processes that a process has started and that are alive."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, mother, *_ = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(mother) == parent and state != "Z":
            found.add(int(stat.parent.name))
    return found


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
