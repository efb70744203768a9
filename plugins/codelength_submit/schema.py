"""`codelength schema`: what a line of results.jsonl is."""

import click


def json_schema() -> bytes:
    """Return the JSON Schema of a line: a cell, or what cells refer to."""
    import msgspec

    from codelength.results.cell import SCHEMA
    from codelength.results.store import Record

    schema = msgspec.json.schema(Record)
    about = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"A line of results.jsonl, schema {SCHEMA}",
    }
    return msgspec.json.format(msgspec.json.encode({**about, **schema}), indent=1) + b"\n"


@click.command()
def command() -> int:
    """Print the JSON Schema of the lines of a results folder.

    \b
    codelength schema > results.schema.json
    """
    click.echo(json_schema(), nl=False)
    return 0
