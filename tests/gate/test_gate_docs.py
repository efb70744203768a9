"""What the guide says of the gate is what it does; tests/docs has the rest."""

import math
import re
from pathlib import Path

from codelength.cli.gate import command
from codelength.gate.baseline import LIMIT
from codelength.gate.outcome import Policy
from codelength.gate.timing import PASSES, SIGNIFICANCE, THRESHOLD
from codelength.gate.verdicts import Verdict

DOCS = Path(__file__).parents[2] / "docs"


def test_the_workflow_to_copy_uses_options_that_the_command_takes():
    text = (DOCS / "gate-workflow.yml").read_text()
    commands = re.findall(r"codelength gate (.*?)\n {6}- ", text + "\n      - ", re.S)
    shown = [set(re.findall(r"--[a-z][\w-]*", rest)) for rest in commands]
    taken = {name for param in command.params for name in param.opts}
    assert len(shown) == 3
    assert {"--json", "--junit", "--markdown", "--keys", "--plugin"} <= shown[0] <= taken
    assert "--update" in shown[1] <= taken
    assert "--time" in shown[2] <= taken


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
