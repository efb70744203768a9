"""What `fuzz.py` feeds with damaged input: every decoder and every parser that this project wrote.

A target has seeds, valid inputs that are damaged, and a function that takes an input. That function
returns, False if it refuses the input, or raises an error that the target documents. Whatever else
it raises is a fault.
"""

import random
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from functools import cache, partial
from io import BytesIO
from pathlib import Path
from tempfile import mkdtemp

from codelength.api.errors import CodelengthError, CorruptBlob, StoreError, UsageError
from codelength.coding.varint import read_varint, to_varint
from codelength.workers.calls import report_progress
from codelength.workers.limits import limit_memory, read_status

ROOM = 512 << 20
"""Bytes that an input may make the process allocate beyond what it has."""
LONGEST = 1 << 16
"""Bytes of an input at most."""

Take = Callable[[bytes], object]


@dataclass(frozen=True)
class Target:
    """One decoder or parser."""

    make: Callable[[], tuple[Sequence[bytes], Take]]
    """Returns the seeds, and what takes an input. Called in the process that works."""
    errors: tuple[type[Exception], ...] = (CorruptBlob,)
    """What it documents."""
    damage: Callable[[bytes, Sequence[bytes], random.Random], bytes] | None = None
    """Makes an input of a seed; by default `damaged`."""


def texts() -> list[bytes]:
    """What codecs encode for the seeds: nothing, little, text, bytes above 127, runs."""
    text = b"the cat sat on the mat; the dog sat on the cat. "
    every = bytes(range(256))
    return [b"", b"x", text * 2, every[::-1][:120], b"\0" * 200, (text + every[200:]) * 2]


def codec(spec: str) -> tuple[Sequence[bytes], Take]:
    from codelength.plugins import Plugins

    item = Plugins().codec(spec).item
    return [item.encode(data) for data in texts()], item.decode


def codec_of_tokens() -> tuple[Sequence[bytes], Take]:
    """A bundled model of bytes behind a tokenizer that lacks most of them."""
    import shutil

    import codelength_hf

    folder = Path(mkdtemp()) / "model"
    shutil.copytree(Path(codelength_hf.__file__).parent / "models" / "transformer-0.2m", folder)
    golden = Path(__file__).parents[1] / "tests/plugins/golden/tokenizer.json"
    shutil.copy(golden, folder)
    return codec(f"hf:model={folder},window=50")


def range_coder() -> tuple[Sequence[bytes], Take]:
    """Streams of up to 40 symbols under distributions that the length of the stream chooses."""
    import numpy as np

    from codelength.coding.range_coder import Decoders, Encoder

    def rows(count: int, alphabet: int) -> "np.ndarray":
        chance = np.random.default_rng(count * 1000 + alphabet)
        weights = chance.integers(1, 1 << 12, (count, alphabet)) ** 2 // 64 + 1
        return weights.astype(np.int32)

    seeds = []
    for count, alphabet in ((1, 2), (7, 2), (40, 3), (9, 257), (40, 200)):
        symbols = np.random.default_rng(count).integers(0, alphabet, count)
        encoder = Encoder()
        encoder.encode(symbols, rows(count, alphabet))
        seeds.append(bytes([count, alphabet - 2]) + encoder.finish())

    def take(data: bytes) -> None:
        if len(data) < 2:
            return
        count, alphabet = data[0] % 41, data[1] + 2
        decoders = Decoders([data[2:]])
        for row in rows(count, alphabet):
            decoders.decode(row[None])
        decoders.finish()

    return seeds, take


def containers() -> tuple[Sequence[bytes], Take]:
    from codelength.plugins import Plugins
    from codelength_container.container import Container, pack

    item = Plugins(only=["stdlib"]).codec("zlib").item
    seeds = [
        b"".join(pack(item, BytesIO(data), size)) for data in texts() for size in (16, 100, 1 << 20)
    ]

    def take(data: bytes) -> None:
        for _ in Container(BytesIO(data), "x").decode(item):
            pass

    return seeds, take


def reseal(seed: bytes, seeds: Sequence[bytes], chance: random.Random) -> bytes:
    """Damage a container, and make the checksums of header, segments and end right again.

    So the damage gets past them, to what reads the fields.
    """
    import zlib

    data, at, out = damaged(seed, seeds, chance), 0, b""

    def close(end: int) -> None:
        nonlocal at, out
        piece = data[at : max(at, end - 4)]
        out, at = out + piece + zlib.crc32(piece).to_bytes(4, "little"), end

    with suppress(Exception):
        from codelength_container.container import Container

        source = BytesIO(seed)
        Container(source, "x")
        close(source.tell())
        while True:
            size, behind = read_varint(data, at)
            if not size:
                break
            length, behind = read_varint(data, behind)
            if behind + 4 + length + 4 > len(data):
                break
            close(behind + 4 + length + 4)
        close(len(data))
    return out + data[at:]


def results() -> tuple[Sequence[bytes], Take]:
    """Results folders of both schemas."""
    golden = Path(__file__).parents[1] / "tests/results/golden"
    lines = [
        line + b"\n"
        for file in sorted(golden.glob("*results.jsonl"))
        for line in file.read_bytes().splitlines()
    ]
    from codelength.results.store import FILE, load

    folder = Path(mkdtemp())

    def take(data: bytes) -> bool:
        (folder / FILE).write_bytes(data)
        return not load(folder).problems

    return [b"".join(lines[i : i + 3]) for i in range(0, len(lines), 3)], take


def reports() -> tuple[Sequence[bytes], Take]:
    """Results folders that are shown as a board, by every exporter that needs no browser."""
    from codelength.report.board import build_board
    from codelength.report.board_page import BoardPage
    from codelength.report.export import EXPORTERS
    from codelength.report.export.terminal import to_text
    from codelength.report.submissions import read_folders
    from codelength.results.store import FILE

    folder = Path(mkdtemp())

    def take(data: bytes) -> bool:
        (folder / FILE).write_bytes(data)
        read = read_folders([folder])
        page = BoardPage(build_board(read))
        "".join(to_text(page))
        for exporter in EXPORTERS:
            if exporter.name in ("markdown", "json", "csv"):
                exporter.export(page)
        return not any(results.problems for results in read.values())

    return results()[0], take


ODD = (
    0, -1, 1, 7, 0.5, 1e-300, 1e300, 1 << 40, 1 << 63, "", "x", "x" * 300, "\x1b[2J", "a\nb", "<b>",
    None, True, [], {}, [[]], [1], {"a": 1},
)  # fmt: skip
"""What stands in a file that somebody has edited."""


def edited(seed: bytes, seeds: Sequence[bytes], chance: random.Random) -> bytes:
    """Change a few values in lines of JSON, or damage the bytes."""
    import json

    if chance.random() < 0.3:
        return damaged(seed, seeds, chance)
    lines = []
    for line in seed.splitlines():
        with suppress(ValueError):  # a golden file has a line that a killed run left
            lines.append(json.loads(line))
    for _ in range(chance.choice((1, 1, 2, 4))):
        inner = chance.choice(lines)
        while True:
            keys = list(inner) if isinstance(inner, dict) else list(range(len(inner)))
            if not keys:
                break
            key = chance.choice(keys)
            if isinstance(inner[key], dict | list) and chance.random() < 0.8:
                inner = inner[key]
            elif chance.random() < 0.1:
                del inner[key]
                break
            else:
                inner[key] = deepcopy(chance.choice(ODD))
                break
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def baselines() -> tuple[Sequence[bytes], Take]:
    from codelength_gate.baseline import load

    seed = (Path(__file__).parents[1] / "tests/plugins/gate/golden/schema2.json").read_bytes()
    path = Path(mkdtemp()) / "baseline.json"

    def take(data: bytes) -> None:
        path.write_bytes(data)
        load(path)

    take(seed)
    return [seed], take


def edited_baseline(seed: bytes, seeds: Sequence[bytes], chance: random.Random) -> bytes:
    """As `edited`, for a file that is one JSON value."""
    import json

    line = json.dumps(json.loads(seed)).encode()
    return edited(line, [line], chance)


def definitions() -> tuple[Sequence[bytes], Take]:
    """TOML files that describe command-line compressors."""
    import codelength_command
    from codelength_command.definition import read

    presets = (Path(codelength_command.__file__).parent / "presets.toml").read_bytes()
    tables = [b"[codec" + part for part in presets.split(b"\n[codec")[1:]]
    path = Path(mkdtemp()) / "codecs.toml"

    def take(data: bytes) -> None:
        path.write_bytes(data)
        read(path)

    return [b"\n".join(tables[:2]), b"\n".join(tables[2:4])], take


def files(kind: str) -> tuple[Sequence[bytes], Take]:
    """Pictures or recordings, read as media."""
    from codelength_reading import read_bytes, read_decoded

    path = Path(mkdtemp()) / f"file.{kind}"

    def take(data: bytes) -> bool:
        path.write_bytes(data)
        sample, reading = read_decoded(path, "file")
        if not reading.is_decoded:
            assert bytes(sample.data) == data == bytes(read_bytes(path, "file")[0].data)
        return reading.is_decoded

    return media_files()[kind], take


@cache
def media_files() -> dict[str, list[bytes]]:
    """Small files of every format that this project parses itself."""
    import struct
    import sys
    import zlib

    import numpy as np
    from PIL import Image as Pillow

    sys.path.insert(0, str(Path(__file__).parents[1] / "tests/corpora/reading"))

    wave = np.round(np.sin(np.arange(300) / 9) * 9000).astype("<i2")

    def chunk(name: bytes, body: bytes, order: str = "<") -> bytes:
        return name + struct.pack(order + "I", len(body)) + body + b"\0" * (len(body) % 2)

    def riff(body: bytes, channels: int = 1, bits: int = 16, form: int = 1) -> bytes:
        frame = channels * bits // 8
        fmt = struct.pack("<HHIIHH", form, channels, 8000, 8000 * frame, frame, bits)
        inner = b"WAVE" + chunk(b"fmt ", fmt) + chunk(b"LIST", b"INFOx") + chunk(b"data", body)
        return b"RIFF" + struct.pack("<I", len(inner)) + inner

    mono = wave.tobytes()
    ds64 = struct.pack("<QQQI", len(mono) + 72, len(mono), len(mono) // 2, 0)
    rf64 = b"RF64\xff\xff\xff\xffWAVE" + chunk(b"ds64", ds64)
    rf64 += chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 8000, 16000, 2, 16))
    rf64 += b"data\xff\xff\xff\xff" + mono
    rate = struct.pack(">HQ", 0x400B, 8000 << 51)
    comm = struct.pack(">hIh", 1, 300, 16) + rate
    inner = b"AIFF" + chunk(b"COMM", comm, ">")
    inner += chunk(b"SSND", bytes(8) + wave.astype(">i2").tobytes(), ">")
    aiff = b"FORM" + struct.pack(">I", len(inner)) + inner
    au = struct.pack(">4sIIIII", b".snd", 24, len(mono), 3, 8000, 1) + wave.astype(">i2").tobytes()
    caf = b"caff\0\1\0\0desc" + struct.pack(">qd4sIIIII", 32, 8000, b"lpcm", 2, 2, 1, 1, 16)
    caf += b"data" + struct.pack(">qI", len(mono) + 4, 0) + mono

    def guid(name: bytes, rest: str) -> bytes:
        return name + bytes.fromhex(rest)

    tail = "f3acd3118cd100c04f8edb8a"
    w64 = guid(b"wave", tail) + guid(b"fmt ", tail) + struct.pack("<Q", 40)
    w64 += struct.pack("<HHIIHH", 1, 1, 8000, 16000, 2, 16)
    w64 += guid(b"data", tail) + struct.pack("<Q", 24 + len(mono)) + mono
    w64 = guid(b"riff", "2e91cf11a5d628db04c10000") + struct.pack("<Q", 24 + len(w64)) + w64

    pixels = (np.mgrid[0:9, 0:11].sum(0) * 7 % 256).astype(np.uint8)

    def saved(picture: "np.ndarray", format: str, mode: str | None = None, **how: object) -> bytes:
        out = BytesIO()
        image = Pillow.fromarray(picture)
        (image.convert(mode) if mode else image).save(out, format, **how)
        return out.getvalue()

    wide = (pixels.astype(np.uint16) * 257).tobytes()

    def png(depth: int, colour: int, rows: list[bytes]) -> bytes:
        def piece(name: bytes, body: bytes) -> bytes:
            crc = zlib.crc32(name + body)
            return struct.pack(">I", len(body)) + name + body + struct.pack(">I", crc)

        head = struct.pack(">IIBBBBB", 11, len(rows), depth, colour, 0, 0, 0)
        data = zlib.compress(b"".join(b"\0" + row for row in rows))
        return b"\x89PNG\r\n\x1a\n" + b"".join(
            (piece(b"IHDR", head), piece(b"IDAT", data), piece(b"IEND", b""))
        )

    def tiff() -> list[bytes]:
        import tifffile

        made = []
        for picture in (pixels, pixels.astype(np.uint16), np.stack([pixels] * 3, -1)):
            out = BytesIO()
            tifffile.imwrite(out, picture, photometric="rgb" if picture.ndim == 3 else None)
            made.append(out.getvalue())
        return made

    def flac(**how: object) -> bytes:
        import soundfile

        out = BytesIO()
        soundfile.write(out, wave, 8000, format="FLAC", **how)
        return out.getvalue()

    return {
        "wav": [riff(mono), riff(mono, 2), riff(mono[:300], 1, 24), riff(mono, 1, 32, 3)],
        "rf64": [rf64],
        "w64": [w64],
        "aiff": [aiff],
        "caf": [caf],
        "au": [au],
        "flac": [flac(), b"ID3\4\0\0\0\0\0\5junk!" + flac(subtype="PCM_24")],
        "netpbm": [
            b"P5 11 9 255\n" + pixels.tobytes(),
            b"P6 # a comment\n3 11\n255\n" + pixels.tobytes(),
            b"P5 11 9 65535\n" + wide,
            b"P2 3 2 9\n1 2 3 4 5 6\n",
            b"P1 3 2\n101010\n",
            b"P4 9 2\n\xff\x80\x0f\x00",
        ],
        "png": [
            saved(pixels, "PNG"),
            saved(np.stack([pixels] * 3, -1), "PNG"),
            saved(pixels, "PNG", "P"),
            png(16, 0, [wide[at : at + 22] for at in range(0, len(wide), 22)]),
            png(4, 0, [bytes(6)] * 9),
        ],
        "jpeg": [
            saved(pixels, "JPEG"),
            saved(np.stack([pixels] * 3, -1), "JPEG"),
            saved(np.stack([pixels] * 3, -1), "JPEG", progressive=True),
            saved(pixels, "JPEG", restart_marker_blocks=1),
        ],
        "webp": [saved(np.stack([pixels] * 3, -1), "WEBP", lossless=True)],
        "bmp": [saved(np.stack([pixels] * 3, -1), "BMP"), saved(pixels, "BMP")],
        "tiff": tiff(),
    }


def varints() -> tuple[Sequence[bytes], Take]:
    from codelength.coding.varint import join_parts, split_parts

    numbers = [to_varint(1 << n) for n in range(0, 70, 7)]
    seeds = [bytes([n - 1]) + join_parts(numbers[:n]) for n in (1, 4, 9)]

    def take(data: bytes) -> None:
        for part in split_parts(data[1:], 1 + data[0] % 9) if data else ():
            value, end = read_varint(part)
            assert to_varint(value) == part[:end]

    return seeds, take


TARGETS = {
    "varint": Target(varints),
    "range-coder": Target(range_coder),
    "container": Target(containers, (CodelengthError,)),
    "container-resealed": Target(containers, (CodelengthError,), reseal),
    "results": Target(results, (StoreError,), edited),
    "report": Target(reports, (CodelengthError,), edited),
    "baseline": Target(baselines, (StoreError, UsageError), edited_baseline),
    "command-toml": Target(definitions, (UsageError,)),
    **{
        kind: Target(partial(files, kind), (CodelengthError,))
        for kind in (
            "netpbm", "wav", "rf64", "w64", "aiff", "caf", "au", "flac", "png", "jpeg", "webp",
            "bmp", "tiff",
        )
    },
    "order2": Target(partial(codec, "order2")),
    "mixer": Target(partial(codec, "mixer:memory=1")),
    "seven-bits": Target(partial(codec, "recurrent:size=0.2m,bits=7")),
    "recurrent": Target(partial(codec, "recurrent:size=0.2m")),
    "transformer": Target(partial(codec, "transformer:size=0.2m")),
    "online": Target(partial(codec, "online")),
    "mix": Target(partial(codec, "mix:size=0.2m,memory=1")),
    "hf-token": Target(codec_of_tokens),
}  # fmt: skip


def damaged(seed: bytes, seeds: Sequence[bytes], chance: random.Random) -> bytes:
    """Change a few things in `seed`, more often than not near its start."""
    data = bytearray(seed)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        reach = max(1, min(len(data), chance.choice((2, 8, 40, 400, LONGEST))))
        at = chance.randrange(reach)
        end = min(len(data), at + chance.choice((1, 2, 4, 8, 40)))
        match chance.randrange(10):
            case 0 | 1 if data:
                data[min(at, len(data) - 1)] ^= 1 << chance.randrange(8)
            case 2 if data:
                data[min(at, len(data) - 1)] = chance.choice((0, 1, 127, 128, 255))
            case 3:  # a number that is out of bounds
                size = chance.choice((1, 2, 4, 8))
                value = chance.choice((0, 1, (1 << 8 * size) - 1, 1 << 8 * size - 1))
                data[at : at + size] = value.to_bytes(size, chance.choice(("little", "big")))
            case 4:  # a varint of any size, where another may be
                with suppress(CorruptBlob):
                    _, behind = read_varint(bytes(data), min(at, len(data)))
                    data[at:behind] = to_varint(chance.getrandbits(chance.randrange(1, 66)))
            case 5:
                del data[at:end]
            case 6:
                data[at:at] = data[at:end] * chance.choice((1, 2, 50))
            case 7:
                data[at:at] = chance.randbytes(chance.choice((1, 4, 60)))
            case 8:
                other = chance.choice(seeds)
                data[at:] = other[chance.randrange(len(other) + 1) :]
            case _:
                del data[chance.randrange(len(data) + 1) :]
    return bytes(data[:LONGEST])


def inputs(name: str, seeds: Sequence[bytes], start: int, count: int) -> Iterator[bytes]:
    """Yield damaged inputs `start` to `start + count`; the same ones each time."""
    damage = TARGETS[name].damage or damaged
    for number in range(start, start + count):
        chance = random.Random(f"{name} {number}")
        yield damage(chance.choice(seeds), seeds, chance)


@cache
def prepared(name: str) -> tuple[Sequence[bytes], Take]:
    """Make the seeds, take each of them once, and limit the memory from then on."""
    seeds, take = TARGETS[name].make()
    for seed in seeds:
        take(seed)
    limit_memory(read_status("VmData") + ROOM)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return seeds, take


def try_inputs(name: str, start: int, count: int) -> tuple[int, float, list[tuple[int, str]]]:
    """Give inputs to a target.

    Returns:
        How many were decoded or read, the seconds that the slowest one took, and the faults: the
        number of the input, and the exception.
    """
    seeds, take = prepared(name)
    good, slowest = 0, 0.0
    faults: list[tuple[int, str]] = []
    for number, data in enumerate(inputs(name, seeds, start, count), start):
        report_progress(number)
        begin = time.perf_counter()
        try:
            good += take(data) is not False
        except TARGETS[name].errors:
            pass
        except Exception as error:
            faults.append((number, f"{type(error).__name__}: {error}"[:200]))
        slowest = max(slowest, time.perf_counter() - begin)
    return good, slowest, faults
