import hashlib
import io
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codelength import RAW, Codec, Sample, Unavailable, Unsupported, UsageError
from codelength.api.errors import CodelengthError
from codelength.plugins import Plugins
from codelength_container.container import (
    GROUP_BYTES,
    GROUP_SEGMENTS,
    LARGEST,
    SEGMENT,
    Container,
    Header,
    RoundTripError,
    Segment,
    group_size,
    pack,
)
from codelength_container.fields import ContainerError
from codelength_order2 import Order2Codec
from codelength_stdlib import Bz2, Gzip, Store

HAMLET = b"to be or not to be, that is the question\n"

STORED = bytes.fromhex(
    "8943444c010573746f726510000106707974686f6e06332e31312e3200af7b76ac101065938b67746f206265206f72"
    "206e6f7420746f2026ca4aef1010caa36f0362652c20746861742069732074686520875e1ff109094d9d05a3717565"
    "7374696f6e0a9c0d127100298d75450a769d0d9402ed9562a4b49d751ae0262943e0b7a8ddcbafb92209987f072d84"
    "22"
)
ZIPPED = bytes.fromhex(
    "8943444c010c677a69703a6c6576656c3d39400001047a6c696206312e322e313300ec6068c4403c96f863381f8b08"
    "000000000002032bc957484a55c82f52c8cb2f5128017174144a32124b14328b8174aa4261696a7149667e1e570976"
    "850096f86338400000004a61963e3b3cd1f4f4111f8b08000000000002032b51c82c5628c94855282c4d2d2ec9cccf"
    "e32ac957484a55c82f52c8cb2f51007374800a124b30140200d1f4f4113b0000000d6995f8007bd5fe1965a7d15086"
    "b20f924438da2de3eef3f7a3010baceed0b6692af5faf8805804b628"
)
"""Golden files: what format 1 has once written must decode forever."""


class Plain(Store):
    """As `store`, and made with the same on every machine."""

    versions: ClassVar[dict[str, str]] = {"python": "3.11.2"}  # type: ignore[assignment]


@dataclass(frozen=True)
class Model(Store):
    """As `store`, with weights that have to be the same."""

    name: ClassVar[str] = "model"
    weights: str = "3fa1"

    @property
    def requires(self) -> dict[str, str]:
        return {"weights": self.weights}

    @property
    def spec(self) -> str:
        return "model"


def packed(data: bytes, codec: Codec = Plain(), segment: int = 16) -> bytes:  # noqa: B008
    return b"".join(pack(codec, io.BytesIO(data), segment))


def opened(container: bytes) -> Container:
    return Container(io.BytesIO(container), "it")


def unpacked(container: bytes, codec: Codec = Plain()) -> bytes:  # noqa: B008
    return b"".join(opened(container).decode(codec))


def sealed(record: bytes) -> bytes:
    return record + zlib.crc32(record).to_bytes(4, "little")


def forged(*segments: tuple[int, int, bytes], codec: str = "store", size: int = 16) -> bytes:
    """A container with whatever is said, and right checksums: of (size, CRC, blob)."""
    records = [sealed(Segment(1, *segment).head + segment[2]) for segment in segments]
    total = sum(size for size, _, _ in segments)
    end = sealed(b"\0" + bytes([total]) + bytes(32))
    return Header(codec, size, {}, {}, {}).record() + b"".join(records) + end


def refused(container: bytes, codec: Codec = Plain()) -> CodelengthError:  # noqa: B008
    """The error that a container comes to; what is given before it is right."""
    given: list[bytes] = []
    with pytest.raises(CodelengthError) as caught:
        given.extend(opened(container).decode(codec))
    assert (HAMLET * 3).startswith(b"".join(given)) or not any(map(any, given))
    assert len(str(caught.value).splitlines()) == 1
    return caught.value


@settings(deadline=None)
@given(st.binary(max_size=300), st.integers(1, 400))
def test_what_goes_in_comes_out(data, segment):
    for codec in (Plain(), Gzip(), Bz2()):
        assert unpacked(packed(data, codec, segment), codec) == data


@settings(deadline=None)
@given(st.binary(max_size=60), st.integers(1, 20))
def test_a_predictor_meets_many_segments_at_once(data, segment):
    assert unpacked(packed(data, Order2Codec(), segment), Order2Codec()) == data


@pytest.mark.parametrize(
    ("golden", "codec", "data"), [(STORED, Store(), HAMLET), (ZIPPED, Gzip(), HAMLET * 3)]
)
def test_golden_containers_decode(golden, codec, data):
    assert unpacked(golden, codec) == data
    assert opened(golden).header.codec == codec.spec


def test_the_format_is_what_the_document_says():
    """Put group_size by hand from docs/compress.md."""

    def u32(value: int) -> bytes:
        return value.to_bytes(4, "little")

    header = b"\x89CDL" + b"\1" + b"\5store" + b"\x10" + b"\0" + b"\1\6python\0063.11.2" + b"\0"
    container = header + u32(zlib.crc32(header))
    for data in (HAMLET[:16], HAMLET[16:32], HAMLET[32:]):
        segment = bytes([len(data), len(data)]) + u32(zlib.crc32(data)) + data
        container += segment + u32(zlib.crc32(segment))
    end = b"\0" + bytes([len(HAMLET)]) + hashlib.sha256(HAMLET).digest()
    container += end + u32(zlib.crc32(end))
    assert container == STORED == packed(HAMLET)


def test_nothing_becomes_a_container_without_segments():
    container = opened(packed(b""))
    assert list(container.segments()) == []
    assert container.digest == hashlib.sha256(b"").digest()


def test_a_container_tells_what_made_it():
    class Told(Plain):
        requires: ClassVar[dict[str, str]] = {"weights": "3fa1"}  # type: ignore[assignment]
        model_bytes: ClassVar[dict[str, int]] = {"weights": 3_542_272}  # type: ignore[assignment]

    header = opened(packed(HAMLET, Told())).header
    assert header == Header(
        "store", 16, {"weights": "3fa1"}, {"python": "3.11.2"}, {"weights": 3_542_272}
    )


def test_every_truncation_is_refused():
    for golden, codec in ((STORED, Store()), (ZIPPED, Gzip())):
        for size in range(len(golden)):
            assert refused(golden[:size], codec).exit_code == 3


def test_every_flipped_bit_is_refused():
    for golden, codec in ((STORED, Store()), (ZIPPED, Gzip())):
        for at in range(len(golden)):
            for bit in range(8):
                changed = bytes([golden[at] ^ 1 << bit])
                error = refused(golden[:at] + changed + golden[at + 1 :], codec)
                assert error.exit_code == 3, (at, bit, error)


@settings(deadline=None)
@given(st.integers(0, len(STORED)), st.integers(0, len(STORED)), st.binary(max_size=12))
def test_what_is_cut_out_and_put_in_is_refused(start, stop, put):
    changed = STORED[: min(start, stop)] + put + STORED[max(start, stop) :]
    if changed != STORED:
        assert refused(changed).exit_code == 3


@settings(deadline=None)
@given(st.binary(max_size=100))
def test_noise_is_refused(noise):
    assert refused(noise).exit_code == 3
    assert refused(STORED[:5] + noise).exit_code == 3


def test_another_format_is_named():
    with pytest.raises(ContainerError, match="it has format 2, this codelength reads format 1"):
        opened(b"\x89CDL\2")


def test_what_is_no_container_is_called_so():
    for data in (b"", b"\x89CD", b"\x1f\x8b\x08"):
        with pytest.raises(ContainerError, match="it is no codelength container"):
            opened(data)


class Counting(io.BytesIO):
    """Knows the most that was asked of it at once."""

    most = 0

    def read(self, size: int | None = -1, /) -> bytes:
        assert size is not None
        self.most = max(self.most, size)
        return super().read(size)


@pytest.mark.parametrize(
    "behind",
    [
        b"\xff\xff\xff\xff\xff\xff\xff\xff\x7f",  # a segment
        b"\x80\x80\x80\x80\x04\xff\xff\xff\xff\x0fCRC.",  # a blob of a segment that may be
        b"\xff" * 20,
    ],
)
def test_a_length_that_lies_takes_no_memory(behind):
    source = Counting(Header("store", LARGEST, {}, {}, {}).record() + behind)
    with pytest.raises(ContainerError, match=r"breaks off|where at most|no number"):
        list(Container(source, "it").segments())
    assert source.most <= 1 << 20


@pytest.mark.parametrize("segment", [0, LARGEST + 1])
def test_a_header_with_impossible_segments_is_refused(segment):
    with pytest.raises(UsageError, match="segments have 1 to"):
        packed(b"", segment=segment)
    header = Header("store", 16, {}, {}, {}).record()[:-6]
    size = b"\0" if not segment else b"\x81\x80\x80\x80\x04"
    with pytest.raises(ContainerError, match=r"segments of 0 bytes|at most 1073741824 can be"):
        opened(sealed(header.removesuffix(b"\x10\0") + size + b"\0\0\0"))


def test_texts_that_could_talk_to_a_terminal_are_refused():
    with pytest.raises(UsageError, match="cannot carry"):
        Header("store:\x1b[2J", 16, {}, {}, {}).record()
    spoken = Header("store:?", 16, {}, {}, {}).record()[:-4].replace(b"?", b"\x1b")
    with pytest.raises(ContainerError, match="control characters"):
        opened(sealed(spoken))


def test_a_blob_that_decodes_to_more_than_it_says_is_an_error():
    bomb = Gzip().encode(bytes(10_000_000))[:4000]
    assert refused(forged((16, 0, bytes(17)))).exit_code == 4
    error = refused(forged((16, 0, Gzip().encode(bytes(1_000_000)))), Gzip())
    assert str(error).startswith("it: segment 1 decodes to 1000000 bytes, not 16")
    assert isinstance(refused(forged((16, 0, bomb)), Gzip()), RoundTripError)


def test_a_short_segment_can_only_be_the_last():
    short = (3, zlib.crc32(bytes(3)), bytes(3))
    assert "behind one that is not full" in str(refused(forged(short, short)))


def test_the_digest_of_the_whole_is_compared():
    zeros = (16, zlib.crc32(bytes(16)), bytes(16))
    error = refused(forged(zeros))
    assert str(error) == "it decodes to other bytes than went in"
    assert error.exit_code == 4


def test_other_weights_are_refused_with_both_named():
    with pytest.raises(Unavailable) as caught:
        unpacked(packed(HAMLET, Model("3fa1")), Model("77c0"))
    assert str(caught.value) == (
        "it was made by model with weights 3fa1, here 77c0; only the same decodes it"
    )
    with pytest.raises(Unavailable, match="weights 3fa1, here none"):
        unpacked(packed(HAMLET, Model("3fa1")))
    with pytest.raises(Unavailable, match="weights none, here 77c0"):
        unpacked(packed(HAMLET), Model("77c0"))
    assert unpacked(packed(HAMLET, Model("3fa1")), Model("3fa1")) == HAMLET


class Newer(Plain):
    """Decodes to other bytes than it once did."""

    versions: ClassVar[dict[str, str]] = {"python": "3.99"}  # type: ignore[assignment]

    def decode(self, blob: bytes) -> bytes:
        return blob.upper()


def test_versions_are_named_where_a_round_trip_fails_and_refuse_nothing_by_themselves():
    assert str(refused(STORED, Newer())) == (
        "it: segment 1 decodes to other bytes; it was made with python 3.11.2, here 3.99"
    )
    assert unpacked(STORED, Store()) == HAMLET


class Broken(Plain):
    """Fails in the way that is asked for."""

    def __init__(self, encodes: object = None, decodes: object = None) -> None:
        object.__setattr__(self, "ways", (encodes, decodes))

    def encode_many(self, samples: Sequence[Sample]) -> list[bytes]:
        return self._do(0, [bytes(sample.data) for sample in samples])

    def decode_many(self, blobs: Sequence[bytes]) -> list[bytes]:
        return self._do(1, list(blobs))

    def _do(self, side: int, honest: list[bytes]) -> list[bytes]:
        way = self.ways[side]  # type: ignore[attr-defined]
        if isinstance(way, Exception):
            raise way
        return way(honest) if way else honest  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("encodes", "error", "words"),
    [
        (ValueError("a\nb"), ContainerError, "store does not encode this: ValueError: a b"),
        (Unsupported("store takes nothing"), Unsupported, "store takes nothing"),
        (MemoryError(), ContainerError, "store does not encode this: MemoryError"),
        (lambda blobs: blobs[1:], ContainerError, "store does not encode this to bytes"),
        (lambda blobs: [None] * len(blobs), ContainerError, "does not encode this to bytes"),
        (lambda blobs: [b * 9999 for b in blobs], ContainerError, "makes 159984 bytes of 16"),
    ],
)
def test_a_codec_that_fails_to_encode_is_named(encodes, error, words):
    with pytest.raises(error, match=words):
        packed(HAMLET, Broken(encodes))


@pytest.mark.parametrize(
    ("decodes", "code", "words"),
    [
        (ValueError("a\nb"), 4, "it: one of the segments 1 to 3 does not decode: ValueError: a b"),
        (RecursionError(), 4, "one of the segments 1 to 3 does not decode: RecursionError"),
        (MemoryError(), 3, "it: one of the segments 1 to 3 needs more memory than is allowed"),
        (Unavailable("no such library"), 2, "no such library"),
        (lambda data: data[1:], 4, "does not decode to bytes"),
        (lambda data: [None, *data[1:]], 4, "does not decode to bytes"),
        (lambda data: [data[1], *data[1:]], 4, "it: segment 1 decodes to other bytes"),
        (lambda data: [*data[:2], b""], 4, "it: segment 3 decodes to 0 bytes, not 9"),
    ],
)
def test_a_codec_that_fails_to_decode_is_named(decodes, code, words):
    error = refused(STORED, Broken(decodes=decodes))
    assert words in str(error)
    assert error.exit_code == code


class Grouped(Plain):
    """Notes what it is given at once."""

    encoded: ClassVar[list[int]] = []
    decoded: ClassVar[list[int]] = []

    def encode_many(self, samples: Sequence[Sample]) -> list[bytes]:
        assert {sample.media for sample in samples} == {RAW}
        self.encoded.append(len(samples))
        return super().encode_many(samples)

    def decode_many(self, blobs: Sequence[bytes]) -> list[bytes]:
        self.decoded.append(len(blobs))
        return super().decode_many(blobs)


def test_both_sides_meet_the_same_groups():
    data = bytes(2 * GROUP_SEGMENTS + 5)
    assert unpacked(packed(data, Grouped(), 1), Grouped()) == data
    assert Grouped.encoded == Grouped.decoded == [GROUP_SEGMENTS, GROUP_SEGMENTS, 5]
    assert group_size(64 << 10) == GROUP_BYTES >> 16
    assert group_size(SEGMENT) == group_size(LARGEST) == 1


def test_a_container_is_made_as_its_input_comes():
    taken = 0

    class Endless:
        def read(self, size: int, /) -> bytes:
            nonlocal taken
            taken += size
            return bytes(size)

    pieces: Iterator[bytes] = pack(Plain(), Endless(), 1 << 20)
    for _ in range(200):
        next(pieces)
    assert taken < 200 << 20


GOLDEN = Path(__file__).parent / "golden"
INPUT = Path(__file__).parents[1] / "golden" / "input.bin"


@pytest.mark.parametrize("file", sorted(GOLDEN.iterdir()), ids=lambda file: file.stem)
def test_containers_that_are_kept_decode(file):
    """Of each codec that comes with it; with weights, in several segments, of nothing."""
    with file.open("rb") as source:
        container = Container(source, file.name)
        codec = Plugins().codec(container.header.codec).item
        data = b"".join(container.decode(codec))
    assert data == (b"" if file.stem == "empty" else INPUT.read_bytes())
