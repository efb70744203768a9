"""The contract of a codec: a lossless map from bytes to bytes, with settings."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import TYPE_CHECKING, ClassVar, Protocol

from codelength.api.errors import Unavailable
from codelength.api.media import RAW, Media, Sample
from codelength.api.model_card import ModelCard
from codelength.api.spec import check_settings, written

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from codelength.coding.predictor import Predictor


class Source(Protocol):
    """What a codec reads a stream from."""

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes; fewer than `size` only at the end. All that are left if it is below 0."""


class Sink(Protocol):
    """What a codec writes a stream to."""

    def write(self, data: bytes, /) -> int:
        """Takes all of `data`; returns how many bytes that is."""


@dataclass(frozen=True)
class Codec(ABC):
    """A lossless map from bytes to bytes.

    Subclasses are frozen dataclasses: the fields are the settings, building one does no work and
    imports no library. Encode and decode are pure: the same input gives the same bytes, in any
    process, and decode knows the blob and the settings and nothing else.
    """

    name: ClassVar[str]
    needs: ClassVar[Mapping[str, str]] = {}
    """Modules that encode or decode import → what `pip install` calls the package behind each."""
    by_default: ClassVar[bool] = True
    """Part of a run that names no codecs; False for one that is nothing without settings."""
    library: ClassVar[tuple[str, ...]] = ()
    """Modules that hold the decoder: compiled ones, or packages of Python. What they take is
    charged where a table charges for decoders; of a codec that names none it is unknown."""

    def __post_init__(self) -> None:
        """Check the fields that have a `Setting`. Raises UsageError."""
        check_settings(self)

    trusting: ClassVar[tuple[str, ...]] = ()
    """Settings by which files may run code. A container does not give them: whoever decodes does,
    as in `decompress -c NAME:setting=true`."""

    before: ClassVar[Mapping[str, str]] = {}
    """Settings that are younger than some containers → their values there. A container that lacks
    such a setting is decoded with this value, whatever the default is now."""

    @abstractmethod
    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        """A blob for `data`, which may be empty. Raises Unsupported for what it declines."""

    @abstractmethod
    def decode(self, blob: bytes) -> bytes:
        """The data behind `blob`; for anything that is no blob, some exception or other bytes."""

    def encode_many(self, samples: Sequence[Sample]) -> list[bytes]:
        """One blob for each sample. The default loops; override where a batch is cheaper."""
        return [self.encode(bytes(sample.data), sample.media) for sample in samples]

    def decode_many(self, blobs: Sequence[bytes]) -> list[bytes]:
        """The data behind each blob."""
        return [self.decode(blob) for blob in blobs]

    @property
    def streams(self) -> bool:
        """Whether a sample of more than LARGE bytes is given to the codec as a stream.

        Then `encode_stream` and `decode_stream` hold a part of it at any time. Other codecs are
        given the whole sample, and tables say so.
        """
        return False

    def encode_stream(self, source: Source, sink: Sink, size: int) -> None:
        """Writes what `encode` gives for the `size` bytes of `source`."""
        sink.write(self.encode(source.read()))

    def decode_stream(self, source: Source, sink: Sink) -> None:
        """Writes what `decode` gives for the bytes of `source`."""
        sink.write(self.decode(source.read()))

    def drops(self, media: Media) -> bool:
        """Tell whether data are coded as plain bytes although the codec uses hints of this kind.

        Because its format has fewer channels or bits, for instance. Tables mark such figures.
        """
        return False

    def ledger(self, blob: bytes) -> Mapping[str, int]:
        """Where the bytes of `blob` went; the entries sum to its length."""
        return {"payload": len(blob)}

    @property
    def predictor(self) -> "Predictor | None":
        """The model whose distributions the codec codes with; None if it has no such model.

        What it predicts is what the codec pays for, so that studies may look at the predictor
        alone. A codec that cannot promise this has none.
        """
        return None

    def code_lengths(self, samples: Sequence[Sample]) -> "Iterator[NDArray[np.float64]] | None":
        """Computes what each sample costs, to a fraction of a bit, without making blobs.

        Returns:
            For each sample the bits of each of its bytes, `(bytes,) float64`: what the distribution
            that the codec codes with gives. A blob also has bytes that say how long it is and that
            end its streams. None if the codec does not know its code lengths.
        """
        return None

    def pieces(self, data: bytes) -> list[bytes]:
        """Cuts `data` where the codec starts afresh.

        The code lengths of the pieces are those of the whole. The default is one piece.
        """
        return [data]

    trains: ClassVar[str] = ""
    """The setting that takes what `train` makes, such as `dictionary`; none for most codecs."""

    def train(self, samples: Sequence[Sample], size: int) -> bytes:
        """Makes a file of at most `size` bytes with which data like these samples get smaller.

        Raises UsageError if they are too few. Only for a codec that says which setting takes it.
        """
        raise NotImplementedError

    @property
    def model_bytes(self) -> Mapping[str, int]:
        """Bytes that the receiver must already hold, by what they are: weights, tokenizer."""
        return {}

    def model_samples(self) -> Iterator[Sample]:
        """Those bytes themselves, for whoever wants to know how small they get.

        A sample for each entry of `model_bytes`, in order and under its name. None if they cannot
        be had.
        """
        yield from ()

    @property
    def card(self) -> ModelCard | None:
        """What there is to know of the model in `model_bytes`: its size, what it was trained on."""
        return None

    @property
    def versions(self) -> Mapping[str, str]:
        """What the blobs depend on: the packages of `needs`, or the libraries within."""
        packages = [_package(module, needed) for module, needed in self.needs.items()]
        return {package: _version(package) for package in packages}

    @property
    def digests(self) -> Mapping[str, str]:
        """The digests of files that the blobs depend on, by what they are.

        `{"weights": "sha256:…"}`. Short printable texts.
        """
        return {}

    @property
    def portable(self) -> bool:
        """Whether a blob decodes on any other machine with the same libraries and files.

        A codec without a model is portable unless it says otherwise. A codec with a model has to
        say `portable = True` itself. It may do so if it computes in integers, or in floating point
        only what every processor rounds alike. `codelength check-plugin` tries it.
        """
        has_model = type(self).predictor is not Codec.predictor or bool(self.model_bytes)
        return not has_model

    @property
    def resources(self) -> Mapping[str, int]:
        """What a machine needs to encode and decode: `cores`, bytes of `memory`, `gpus`.

        What is not said is taken from the options of a run and the size of the model.
        """
        return {}

    @property
    def groups(self) -> tuple[str, ...]:
        """What `@NAME` on the command line selects it by.

        `learned` if it has model bytes; `adaptive` if it predicts without them; else `classical`.
        Override to add others, such as `fast`.
        """
        cls = type(self)
        if cls.model_bytes is not Codec.model_bytes:
            return ("learned",)
        return ("adaptive",) if cls.predictor is not Codec.predictor else ("classical",)

    @property
    def requires(self) -> Mapping[str, str]:
        """What has to be the same where a blob is decoded, settings aside.

        The digest of weights, say. A container carries it and is not decoded with anything else.
        Short printable texts.
        """
        return {}

    @property
    def spec(self) -> str:
        """The settings as the command line takes them: `zstd:level=19`."""
        return written(self)

    def check_available(self) -> None:
        """Raises Unavailable, with the command that mends it, if a needed module is missing."""
        missing = [package for module, package in self.needs.items() if find_spec(module) is None]
        if missing:
            raise Unavailable(
                f"{self.name} is not installed: python -m pip install "
                + " ".join(repr(package) for package in dict.fromkeys(missing))
            )


def versions_of(codec: Codec) -> dict[str, str]:
    """Return its versions as plain text: a library may have another type for its own."""
    return {name: str(version) for name, version in codec.versions.items()}


def dependencies_of(codec: Codec) -> dict[str, str]:
    """Return versions and digests together: all that the blobs depend on."""
    return {**versions_of(codec), **codec.digests}


def _package(module: str, requirement: str) -> str:
    """What a requirement asks for.

    `numpy` of `numpy>=2`; where an extra brings the module, as `codelength[lm]`, the package is
    taken to be called like it.
    """
    name = re.split(r"[^\w.-]", requirement, maxsplit=1)[0]
    return module if requirement.removeprefix(name).startswith("[") else name


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"
