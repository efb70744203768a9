"""`codelength doctor`: is this machine fit to measure on, and is everything here?"""

import os
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from importlib.util import find_spec

import click

from codelength.api.errors import Unavailable, UsageError
from codelength.cli.options import warn_broken, with_plugins
from codelength.cli.output import AS_JSON, aligned
from codelength.plugins import Plugins
from codelength.workers.loading import import_problems

BUSY = 0.3
"""Load for each core from which on wall times are not to be trusted."""


@click.command()
@AS_JSON
@with_plugins
def command(as_json: bool, plugins: Plugins) -> None:
    """Show the machine, what is installed, and how to get what is missing.

    \b
    codelength doctor
    codelength doctor --data MIRROR
    """
    from codelength.results.machine import describe_machine

    warn_broken(plugins)
    facts = describe_machine()
    sections = {
        "Machine": [[name, value] for name, value in facts.items()],
        "Advice": [["", line] for line in _advice(facts)],
        "Libraries": list(_libraries(plugins)),
        "Corpora": list(_corpora(plugins)),
    }
    if as_json:
        import msgspec

        click.echo(msgspec.json.format(msgspec.json.encode(sections), indent=1))
        return
    for title, rows in sections.items():
        if rows:
            click.echo(click.style(title, bold=True))
            click.echo("\n".join(f"  {line}".rstrip() for line in aligned(rows)))


def _advice(facts: dict[str, str]) -> Iterator[str]:
    loads, cores = facts["load"].split(), os.cpu_count() or 1
    load = 0.0 if loads == ["unknown"] else float(loads[0])
    if load > BUSY * cores:
        yield f"{load:.1f} of {cores} cores are busy: trust CPU time, not wall time"
    if facts["governor"] not in ("performance", "unknown"):
        yield f"the {facts['governor']} governor changes the clock; 'performance' does not"
    try:
        from codelength.coding.compiled import is_kept
        from codelength.coding.range_coder import next_symbol

        kept = is_kept(next_symbol)
    except Exception:  # a library is broken, which the list of libraries says
        return
    if not kept:
        yield (
            "compiled codecs compile again in every process, because no folder for their machine "
            "code can be written to; set NUMBA_CACHE_DIR"
        )


def _libraries(plugins: Plugins) -> Iterator[list[str]]:
    users: dict[tuple[str, str], dict[str, None]] = {}
    for codec in (entry.item for entry in plugins.codecs):
        for needed in codec.needs.items():
            users.setdefault(needed, {})[codec.name] = None
    problems = import_problems({module for module, _ in users if find_spec(module)})
    for (module, package), names in sorted(users.items()):
        use = f"for {', '.join(names)}"
        if module in problems:
            again = f"python -m pip install --force-reinstall {_distribution(module)}"
            yield [module, "broken", f"{use}: {problems[module]}; {again}"]
        elif find_spec(module):
            yield [module, _version(module), use]
        else:
            yield [module, "missing", f"{use}: python -m pip install {package!r}"]


def _corpora(plugins: Plugins) -> Iterator[list[str]]:
    for entry in plugins.corpora:
        try:
            entry.item.check_available()
        except Unavailable as error:
            yield [entry.item.spec, "missing", str(error)]
        except UsageError:  # it needs settings that only the command line can give
            continue
        else:
            yield [entry.item.spec, "here", entry.item.label]


def _version(module: str) -> str:
    try:
        return version(module)
    except PackageNotFoundError:
        return "installed"


def _distribution(module: str) -> str:
    return packages_distributions().get(module, [module])[0]
