"""Coders that learn while they code, with nothing to send beforehand.

`mixer`; `mixer-media`, which has a model of pictures; and `mix`, which takes a language model
along: one of the codec `recurrent`, as in `mix:size=0.9m`, or that of any other codec that
predicts, as in `mix:over=hf:model=FOLDER`.

All code bit by bit, in a thirtieth of the time that the 256 frequencies of their predictor take.
The predictor is for a single lane; the code lengths come from the coder itself.

Importing this module loads neither a model nor Numba.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import TYPE_CHECKING, ClassVar

from codelength import (
    RAW,
    Codec,
    Image,
    Media,
    ModelCard,
    Sample,
    Unavailable,
    UsageError,
    hookimpl,
)
from codelength.api.spec import build
from codelength.coding.coder import Coder, CoderCodec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from codelength.coding.predictor import Predictor
    from codelength_mix.media_coder import MediaCoder

MEMORY, MOST = 256, 2048
"""MiB that a memory has unless told otherwise, and that it may have."""

BYTES = 256
"""Symbols of a model of bytes."""

LANES, MOST_LANES = 8, 64
"""The same for lanes. On the first 400,000 bytes of enwik6 with the 0.2m model eight cost 2.3% of
the bytes that one takes, four 1.7%; on book1 0.7% and 0.5%."""


@dataclass(frozen=True)
class MixerCodec(CoderCodec):
    """Contexts of 1 to 6 bytes, words and matches, mixed bit by bit.

    The hashed ones take `memory` MiB at most. Decoding takes as long, and as much memory, as
    encoding.
    """

    name: ClassVar[str] = "mixer"
    needs: ClassVar[Mapping[str, str]] = {"numba": "codelength[learned]"}
    library: ClassVar[tuple[str, ...]] = ("codelength_mix",)
    portable: ClassVar[bool] = True
    memory: int = MEMORY

    def __post_init__(self) -> None:
        check_memory(self.name, self.memory)

    @property
    def predictor(self) -> "Predictor":
        from codelength_mix.predictor import MixPredictor

        return MixPredictor(self.memory)

    @property
    def coder(self) -> Coder:
        from codelength_mix.coder import MixCoder

        return MixCoder(self.memory)


@dataclass(frozen=True)
class MediaMixerCodec(Codec):
    """Pictures by what their neighbouring pixels say; all other data as `mixer` codes them.

    Decoding takes as long, and as much memory, as encoding.
    """

    name: ClassVar[str] = "mixer-media"
    needs: ClassVar[Mapping[str, str]] = MixerCodec.needs
    library: ClassVar[tuple[str, ...]] = MixerCodec.library
    by_default: ClassVar[bool] = False
    portable: ClassVar[bool] = True
    groups: ClassVar[tuple[str, ...]] = ("adaptive",)
    memory: int = MEMORY
    """MiB for the table of data that are no picture."""

    def __post_init__(self) -> None:
        check_memory(self.name, self.memory)

    @property
    def _coder(self) -> "MediaCoder":
        from codelength_mix.media_coder import MediaCoder

        return MediaCoder(self.memory)

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        return self._coder.encode(data, media)

    def decode(self, blob: bytes) -> bytes:
        return self._coder.decode(blob)

    def drops(self, media: Media) -> bool:
        from codelength_mix.shapes import has_model

        return isinstance(media, Image) and not has_model(media)

    def ledger(self, blob: bytes) -> Mapping[str, int]:
        return self._coder.ledger(blob)

    def code_lengths(self, samples: Sequence[Sample]) -> "Iterator[NDArray[np.float64]]":
        coder = self._coder
        return (coder.code_lengths(bytes(sample.data), sample.media) for sample in samples)


@dataclass(frozen=True)
class MixSettings:
    """What `mix` takes, but for `over`."""

    name: ClassVar[str] = "mix"
    size: str | None = None
    """A bundled size; None if another model is given. Unless set, the default of `recurrent`."""
    memory: int | None = None
    """MiB; MEMORY unless set."""
    lanes: int | None = None
    """LANES unless set."""
    weights: str | None = None
    """A file that `codelength train recurrent` wrote."""


@dataclass(frozen=True)
class MixCodec(MixSettings, CoderCodec):
    """A model and what `mixer` learns, mixed. Nothing is held beforehand but the model.

    The model is one of `recurrent`, or that of the codec `over`, whose settings come last. A long
    sample becomes up to `lanes` sequences for the model, which are decoded in step: more of them
    decode faster, and are coded in more bytes.
    """

    needs: ClassVar[Mapping[str, str]] = {
        "constriction": "codelength[learned]",
        "numba": "codelength[learned]",
        "safetensors": "codelength[lm]",
    }
    library: ClassVar[tuple[str, ...]] = (
        "codelength_exact",
        "codelength_recurrent",
        "codelength_mix",
    )
    portable: ClassVar[bool] = True
    over: str | None = None
    """The codec whose model is mixed, as it is typed: hf:model=FOLDER,window=2048."""

    @classmethod
    def from_settings(cls, settings: str) -> "MixCodec":
        """Build it: all that comes behind `over=` is of the other codec."""
        own, found, over = settings.partition("over=")
        if found and own and not own.endswith(","):
            raise UsageError(f"mix:{settings} cannot be: over=CODEC is a setting of its own")
        return cls(**asdict(build(MixSettings, own.rstrip(","))), over=over if found else None)

    def __post_init__(self) -> None:
        check_memory(self.name, self._memory)
        if not 1 <= self._lanes <= MOST_LANES:
            raise UsageError(f"mix:lanes={self.lanes} cannot be: it is 1 to {MOST_LANES}")
        if self.over is not None:
            if self.size is not None or self.weights is not None:
                raise UsageError("mix takes one model: size, weights, or over")
            check_over(self.over, self.model)
        elif recurrent_codecs():
            object.__setattr__(self, "size", asdict(self.model)["size"])

    @property
    def by_default(self) -> bool:  # type: ignore[override]
        """One of them: where samples are few they decode slowly."""
        return self.size == "0.9m"

    @property
    def _memory(self) -> int:
        return MEMORY if self.memory is None else self.memory

    @property
    def _lanes(self) -> int:
        return LANES if self.lanes is None else self.lanes

    @property
    def model(self) -> Codec:
        """The codec with the same model and nothing mixed with it.

        Raises:
            UsageError: If there is no such codec or model.
            Unavailable: If that codec is not installed.
        """
        if self.over is not None:
            return codec_of(self.over)
        offered = recurrent_codecs()
        if not offered:
            raise Unavailable("mix takes a model of the codec recurrent, which is not installed")
        recurrent: Callable[..., Codec] = type(offered[0])
        return recurrent(size=self.size, weights=self.weights)

    @property
    def _predictor(self) -> "Predictor":
        """The model. Raises UsageError if the codec `over` codes without one."""
        predictor = self.model.predictor
        if predictor is None:
            raise UsageError(f"mix:over={self.over} cannot be: that codec has no model of symbols")
        return predictor

    @property
    def predictor(self) -> "Predictor | None":
        """The mixture; None with `over`, where only the whole sample tells if `mixer` codes it."""
        from codelength_mix.predictor import MixPredictor

        if self.over is not None:
            return None
        return MixPredictor(self._memory, self._predictor, self._lanes)

    @property
    def model_bytes(self) -> Mapping[str, int]:
        return self.model.model_bytes

    def model_samples(self) -> Iterator[Sample]:
        return self.model.model_samples()

    @property
    def card(self) -> ModelCard | None:
        return self.model.card

    @property
    def versions(self) -> Mapping[str, str]:
        return self.model.versions

    @property
    def digests(self) -> Mapping[str, str]:
        return self.model.digests

    @property
    def requires(self) -> Mapping[str, str]:
        return self.model.requires

    def check_available(self) -> None:
        super().check_available()
        self.model.check_available()

    @property
    def coder(self) -> Coder:
        from codelength_mix.coder import MixCoder

        predictor, mixer = self._predictor, MixCoder(self._memory)
        if predictor.alphabet == BYTES:
            mixture = MixCoder(self._memory, predictor, self._lanes)
            return mixture if self.over is None else or_mixer(mixture, mixer, 0)
        from codelength_mix.symbol_coder import SymbolMixCoder

        return or_mixer(SymbolMixCoder(self._memory, predictor, self._lanes), mixer, 1)


def or_mixer(mixture: Coder, mixer: Coder, mark: int) -> Coder:
    """Return a coder that takes the shorter of two blobs; see `fallback`."""
    from codelength_mix.fallback import OrMixer

    return OrMixer(mixture, mixer, mark)


def check_memory(name: str, memory: int) -> None:
    """Raises UsageError unless there can be a memory of so many MiB."""
    if not 1 <= memory <= MOST or memory & (memory - 1):
        raise UsageError(
            f"{name}:memory={memory} cannot be: it is a power of two, 1 to {MOST} (MiB)"
        )


def check_over(spec: str, codec: Codec) -> None:
    """Raise UsageError unless `mix` can take the model of a codec along."""
    if codec.name in (MixerCodec.name, MixSettings.name):
        raise UsageError(f"mix:over={spec} cannot be: it already learns as mix does")
    if not codec.portable:
        raise UsageError(
            f"mix:over={spec} cannot be: the model's frequencies have to be the same everywhere"
        )


@cache
def codec_of(spec: str) -> Codec:
    """Return the codec of this name and settings, from any plugin. Raises UsageError."""
    from codelength.plugins import Plugins

    return Plugins().codec(spec).item


@cache
def recurrent_codecs() -> Sequence[Codec]:
    """Return the codecs that the plugin `recurrent` offers, one for each of its models.

    Plugins do not import each other, so the plugin host is asked for them. Without that plugin
    there are none.
    """
    from codelength.plugins import Plugins

    return [registered.item for registered in Plugins(only=["recurrent"]).codecs]


@hookimpl
def codelength_codecs() -> Iterable[Codec]:
    yield MixerCodec()
    yield MediaMixerCodec()
    for codec in recurrent_codecs():
        yield MixCodec(asdict(codec)["size"])
    if not recurrent_codecs():
        yield MixCodec()
