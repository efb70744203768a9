"""A results folder behind a URL: a folder of this machine that has what the URL has.

Objects are written once and never changed, so no writer waits for another one. What a command
appends to a file of its own goes out in parts, every minute and at the end, each as a new object.
What could not go out stays in the folder; the next command with this URL brings it there.
"""

import hashlib
import os
import re
import uuid
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from threading import Event, Lock, Thread
from typing import Any, NamedTuple

import msgspec

from codelength.api.errors import StoreError, Unavailable
from codelength.results.files import lock_file, write_file
from codelength.results.store import FILE

EVERY = 60.0
"""Seconds between two parts."""
STATE, LOCK = ".sent.json", ".lock"
WRITER = re.compile(r"-2\d{7}T.*")
"""What follows the kind of a file in the name of a writer's own one."""
EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs", "hf": "hf"}


class Sent(msgspec.Struct):
    """How much of a file has gone out."""

    stem: str
    """How its objects begin."""
    bytes: int = 0
    parts: int = 0


class State(msgspec.Struct):
    """What is known of the files in the folder."""

    sent: dict[str, Sent] = {}
    """By the name of a file that was written here."""
    objects: set[str] = set()
    """The names of those that came from the URL."""


class Place(NamedTuple):
    """What a URL stands for."""

    system: Any
    """A file system of fsspec."""
    root: str


def open_place(url: str) -> Place:
    """Return the file system of a URL, and the folder in it. Raises Unavailable, StoreError."""
    try:
        import fsspec
    except ImportError as error:
        raise Unavailable(f"{url} needs: python -m pip install 'codelength[remote]'") from error
    try:
        system, root = fsspec.core.url_to_fs(url)
    except ImportError as error:
        extra = EXTRAS.get(url.partition("://")[0], "remote")
        need = f"python -m pip install 'codelength[{extra}]'"
        raise Unavailable(f"{url} needs: {need} ({error})") from error
    except Exception as error:  # whatever a file system raises
        raise StoreError(f"{url} cannot be opened: {describe(error)}") from error
    return Place(system, root.rstrip("/"))


def describe(error: BaseException) -> str:
    """Put what a file system has raised into one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]


class Mirror:
    """A folder with what is behind a URL; what is written to it goes there."""

    def __init__(self, url: str) -> None:
        """Bring here what the URL has. Raises Unavailable, StoreError."""
        self.url, self._place = url, open_place(url)
        self._home, self._lock_file = _own_folder(url)
        self.path = self._home / (PurePosixPath(self._place.root).name or "results")
        """The folder."""
        self.path.mkdir(exist_ok=True)
        self._state = _read_state(self._home / STATE)
        self._lock, self._ended = Lock(), Event()
        self._push()  # what a command that was killed has left
        self._settle()
        self._pull()
        self._thread = Thread(target=self._go_on, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Send what is left. Raises StoreError; then it stays here, for the next command."""
        self._ended.set()
        self._thread.join()
        try:
            self._push()
            self._settle()
        finally:
            os.close(self._lock_file)

    def _pull(self) -> None:
        """Bring the lines of others here: each object once, as none ever changes."""
        system, root = self._place
        try:
            system.invalidate_cache()
            found = system.find(root, detail=True)
        except FileNotFoundError:
            found = {}
        except Exception as error:  # whatever a file system raises
            raise StoreError(f"{self.url} cannot be read: {describe(error)}") from error
        kinds = {FILE}
        for name, facts in found.items():
            inner = name.removeprefix(root).lstrip("/")
            path = self.path / inner
            if not inner.endswith(".jsonl") or not path.resolve().is_relative_to(self.path):
                continue
            self._state.objects.add(inner)
            kinds.add(WRITER.sub("", inner.removesuffix(".jsonl")) + ".jsonl")
            if path.exists() and path.stat().st_size == facts.get("size"):
                continue
            try:
                content = system.cat_file(name)
            except Exception as error:  # whatever a file system raises
                raise StoreError(f"{self.url}/{inner} cannot be read: {describe(error)}") from error
            write_file(path, content)
        for kind in kinds:  # so that a writer here gets a name with its time, behind the others
            path = self.path / kind
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        self._keep_state()

    def _own_files(self) -> Iterator[tuple[str, Path]]:
        """List what commands have written here, by the name within the folder."""
        for path in sorted(self.path.rglob("*")):
            inner = path.relative_to(self.path).as_posix()
            hidden = any(part.startswith(".") for part in path.relative_to(self.path).parts)
            if (
                path.suffix in (".jsonl", ".log")
                and inner not in self._state.objects
                and not hidden
            ):
                yield inner, path

    def _push(self) -> None:
        """Send the whole lines that have not gone out, as one new object for each file."""
        with self._lock:
            for inner, path in self._own_files():
                sent = self._state.sent.get(inner) or Sent(_stem(path, inner))
                with path.open("rb") as file:
                    file.seek(sent.bytes)
                    data = file.read()
                data = data[: data.rfind(b"\n") + 1]
                if not data:
                    continue
                name = f"{sent.stem}.{sent.parts + 1:04d}{path.suffix}"
                target = f"{self._place.root}/{name}"
                try:
                    self._place.system.makedirs(target.rpartition("/")[0], exist_ok=True)
                    self._place.system.pipe_file(target, data)
                except Exception as error:  # whatever a file system raises
                    raise StoreError(
                        f"{self.url} cannot be written: {describe(error)}; what was measured is in "
                        f"{self.path}, and the next command with this URL brings it there"
                    ) from error
                sent.bytes, sent.parts = sent.bytes + len(data), sent.parts + 1
                self._state.sent[inner] = sent
                self._keep_state()

    def _settle(self) -> None:
        """Forget files that have gone out whole: they come back as objects."""
        for inner, path in list(self._own_files()):
            sent = self._state.sent.get(inner)
            if sent and sent.bytes == path.stat().st_size:
                path.unlink()
                del self._state.sent[inner]
        self._keep_state()

    def _keep_state(self) -> None:
        write_file(self._home / STATE, msgspec.json.encode(self._state))

    def _go_on(self) -> None:
        while not self._ended.wait(EVERY):
            with suppress(StoreError):  # the end tries again, and says so if it fails
                self._push()


def _stem(path: Path, inner: str) -> str:
    """Return how the objects of a file begin; no other writer's do."""
    whole = inner.removesuffix(path.suffix)
    if WRITER.search(whole):
        return whole
    return f"{whole}-{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{uuid.uuid4().hex[:6]}"


def _own_folder(url: str) -> tuple[Path, int]:
    """Return a folder for a URL that no other command uses meanwhile, and its open lock."""
    import platformdirs

    cache = os.environ.get("CODELENGTH_CACHE") or platformdirs.user_cache_dir("codelength")
    name, number = hashlib.sha256(url.encode()).hexdigest()[:16], 0
    while True:
        home = Path(cache) / "stores" / f"{name}-{number}"
        try:
            home.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(home / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise StoreError(f"no copy of {url} can be kept in {home}: {error.strerror}") from error
        try:
            lock_file(descriptor)
        except OSError:  # another command has it
            os.close(descriptor)
            number += 1
        else:
            return home.resolve(), descriptor


def _read_state(path: Path) -> State:
    try:
        return msgspec.json.decode(path.read_bytes(), type=State)
    except (OSError, msgspec.MsgspecError):
        return State()
