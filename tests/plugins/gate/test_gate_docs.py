"""What the guide says of the gate is what it does; tests/docs has the rest."""

import math
import re
from pathlib import Path

from codelength_gate.baseline import LIMIT
from codelength_gate.command import command
from codelength_gate.outcome import Policy
from codelength_gate.timing import PASSES, SIGNIFICANCE, THRESHOLD
from codelength_gate.verdicts import Verdict

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"


def options_of(text: str) -> list[set[str]]:
    """The options of each `codelength gate` in a workflow or an action."""
    commands = re.findall(r"codelength gate (.*?)\n\s*(?:- |\w+=|echo )", text + "\n- ", re.S)
    return [set(re.findall(r"--[a-z][\w-]*", rest)) for rest in commands]


def test_the_workflow_and_the_action_use_options_that_the_command_takes():
    action = ROOT / ".github" / "actions" / "gate" / "action.yml"
    taken = {name for param in command.params for name in param.opts}
    shown = options_of((DOCS / "gate-workflow.yml").read_text("utf-8"))
    (used,) = options_of(action.read_text("utf-8"))
    assert {"--baseline", "--history", "--annotations", "--markdown", "--junit"} <= used <= taken
    assert len(shown) == 3
    assert {"--json", "--junit", "--markdown", "--keys", "--plugin"} <= shown[0] <= taken
    assert "--update" in shown[1] <= taken
    assert "--time" in shown[2] <= taken


def test_the_workflow_gives_the_action_inputs_that_it_has():
    action = (ROOT / ".github" / "actions" / "gate" / "action.yml").read_text("utf-8")
    inputs = action.partition("inputs:\n")[2].partition("outputs:")[0]
    known = set(re.findall(r"^  ([a-z]+):$", inputs, re.MULTILINE))
    for path in (DOCS / "gate-workflow.yml", ROOT / ".github" / "workflows" / "ci.yml"):
        given = re.search(
            r"actions/gate(?:@main)?\n +with:\n((?: {10}\w+: .*\n)+)", path.read_text("utf-8")
        )
        assert given is not None
        assert set(re.findall(r"^ +(\w+):", given[1], re.MULTILINE)) <= known


def test_figures_in_the_guide_are_those_of_the_code():
    text = " ".join((DOCS / "gate.md").read_text().split())
    assert f"more than {100 * math.expm1(THRESHOLD):.0f}% above" in text
    assert f"p ≤ {SIGNIFICANCE:g}" in text
    assert PASSES == 5
    assert "a baseline times a codec in five processes" in text
    assert "A check times it in one, or in five if it looks slower" in text
    assert f"the first {LIMIT // 1000} kB of each embedded corpus" in text


def test_every_verdict_that_blocks_is_in_the_table():
    text = (DOCS / "gate.md").read_text()
    for verdict in Verdict:
        if code := Policy().exit_code(verdict):
            assert re.search(rf"^\| {verdict} \|.*\| {code} \|$", text, re.MULTILINE), verdict
