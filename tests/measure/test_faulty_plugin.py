"""Codecs and corpora that lie or break: each costs its own cells and is named."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

import faulty_plugin
from codelength import run as codelength_run
from codelength.results.cell import Cell, Status
from codelength.results.store import load
from codelength.workers.sandbox import Sandbox, strongest


def measured(folder) -> dict[str, Cell]:
    return {cell.codec: cell for cell in load(folder / "out").current}


@pytest.fixture
def run(codelength, faulty_plugin, data):
    def run(codecs, *options, corpora=f"path:{data}"):
        return codelength(
            "run",
            "--out",
            "out",
            "--codecs",
            codecs,
            "--corpora",
            corpora,
            *faulty_plugin,
            *options,
        )

    return run


LIARS = {
    3: [
        ("liar-remembers", Status.FAILED, ""),
        ("liar-segfaults", Status.FAILED, "its process died of SIGSEGV"),
        ("liar-exits", Status.FAILED, "its process ended with exit code 7 and no result"),
        ("liar-raises", Status.FAILED, "(faulty_plugin.py:"),
        ("liar-random", Status.FAILED, "a second call on the same input gave other bytes"),
        ("liar-ledger", Status.FAILED, "its ledger has "),
        ("liar-recites", Status.FAILED, "its cell takes 2,"),
        ("liar-lightens", Status.FAILED, "its weights has -1,000,000,000 bytes"),
        ("liar-refuses", Status.UNSUPPORTED, ""),
        ("liar-interrupts", Status.FAILED, "its process wrote b'a line for n' where its"),
        ("liar-closes", Status.FAILED, "its process closed the channel for its answer"),
        ("liar-leaves-file", Status.FAILED, "FileNotFoundError"),
        ("liar-leaves-beside", Status.FAILED, "StopIteration"),
        ("liar-removes", Status.FAILED, "No such file or directory"),
        ("liar-appends", Status.FAILED, "its file of blobs holds something else, too"),
        ("liar-searches", Status.FAILED, "StopIteration"),
        ("liar-agrees", Status.FAILED, "TypeError"),
    ],
    4: [
        ("liar-drops", Status.MISMATCH, "a.txt: wrote 2000 bytes, read 1999"),
        ("liar-flips", Status.MISMATCH, "a.txt: byte "),
        ("liar-flatters", Status.MISMATCH, "a.txt: wrote 2000 bytes, read 0"),
    ],
}
"""Exit code of the run → codecs with what becomes of their cells, and why."""


@pytest.mark.parametrize("code", LIARS)
def test_a_liar_costs_one_cell_and_is_named(run, tmp_path, code):
    """Each beside all others and an honest codec."""
    ran = run(",".join([*(liar for liar, _, _ in LIARS[code]), "gzip"]))
    cells = measured(tmp_path)
    for liar, status, reason in LIARS[code]:
        assert (liar, cells[liar].status) == (liar, status)
        assert reason in cells[liar].reason
        assert "\n" not in cells[liar].reason
        assert liar in ran.stdout
    assert cells["gzip:level=9"].ok
    assert ran.returncode == code


KEYED = """
import sys
from dataclasses import dataclass
from pathlib import Path
from codelength import RAW, Codec, hookimpl

sys.path.append(str(Path(__file__).parent))
import beside


@dataclass(frozen=True)
class Keyed(Codec):
    name = "keyed"
    key: str = ""

    def encode(self, data, media=RAW):
        (Path(self.key) if self.key else Path(__file__).parents[1] / "unnamed").read_bytes()
        return data

    def decode(self, blob):
        return blob


@hookimpl
def codelength_codecs():
    return [Keyed()]
"""

ISOLATED = pytest.mark.skipif(
    strongest() is not Sandbox.NAMESPACES, reason="users may make no namespaces here"
)


@ISOLATED
@pytest.mark.parametrize(
    ("liar", "reason"),
    [
        ("liar-hides", "StopIteration"),
        ("liar-serves", "ConnectionRefusedError"),
        ("liar-peeks", "nobody has it"),
        ("liar-finds", "StopIteration"),
        ("liar-stays", "nobody has brought it"),
    ],
)
def test_a_liar_finds_no_answer_outside_of_its_process(run, tmp_path, data, liar, reason):
    assert run(liar, "--sandbox", "require").returncode == 3
    cell = measured(tmp_path)[liar]
    assert cell.status is Status.FAILED
    assert reason in cell.reason
    hidden = [faulty_plugin.token(file.read_bytes()).hex() for file in data.iterdir()]
    places = faulty_plugin.Hides().places()
    assert not [name for name in hidden for place in places if (place / name).exists()]


@ISOLATED
def test_a_liar_finds_no_other_copy_of_the_data(run, tmp_path, data, monkeypatch):
    copy = tmp_path / "elsewhere"
    shutil.copytree(data, copy)
    monkeypatch.setenv("ELSEWHERE", str(copy))
    assert run("liar-rummages", "--sandbox", "require").returncode == 3
    assert "StopIteration" in measured(tmp_path)["liar-rummages"].reason
    assert run("liar-rummages", "--sandbox", "off", "--fresh").returncode == 0


@ISOLATED
def test_in_a_home_of_its_own_a_codec_has_the_files_that_its_settings_name(tmp_path, data):
    (tmp_path / "plugin").mkdir()
    (tmp_path / "plugin" / "beside.py").write_text("BIT = 1")
    (tmp_path / "plugin" / "keyed.py").write_text(KEYED)
    (tmp_path / "key").write_bytes(b"secret")
    (tmp_path / "link").symlink_to(tmp_path / "key")
    (tmp_path / "unnamed").write_bytes(b"secret")
    for name in ("key", "link", "unnamed"):
        out = tmp_path / f"out-{name}"
        plugins = [str(tmp_path / "plugin" / "keyed.py")]
        spec = f"keyed:key={tmp_path / name}" if name != "unnamed" else "keyed"
        (cell,) = codelength_run(spec, f"path:{data}", out=out, plugins=plugins).current
        assert cell.ok == (name != "unnamed"), cell.reason


@ISOLATED
@pytest.mark.skipif(not os.access("/dev/shm", os.W_OK), reason="there is no shared memory")
def test_a_folder_that_namespaces_cannot_share_gets_another_sandbox(codelength, data):
    with tempfile.TemporaryDirectory(dir="/dev/shm") as shared:
        command = ["--codecs", "zlib", "--corpora", f"path:{data}", "--out", f"{shared}/out"]
        refused = codelength("run", *command, "--sandbox", "require")
        assert refused.returncode == 2
        assert f"there is no sandbox for {shared}/out" in refused.stderr
        assert codelength("run", *command).returncode == 0
        (made,) = load(Path(shared, "out")).environments.values()
    assert made.sandbox.endswith("because namespaces cannot be had in the results folder")


@ISOLATED
def test_corpora_within_each_other_are_hidden_together(run, tmp_path, data):
    assert run("gzip", corpora=f"path:{data},path:{data}/a.txt").returncode == 0


@pytest.mark.parametrize("liar", ["liar-hides-at-home", "liar-stays", "liar-leaves-file"])
def test_without_a_sandbox_home_folder_and_shared_memory_are_the_workers_own(run, tmp_path, liar):
    assert run(liar, "--sandbox", "off").returncode == 3
    assert measured(tmp_path)[liar].status is Status.FAILED
    (made,) = load(tmp_path / "out").environments.values()
    assert made.sandbox == "none"


@pytest.mark.parametrize(
    "liar", ["liar-rewinds", "liar-rewrites", "liar-delegates", "liar-forges", "liar-scribbles"]
)
def test_a_liar_does_not_set_its_own_clock_or_size(run, tmp_path, liar):
    assert run(liar).returncode == 3
    cell = measured(tmp_path)[liar]
    assert cell.status is Status.FAILED
    if liar not in ("liar-forges", "liar-scribbles"):
        assert "s of CPU time by its own clock, and " in cell.reason


def test_a_header_is_no_larger_than_a_blob(run, tmp_path):
    assert run("liar-swells", "--protocol", "paper").returncode == 0
    cell = measured(tmp_path)["liar-swells"]
    assert cell.header_bytes == min(coded for _, coded in cell.groups)


def test_the_decoder_does_not_load_the_corpora(run, tmp_path):
    run("liar-reads", corpora="prose")
    assert measured(tmp_path)["liar-reads"].reason.startswith("StopIteration")


def test_the_decoder_does_not_know_a_corpus_from_another_cell(run, tmp_path):
    run("liar-learns", "--protocol", "whole,chunks:1000000")
    first, second = load(tmp_path / "out").current
    assert first.status is Status.OK
    assert second.status is Status.MISMATCH


def test_a_codec_that_remembers_results_does_not_look_fast(run, tmp_path):
    run("liar-memoises,loads-late", corpora="prose")
    cells = measured(tmp_path)
    for phase in (cells["liar-memoises"].encode, cells["liar-memoises"].decode):
        assert [len(times) for times in phase.cpu] == [1]
        assert phase.seconds > 0.005
    assert len(cells["loads-late"].encode.cpu[0]) == 5
    assert cells["loads-late"].encode.seconds < 0.005


def test_a_codec_that_hangs_is_stopped(run, tmp_path):
    ran = run("liar-hangs,gzip", "--timeout", "2")
    cells = measured(tmp_path)
    assert cells["liar-hangs"].status is Status.TIMEOUT
    assert "no result after 2 s" in cells["liar-hangs"].reason
    assert cells["gzip:level=9"].ok
    assert ran.returncode == 3


def test_a_codec_that_eats_memory_is_stopped(run, tmp_path):
    ran = run("liar-eats,gzip", "--memory", "400MB")
    cells = measured(tmp_path)
    assert cells["liar-eats"].status is Status.OUT_OF_MEMORY
    assert cells["gzip:level=9"].ok
    assert ran.returncode == 3


def test_what_a_codec_prints_does_not_disturb(run, tmp_path):
    assert run("liar-prints,honest-xor").returncode == 0
    assert {cell.status for cell in measured(tmp_path).values()} == {Status.OK}


@pytest.mark.parametrize(
    ("liar", "reason"),
    [
        ("liar-digest", "corpus liar-digest is not what it should be: digest "),
        ("liar-unreadable", ""),
        ("liar-shifting", "changed while it was measured"),
    ],
)
def test_a_corpus_that_lies_costs_its_cells_and_is_named(run, tmp_path, data, liar, reason):
    ran = run("gzip", corpora=f"{liar},path:{data}")
    cells = {cell.slice.corpus: cell for cell in load(tmp_path / "out").current}
    assert cells[liar].status is Status.FAILED
    assert reason in cells[liar].reason
    assert cells[f"path:{data}"].ok
    assert liar in ran.stdout
    assert ran.returncode == 3


def test_a_plugin_that_raises_on_import_is_named_and_the_others_run(run, tmp_path):
    broken = tmp_path / "broken.py"
    broken.write_text("raise RuntimeError('not today')\n")
    ran = run("gzip", "--plugin", str(broken))
    assert f"plugin {broken} is not active: RuntimeError: not today" in ran.stderr
    assert measured(tmp_path)["gzip:level=9"].ok
    assert ran.returncode == 3


def test_the_traceback_of_every_failed_cell_is_kept(run, tmp_path, data):
    run("liar-raises", corpora=f"path:{data / 'a.txt'},path:{data / 'b.txt'}")
    log = (tmp_path / "out" / "failures.log").read_text()
    assert log.startswith("=== liar-raises on path:")
    assert log.count("Traceback (most recent call last)") == 2


def test_the_size_of_a_blob_is_counted_and_not_asked_for(run, tmp_path, data):
    assert run("liar-shortens").returncode == 0
    size = sum(file.stat().st_size for file in data.iterdir())
    assert measured(tmp_path)["liar-shortens"].coded_bytes == size


def test_of_what_a_failed_codec_prints_the_end_is_kept(run, tmp_path):
    run("liar-floods")
    log = (tmp_path / "out" / "failures.log").read_text()
    assert log.endswith("ValueError: after a flood\n")
    assert len(log) < 1 << 17


def test_of_a_codec_that_forks_its_process_one_answers(run, tmp_path, data):
    corpora = ",".join(f"path:{file}" for file in sorted(data.iterdir()))
    assert run("liar-forks", corpora=corpora).returncode == 0
    cells = load(tmp_path / "out").current
    assert [cell.coded_bytes for cell in cells] == [cell.slice.bytes for cell in cells]
    assert len(cells) == 2
