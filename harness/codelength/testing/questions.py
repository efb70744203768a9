"""What a process of the kit does with a codec or a corpus.

A function that checks returns the problem, or None.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from io import BytesIO
from itertools import chain
from typing import Any

from codelength.api.codec import Codec, dependencies_of
from codelength.api.corpus import Corpus
from codelength.api.errors import Unavailable, UsageError
from codelength.api.media import RAW, Sample
from codelength.api.spec import build, split_spec, split_specs
from codelength.plugins import check_description
from codelength.testing.messages import CheckFailed

FRAMING = 16
"""Bytes that a payload may have beyond the code lengths: the end of a stream, a length."""

LONGEST = 4096
"""Bytes of a text that says what a blob depends on."""


def check_available(thing: Codec | Corpus) -> str | None:
    """Can it be used here?"""
    try:
        thing.check_available()
    except (Unavailable, UsageError) as error:
        return str(error)
    return None


def check_spec(thing: Codec | Corpus) -> str | None:
    """Does its spec build it again, as in the processes of a run?"""
    try:
        check_description(thing)
    except UsageError as error:
        return str(error)
    if split_specs(thing.spec) != [thing.spec]:
        return f"{thing.spec!r} is read as {split_specs(thing.spec)} in a list of specs"
    name, settings = split_spec(thing.spec)
    if name != thing.name:
        return f"{thing.spec!r} does not begin with its name, {thing.name!r}"
    fixed = {f.name: getattr(thing, f.name) for f in fields(thing) if not f.repr}
    again = build(type(thing), settings, **fixed)
    if again == thing:
        return None
    hint = "a field that is no setting needs repr=False"
    return f"{thing.spec!r} builds {again!r}, not {thing!r}; {hint}"


def check_versions(codec: Codec) -> str | None:
    """Is there a version of everything that the blobs depend on, and can a container hold it?"""
    for name, version in codec.versions.items():
        if not all(isinstance(text, str) and text for text in (name, version)):
            return f"{name!r} has the version {version!r}; both have to be text that is not empty"
    for text in (codec.spec, *chain(*dependencies_of(codec).items(), *codec.requires.items())):
        if not text.isprintable() or len(text.encode()) > LONGEST:
            return f"a container cannot carry {text[:100]!r}"
    return None


def check_model_bytes(thing: Any) -> str | None:
    """Does every part of the model have a size, and the one of what `model_samples` gives?"""
    if problem := _check_sizes(thing.model_bytes):
        return f"model_bytes {problem}"
    samples = thing.model_samples() if isinstance(thing, Codec) else ()
    given = {sample.name: len(sample.data) for sample in samples}
    if given and given != thing.model_bytes:
        return f"model_bytes is {dict(thing.model_bytes)}, but model_samples has {given}"
    return None


def check_ledger(codec: Codec, blob: bytes) -> str | None:
    """Is every byte of the blob in the ledger, once?"""
    entries = codec.ledger(blob)
    problem = _check_sizes(entries)
    total = 0 if problem else sum(entries.values())
    if problem is None and total != len(blob):
        problem = f"has {total} bytes for a blob of {len(blob)}: {dict(entries)}"
    return problem


def check_streams(codec: Codec, sample: Sample, blob: bytes) -> str | None:
    """Are large samples coded as small ones, if the codec takes streams?"""
    data = bytes(sample.data)
    if not codec.streams or sample.media != RAW:
        return None
    coded, decoded = BytesIO(), BytesIO()
    codec.encode_stream(BytesIO(data), coded, len(data))
    codec.decode_stream(BytesIO(blob), decoded)
    if coded.getvalue() != blob:
        return f"{sample.name!r} becomes {coded.tell()} bytes in a stream, {len(blob)} otherwise"
    if decoded.getvalue() != data:
        return f"decode_stream gives other bytes for {sample.name!r}"
    return None


def check_code_lengths(codec: Codec, sample: Sample, blob: bytes) -> str | None:
    """Are the code lengths, and those of the predictor, what was coded, to a thousandth?

    Besides, a blob has bytes that no symbol costs. The ledger does not count them as payload, or
    they are few.
    """
    lengths = codec.code_lengths([sample])
    if lengths is None:
        return "are None, but there is a predictor" if codec.predictor is not None else None
    (bits,) = lengths
    if bits.shape != (len(sample.data),) or not (bits >= 0).all():
        return f"are not one number of bits for each of {len(sample.data)} bytes"
    ideal, payload = float(bits.sum()) / 8, codec.ledger(blob).get("payload", 0)
    if ideal * 0.999 > len(blob) or payload > ideal * 1.001 + FRAMING:
        return f"sum to {ideal:.1f} bytes; the blob has {len(blob)}, of which {payload} payload"
    return _check_predicted(codec, sample)


def _check_predicted(codec: Codec, sample: Sample) -> str | None:
    from codelength.coding.code_length import code_lengths

    predictor = codec.predictor
    if predictor is None:
        return None
    piece = codec.pieces(bytes(sample.data))[0]
    coded = sum(float(bits.sum()) for bits in codec.code_lengths([Sample("", piece)]) or ())
    predicted = float(code_lengths(predictor, [predictor.tokenize(piece)])[0].sum())
    if abs(coded - predicted) > 1 + 0.001 * coded:
        return f"of {len(piece)} bytes sum to {coded:.1f} bits; the predictor says {predicted:.1f}"
    return None


def encode(codec: Codec, sample: Sample) -> bytes:
    """Encode a sample; one without a hint in the way of a caller who has none."""
    data = bytes(sample.data)
    blob = codec.encode(data) if sample.media == RAW else codec.encode(data, sample.media)
    return _require_bytes(blob)


def decode(codec: Codec, blob: bytes, size: int) -> bytes:
    """Decode a blob and return at most `size` + 1 bytes: enough to see whether they are right."""
    return _require_bytes(codec.decode(blob))[: size + 1]


def encode_many(codec: Codec, samples: Sequence[Sample]) -> list[bytes]:
    """Encode samples in one call."""
    return [_require_bytes(blob) for blob in codec.encode_many(samples)]


def decode_many(codec: Codec, blobs: Sequence[bytes]) -> list[bytes]:
    """Decode blobs in one call."""
    return [_require_bytes(data) for data in codec.decode_many(blobs)]


def _require_bytes(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise CheckFailed(f"gave {type(value).__name__}, not bytes")
    return value


def _check_sizes(entries: Mapping[str, int]) -> str | None:
    for name, size in entries.items():
        if not isinstance(name, str) or type(size) is not int or size < 0:
            return f"has {size!r} for {name!r}, which is not a number of bytes"
    return None
