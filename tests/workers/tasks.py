"""What workers are asked to do in tests."""

import os
import stat
import time
from contextlib import suppress

from codelength.api.errors import UsageError
from codelength.workers.calls import report_progress


def add(one: int, other: int) -> int:
    """Add two numbers."""
    return one + other


def where() -> dict[str, str]:
    """What surrounds the worker."""
    names = ("TMPDIR", "OMP_NUM_THREADS", "OMP_WAIT_POLICY", "PYTHONHASHSEED")
    return {name: os.environ.get(name, "") for name in names}


def count_to(number: int) -> str:
    """Report each number on the way."""
    for done in range(number):
        report_progress(done)
    return "there"


def raise_usage() -> None:
    """Raise what a person can mend."""
    raise UsageError("that does not exist")


def raise_value(text: str) -> None:
    """Raise what is a bug."""
    raise ValueError(text)


def promise_number() -> int:
    """Return something else than is promised."""
    return "no number"  # type: ignore[return-value]


def leave(code: int) -> None:
    """End the process."""
    os._exit(code)


def die_of(number: int) -> None:
    """Send this process a signal."""
    os.kill(os.getpid(), number)
    time.sleep(600)


def print_a_lot(size: int) -> None:
    """Write to standard output and standard error."""
    os.write(1, b"first\n")
    for _ in range(size >> 10):
        os.write(2, b"z" * 1024)
    os.write(2, b"last\n")


def flood_forever() -> None:
    """Write to standard error without end."""
    while True:
        os.write(2, b"z" * (1 << 20))


def prints_to_a_file() -> bool:
    """Tell whether what is printed goes to a disk."""
    return any(stat.S_ISREG(os.fstat(stream).st_mode) for stream in (1, 2))


def sleep(seconds: float) -> None:
    """Wait."""
    time.sleep(seconds)


def write_everywhere(data: bytes, times: int) -> None:
    """Write to every descriptor that is open."""
    for _ in range(times):
        for descriptor in range(3, 64):
            with suppress(OSError):
                os.write(descriptor, data)
    time.sleep(600)


def close_everything() -> None:
    """Close the channel, and hang."""
    os.closerange(3, 64)
    time.sleep(600)


def report_forever() -> None:
    """Report progress without end."""
    while True:
        report_progress(1)
