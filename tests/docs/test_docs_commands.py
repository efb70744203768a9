"""Command lines in the documentation and in help texts: they parse, and say what they end with."""

import ast
import inspect
import re
from collections.abc import Iterator

import pytest
import shell
from pages import PAGES, ROOT, Page

SHELL = ("", "sh", "bash", "shell", "console", "yaml", "yml")
EXIT_CODES = re.compile(r"(?i)exit codes?|\bends (with|in) \d")
COMMANDS = dict(shell.all_commands())


def shown(page: Page) -> Iterator[list[str]]:
    """The arguments of every command line of a page."""
    for block in page.blocks(*SHELL):
        yield from shell.commands(block.text)
    for span in page.spans():
        if span.startswith("codelength "):
            yield from shell.commands(span)


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_command_line_parses(page):
    wrong = {" ".join(given): shell.problem(given) for given in shown(page)}
    assert {line: problem for line, problem in wrong.items() if problem} == {}


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_option_that_is_named_exists(page):
    spans = (re.fullmatch(r"(--[a-z][\w-]*)([ =].*)?", span) for span in page.spans())
    named = {found[1] for found in spans if found}
    scripts = "".join(path.read_text("utf-8") for path in (ROOT / "benchmarks").glob("*.py"))
    assert {name for name in named - shell.options() if f'"{name}"' not in scripts} == set()


def test_the_pages_show_command_lines():
    assert len([line for page in PAGES for line in shown(page)]) > 20


@pytest.mark.parametrize(
    ("line", "arguments"),
    [
        ("codelength run --limit 2MB  # the head", [["run", "--limit", "2MB"]]),
        ("codelength run \\\n  --jobs 2", [["run", "--jobs", "2"]]),
        ("tar c x | codelength compress - | codelength decompress -",
         [["compress", "-"], ["decompress", "-"]]),
        ("pip install . && codelength run", [["run"]]),
        ("codelength list codecs|corpora", [["list", "codecs"], ["list", "corpora"]]),
        ("codelength gate [--update]", [["gate", "--update"]]),
        ("codelength leaderboard DIR…", [["leaderboard", "DIR"]]),
    ],
)  # fmt: skip
def test_command_lines_are_read_as_people_mean_them(line, arguments):
    assert list(shell.commands(line)) == arguments


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["run", "--codec", "gzip"], "No such option"),
        (["rnu"], "no command 'rnu'"),
        (["list", "codex"], "'codex' is not one of"),
        (["run", "--limit", "much"], "'much' is no size"),
        (["corpus", "fetsch", "kodak"], "fetsch"),
        (["plugins", "all"], "all"),
        (["report", "--sort", "ratio"], "Missing argument"),
    ],
)
def test_a_command_line_that_is_wrong_is_found(arguments, problem):
    assert problem in (shell.problem(arguments) or "")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_help_text_has_an_example_that_parses(name):
    text = inspect.cleandoc(COMMANDS[name].help or "")
    examples = [line for line in text.splitlines() if f"codelength {name}" in line]
    assert examples, f"'codelength {name} --help' shows no 'codelength {name} …'"
    for given in shell.commands(text):
        assert shell.problem(given) is None, given


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_that_ends_with_a_code_says_with_which(name):
    command = COMMANDS[name]
    source = ast.parse(inspect.getsource(command.callback))
    ends = [node.value for node in ast.walk(source) if isinstance(node, ast.Return)]
    if any(end is not None and ast.unparse(end) != "0" for end in ends):
        assert EXIT_CODES.search(command.help or ""), (
            f"'codelength {name} --help' has no exit codes"
        )
