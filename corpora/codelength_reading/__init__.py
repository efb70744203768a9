"""How files become samples.

As the bytes that they are, or decoded: pictures as pixels, recordings as PCM. Shared by the corpus
plugins.

What a file holds is found from its content; its name is no evidence.
"""

from pathlib import Path

from codelength.api.corpus import Reading, mapped
from codelength.api.errors import Unavailable
from codelength.api.media import Sample
from codelength_reading.errors import NotRepresentable
from codelength_reading.flac import flac_start, read_flac
from codelength_reading.libraries import check_installed, lossy_decoder
from codelength_reading.pictures import is_picture, read_picture
from codelength_reading.sound import is_recording, read_recording
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


def read_bytes(path: Path, name: str) -> tuple[Sample, Reading]:
    """Read a file as the bytes that it is, with a hint if they are text.

    Raises:
        CorpusError: The file cannot be read; the message names it.
    """
    data = mapped(path)
    media = media_of(data)
    return Sample(name, data, media), _as_bytes(name, len(data), media.kind)


def read_decoded(path: Path, name: str) -> tuple[Sample, Reading]:
    """Read a picture as pixels and a recording as PCM, exactly as they are stored.

    Any other file is read as the bytes that it is. So is a picture or a recording of which that
    cannot be done; the reading says why.
    """
    data = mapped(path)
    view = memoryview(data)
    if not is_media(view):
        return read_bytes(path, name)
    try:
        return _decoded(path, name, view)
    except (NotRepresentable, Unavailable) as error:
        sample = Sample(name, data, media_of(data))
        return sample, _as_bytes(name, len(data), sample.media.kind, str(error))


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
    try:
        return _decoded(path, name, memoryview(mapped(path)))
    except NotRepresentable as error:
        raise NotRepresentable(f"{path} cannot be decoded exactly: {error}") from error


def is_media(file: memoryview) -> bool:
    """Tell whether a file begins like a picture or a recording that can be decoded here."""
    return is_picture(file) or is_recording(bytes(file[:16])) or flac_start(file) is not None


def _decoded(path: Path, name: str, file: memoryview) -> tuple[Sample, Reading]:
    if is_picture(file):
        picture = read_picture(path, file)
        sample = Sample(name, picture.data, picture.media)
        what, reader, lossy = picture.what, picture.reader, picture.lossy
    else:
        is_flac = flac_start(file) is not None
        recording = read_flac(file) if is_flac else read_recording(file)
        sample = Sample(name, recording.data, recording.media)
        what, reader, lossy = recording.what, recording.reader, False
    return sample, Reading(
        name=name,
        on_disk=len(file),
        measured=len(sample.data),
        taken_as=what,
        reader=reader,
        is_decoded=True,
        is_lossy=lossy,
    )


def _as_bytes(name: str, size: int, kind: str, reason: str = "") -> Reading:
    taken_as = "text" if kind == "text" else "bytes"
    return Reading(name=name, on_disk=size, measured=size, taken_as=taken_as, reason=reason)
