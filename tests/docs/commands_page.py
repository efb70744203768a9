"""docs/commands.md out of the help texts: `python tests/docs/commands_page.py` writes it again."""

from pathlib import Path

import click
import shell

from codelength.cli import cli

PATH = Path(__file__).parents[2] / "docs" / "commands.md"
WIDTH = 96
HEAD = """\
# Commands

What every command says with `--help`. This page is made from the help texts by
`tests/docs/commands_page.py`, and a test holds it against them.

A command ends with 0 if all is well, 2 if the command cannot be meant, 3 if something
failed or nothing was measured, 4 if a round trip failed; where a command's own codes say more, its
text below has them. `--data DIR` may be given once for all as `CODELENGTH_DATA`.
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
