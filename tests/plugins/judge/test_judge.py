"""What a judge accepts, what it refuses, and what it signs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from codelength.api.errors import UsageError
from codelength.workers.sandbox import Sandbox, strongest
from codelength_judge.command import copy_files, verify_file
from codelength_judge.contest import Bounds, digest_files, read_submission
from codelength_judge.costs import find_costs
from codelength_judge.signature import WrongSignature, check, sign
from codelength_judge.tasks import Used
from codelength_judge.verdict import Direction, Limits, PartResult, find_reasons

OPEN, HIDDEN = b"open to everybody " * 200, b"hidden from all but one " * 100

COPY = """
from dataclasses import dataclass
from pathlib import Path
from codelength import Codec, hookimpl

@dataclass(frozen=True)
class Copy(Codec):
    name = "copy"
    how: str = "honest"
    place: str = ""

    def encode(self, data, media=None):
        if self.how == "greedy":
            bytes(bytearray(1 << 30))
        if self.how == "keeps":
            Path(self.place, "answer").write_bytes(data)
        return b"" if self.how in ("keeps", "peeks") else data

    def decode(self, blob):
        if self.how == "wrong":
            return blob[:-1] + b"!"
        if self.how == "keeps":
            return Path(self.place, "answer").read_bytes()
        if self.how == "peeks":
            return Path(self.place).read_bytes()
        if self.how == "calls":
            import socket
            socket.create_connection(("127.0.0.1", int(self.place)), 5)
        return blob

@hookimpl
def codelength_codecs():
    return [Copy()]
"""

in_namespaces = pytest.mark.skipif(
    strongest() is not Sandbox.NAMESPACES, reason="users may make no namespaces here"
)


@pytest.fixture
def contest(tmp_path: Path) -> Path:
    """The folder of a contest, and of submissions to it."""
    folder = tmp_path / "contest"
    folder.mkdir()
    (folder / "open.txt").write_bytes(OPEN)
    (tmp_path / "hidden.txt").write_bytes(HIDDEN)
    (folder / "contest.toml").write_text(
        'name = "Small"\nopen = "open.txt"\n[limits]\nbytes = "9kB"\nseconds = 120\n'
        'memory = "2GB"\n'
    )
    (folder / "copy.py").write_text(COPY)
    return folder


def judge(folder: Path, codec: str, *words: object, more: str = "") -> tuple[int, dict, str]:
    """The exit code, the verdict, and what was printed."""
    own = "" if codec.startswith("gzip") else 'files = ["copy.py"]\n'
    text = f'name = "It"\ncodec = "{codec}"\n{own}{more}'
    (folder / "submission.toml").write_text(text)
    out = folder.parent / "verdict.json"
    command = [sys.executable, "-m", "codelength", "judge", folder / "submission.toml"]
    hidden = ["--hidden", folder.parent / "hidden.txt", "--out", out]
    done = subprocess.run(
        [*map(str, command), *map(str, hidden), *map(str, words)], capture_output=True, text=True
    )
    verdict = json.loads(out.read_text())["verdict"] if out.exists() else {}
    return done.returncode, verdict, done.stdout + done.stderr


def test_both_parts_are_coded_everything_is_charged_and_the_verdict_is_signed(
    contest: Path,
) -> None:
    key = contest.parent / "secret"
    key.write_bytes(os.urandom(32))
    code, verdict, printed = judge(contest, "copy", "--key", key)
    assert code == 0, printed
    assert verdict["accepted"]
    open_part, hidden = verdict["parts"]
    assert (open_part["part"], hidden["part"]) == ("open", "hidden")
    assert (open_part["blob_bytes"], hidden["blob_bytes"]) == (len(OPEN), len(HIDDEN))
    assert hidden["bytes"] == len(HIDDEN)
    zipped = open_part["decoder_bytes"]
    assert 300 < zipped < len(COPY) + 200
    assert verdict["totals"]["hidden"] == len(HIDDEN) + zipped
    assert verdict["bits_per_byte"]["open"] == 8
    assert verdict["files"].keys() == {"copy.py"}
    assert "zipped" in printed
    out = contest.parent / "verdict.json"
    assert verify_file(out, key) == 0
    out.write_text(out.read_text().replace('"accepted": true', '"accepted": false'))
    with pytest.raises(WrongSignature, match="it was changed since"):
        verify_file(out, key)


@pytest.mark.slow
def test_what_takes_more_than_it_declares_is_not_accepted(contest: Path) -> None:
    code, verdict, printed = judge(contest, "copy", more="[declared]\nbytes = 3000\n")
    assert code == 1
    assert not verdict["accepted"]
    assert f"of {3000:,}" in verdict["reasons"][0]
    assert "Not accepted" in printed


@pytest.mark.slow
def test_memory_past_the_limit_ends_it(contest: Path) -> None:
    code, verdict, _ = judge(contest, "copy:how=greedy", more='[declared]\nmemory = "500MB"\n')
    assert code == 3
    assert "more than 500,000,000 bytes of memory" in verdict["reasons"][0]


@pytest.mark.slow
def test_other_bytes_are_a_failed_round_trip(contest: Path) -> None:
    code, verdict, _ = judge(contest, "copy:how=wrong")
    assert code == 4
    assert not verdict["accepted"]
    assert "byte 3599 of 3600: wrote 0x20, read 0x21" in verdict["reasons"][0]


@pytest.mark.slow
@in_namespaces
@pytest.mark.parametrize("how", ["keeps", "peeks"])
def test_a_decoder_finds_neither_the_data_nor_what_the_encoder_has_left(
    contest: Path, how: str
) -> None:
    place = contest.parent / "hidden.txt" if how == "peeks" else "/var/tmp"
    code, verdict, _ = judge(contest, f"copy:how={how},place={place}", "--sandbox", "require")
    assert code in (3, 4)
    assert not any(part["round_trip"] for part in verdict["parts"])
    assert verdict["network"] == "none"


@pytest.mark.slow
def test_without_a_sandbox_it_says_so(contest: Path) -> None:
    code, verdict, printed = judge(contest, "copy", "--sandbox", "off")
    assert code == 0
    assert verdict["sandbox"] == "none"
    assert "not cut off" in verdict["network"]
    assert "was not kept wholly to itself" in printed


def test_a_key_pair_signs_and_the_public_key_checks(tmp_path: Path) -> None:
    ed25519 = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ed25519")
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        PublicFormat,
    )

    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    key = ed25519.Ed25519PrivateKey.generate()
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    signature = sign(b"the verdict", private)
    assert signature.algorithm == "ed25519"
    check(b"the verdict", signature, public)
    check(b"the verdict", signature, private)
    with pytest.raises(WrongSignature, match="changed"):
        check(b"the Verdict", signature, public)
    other = tmp_path / "other"
    other.write_bytes(os.urandom(32))
    with pytest.raises(WrongSignature, match="was signed with key"):
        check(b"the verdict", signature, other)
    with pytest.raises(UsageError, match="not a private"):
        sign(b"the verdict", public)


def test_a_submission_may_not_declare_more_than_the_contest_allows() -> None:
    contest = Limits(seconds=120, bytes=10)
    assert contest.narrowed(Limits(seconds=5, memory=7)) == Limits(seconds=5, bytes=10, memory=7)
    with pytest.raises(UsageError, match="declares 121 for seconds, the contest allows 120"):
        contest.narrowed(Limits(seconds=121))


def test_a_file_of_a_submission_is_in_its_folder(contest: Path, tmp_path: Path) -> None:
    (copied,) = copy_files(["copy.py"], contest, tmp_path / "entry")
    assert copied.read_text() == COPY
    with pytest.raises(UsageError, match="is not in its folder"):
        copy_files(["../hidden.txt"], contest, tmp_path / "other")


def test_a_misspelt_key_is_named(tmp_path: Path) -> None:
    path = tmp_path / "submission.toml"
    path.write_text('name = "It"\ncodec = "gzip"\nfile = ["a"]\n')
    with pytest.raises(UsageError, match="`file`"):
        read_submission(path)


def said(**fields: object) -> Used:
    """What a worker says of a codec."""
    given = {"model_bytes": {}, "library": [], "plugins": [], **fields}
    return Used(peak_bytes=1, versions={}, digests={}, code={}, **given)  # type: ignore[arg-type]


def test_code_that_borrows_a_model_pays_for_it(tmp_path: Path) -> None:
    own = [tmp_path / "own.py", tmp_path / "own.bin"]
    own[0].write_text("print()")
    own[1].write_bytes(bytes(1000))
    alone = find_costs([said()], own)
    assert list(alone.model.values()) == [1000]
    borrowing = find_costs([said(plugins=["codelength_recurrent"])], own)
    assert sum(borrowing.model.values()) > 1_000_000
    assert borrowing.decoder_bytes is not None
    assert alone.decoder_bytes is not None
    assert borrowing.decoder_bytes > alone.decoder_bytes + 5000
    assert find_costs([said(model_bytes={"weights": 5000})], own).model == {"weights": 5000}
    assert find_costs([said()], []).decoder_bytes is None


def test_reasons_name_part_and_figure() -> None:
    direction = Direction(seconds=9.0, cpu_seconds=1.0, peak_bytes=100)
    part = PartResult(
        part="open",
        files=1,
        bytes=10,
        digest="",
        blob_bytes=5,
        model_bytes=3,
        decoder_bytes=2,
        encode=direction,
        decode=direction,
        round_trip=True,
    )
    assert find_reasons([part], Limits(bytes=10, seconds=9, memory=100)) == []
    assert len(find_reasons([part], Limits(bytes=9, seconds=8, memory=99))) == 5


def test_limits_are_written_for_people() -> None:
    limits = Bounds(bytes="16MB", seconds="10min", memory=5).limits()
    assert limits == Limits(bytes=16_000_000, seconds=600.0, memory=5)


def test_a_digest_tells_where_files_part(tmp_path: Path) -> None:
    one, other = tmp_path / "1", tmp_path / "2"
    one.write_bytes(b"ab")
    other.write_bytes(b"c")
    whole = digest_files((one, other))
    one.write_bytes(b"a")
    other.write_bytes(b"bc")
    assert digest_files((one, other)) != whole
