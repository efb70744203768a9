"""Trains a codec that learns from samples, and writes the file that one of its settings takes."""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from codelength import ModelCard, Sample, UsageError
from codelength.api.model_file import CARD
from codelength.api.spec import parse_size, split_specs
from codelength.cli.options import load_plugins
from codelength.plugins import Plugins
from codelength.report import format
from codelength.report.progress import Meter
from codelength_train.sources import of_path


def train_codec(spec: str, options: Mapping[str, Any]) -> None:
    """Train the codec on what the options of the command name, and write the file with its card.

    Raises UsageError for a codec that is not trained, and for too few data.
    """
    plugins = load_plugins(options["files"], options["mirror"])
    codec, size = plugins.codec(spec).item, parse_size(options["size"])
    if not codec.trains:
        raise UsageError(f"{codec.name} is not trained on samples; zstd is, for instance")
    codec.check_available()
    with Meter(sys.stderr) as meter:
        meter.now("reads the data")
        samples = list(_samples(plugins, options))
        raw = sum(len(sample.data) for sample in samples)
        meter.say(f"{codec.spec} on {len(samples):,} samples, {format.size(raw)}")
        model = codec.train(samples, size)
    out = Path(options["out"])
    card = ModelCard(
        data=f"{options['data'] or options['corpora']}: {len(samples)} samples, {raw} bytes, "
        f"{options['protocol']}",
        includes=tuple(split_specs(options["corpora"] or "")),
    )
    out.write_bytes(model)
    out.with_name(out.name + CARD).write_bytes(msgspec.json.encode(card) + b"\n")
    joint = "," if ":" in codec.spec else ":"
    print(f"{out}: {len(model)} bytes. Use it as {codec.spec}{joint}{codec.trains}={out}")


def _samples(plugins: Plugins, options: Mapping[str, Any]) -> Iterable[Sample]:
    protocol = plugins.protocol(options["protocol"]).item
    if options["data"]:
        files = [Sample(name, data) for name, data in of_path(options["data"])]
        yield from protocol.split(files)
        return
    for spec in split_specs(options["corpora"]):
        corpus = plugins.corpus(spec).item
        corpus.check_available()
        yield from protocol.split(corpus.samples())
