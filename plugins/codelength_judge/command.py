"""`codelength judge`: a submission within a budget, on data that its author does not have."""

import contextlib
import hashlib
import os
import shutil
import sys
import time
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click
import msgspec

from codelength.api.errors import UsageError
from codelength.cli.options import DEVICE, SANDBOX, choose_sandbox
from codelength.cli.output import print_sections
from codelength.workers.sandbox import Sandbox
from codelength_judge.contest import Contest, Submission, read_contest, read_submission

if TYPE_CHECKING:
    from codelength_judge.verdict import Verdict

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("submission", type=FILE, metavar="SUBMISSION.toml")
@click.option("--contest", type=FILE, help="The contest; by default the one that it names.")
@click.option(
    "--hidden",
    type=click.Path(path_type=Path),
    metavar="FILE_OR_DIR",
    help="The hidden part, which only the organiser has.",
)
@click.option(
    "--key",
    type=FILE,
    help="Sign with this key: a private Ed25519 key as PEM, or a file with a secret.",
)
@click.option(
    "--out",
    type=FILE,
    default="verdict.json",
    show_default=True,
    metavar="FILE",
    help="Where the verdict is written.",
)
@click.option("--verify", is_flag=True, help="Check the signature of a verdict that was written.")
@SANDBOX
@DEVICE
def command(
    submission: Path,
    contest: Path | None,
    hidden: Path | None,
    key: Path | None,
    out: Path,
    verify: bool,
    sandbox: str,
) -> int:
    """Judge a submission to a contest with a budget.

    The codec of the submission encodes each part of the contest's data in one process. Another
    process, without network and without the data, decodes the blobs. What comes back is compared.
    The sum of blob, model and decoder, the seconds and the memory are compared with what the
    submission declares and the contest allows. The verdict is a JSON file, signed with --key.

    \b
    codelength judge submission.toml
    codelength judge submission.toml --hidden hidden.txt --key judge.pem --sandbox require
    codelength judge --verify verdict.json --key judge-public.pem

    \b
    Exit codes: 0 accepted, 1 it took more than allowed, 2 bad usage,
    3 the codec failed, 4 a round trip failed or a signature is wrong.
    """
    if verify:
        return verify_file(submission, key)
    from codelength_judge.verdict import to_table

    entry = read_submission(submission)
    rules_file = contest or submission.parent / entry.contest
    rules = read_contest(rules_file)
    if hidden is None and rules.hidden is not None:
        hidden = rules_file.parent / rules.hidden
    verdict = _judge(
        entry, submission.resolve().parent, rules, rules_file.parent / rules.open, hidden, sandbox
    )
    print_sections(to_table(verdict))
    if verdict.sandbox != Sandbox.NAMESPACES:
        click.echo(
            f"codelength: the codec was not kept wholly to itself (sandbox: {verdict.sandbox}); "
            "judge on Linux with user namespaces, with --sandbox require",
            err=True,
        )
    _write(out, verdict, key)
    return verdict.exit_code


def _judge(
    entry: Submission,
    home: Path,
    rules: Contest,
    open_place: Path,
    hidden_place: Path | None,
    sandbox: str,
) -> "Verdict":
    """Judge the submission in the folder `home`. Raises UsageError."""
    from msgspec.structs import replace

    from codelength.measure.job import Recipe
    from codelength.plugins import Plugins
    from codelength.report.progress import Meter
    from codelength.results.machine import commit, describe_machine
    from codelength_judge.contest import open_part
    from codelength_judge.costs import find_costs
    from codelength_judge.trial import Court
    from codelength_judge.verdict import NETWORK, Verdict, find_reasons

    limits = rules.limits.limits().narrowed(entry.declared.limits())
    parts = [open_part("open", open_place)]
    if hidden_place is not None:
        parts.append(open_part("hidden", hidden_place))
    places = [part.place for part in parts]
    with TemporaryDirectory(prefix="codelength-") as temporary, Meter(sys.stderr) as meter:
        folder = Path(temporary).resolve()
        own = copy_files(entry.files, home, folder / "entry")
        with contextlib.chdir(folder / "entry"):
            plugins = Plugins([str(path) for path in own if path.suffix == ".py"])
            for plugin in plugins.broken:
                if not plugin.package:
                    raise UsageError(f"the submission's {plugin.name}: {plugin.problem}")
            registered = plugins.codec(entry.codec)
            court = Court(
                recipe=Recipe.of(plugins, registered),
                folder=folder,
                entry=folder / "entry",
                hidden=[*places, home, *(_caches() if own else ())],
                limits=limits,
                threads=rules.threads,
                sandbox=choose_sandbox(sandbox, folder),
            )
            judged = [court.judge(part, meter.now) for part in parts]
            used = [one for _, said in judged for one in said]
            costs = find_costs(used, own)
        digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in own}
    results = [
        replace(part, model_bytes=sum(costs.model.values()), decoder_bytes=costs.decoder_bytes)
        if said
        else part
        for part, said in judged
    ]
    reasons = find_reasons(results, limits)
    return Verdict(
        accepted=not reasons,
        reasons=reasons,
        contest=rules.name,
        submission=entry.name,
        codec=registered.item.spec,
        files=digests,
        limits=limits,
        parts=results,
        totals={part.part: part.total for part in results},
        bits_per_byte={part.part: part.bits_per_byte for part in results},
        model=costs.model,
        decoder=costs.decoder,
        code={name: digest for of in used for name, digest in of.code.items()},
        versions={name: text for of in used for name, text in of.versions.items()},
        digests={name: text for of in used for name, text in of.digests.items()},
        sandbox=court.sandbox.value,
        network=NETWORK[court.sandbox.value],
        judged=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        codelength=version("codelength"),
        commit=commit(),
        machine=describe_machine(),
    )


def copy_files(names: list[str], home: Path, to: Path) -> list[Path]:
    """Copy the submission's own files into a folder that has nothing else. Raises UsageError."""
    to.mkdir()
    copied = []
    for name in names:
        source = (home / name).resolve()
        if not source.is_file() or not source.is_relative_to(home):
            raise UsageError(f"the submission's file {name} is not in its folder {home}")
        target = to / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        copied.append(target)
    return copied


def _caches() -> list[Path]:
    """Where this machine keeps models: code of a submission does not see it."""
    import platformdirs

    named = [os.environ.get(name) for name in ("HF_HOME", "HF_HUB_CACHE", "TORCH_HOME")]
    usual = [Path(platformdirs.user_cache_dir()) / name for name in ("huggingface", "torch")]
    return [path for path in (*map(Path, filter(None, named)), *usual) if path.is_dir()]


def _write(out: Path, verdict: "Verdict", key: Path | None) -> None:
    """Write a verdict, with its signature if there is a key. Raises UsageError, StoreError."""
    from codelength.results.files import write_file
    from codelength_judge.signature import sign

    message = msgspec.json.encode(verdict, order="sorted")
    signature = None if key is None else sign(message, key)
    whole = {"verdict": msgspec.Raw(message), "signature": signature}
    write_file(out, msgspec.json.format(msgspec.json.encode(whole), indent=1) + b"\n")
    told = "not signed: no --key" if signature is None else f"signed with key {signature.key}"
    click.echo(f"verdict: {out} ({told})", err=True)


def verify_file(path: Path, key: Path | None) -> int:
    """Check the signature of a verdict and show it. Raises UsageError, WrongSignature."""
    from codelength_judge.signature import Signature, check
    from codelength_judge.verdict import Verdict, to_table

    if key is None:
        raise UsageError("--verify takes the --key that the verdict was signed with")
    try:
        whole = msgspec.json.decode(path.read_bytes())
        verdict = msgspec.convert(whole["verdict"], Verdict)
        message = msgspec.json.encode(whole["verdict"], order="sorted")
        if whole["signature"] is None:
            raise UsageError(f"{path} is not signed")
        signature = msgspec.convert(whole["signature"], Signature)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    except (msgspec.MsgspecError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} is no verdict: {error}") from error
    check(message, signature, key)
    print_sections(to_table(verdict))
    click.echo(f"signature: good, {signature.algorithm} with key {signature.key}")
    return 0
