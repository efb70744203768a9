"""What is asked of a codec or a corpus in a process of its own. The answer to a question is the
problem, or None."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from codelength.api.codec import Codec
from codelength.api.corpus import Corpus
from codelength.api.errors import Unavailable, UsageError
from codelength.api.media import RAW, Sample
from codelength.api.spec import build, split_spec, split_specs
from codelength.container.container import header_of
from codelength.testing.messages import Finding


def missing(thing: Codec | Corpus) -> str | None:
    """Why it cannot be used here."""
    try:
        thing.check_available()
    except (Unavailable, UsageError) as error:
        return str(error)
    return None


def spec(thing: Codec | Corpus) -> str | None:
    """Does what `thing` calls itself build it again, as in another process of a run?"""
    if split_specs(thing.spec) != [thing.spec]:
        return f"{thing.spec!r} reads as {split_specs(thing.spec)} in a list"
    name, settings = split_spec(thing.spec)
    if name != thing.name:
        return f"{thing.spec!r} does not begin with its name, {thing.name!r}"
    fixed = {f.name: getattr(thing, f.name) for f in fields(thing) if not f.repr}
    again = build(type(thing), settings, **fixed)
    return None if again == thing else f"{thing.spec!r} builds {again!r}, not {thing!r}"


def versions(codec: Codec) -> str | None:
    """Is there a version for everything that the blobs depend on, and can a container name them?"""
    for name, version in codec.versions.items():
        if not all(isinstance(text, str) and text for text in (name, version)):
            return f"{name!r} has the version {version!r}"
    try:
        header_of(codec, 1).record()
    except UsageError as error:
        return str(error)
    return None


def model_bytes(thing: Any) -> str | None:
    """Does everything that the receiver must hold have a size, and the one of what is shown?"""
    if problem := _sizes(thing.model_bytes):
        return problem
    samples = thing.model_samples() if isinstance(thing, Codec) else ()
    shown = {sample.name: len(sample.data) for sample in samples}
    return (
        f"{thing.model_bytes} is shown as {shown}" if shown and shown != thing.model_bytes else None
    )


def ledger(codec: Codec, blob: bytes) -> str | None:
    """Is every byte of the blob on the books, once?"""
    entries = codec.ledger(blob)
    problem = _sizes(entries)
    if problem is None and sum(entries.values()) != len(blob):
        total = sum(entries.values())
        problem = f"has {total} bytes for a blob of {len(blob)}: {dict(entries)}"
    return problem


def encode(codec: Codec, sample: Sample) -> bytes:
    """Its blob; without a hint, as callers do who have none."""
    data = bytes(sample.data)
    blob = codec.encode(data) if sample.media == RAW else codec.encode(data, sample.media)
    return _bytes(blob)


def decode(codec: Codec, blob: bytes, size: int) -> bytes:
    """What the blob gives, as far as one byte past `size`: enough to see whether it is right."""
    return _bytes(codec.decode(blob))[: size + 1]


def encode_many(codec: Codec, samples: Sequence[Sample]) -> list[bytes]:
    """A blob for each."""
    return [_bytes(blob) for blob in codec.encode_many(samples)]


def decode_many(codec: Codec, blobs: Sequence[bytes]) -> list[bytes]:
    """The data behind each."""
    return [_bytes(data) for data in codec.decode_many(blobs)]


def _bytes(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise Finding(f"gave {type(value).__name__}, not bytes")
    return value


def _sizes(entries: Mapping[str, int]) -> str | None:
    for name, size in entries.items():
        if not isinstance(name, str) or type(size) is not int or size < 0:
            return f"has {size!r} for {name!r}, not a number of bytes"
    return None
