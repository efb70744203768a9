"""How files become samples.

As the bytes that they are, or decoded: pictures as pixels, recordings as PCM. Shared by the corpus
plugins.

What a file holds is found from its content; its name is no evidence.
"""

import struct
from pathlib import Path

from codelength.api.corpus import AT_ONCE, Reading, read_file
from codelength.api.errors import CorpusError, Unavailable
from codelength.api.media import FileBytes, Sample
from codelength_reading.decoded import Decoded, NotRepresentable
from codelength_reading.formats import Format, format_of
from codelength_reading.libraries import check_installed, lossy_decoder
from codelength_reading.text import media_of

__all__ = [
    "NotRepresentable",
    "check_installed",
    "is_media",
    "lossy_decoder",
    "media_of",
    "read_bytes",
    "read_decoded",
    "read_media",
    "read_sample",
]

SAMPLES = {"image": "pixels", "array": "numbers"}
LEFT_OUT, LEFT_OUT_SHARE = 1 << 16, 10
"""Bytes of a picture or recording that may be something else (titles, thumbnails, padding): so
many, and a tenth of the file."""


def read_bytes(path: Path, name: str, reason: str = "") -> tuple[Sample, Reading]:
    """Read a file as the bytes that it is, with a hint if they are text.

    Raises:
        CorpusError: The file cannot be read; the message names it.
    """
    data = read_file(path)
    media = media_of(data)
    size, taken_as = len(data), "text" if media.kind == "text" else "bytes"
    return Sample(name, data, media, name), Reading(
        name=name, on_disk=size, measured=size, taken_as=taken_as, reason=reason
    )


def read_decoded(path: Path, name: str) -> tuple[Sample, Reading]:
    """Read a picture as pixels and a recording as PCM, exactly as they are stored.

    Any other file is read as the bytes that it is. So is a picture or a recording of which that
    cannot be done; the reading says why.
    """
    file = FileBytes(path)
    format = format_of(file)
    if format is None:
        return read_bytes(path, name)
    if format.read is None:
        return read_bytes(path, name, f"{format.name} is not decoded here")
    try:
        decoded = _decode(file, format)
        left_out = len(file) - decoded.carried
        if left_out > LEFT_OUT + len(file) // LEFT_OUT_SHARE:
            samples = SAMPLES.get(decoded.media.kind, "sound")
            raise NotRepresentable(f"{left_out} of its {len(file)} bytes are not its {samples}")
    except (NotRepresentable, Unavailable) as error:
        return read_bytes(path, name, str(error))
    return _to_sample(decoded, file, name)


def read_sample(path: Path, name: str) -> Sample:
    """Read the sample of `read_decoded` alone."""
    return read_decoded(path, name)[0]


def read_media(path: Path, name: str) -> tuple[Sample, Reading]:
    """Read a file that has to be a picture or a recording.

    Raises:
        NotRepresentable: It cannot be decoded exactly; the message names the file.
        Unavailable: A library is not installed.
        CorpusError: The file cannot be read.
    """
    file = FileBytes(path)
    format = format_of(file)
    if format is None or format.read is None:
        raise NotRepresentable(f"{path} is no picture or recording that is decoded here")
    try:
        return _to_sample(_decode(file, format), file, name)
    except NotRepresentable as error:
        raise NotRepresentable(f"{path} cannot be decoded exactly: {error}") from error


def is_media(path: Path) -> bool:
    """Tell whether a file begins like a picture or a recording that can be decoded here.

    Raises:
        CorpusError: The file cannot be read; the message names it.
    """
    format = format_of(FileBytes(path))
    return format is not None and format.read is not None


def _decode(file: FileBytes, format: Format) -> Decoded:
    assert format.read is not None
    try:
        return format.read(file)
    except (CorpusError, Unavailable):
        raise
    except struct.error as error:
        raise NotRepresentable("its header breaks off") from error
    except MemoryError as error:
        raise NotRepresentable("there is not enough memory to decode it") from error
    except Exception as error:  # a file may be damaged in more ways than anyone thinks of
        problem = f"{type(error).__name__}: {error}"
        raise NotRepresentable(f"the reader of {format.name} failed: {problem}") from error


def _to_sample(decoded: Decoded, file: FileBytes, name: str) -> tuple[Sample, Reading]:
    data = bytes(decoded.data) if len(decoded.data) <= AT_ONCE else decoded.data
    return Sample(name, data, decoded.media, name), Reading(
        name=name,
        on_disk=len(file),
        measured=len(data),
        taken_as=decoded.what,
        left_out=len(file) - decoded.carried,
        reader=decoded.reader,
        is_decoded=True,
        is_lossy=decoded.is_lossy,
    )
