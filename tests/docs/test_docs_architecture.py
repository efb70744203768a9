"""The page on architecture shows the layers that lint-imports enforces, and files that exist."""

import re
import tomllib

from pages import ROOT, Page

PAGE = Page(ROOT / "docs" / "architecture.md")
HARNESS = ROOT / "harness" / "codelength"


def layers_shown() -> list[set[str]]:
    """The packages of each line of the picture, from the top."""
    picture = next(block.text for block in PAGE.blocks("") if "harness/codelength/" in block.text)
    lines = re.findall(r"^  ([\w.]+(?: \| \w+)*) ", picture, re.MULTILINE)
    return [set(line.split(" | ")) for line in lines]


def test_the_picture_has_the_layers_that_are_enforced():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    (contract,) = [
        c for c in settings["tool"]["importlinter"]["contracts"] if c["type"] == "layers"
    ]
    enforced = [
        {name.strip().removeprefix("codelength.") for name in layer.split("|")}
        for layer in contract["layers"]
    ]
    assert [layer for layer in layers_shown() if layer != {"__init__.py"}] == enforced


def test_the_picture_has_every_package():
    packages = {path.parent.name for path in HARNESS.glob("*/__init__.py")}
    modules = {path.stem for path in HARNESS.glob("*.py")} - {"__main__", "__init__"}
    assert set().union(*layers_shown()) - {"__init__.py"} == packages | modules


def test_the_main_path_goes_through_about_ten_files():
    section = PAGE.text.partition("## The main path")[2].partition("\n## ")[0]
    path = re.findall(r"^\d+\. `([^`]+)`", section, re.MULTILINE)
    assert 8 <= len(path) <= 12
    assert path[0].startswith("harness/codelength/cli/")
    assert [name for name in path if not (ROOT / name).is_file()] == []
