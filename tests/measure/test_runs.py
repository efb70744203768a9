"""Whole runs: what they write, how they stop, how they go on."""

import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from codelength.measure.engine import execute
from codelength.measure.job import Limits
from codelength.measure.plan import make_plan
from codelength.measure.worker import group_sizes
from codelength.plugins import Plugins
from codelength.report.format import size
from codelength.results.cell import Status
from codelength.results.store import FILE, Store, load


def test_a_run_measures_every_cell_and_writes_a_report(codelength, tmp_path, data):
    ran = codelength(
        "run", "--codecs", "store,gzip,xz", "--corpora", f"path:{data}", "--out", "out"
    )
    assert ran.returncode == 0, ran.stderr
    cells = load(tmp_path / "out").current
    assert [cell.codec for cell in cells] == ["store", "gzip:level=9", "xz:preset=9e"]
    store, gzip, _ = cells
    assert store.coded_bytes == store.slice.bytes == sum(f.stat().st_size for f in data.iterdir())
    assert sum(gzip.ledger.values()) == gzip.coded_bytes == sum(coded for _, coded in gzip.groups)
    assert gzip.slice.kind == "text"
    assert len(gzip.encode.cpu[0]) == 5
    assert (tmp_path / "out" / "report.md").is_file()
    assert "gzip:level=9" in ran.stdout


def test_a_cell_says_which_samples_are_of_one_file(codelength, tmp_path, data):
    command = ["--codecs", "gzip", "--corpora", f"path:{data}", "--protocol", "whole,chunks:100"]
    assert codelength("run", *command, "--out", "out").returncode == 0
    whole, chunks = load(tmp_path / "out").current
    assert whole.clusters == []
    assert chunks.clusters is not None
    assert len(chunks.clusters) == len(chunks.groups) == chunks.slice.samples
    sums = dict.fromkeys(chunks.clusters, 0)
    for cluster, (raw, _) in zip(chunks.clusters, chunks.groups, strict=True):
        sums[cluster] += raw
    assert list(sums.values()) == [raw for raw, _ in whole.groups]


def test_a_limit_draws_a_sample_of_all_files_and_a_head_takes_the_first(codelength, tmp_path, data):
    command = ["run", "--codecs", "gzip,store", "--corpora", f"path:{data}", "--out"]
    ran = codelength(*command, "sample", "--limit", "2kB")
    assert ran.returncode == 0, ran.stderr
    total, files = sum(f.stat().st_size for f in data.iterdir()), len(list(data.iterdir()))
    cell = load(tmp_path / "sample").current[0]
    assert cell.slice.limit == "sample:2000"
    assert (cell.slice.draw.files, cell.slice.draw.bytes) == (files, total)
    assert 1000 < cell.slice.bytes <= 2000
    assert f"whole, {size(cell.slice.bytes)} of {size(total)}: 2 blocks of up to " in ran.stdout
    again = codelength(*command, "again", "--limit", "2kB")
    assert again.returncode == 0
    assert load(tmp_path / "again").current[0].slice == cell.slice
    assert codelength(*command, "head", "--limit", "head:2kB").returncode == 0
    head = load(tmp_path / "head").current[0].slice
    assert (head.limit, head.draw, head.bytes) == (2000, None, 2000)
    assert head.digest != cell.slice.digest
    assert codelength(*command, "all", "--limit", "1GB").returncode == 0
    whole = load(tmp_path / "all").current[0].slice
    assert (whole.limit, whole.draw, whole.bytes) == ("sample:1000000000", None, total)


@pytest.mark.parametrize(
    ("samples", "of", "groups", "clusters"),
    [(3, 3, 3, []), (4, 2, 4, [0, 0, 1, 1]), (3000, 600, 600, []), (3000, 3000, 1000, [])],
)
def test_at_most_a_thousand_groups_are_kept_and_none_is_of_two_clusters_cut_apart(
    samples, of, groups, clusters
):
    names = [f"file {i * of // samples}" for i in range(samples)]
    sums, found, by_cluster = group_sizes([(10, 3)] * samples, names)
    assert (len(sums), found) == (groups, clusters)
    assert by_cluster == ([(10, 3)] * 3000 if of == 3000 else [])
    assert (sum(raw for raw, _ in sums), sum(coded for _, coded in sums)) == (
        10 * samples,
        3 * samples,
    )


def test_the_same_command_again_measures_nothing_twice(codelength, tmp_path, data):
    command = ["run", "--codecs", "gzip,bz2", "--corpora", f"path:{data}", "--out", "out"]
    codelength(*command)
    before = load(tmp_path / "out").cells
    again = codelength(*command)
    assert load(tmp_path / "out").cells == before
    assert again.stderr.count("(measured before)") == 2
    assert again.returncode == 0


OWN_VERSION = """
from dataclasses import dataclass
from codelength import RAW, Codec, hookimpl

class Version(str):
    pass

@dataclass(frozen=True)
class OwnVersion(Codec):
    name = "own-version"
    versions = {"library": Version("1.2")}

    def encode(self, data, media=RAW):
        return data

    def decode(self, blob):
        return blob

@hookimpl
def codelength_codecs():
    return [OwnVersion()]
"""


def test_versions_may_be_of_a_librarys_own_type(codelength, tmp_path, data):
    (tmp_path / "own_version.py").write_text(OWN_VERSION)
    ran = codelength(
        "run",
        "--plugin",
        "own_version.py",
        "--codecs",
        "own-version",
        "--corpora",
        f"path:{data}",
        "--out",
        "out",
    )
    assert ran.returncode == 0, ran.stderr
    (cell,) = load(tmp_path / "out").current
    assert cell.versions["library"] == "1.2"


def test_model_bytes_that_are_no_number_of_bytes_costs_its_cells_only(codelength, tmp_path, data):
    odd = OWN_VERSION.replace(
        'versions = {"library": Version("1.2")}', 'model_bytes = {"weights": 5.5}'
    )
    (tmp_path / "odd.py").write_text(odd)
    command = ["--plugin", "odd.py", "--codecs", "own-version,gzip", "--corpora", f"path:{data}"]
    ran = codelength("run", *command, "--out", "out")
    assert ran.returncode == 3, ran.stderr
    assert [cell.status for cell in load(tmp_path / "out").current] == [Status.FAILED, Status.OK]


def test_what_a_corpus_says_of_itself_is_news_without_being_measured_again(
    codelength, tmp_path, data
):
    command = ["run", "--codecs", "gzip", "--corpora", f"path:{data}", "--out", "out"]
    codelength(*command)
    (measured,) = load(tmp_path / "out").current
    file = tmp_path / "out" / FILE
    file.write_text(file.read_text().replace('"kind":"text"', '"kind":"text","published":"1999"'))
    assert load(tmp_path / "out").current[0].slice.published == "1999"
    again = codelength(*command)
    assert again.stderr.count("(measured before)") == 1
    assert load(tmp_path / "out").current == [measured]


def test_a_corpus_that_has_changed_is_measured_again(codelength, tmp_path, data):
    command = ["run", "--codecs", "gzip", "--corpora", f"path:{data}", "--out", "out"]
    codelength(*command)
    (data / "c.txt").write_text("something new")
    codelength(*command)
    cells = load(tmp_path / "out").cells
    assert [cell.slice.samples for cell in cells] == [2, 3]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_stopped_keeps_what_it_has_and_goes_on(
    codelength, tmp_path, data, faulty_plugin, how
):
    command = ["run", "--codecs", "gzip,liar-hangs,bz2", "--corpora", f"path:{data}"]
    command += ["--out", "out", *faulty_plugin]
    run = subprocess.Popen(
        [sys.executable, "-m", "codelength", *command],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: (tmp_path / "out" / FILE).exists() and load(tmp_path / "out").cells)
    time.sleep(0.5)  # the codec that hangs has begun
    run.send_signal(how)
    out, err = run.communicate(timeout=20)
    assert [cell.codec for cell in load(tmp_path / "out").cells] == ["gzip:level=9"]
    wait_for(lambda: not workers(tmp_path))
    if how is signal.SIGINT:
        assert run.returncode == 3
        assert "interrupted with 2 cells to go; repeat the command" in err
        assert "gzip:level=9" in out
    codelength(*command, "--timeout", "1")
    statuses = {cell.codec: cell.status for cell in load(tmp_path / "out").current}
    assert statuses == {
        "gzip:level=9": Status.OK,
        "liar-hangs": Status.TIMEOUT,
        "bz2:level=9": Status.OK,
    }
    assert not list((tmp_path / "out").glob(".scratch-*"))


@pytest.mark.slow
def test_jobs_change_no_size(codelength, tmp_path, data):
    for jobs in ("1", "3"):
        codelength(
            "run", "--codecs", "gzip,bz2,xz", "--corpora", f"path:{data}", "--out", jobs,
            "--jobs", jobs, "--protocol", "whole,chunks:100,solid",
        )  # fmt: skip
    one, three = (
        {cell.key: (cell.coded_bytes, cell.blobs) for cell in load(tmp_path / jobs).current}
        for jobs in ("1", "3")
    )
    assert len(one) == 9
    assert one == three


def test_the_head_of_the_paper_is_counted_once(codelength, tmp_path, data):
    codelength(
        "run", "--codecs", "gzip", "--corpora", f"path:{data}", "--protocol", "paper",
        "--out", "out",
    )  # fmt: skip
    (cell,) = load(tmp_path / "out").current
    assert cell.slice.header_once
    assert cell.header_bytes == 21  # 10 of header, 3 for the byte, 8 of trailer


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["run", "--codecs", "zsdt"], "no codec 'zsdt'; did you mean 'zstd'?"),
        (["run", "--corpora", "kodack"], "no corpus 'kodack'; did you mean 'kodak'?"),
        (["run", "--protocol", "hole"], "no protocol 'hole'; did you mean 'whole'?"),
        (["run", "--protocol", "chunks"], "chunks needs 'size', as in chunks:size=…"),
        (["run", "--codecs", "gzip:level=12"], "level"),
        (["run", "--corpora", "kodak"], "kodak is not here: 'codelength corpus fetch kodak'"),
        (["run", "--corpora", "path:nowhere"], "no file or folder 'nowhere'"),
        (["run", "--plugin", "nowhere.py"], "no plugin file 'nowhere.py'; No such file"),
        (["run", "--data", "nowhere"], "--data nowhere is no folder"),
        (["report", "nowhere"], "no results in nowhere"),
        (["nowhere"], "no command 'nowhere'"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(codelength, arguments, line):
    ran = codelength(*arguments)
    assert ran.returncode == 2
    assert line in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
    assert ran.stdout == ""


def test_a_file_that_cannot_be_read_costs_itself_only(codelength, tmp_path, data):
    (data / "d.txt").symlink_to("nowhere")
    (tmp_path / "good").write_text("good")
    ran = codelength(
        "run", "--codecs", "gzip", "--corpora", f"path:{data},path:good", "--out", "out"
    )
    cells = {cell.slice.corpus: cell for cell in load(tmp_path / "out").current}
    assert cells["path:good"].ok
    assert cells[f"path:{data}"].slice.label == "local; 1 file could not be read"
    assert ran.returncode == 0


def workers(folder: Path) -> list[Path]:
    """Processes that work in `folder`."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "cwd").readlink() == folder:
                found.append(process)
    return found


def wait_for(condition, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_slow_codec_is_measured_on_the_sample_only(tmp_path):
    """gzip would take 0.1 s for everything, order2 some seconds."""
    plugins = Plugins()
    codecs, corpora = (
        plugins.select_codecs("gzip:level=9,order2"),
        plugins.select_corpora("structured"),
    )
    rules = plugins.select_protocols("whole")
    plan = make_plan(plugins, codecs, corpora, rules, "sample:20000", lambda _: None, within=1e-9)
    assert [target.slice.limit for target in plan.targets] == ["sample:20000", None]
    cells: dict = {}
    assert not plan.too_slow(plan.targets[1], cells)  # nothing is known of it yet
    with Store(tmp_path) as store:
        execute(plan, store, Limits())
    measured = load(tmp_path).current
    assert {(cell.codec, cell.slice.limit) for cell in measured} == {
        ("gzip:level=9", "sample:20000"),
        ("order2:limit=1023", "sample:20000"),
    }
    times = {c.codec: (c.encode.seconds + c.decode.seconds) for c in measured}
    scale = measured[0].slice.draw.bytes / measured[0].slice.bytes
    between = scale * (times["gzip:level=9"] + times["order2:limit=1023"]) / 2
    plan = make_plan(plugins, codecs, corpora, rules, "sample:20000", lambda _: None, between)
    with Store(tmp_path) as store:
        execute(plan, store, Limits())
    whole = [cell for cell in load(tmp_path).current if cell.slice.limit is None]
    assert [cell.codec for cell in whole] == ["gzip:level=9"]
    assert whole[0].slice.bytes == measured[0].slice.draw.bytes


def test_a_corpus_that_is_no_larger_than_a_sample_is_measured_once():
    plugins = Plugins()
    codecs, corpora = plugins.select_codecs("store"), plugins.select_corpora("prose,structured")
    rules = plugins.select_protocols("whole")
    plan = make_plan(plugins, codecs, corpora, rules, "sample:100000", lambda _: None, within=1)
    assert [(t.slice.corpus, t.slice.limit) for t in plan.targets] == [
        ("structured", "sample:100000"),
        ("prose", None),
        ("structured", None),
    ]


def test_of_controls_a_sample_is_all_that_is_measured():
    plugins = Plugins()
    codecs, corpora = [plugins.codec("store")], plugins.select_corpora("random,structured")
    rules = [plugins.protocol("whole")]
    plan = make_plan(plugins, codecs, corpora, rules, "sample:20000", lambda _: None, within=9)
    found = {(target.slice.corpus, target.slice.limit) for target in plan.targets}
    assert found == {
        ("random", "sample:20000"),
        ("structured", "sample:20000"),
        ("structured", None),
    }
