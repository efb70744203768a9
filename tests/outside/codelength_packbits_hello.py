"""`codelength hello`: a command from elsewhere."""

import click


@click.command()
@click.argument("name")
def command(name: str) -> None:
    """Say hello."""
    click.echo(f"hello, {name}")
