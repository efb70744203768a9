import ctypes
import re
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from codelength import RAW, Codec, Image, Media, Sample, Unavailable
from codelength.coding.coder import Coder
from codelength.coding.segments import PredictorCoder, Segmenter
from codelength.coding.varint import read_varint, to_varint
from codelength.plugins import Plugins
from codelength.testing import check_codec, codec_checks, questions
from codelength_order2 import Order2Codec
from codelength_order2.counts import Order2
from kit_codecs import TESTED_ELSEWHERE, is_smallest, slow_marks

INSTALLED = [
    codec
    for codec in (entry.item for entry in Plugins().codecs)
    if codec.name.partition("-")[0] not in TESTED_ELSEWHERE and is_smallest(codec)
]
FAULTY = Plugins([str(Path(__file__).parents[1] / "faulty_plugin.py")], only=())

GIVEN = [
    "empty input",
    "plain bytes",
    "text",
    "images",
    "sound",
    "hints left out",
    "hints that do not fit",
]
"""The checks that give something to encode."""


def failed(codec: Codec, **limits: float) -> dict[str, str]:
    """The checks that fail, with their problems."""
    return {check: problem for check, problem, _ in codec_checks(codec, **limits) if problem}


def liar(name: str) -> Codec:
    return FAULTY.codec(name).item


@pytest.mark.parametrize(
    "codec", [pytest.param(c, marks=slow_marks(c), id=c.spec) for c in INSTALLED]
)
def test_every_installed_codec_conforms(codec):
    try:
        codec.check_available()
    except Unavailable as missing:
        pytest.skip(str(missing))
    check_codec(codec, timeout=60)


@pytest.mark.parametrize("name", ["honest-xor", "liar-prints"])
def test_an_honest_codec_conforms_even_if_it_prints(name):
    check_codec(liar(name))


@pytest.mark.parametrize(
    ("name", "lie"),
    [
        ("liar-drops", "'text': wrote 783 bytes, read 782"),
        ("liar-flips", "'text': byte 391 of 783: wrote"),
        ("liar-remembers", "decoding 'text' raised KeyError"),
    ],
)
def test_what_does_not_come_back_is_named(name, lie):
    problems = failed(liar(name))
    assert set(problems) >= set(GIVEN) - {"empty input"}
    assert lie in problems["text"]


@pytest.mark.parametrize(
    ("name", "lie"),
    [
        ("liar-segfaults", "killed its process with SIGSEGV"),
        ("liar-hangs", "took longer than 1 s"),
        ("liar-eats", "raised MemoryError (faulty_plugin.py:"),
        ("liar-exits", "ended its process with exit code 7"),
        ("liar-raises", "raised ValueError: this liar raises (faulty_plugin.py:"),
    ],
)
def test_what_cannot_be_encoded_is_named_and_costs_the_caller_nothing(name, lie):
    problems = failed(liar(name), timeout=1, memory=1 << 25)
    assert list(problems) == GIVEN
    assert problems["empty input"].startswith(f"encoding 'nothing' {lie}")
    if name not in ("liar-eats", "liar-raises"):  # those that do not come back are given up on
        assert "'text' was not tried after 3 calls that never came back" in problems["text"]


def test_a_byte_off_the_books_is_found():
    problems = failed(liar("liar-ledger"))
    assert list(problems) == ["ledger sums up"]
    assert "'one byte' has 0 bytes for a blob of 1: {'payload': 0}" in problems["ledger sums up"]


def test_declining_everything_is_no_way_to_pass():
    results = list(codec_checks(liar("liar-refuses")))
    declined = [result.check for result in results if result.declined and not result.problem]
    assert declined == GIVEN
    assert results[-1].check == "codes something"
    assert "declines every input" in results[-1].problem


def test_blobs_that_depend_on_chance_fail_three_checks_and_all_are_listed():
    with pytest.raises(AssertionError) as raised:
        check_codec(liar("liar-random"))
    first, *others = str(raised.value).splitlines()
    assert first == "liar-random fails 3 checks:"
    assert [line.split(":")[0].strip() for line in others] == [
        "same blob each time",
        "encode_many agrees",
        "same blob in another process",
    ]


@dataclass(frozen=True)
class Plain(Codec):
    """The data behind its checksum, of `part` bytes."""

    name: ClassVar[str] = "plain"
    part: int = 4
    secret: bytes = field(default=b"", repr=False)

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        return zlib.crc32(data).to_bytes(self.part, "big") + data

    def decode(self, blob: bytes) -> bytes:
        data = blob[self.part :]
        if zlib.crc32(data) != int.from_bytes(blob[: self.part], "big"):
            return self.damaged(blob)
        return data

    def damaged(self, blob: bytes) -> bytes:
        raise ValueError("wrong checksum")


def test_a_codec_of_a_test_module_with_settings_and_secrets_is_found_again():
    check_codec(Plain(part=5, secret=b"not in the spec"))


class Unmarked(Plain):
    """A setting that the decorator does not know of."""

    name = "unmarked"
    level: int = 1


def test_settings_without_the_decorator_are_a_problem():
    problem = questions.check_spec(Unmarked())
    assert problem == "Unmarked has settings and needs @dataclass(frozen=True) above it"


SEEDED = f"{hash('x') % 1000:03}".encode()
"""Three bytes that are others under another hash seed."""


class Careless(Plain):
    """Many small lies, each for another check."""

    name = "careless"

    @property
    def spec(self) -> str:
        return "careless:part=9"

    @property
    def versions(self) -> Mapping[str, str]:
        return {"libcareless": ""}

    @property
    def model_bytes(self) -> Mapping[str, int]:
        return {"weights": -1}

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        if isinstance(media, Image) and len(data) != media.height * media.frame_size:
            raise IndexError("pixels that are not there")
        return super().encode(data, media) + SEEDED

    def decode(self, blob: bytes) -> bytes:
        return blob[self.part : -3]

    def encode_many(self, samples: Sequence[Sample]) -> list[bytes]:
        return super().encode_many(samples)[::-1]

    def decode_many(self, blobs: Sequence[bytes]) -> list[bytes]:
        return super().decode_many(blobs[1:])

    def ledger(self, blob: bytes) -> Mapping[str, int]:
        return {"payload": len(blob), "framing": self.part}


def test_each_promise_has_a_check_of_its_own():
    problems = failed(Careless())
    assert problems["spec builds it again"].startswith("'careless:part=9' builds Careless(part=9)")
    assert problems["versions"].startswith("'libcareless' has the version ''; both have to be text")
    assert problems["model bytes"].startswith("model_bytes has -1 for 'weights', which is not a n")
    assert "raised IndexError: pixels that are not" in problems["hints that do not fit"]
    assert "differs in a batch" in problems["encode_many agrees"]
    assert "returns" in problems["decode_many agrees"]
    assert "becomes another blob" in problems["same blob in another process"]
    assert "bytes for a blob of" in problems["ledger sums up"]
    assert "same blob each time" not in problems


class Tabbed(Plain):
    """A codec whose versions no container can name."""

    name = "tabbed"

    @property
    def versions(self) -> Mapping[str, str]:
        return {"processor": "model name\t: AMD"}


def test_what_a_container_cannot_carry_is_no_version():
    assert "a container cannot carry 'model name\\t: AMD'" in failed(Tabbed())["versions"]


class Shows(Careless):
    """A codec that charges for more weights than it shows."""

    name = "shows"

    @property
    def model_bytes(self) -> Mapping[str, int]:
        return {"weights": 10}

    def model_samples(self) -> Iterator[Sample]:
        yield Sample("weights", b"12345")


def test_a_model_that_is_shown_has_the_size_that_is_charged():
    assert failed(Shows())["model bytes"] == (
        "model_bytes is {'weights': 10}, but model_samples has {'weights': 5}"
    )


class Boasting(Order2Codec):
    """States code lengths that are a little shorter than what it codes."""

    def code_lengths(self, samples: Sequence[Sample]) -> Iterator[NDArray[np.float64]]:
        for bits in super().code_lengths(samples):
            yield bits * 0.99


class Pretending(Order2Codec):
    """Codes with a limit of 1023, and shows the predictor of another."""

    @property
    def predictor(self) -> Order2:
        return Order2(20)

    @property
    def coder(self) -> Coder:
        return PredictorCoder(Order2(1023), Segmenter())


def test_code_lengths_that_are_not_coded_are_found():
    problems = failed(Boasting())
    assert list(problems) == ["code lengths are what is coded"]
    assert re.match(
        r"sum to [\d.]+ bytes; the blob has \d+, of which \d+ payload",
        problems["code lengths are what is coded"],
    )


def test_a_predictor_that_is_not_coded_with_is_found():
    problems = failed(Pretending())
    assert list(problems) == ["code lengths are what is coded"]
    assert "the predictor says" in problems["code lengths are what is coded"]


class Views(Plain):
    """Gives what is almost bytes."""

    name = "views"

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        return bytearray(super().encode(data, media))


def test_what_is_almost_bytes_is_not_enough():
    assert failed(Views())["empty input"] == "encoding 'nothing' gave bytearray, not bytes"


class Fragile(Codec):
    """Ignores what comes after its data, and falls over a wrong checksum."""

    name = "fragile"

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        return to_varint(len(data)) + zlib.crc32(data).to_bytes(4, "big") + data + b"unread"

    def decode(self, blob: bytes) -> bytes:
        size, at = read_varint(blob)
        data = blob[at + 4 : at + 4 + size]
        if len(data) == size and zlib.crc32(data) != int.from_bytes(blob[at : at + 4], "big"):
            ctypes.string_at(0)
        return data


def test_damage_must_neither_pass_silently_nor_kill():
    problems = failed(Fragile())
    assert list(problems) == ["truncated blobs", "corrupted blobs"]
    assert problems["truncated blobs"].startswith(
        "the blob of 'text', cut to 794 of 795 bytes, decodes to the whole data"
    )
    assert problems["corrupted blobs"].startswith(
        "decoding the blob of 'text', with byte 0 changed, killed its process with SIGSEGV"
    )


class Patient(Plain):
    """Waits for the rest of a damaged blob."""

    name = "patient"

    def damaged(self, blob: bytes) -> bytes:
        while True:
            time.sleep(1)


def test_damage_must_not_hang():
    problems = failed(Patient(), timeout=1)
    assert "'text', cut to 1 of 787 bytes, took longer than 1 s" in problems["truncated blobs"]


class Greedy(Plain):
    """Believes what a damaged blob says of its size."""

    name = "greedy"

    def damaged(self, blob: bytes) -> bytes:
        return bytes(1 << 40)


def test_memory_for_damage_is_bounded_and_running_out_of_it_is_an_exception():
    check_codec(Greedy())


def test_a_class_within_a_function_cannot_be_found_again():
    class Local(Plain):
        name = "local"

    problem = failed(Local())["reaches another process"]
    assert "Local cannot be sent to another process" in problem
    assert "at the top of a module" in problem


class Missing(Plain):
    name = "missing"
    needs = {"no_such_module": "no-such-package"}


def test_a_missing_library_is_said_once():
    assert failed(Missing()) == {
        "is installed": "missing is not installed: python -m pip install 'no-such-package'"
    }


class Slow(Plain):
    """Takes a second for 50,000 bytes."""

    name = "slow"

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        time.sleep(len(data) / 50_000)
        return super().encode(data, media)


def test_a_slow_codec_is_spared_the_long_input():
    results = {result.check: result for result in codec_checks(Slow(), timeout=1.3)}
    assert "they would take" in results["long input"].declined
    assert not any(result.problem for result in results.values())


SCRIPT = """
from codelength import RAW, Codec
from codelength.testing import check_codec

class Mine(Codec):
    name = "mine"
    def encode(self, data, media=RAW):
        return data[::-1]
    def decode(self, blob):
        return blob[::-1]

if __name__ == "__main__":
    check_codec(Mine())
    print("conforms")
"""


def test_a_script_may_check_its_own_codec(tmp_path):
    script = tmp_path / "script with a space.py"
    script.write_text(SCRIPT)
    ran = subprocess.run([sys.executable, script], capture_output=True, text=True, cwd=tmp_path)
    assert (ran.stdout, ran.stderr) == ("conforms\n", "")


def test_a_sample_is_given_with_and_without_its_hint():
    from codelength.testing.inputs import make_inputs

    samples = [sample for group in make_inputs().values() for sample in group]
    assert len({sample.name for sample in samples}) == len(samples)
    assert {sample.media.kind for sample in samples} == {"raw", "text", "image", "audio"}
    for sample in (*make_inputs()["images"], *make_inputs()["sound"]):
        assert sample.media.resized(len(sample.data)) == sample.media, sample.name
    assert isinstance(samples[0], Sample)
