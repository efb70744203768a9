"""docs/commands.md out of the help texts: `python tests/docs/commands_page.py` writes it again."""

from pathlib import Path

import click
import shell

from codelength.cli import cli

PATH = Path(__file__).parents[2] / "docs" / "commands.md"
WIDTH = 96
HEAD = """\
# Commands

The `--help` text of every command. `tests/docs/commands_page.py` makes this page from the help
texts; a test fails if the two differ.

Exit codes: 0 ok, 2 bad usage, 3 something failed or nothing was measured, 4 a round trip failed,
70 a bug in codelength.
If a command has other codes, its text below lists them. The variable `CODELENGTH_DATA` gives
`--data DIR` to all commands.
"""


def page() -> str:
    """The whole page."""
    commands = dict(shell.all_commands())
    sections = [
        f"## codelength {name}\n\n```text\n{said(commands[name], name)}\n```\n" for name in commands
    ]
    return "\n".join([HEAD, *sections])


def said(command: click.Command, name: str) -> str:
    """The help text, as wide as a page of text."""
    context = click.Context(
        command,
        click.Context(cli, info_name="codelength", **cli.context_settings),
        info_name=name,
        max_content_width=WIDTH,
        terminal_width=WIDTH,
    )
    return command.get_help(context).strip()


if __name__ == "__main__":
    PATH.write_text(page(), "utf-8")
