"""What is handed in to a shared board, and how a sample of it is measured again."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from codelength.plugins import Plugins
from codelength.results.cell import Cell, Code, Evidence
from codelength.results.store import Store, load
from codelength_submit import recheck
from codelength_submit.checks import find_problems
from codelength_submit.recheck import OTHER, SAME, UNKNOWN, choose_cells, measure_again
from codelength_submit.schema import json_schema
from codelength_submit.submit import command, open_pull_request, read_files
from factories import cell, corpus_slice, environment

DIGEST = "0" * 64
ROOT = Path(__file__).parents[3]


@pytest.fixture
def hand_over(tmp_path: Path) -> Callable[..., Path]:
    """Writes a results folder that can be handed in, but for what a test changes."""

    def write(commit: str = "0" * 40, **changes: object) -> Path:
        code = Code(run="run-1", files={"codec.py": DIGEST})
        changes.setdefault("evidence", Evidence.VERIFIED)
        fields = {"blobs": DIGEST, "code": code.digest, "plugin": "codelength 0.1.0", **changes}
        folder = tmp_path / "alice"
        with Store(folder) as store:
            store.append(environment("run-1", commit=commit))
            store.append(code)
            store.append(cell(**fields))
        return folder

    return write


def problems(folder: Path, *plugins: Path) -> str:
    return "\n".join(find_problems(load(folder), plugins))


def test_a_folder_that_others_can_measure_again_has_no_problem(
    hand_over: Callable[..., Path],
) -> None:
    assert problems(hand_over()) == ""


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"commit": "0" * 40 + "+changes"}, "had changes which no commit has"),
        ({"blobs": ""}, "no digest of its blobs"),
        ({"code": DIGEST}, "no record of the code"),
        ({"run": "run-9"}, "run run-9, of which there is no record"),
        ({"of": corpus_slice("path:/home/me/x")}, "on your machine only"),
        ({"plugin": "squeeze.py 123456789abc"}, "with --plugin squeeze.py"),
        ({"evidence": Evidence.ESTIMATE}, "nothing in it was decoded"),
    ],
)
def test_what_keeps_others_from_it_is_named(
    hand_over: Callable[..., Path], changes: dict[str, object], problem: str
) -> None:
    assert problem in problems(hand_over(**changes))


def test_a_plugin_that_comes_along_is_no_problem(hand_over: Callable[..., Path]) -> None:
    folder = hand_over(plugin="squeeze.py 123456789abc")
    assert problems(folder, Path("any/squeeze.py")) == ""


def test_a_line_that_is_no_result_is_a_problem(hand_over: Callable[..., Path]) -> None:
    folder = hand_over()
    with (folder / "results.jsonl").open("a") as file:
        file.write('{"type":"cell","codec":1}\n')
    assert "results.jsonl:4 is not a result" in problems(folder)


class Hub:
    """Stands for the hub: keeps what it is given."""

    calls: list[tuple[str, dict[str, object], list[SimpleNamespace]]] = []

    def create_commit(
        self, repository: str, operations: list[SimpleNamespace], **named: object
    ) -> SimpleNamespace:
        self.calls.append((repository, named, operations))
        return SimpleNamespace(pr_url=f"https://hub/{repository}/discussions/1")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    module = SimpleNamespace(HfApi=Hub, CommitOperationAdd=lambda **given: SimpleNamespace(**given))
    monkeypatch.setitem(sys.modules, "huggingface_hub", module)
    Hub.calls.clear()
    return Hub()


def test_a_pull_request_has_the_results_the_plugin_and_their_digests(
    hand_over: Callable[..., Path], hub: Hub, tmp_path: Path
) -> None:
    plugin = tmp_path / "squeeze.py"
    plugin.write_text("# a codec\n")
    folder = hand_over(plugin="squeeze.py 123456789abc")
    words = [str(folder), "--to", "hf://datasets/org/board", "--plugin", str(plugin)]
    dry = CliRunner().invoke(command, [*words, "--dry-run"], standalone_mode=False)
    assert dry.return_value == 0
    assert not hub.calls
    done = CliRunner().invoke(command, words, standalone_mode=False)
    assert done.return_value == 0, done.output
    assert "pull request: https://hub/org/board/discussions/1" in done.output
    ((repository, named, operations),) = hub.calls
    assert repository == "org/board"
    assert (named["repo_type"], named["create_pr"]) == ("dataset", True)
    assert "codelength run --corpora all" in str(named["commit_description"])
    content = {operation.path_in_repo: operation.path_or_fileobj for operation in operations}
    names = {"results.jsonl", "squeeze.py", "submission.json"}
    assert content.keys() == {f"submissions/alice/{name}" for name in names}
    assert json.loads(content["submissions/alice/submission.json"])["sha256"].keys() == {
        "results.jsonl",
        "squeeze.py",
    }


def test_nothing_is_handed_in_if_there_is_something_to_mend(
    hand_over: Callable[..., Path], hub: Hub
) -> None:
    words = [str(hand_over(blobs="")), "--to", "hf://datasets/org/board"]
    done = CliRunner().invoke(command, words, standalone_mode=False)
    assert done.return_value == 3
    assert not hub.calls


def test_a_hub_that_refuses_is_one_line(
    hand_over: Callable[..., Path], hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*given: object, **named: object) -> None:
        raise ValueError("401\nno token")

    monkeypatch.setattr(Hub, "create_commit", refuse)
    content = read_files(hand_over(), ())
    with pytest.raises(Exception, match="takes no pull request: ValueError: 401 no token"):
        open_pull_request("org/board", "alice", content, "")


def measured(spec: str, coded: int | None = None, **changes: object) -> Cell:
    """A cell that this machine has measured, or would have."""
    plugins = Plugins(only=["stdlib", "embedded"])
    found = measure_again_cell(plugins, spec)
    return cell(
        spec,
        found.slice,
        found.coded_bytes if coded is None else coded,
        **{
            "blobs": found.blobs,
            "versions": found.versions,
            "groups": found.groups,
            **changes,
        },
    )


def measure_again_cell(plugins: Plugins, spec: str) -> Cell:
    """Measure a codec on a corpus."""
    from codelength.measure.bench import measure_cell
    from codelength.measure.job import Job, Limits, Recipe
    from codelength.measure.plan import survey

    rules = [plugins.protocol("whole")]
    (target,) = survey([plugins.corpus("prose")], rules, 5000, lambda _: None)
    recipe = Recipe.of(plugins, plugins.codec(spec), target.plugins, target.places)
    return measure_cell(Job(recipe, target.slice, Limits(60), "run-1"))


@pytest.mark.slow
def test_a_cell_that_is_measured_again_has_the_same_bytes_or_not() -> None:
    plugins = Plugins(only=["stdlib", "embedded"])
    true = measured("gzip:level=9")
    assert measure_again(plugins, true, 60).verdict == SAME
    smaller = measured("gzip:level=9", coded=true.coded_bytes - 1)
    outcome = measure_again(plugins, smaller, 60)
    assert outcome.verdict == OTHER
    assert f"{true.coded_bytes:,} bytes here" in outcome.reason
    other = measure_again(plugins, measured("gzip:level=9", blobs=DIGEST), 60)
    assert (other.verdict, other.reason) == (OTHER, "as many bytes, and other ones")


def test_a_cell_that_cannot_be_compared_says_why() -> None:
    plugins = Plugins(only=["stdlib", "embedded"])
    there = cell("gzip:level=9", corpus_slice("prose"), versions={"zlib": "0.0.1"})
    assert measure_again(plugins, there, 60).reason == "zlib is another one here"
    unknown = cell("nothing", corpus_slice("prose"))
    assert measure_again(plugins, unknown, 60).verdict == UNKNOWN


def test_every_codec_is_drawn_before_any_twice_and_the_seed_decides() -> None:
    cells = [cell(f"codec{i % 3}", corpus_slice(f"corpus{i}")) for i in range(30)]
    chosen = choose_cells(cells, 3, "one")
    assert len({one.codec for one in chosen}) == 3
    assert choose_cells(cells, 3, "one") == chosen
    assert any(choose_cells(cells, 3, f"{seed}") != chosen for seed in range(5))


def test_the_committed_schema_is_that_of_the_lines() -> None:
    how = "python -m codelength schema > docs/results.schema.json"
    assert (ROOT / "docs" / "results.schema.json").read_bytes() == json_schema(), how


def test_the_exit_code_says_what_became_of_the_sample(
    hand_over: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = str(hand_over())
    for verdict, code in ((SAME, 0), (OTHER, 4), (UNKNOWN, 3)):
        monkeypatch.setattr(
            recheck,
            "measure_again",
            lambda _p, one, _t, verdict=verdict: recheck.Outcome(one, verdict, "why"),
        )
        done = CliRunner().invoke(recheck.command, [folder], standalone_mode=False)
        assert done.return_value == code
        assert verdict in done.output


def test_the_workflow_rechecks_what_a_pull_request_changes() -> None:
    yaml = pytest.importorskip("yaml")
    workflow = yaml.safe_load((ROOT / "docs" / "results-workflow.yml").read_text("utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    steps = workflow["jobs"]["recheck"]["steps"]
    (script,) = [step["run"] for step in steps if "codelength recheck" in step.get("run", "")]
    (line,) = [line for line in script.splitlines() if "codelength recheck" in line]
    options = {word for word in line.split() if word.startswith("--")}
    assert options <= {option for parameter in recheck.command.params for option in parameter.opts}


@pytest.mark.slow
def test_the_script_of_the_workflow_rechecks_each_changed_submission(tmp_path: Path) -> None:
    """With a stub for codelength that says what it was called with."""
    yaml = pytest.importorskip("yaml")
    workflow = yaml.safe_load((ROOT / "docs" / "results-workflow.yml").read_text("utf-8"))
    script = workflow["jobs"]["recheck"]["steps"][-1]["run"]
    tools, called = tmp_path / "tools", tmp_path / "called"
    tools.mkdir()
    (tools / "codelength").write_text(f'#!/bin/sh\necho "$@" >> {called}\n')
    (tools / "codelength").chmod(0o755)
    repository = tmp_path / "board"
    for name in ("alice", "bob"):
        (repository / "submissions" / name).mkdir(parents=True)
        (repository / "submissions" / name / "results.jsonl").write_text("{}\n")
    git = ["git", "-C", str(repository), "-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "one"]):
        subprocess.run([*git, *words], check=True)
    (repository / "submissions" / "bob" / "results.jsonl").write_text("{}\n{}\n")
    (repository / "submissions" / "bob" / "squeeze.py").write_text("")
    for words in (["add", "-A"], ["commit", "-qm", "two"]):
        subprocess.run([*git, *words], check=True)
    path = {"PATH": f"{tools}:{os.environ['PATH']}", "BASE": "HEAD~1", "SEED": "abc"}
    subprocess.run(["sh", "-c", script], cwd=repository, env={**os.environ, **path}, check=True)
    bob = "submissions/bob"
    expected = f"recheck {bob} --sample 5 --seed abc --plugin {bob}/squeeze.py\n"
    assert called.read_text() == expected
