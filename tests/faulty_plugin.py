"""A plugin of codecs and corpora that break their promises, each in its own way, and one honest
codec. Load it with --plugin."""

import ctypes
import gc
import hashlib
import itertools
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import ClassVar

import msgspec

from codelength import RAW, Codec, Corpus, Media, Sample, Unsupported, hookimpl

FLIPPED = bytes(byte ^ 0x55 for byte in range(256))


def token(data: bytes) -> bytes:
    """All that a liar codes of data whose decoder looks for the rest elsewhere."""
    return hashlib.sha256(data).digest()[:8]


@dataclass(frozen=True)
class HonestXor(Codec):
    """Keeps every promise. The other codecs differ from it in one thing."""

    name: ClassVar[str] = "honest-xor"

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        return data.translate(FLIPPED)

    def decode(self, blob: bytes) -> bytes:
        return blob.translate(FLIPPED)


class Drops(HonestXor):
    """Loses the last byte."""

    name = "liar-drops"

    def decode(self, blob: bytes) -> bytes:
        return super().decode(blob)[:-1]


class Flips(HonestXor):
    """Changes a byte in the middle."""

    name = "liar-flips"

    def decode(self, blob: bytes) -> bytes:
        data = bytearray(super().decode(blob))
        if data:
            data[len(data) // 2] ^= 1
        return bytes(data)


class Segfaults(HonestXor):
    """Reads where nothing is."""

    name = "liar-segfaults"

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        return ctypes.string_at(0)


class Hangs(HonestXor):
    """Never comes back."""

    name = "liar-hangs"

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        while True:
            pass


class Eats(HonestXor):
    """Takes memory until there is no more."""

    name = "liar-eats"

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        eaten = []
        while True:
            eaten.append(b"\1" * (1 << 24))  # written to, so that it is really taken


class Exits(HonestXor):
    """Ends the process."""

    name = "liar-exits"

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        os._exit(7)


class Raises(HonestXor):
    """Has a bug."""

    name = "liar-raises"

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        raise ValueError("this liar raises")


KEPT: dict[bytes, bytes] = {}


class Remembers(HonestXor):
    """Compresses anything to eight bytes, as long as the process that encodes also decodes."""

    name = "liar-remembers"

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        KEPT[token(data)] = data
        return token(data)

    def decode(self, blob: bytes) -> bytes:
        return KEPT[blob]


class Random(HonestXor):
    """Another blob each time; it decodes well."""

    name = "liar-random"

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        return os.urandom(4) + super().encode(data)

    def decode(self, blob: bytes) -> bytes:
        return super().decode(blob[4:])


class Prints(HonestXor):
    """Talks where the harness listens."""

    name = "liar-prints"

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        os.write(1, b'\x00{"type": "encoded"}\n\xff garbage\n')
        print("encoding", len(data), "bytes", flush=True)
        return super().encode(data)


class Interrupts(HonestXor):
    """Writes to every descriptor that it finds, as a library does that confuses their numbers."""

    name = "liar-interrupts"

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        for descriptor in range(3, 64):
            with suppress(OSError):
                os.write(descriptor, b"a line for nobody\n")
        return super().encode(data)


class Closes(HonestXor):
    """Closes every descriptor, and goes on."""

    name = "liar-closes"

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        os.closerange(3, 64)
        time.sleep(600)
        return b""


class Forks(HonestXor):
    """Makes a second process of the one that it is in, and both go on."""

    name = "liar-forks"

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        os.fork()
        return super().encode(data)


class Equal(bytes):
    """Equal to anything."""

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = bytes.__hash__


class Short(bytes):
    """Says that it has one byte."""

    def __len__(self) -> int:
        return 1


class Flatters(HonestXor):
    """Gives back something else, of a class that hides it."""

    name = "liar-flatters"

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        return b"!"

    def decode(self, blob: bytes) -> bytes:
        return Equal()


class Shortens(HonestXor):
    """Gives blobs of a class that hides their size."""

    name = "liar-shortens"

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        return Short(super().encode(data))


class LeavesFile(HonestXor):
    """Keeps what it is given in a file, beside a blob of eight bytes."""

    name = "liar-leaves-file"

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        Path(tempfile.gettempdir(), token(data).hex()).write_bytes(data)
        return token(data)

    def decode(self, blob: bytes) -> bytes:
        return Path(tempfile.gettempdir(), blob.hex()).read_bytes()


class Searches(HonestXor):
    """Looks for the answer in all that its process has in memory."""

    name = "liar-searches"

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        return token(data)

    def decode(self, blob: bytes) -> bytes:
        frame, found = sys._getframe(), list(gc.get_objects())
        while frame := frame.f_back:  # type: ignore[assignment]
            found += [frame.f_locals]
        for _ in range(3):
            found += [thing for outer in found for thing in gc.get_referents(outer)]
            found = list({id(thing): thing for thing in found}.values())
        samples = (thing.data for thing in found if isinstance(thing, Sample))
        pieces = (thing for thing in found if isinstance(thing, bytes))
        return next(bytes(data) for data in (*samples, *pieces) if token(data) == blob)


class Reads(HonestXor):
    """Looks for the answer in the corpora of the modules that are loaded."""

    name = "liar-reads"

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        return token(data)

    def decode(self, blob: bytes) -> bytes:
        mine = (WrongDigest, Unreadable, Shifting)
        corpora = [
            thing
            for thing in gc.get_objects()
            if isinstance(thing, Corpus) and not isinstance(thing, mine)
        ]
        return next(
            bytes(sample.data)
            for corpus in corpora
            for sample in corpus.samples()
            if token(bytes(sample.data)) == blob
        )


class LeavesBeside(HonestXor):
    """Keeps what it is given beside its own temporary folder, and in those of other processes."""

    name = "liar-leaves-beside"

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        beside = Path(tempfile.gettempdir()).parent
        for folder in (beside, *filter(Path.is_dir, beside.iterdir())):
            (folder / token(data).hex()).write_bytes(data)
        return token(data)

    def decode(self, blob: bytes) -> bytes:
        beside = Path(tempfile.gettempdir()).parent
        return next(beside.rglob(blob.hex())).read_bytes()


class Removes(HonestXor):
    """Removes the temporary folders of its own process and of the others."""

    name = "liar-removes"

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        for folder in Path(tempfile.gettempdir()).parent.glob("codelength-*"):
            shutil.rmtree(folder, ignore_errors=True)
        return super().encode(data)


class Appends(HonestXor):
    """Keeps what it is given behind the blobs, in the file that the harness keeps them in."""

    name = "liar-appends"

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        for link in Path("/proc/self/fd").iterdir():
            if link.exists() and link.resolve().name == "blobs":
                os.pwrite(int(link.name), data, 1 << 20)
        return token(data)

    def decode(self, blob: bytes) -> bytes:
        links = Path("/proc/self/fd").iterdir()
        blobs = next(link for link in links if link.exists() and link.resolve().name == "blobs")
        return blobs.read_bytes()[1 << 20 :]


LEARNED: dict[bytes, bytes] = {}
CELLS = itertools.count()


class Learns(HonestXor):
    """Is honest in the first cell, and later hopes that its decoder knows the data from there."""

    name = "liar-learns"

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        if data == b"\0":  # so begins a cell
            LEARNED[b"cells"] = b"%d" % next(CELLS)
        return super().encode(data) if LEARNED[b"cells"] == b"0" else token(data)

    def decode(self, blob: bytes) -> bytes:
        data = LEARNED.get(blob) or super().decode(blob)
        LEARNED[token(data)] = data
        return data


class Anything:
    """Equal to anything, and no bytes at all."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return True

    def __len__(self) -> int:
        return 0


class Agrees(HonestXor):
    """Gives back what agrees with whatever it is compared with."""

    name = "liar-agrees"

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        return b"!"

    def decode(self, blob: bytes) -> bytes:
        return Anything()  # type: ignore[return-value]


class Memoises(HonestXor):
    """Is slow, save on what it has seen before."""

    name = "liar-memoises"

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        return slowly("encode", super().encode(data))

    def decode(self, blob: bytes) -> bytes:
        return super().decode(slowly("decode", blob))


@lru_cache
def slowly(direction: str, data: bytes) -> bytes:
    """Take some CPU time, once for the same data in the same direction."""
    hashlib.pbkdf2_hmac("sha256", data, b"", 30_000)
    return data


class LoadsLate(HonestXor):
    """Is slow once, as a codec is that loads a library for its first large sample."""

    name = "loads-late"

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        if len(data) > 1:
            load_late()
        return super().encode(data)


@cache
def load_late() -> None:
    """Take some CPU time."""
    hashlib.pbkdf2_hmac("sha256", b"", b"", 100_000)


class Floods(HonestXor):
    """Prints without measure, and fails."""

    name = "liar-floods"

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        for _ in range(10):
            os.write(2, b"z" * (1 << 20))
        raise ValueError("after a flood")


class Refuses(HonestXor):
    """Takes nothing at all."""

    name = "liar-refuses"

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        raise Unsupported("liar-refuses takes nothing")


class Ledger(HonestXor):
    """Keeps a byte off the books."""

    name = "liar-ledger"

    def ledger(self, blob: bytes) -> Mapping[str, int]:
        return {"payload": max(0, len(blob) - 1)}


class Lightens(HonestXor):
    """Has a model that weighs less than nothing."""

    name = "liar-lightens"

    @property
    def model_bytes(self) -> Mapping[str, int]:
        return {"weights": -(10**9)}


class Hides(HonestXor):
    """Keeps what it is given wherever it may write, as long as that is not its own folder."""

    name = "liar-hides"

    def places(self) -> list[Path]:
        here = Path(__file__).parent
        return [Path("/dev/shm"), Path("/tmp"), Path("/var/tmp"), Path.home(), Path.cwd(), here]

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        for place in self.places():
            with suppress(OSError):
                (place / token(data).hex()).write_bytes(data)
        return token(data)

    def decode(self, blob: bytes) -> bytes:
        files = [place / blob.hex() for place in self.places()]
        return next(file for file in files if file.exists()).read_bytes()


class HidesAtHome(Hides):
    """Keeps what it is given in its home, where it works, and in shared memory."""

    name = "liar-hides-at-home"

    def places(self) -> list[Path]:
        return [Path("/dev/shm"), Path.home(), Path.cwd()]


class Serves(HonestXor):
    """Tells its decoder the answer over sockets."""

    name = "liar-serves"

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        def serve() -> None:
            listening = socket.socket(socket.AF_UNIX)
            listening.bind(b"\0" + token(data))
            listening.listen()
            while True:
                with listening.accept()[0] as connection:
                    connection.sendall(data)

        if token(data) not in KEPT:
            KEPT[token(data)] = data
            threading.Thread(target=serve, daemon=True).start()
        return token(data)

    def decode(self, blob: bytes) -> bytes:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(b"\0" + blob)
            return b"".join(iter(lambda: connection.recv(1 << 16), b""))


class Peeks(HonestXor):
    """Looks for the answer in what other processes have in memory and in their open files."""

    name = "liar-peeks"

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        KEPT[token(data)] = data
        return data[:32] + len(data).to_bytes(4, "little")

    def decode(self, blob: bytes) -> bytes:
        if blob[0] == 0:
            return b"\0"
        for process in Path("/proc").glob("[0-9]*"):
            if int(process.name) != os.getpid():
                with suppress(OSError):
                    for line in (process / "maps").read_text().splitlines():
                        if " rw-p " in line:
                            start, end = (int(at, 16) for at in line.split()[0].split("-"))
                            with (process / "mem").open("rb") as memory:
                                memory.seek(start)
                                held = memory.read(end - start)
                            at = held.find(blob[:32])
                            if at >= 0:
                                return held[at : at + int.from_bytes(blob[32:], "little")]
        raise LookupError("nobody has it")


class Finds(HonestXor):
    """Looks for the answer in the files of the machine: here, in the folder it was started in."""

    name = "liar-finds"

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        return token(data)

    def decode(self, blob: bytes) -> bytes:
        files = (file for file in Path.cwd().rglob("*") if file.is_file())
        return next(file.read_bytes() for file in files if token(file.read_bytes()) == blob)


class Rummages(HonestXor):
    """Looks for the answer in another copy of the data; a variable says where that is."""

    name = "liar-rummages"

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        return token(data)

    def decode(self, blob: bytes) -> bytes:
        files = (file for file in Path(os.environ["ELSEWHERE"]).rglob("*") if file.is_file())
        return next(file.read_bytes() for file in files if token(file.read_bytes()) == blob)


STAYING = """
import sys, time
from pathlib import Path
name, data = sys.argv[1], bytes.fromhex(sys.argv[2])
for _ in range(200):
    for folder in Path(sys.argv[3]).parent.iterdir():
        (folder / name).write_bytes(data)
    time.sleep(0.05)
"""


class Stays(HonestXor):
    """Leaves a program behind that brings its decoder the answer."""

    name = "liar-stays"

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        words = [token(data).hex(), data.hex(), tempfile.gettempdir()]
        subprocess.Popen([sys.executable, "-c", STAYING, *words], start_new_session=True)
        return token(data)

    def decode(self, blob: bytes) -> bytes:
        file = Path(tempfile.gettempdir(), blob.hex())
        for _ in range(20):
            if file.exists():
                return file.read_bytes()
            time.sleep(0.05)
        raise LookupError("nobody has brought it")


def burn(seconds: float) -> None:
    """Take CPU time, by a clock that nobody has changed."""
    number = time.pthread_getcpuclockid(threading.get_ident())
    end = time.clock_gettime(number) + seconds
    while time.clock_gettime(number) < end:
        pass


class Rewinds(HonestXor):
    """Stops the clocks of its process."""

    name = "liar-rewinds"

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        import resource  # not there on Windows

        for clock in ("time", "perf_counter", "process_time", "thread_time", "monotonic"):
            setattr(time, clock, lambda: 0.0)
        resource.getrusage = lambda who: resource.struct_rusage([0.0] * 16)
        burn(0.1)
        return super().encode(data)


class Rewrites(HonestXor):
    """Changes what measures it."""

    name = "liar-rewrites"

    def decode(self, blob: bytes) -> bytes:
        from codelength.measure import worker

        burn(0.1)
        worker.cpu_seconds = lambda: 0.0
        return super().decode(blob)


class Delegates(HonestXor):
    """Leaves the work to programs that are no children of its process."""

    name = "liar-delegates"

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        done = Path(tempfile.gettempdir(), "done")
        work = "import sys, zlib; [zlib.crc32(b'x' * 100000) for _ in range(4000)]"
        program = f"{work}; open(sys.argv[1], 'w')"
        subprocess.run(["setsid", "--fork", sys.executable, "-c", program, done], check=True)
        while not done.exists():
            time.sleep(0.01)
        done.unlink()
        return super().encode(data)


class Forges(HonestXor):
    """Answers in the name of the worker that measures it."""

    name = "liar-forges"

    def encode_many(self, samples: Sequence[Sample]) -> list[bytes]:
        from codelength.measure.worker import Measured
        from codelength.results.cell import Phase
        from codelength.workers import calls
        from codelength.workers.messages import Done, encode

        burn(0.3)
        phase = Phase(cpu=[[1e-6]], wall=[[1e-6]], peak_bytes=1, baseline_rss_bytes=1)
        calls._channels[0].send(encode(Done(msgspec.Raw(encode(Measured(phase, 1e-6))))))
        return super().encode_many(samples)


class Recites(HonestXor):
    """Has a ledger without end."""

    name = "liar-recites"

    def ledger(self, blob: bytes) -> Mapping[str, int]:
        return {**super().ledger(blob), **{f"{number:0100}": 0 for number in range(20_000)}}


class Swells(HonestXor):
    """Has a large blob for the one byte that headers are measured by."""

    name = "liar-swells"

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        return bytes(1 << 16) if data == b"\0" else super().encode(data)


class Scribbles(HonestXor):
    """Changes its blobs when they have been measured, to make them small."""

    name = "liar-scribbles"

    def ledger(self, blob: bytes) -> Mapping[str, int]:
        with Path(tempfile.gettempdir(), "blobs").open("r+b") as file:
            file.truncate(0)
        return super().ledger(blob)


class WrongDigest(Corpus):
    """Is not what it says."""

    name = "liar-digest"
    title = "a corpus with a wrong digest"
    licence = "CC0-1.0"
    digest = "0" * 64

    def samples(self) -> Iterator[Sample]:
        yield Sample("one", b"what it holds")


class Unreadable(Corpus):
    """Breaks off in the middle."""

    name = "liar-unreadable"
    title = "a corpus on a bad disk"
    licence = "CC0-1.0"

    def samples(self) -> Iterator[Sample]:
        yield Sample("one", b"what can be read")
        raise OSError(5, "Input/output error", "two")


READINGS = itertools.count()
PROCESS = os.urandom(8).hex()


class Shifting(Corpus):
    """Other bytes at each reading."""

    name = "liar-shifting"
    title = "a corpus that changes"
    licence = "CC0-1.0"

    def samples(self) -> Iterator[Sample]:
        yield Sample("one", f"reading {next(READINGS)} of {PROCESS}".encode())


@hookimpl
def codelength_codecs() -> Iterable[Codec]:
    yield HonestXor()
    yield from (liar() for liar in (*HonestXor.__subclasses__(), HidesAtHome))


@hookimpl
def codelength_corpora() -> Iterable[Corpus]:
    return WrongDigest(), Unreadable(), Shifting()
