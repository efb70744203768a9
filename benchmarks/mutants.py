"""Breaks central places on purpose, one at a time: the tests named beside each have to fail.

python benchmarks/mutants.py --out reports/mutants

A copy of the tree gets one change; the tests run in it. Tests that pass all the same prove nothing
about that place, and the command ends with 1.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
COPIED = ("harness", "plugins", "corpora", "tests", "benchmarks", "reports/baseline.json")
ALSO = ("pyproject.toml", "README.md", "LICENSE")
TIMEOUT = 600.0

HARNESS = "harness/codelength/"


@dataclass(frozen=True)
class Mutant:
    """One change, and the tests that have to notice it."""

    what: str
    file: str
    old: str
    """Stands in the file exactly once."""
    new: str
    tests: str
    """What pytest is given."""


MUTANTS = (
    Mutant(
        "the bytes of a corpus are ignored when a run goes on",
        HARNESS + "measure/engine.py",
        "before.slice.identity != job.slice.identity",
        "before.slice.key != job.slice.key",
        "tests/faults/test_fault_resume.py -k same_size",
    ),
    Mutant(
        "versions are ignored when a run goes on",
        HARNESS + "measure/engine.py",
        "if said != (before.versions, before.digests, before.plugin):",
        "if said[1:] != (before.digests, before.plugin):",
        "tests/faults/test_fault_resume.py -k another_version",
    ),
    Mutant(
        "the code of a codec is ignored when a run goes on",
        HARNESS + "measure/engine.py",
        "not workers.has_same_code(code)",
        "False",
        "tests/measure/test_same_code.py -k edited",
    ),
    Mutant(
        "--memory is not applied",
        HARNESS + "measure/worker.py",
        "        limit_memory(memory)\n",
        "        pass\n",
        "tests/faults/test_fault_resume.py -k allocate",
    ),
    Mutant(
        "records are not written through to the disk",
        HARNESS + "results/journal.py",
        "            os.fsync(self._file)\n",
        "",
        "tests/faults/test_fault_resume.py -k on_the_disk",
    ),
    Mutant(
        "the time of encoding and that of decoding are swapped",
        HARNESS + "measure/codec_workers.py",
        "            decode=decoded,\n",
        "            decode=encoded.encode,\n",
        "tests/faults/test_fault_resume.py -k the_time_of_encoding",
    ),
    Mutant(
        "percentile intervals leave out a tenth",
        "plugins/codelength_studies/curve/bootstrap.py",
        "tail = 50 * (1 - CONFIDENCE)",
        "tail = 100 * (1 - CONFIDENCE)",
        "tests/studies/curve/test_bootstrap.py",
    ),
    Mutant(
        "what was decoded is not compared",
        HARNESS + "measure/worker.py",
        "        if output != data:\n",
        "        if len(output) != len(data):\n",
        "tests/measure/test_faulty_plugin.py -k liar_costs",
    ),
    Mutant(
        "the class of what a decoder gives is trusted",
        HARNESS + "measure/worker.py",
        "    return data if type(data) is bytes else memoryview(data).tobytes()",
        "    return data",
        "tests/measure/test_faulty_plugin.py -k size_of_a_blob",
    ),
    Mutant(
        "a codec whose second call gives other bytes is not noticed",
        HARNESS + "measure/worker.py",
        'raise ValueError("a second call on the same input gave other bytes")',
        "pass",
        "tests/measure/test_faulty_plugin.py -k liar_costs",
    ),
    Mutant(
        "a ledger need not sum to the coded bytes",
        HARNESS + "measure/worker.py",
        "    if ledger.total() != coded:\n",
        "    if False:\n",
        "tests/measure/test_faulty_plugin.py -k liar_costs",
    ),
    Mutant(
        "the groups of a stored result need not sum",
        HARNESS + "results/validity.py",
        "sum(raws) != raw or sum(codeds) != coded",
        "sum(raws) != raw",
        "tests/results/test_validity.py",
    ),
    Mutant(
        "of two results the earlier one counts",
        HARNESS + "results/store.py",
        "    return list({cell.key: cell for cell in cells}.values())",
        "    return list({cell.key: cell for cell in reversed(list(cells))}.values())",
        "tests/results/test_store.py",
    ),
    Mutant(
        "two runs write to one file",
        HARNESS + "results/journal.py",
        " | os.O_EXCL",
        "",
        "tests/results/test_store.py",
    ),
    Mutant(
        "the checksum of a container's records is not checked",
        HARNESS + "container/fields.py",
        'if int.from_bytes(self.take(4), "little") != crc:',
        'if int.from_bytes(self.take(4), "little") < 0:',
        "tests/plugins/container/test_container.py",
    ),
    Mutant(
        "what a segment decodes to is not checked",
        HARNESS + "container/container.py",
        "                if zlib.crc32(data) != segment.crc:\n",
        "                if False:\n",
        "tests/plugins/container/test_container.py",
    ),
    Mutant(
        "a stream that no encoder wrote is decoded",
        HARNESS + "coding/range_coder.py",
        "if size * 8 != written or (point - low) % (1 << STATE) != beyond:",
        "if size * 8 > written:",
        "tests/coding/test_range_coder.py",
    ),
    Mutant(
        "a hung codec's children go on",
        HARNESS + "workers/processes.py",
        "    end_descendants(leader)\n",
        "",
        "tests/workers/test_nothing_is_left.py",
    ),
    Mutant(
        "a corpus may differ from its digest",
        HARNESS + "measure/plan.py",
        "    if found != corpus.digest:\n",
        "    if False:\n",
        "tests/measure/test_faulty_plugin.py -k corpus_that_lies",
    ),
    Mutant(
        "a larger size is no regression",
        "plugins/codelength_gate/verdicts.py",
        "            if step > 0\n",
        "            if step > 1\n",
        "tests/plugins/gate/test_gate_verdicts.py",
    ),
    Mutant(
        "other bytes of the same size are equal",
        "plugins/codelength_gate/verdicts.py",
        "    if before.blobs != now.blobs:\n",
        "    if False:\n",
        "tests/plugins/gate/test_gate_verdicts.py",
    ),
    Mutant(
        "a model costs nothing in the adjusted ratio",
        HARNESS + "metrics/rates.py",
        "    return rate + model_bytes / (size or of.bytes)",
        "    return rate",
        "tests/metrics/test_means_and_rates.py",
    ),
    Mutant(
        "a command whose process a plugin ended is a success",
        HARNESS + "cli/guard.py",
        "    return _fail(noted, os.waitstatus_to_exitcode(status))",
        "    return os.waitstatus_to_exitcode(status)",
        "tests/cli/test_guard.py -k gate_that_a_plugin_ends",
    ),
    Mutant(
        "a file is written in place",
        HARNESS + "results/files.py",
        "        temporary.write_bytes(",
        "        target.write_bytes(b''); temporary.write_bytes(",
        "tests/results/test_files.py",
    ),
    Mutant(
        "a worker that takes too long is waited for",
        HARNESS + "workers/supervisor.py",
        "self.deadline = None if timeout is None else time.monotonic() + timeout",
        "self.deadline = None if timeout is None else time.monotonic() + 100 * timeout",
        "tests/workers/test_supervisor.py -k takes_too_long",
    ),
)


def copy_tree(folder: Path) -> None:
    """Copy what the tests need."""
    ignore = shutil.ignore_patterns("__pycache__", "*.nbi", "*.nbc")
    for name in COPIED:
        source, target = ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=ignore, symlinks=True)
        else:
            shutil.copy(source, target)
    for name in ALSO:
        shutil.copy(ROOT / name, folder / name)


def run_tests(folder: Path, tests: str) -> tuple[bool, str]:
    """Return whether they pass, and pytest's last line."""
    path = os.pathsep.join(str(folder / name) for name in ("harness", "plugins", "corpora"))
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-n", "0"]
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            [*command, *tests.split()],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
        )
    except subprocess.TimeoutExpired:
        return False, f"no end after {TIMEOUT:g} s"
    lines = done.stdout.strip().splitlines() or ["no output"]
    if done.returncode not in (0, 1):
        raise SystemExit(f"{tests}: pytest ended with {done.returncode}: {lines[-1]}")
    return done.returncode == 0, lines[-1]


def survives(mutant: Mutant, folder: Path) -> tuple[bool, float]:
    """Apply a mutant, run its tests, take it back; return whether they passed, and the time."""
    path = folder / mutant.file
    text = path.read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        raise SystemExit(f"{mutant.file} has {text.count(mutant.old)} times: {mutant.old!r}")
    path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    start = time.monotonic()
    try:
        return run_tests(folder, mutant.tests)[0], time.monotonic() - start
    finally:
        path.write_text(text, encoding="utf-8")


def page(rows: list[tuple[Mutant, bool, float]], command: str) -> str:
    """The table as Markdown."""
    noticed = sum(not survived for _, survived, _ in rows)
    lines = [
        "# Broken on purpose",
        "",
        f"{noticed} of {len(rows)} changes to central places were noticed by the tests",
        "beside them.",
        "",
        "Made by",
        "",
        f"    {command}",
        "",
        "| what was broken | where | tests | noticed |",
        "|---|---|---|---|",
    ]
    for mutant, survived, _ in rows:
        file, tests = mutant.file.removeprefix(HARNESS), mutant.tests.replace(" -k ", ", ")
        answer = "**no**" if survived else "yes"
        lines.append(f"| {mutant.what} | `{file}` | `{tests}` | {answer} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="those whose description holds this text")
    parser.add_argument("--out", type=Path, help="a folder for mutants.md")
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy_tree(folder)
        chosen = [mutant for mutant in MUTANTS if arguments.only in mutant.what]
        broken = 0
        for mutant in chosen:
            survived, seconds = survives(mutant, folder)
            if not survived:  # because of the change, and not in any case
                passed, last = run_tests(folder, mutant.tests)
                if not passed:
                    print(f"{mutant.tests} fails without any change: {last}", flush=True)
                    broken += 1
                    continue
            rows.append((mutant, survived, seconds))
            answer = "SURVIVED" if survived else "noticed"
            print(f"{answer:9} {seconds:6.1f} s  {mutant.what}", flush=True)
    if arguments.out:
        arguments.out.mkdir(parents=True, exist_ok=True)
        command = "python benchmarks/mutants.py " + " ".join(sys.argv[1:])
        (arguments.out / "mutants.md").write_text(page(rows, command), encoding="utf-8")
    return broken or any(survived for _, survived, _ in rows)


if __name__ == "__main__":
    sys.exit(main())
