"""Coders that learn while they code, with nothing to send beforehand.

`mixer`, and `mix`, which takes a language model of the codec `recurrent` along: `mix:size=0.9m`.

Both code bit by bit, in a thirtieth of the time that the 256 frequencies of their predictor take.
The predictor is for a single lane; the code lengths come from the coder itself.

Importing this module loads neither a model nor Numba.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import TYPE_CHECKING, ClassVar

from codelength import Codec, ModelCard, Sample, Unavailable, UsageError, hookimpl
from codelength.coding.coder import Coder, CoderCodec

if TYPE_CHECKING:
    from codelength.coding.predictor import Predictor

MEMORY, MOST = 256, 2048
"""MiB that a memory has unless told otherwise, and that it may have."""

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
class MixCodec(CoderCodec):
    """A recurrent model and what `mixer` learns, mixed. Nothing is held beforehand but the model.

    A long sample becomes up to `lanes` sequences for the model, which are decoded in step: more of
    them decode faster, and are coded in more bytes.
    """

    name: ClassVar[str] = "mix"
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
    size: str | None = None
    """A bundled size; None if weights are given. Unless set, the default of `recurrent`."""
    memory: int | None = None
    """MiB; MEMORY unless set."""
    lanes: int | None = None
    """LANES unless set."""
    weights: str | None = None
    """A file that `codelength train recurrent` wrote."""

    def __post_init__(self) -> None:
        check_memory(self.name, self._memory)
        if not 1 <= self._lanes <= MOST_LANES:
            raise UsageError(f"mix:lanes={self.lanes} cannot be: it is 1 to {MOST_LANES}")
        if recurrent_codecs():
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
        """The codec `recurrent` with the same model.

        Raises:
            UsageError: If there is no such model.
            Unavailable: If that codec is not installed.
        """
        offered = recurrent_codecs()
        if not offered:
            raise Unavailable("mix takes a model of the codec recurrent, which is not installed")
        recurrent: Callable[..., Codec] = type(offered[0])
        return recurrent(size=self.size, weights=self.weights)

    @property
    def predictor(self) -> "Predictor":
        from codelength_mix.predictor import MixPredictor

        return MixPredictor(self._memory, self.model.predictor, self._lanes)

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

        return MixCoder(self._memory, self.model.predictor, self._lanes)


def check_memory(name: str, memory: int) -> None:
    """Raises UsageError unless there can be a memory of so many MiB."""
    if not 1 <= memory <= MOST or memory & (memory - 1):
        raise UsageError(
            f"{name}:memory={memory} cannot be: it is a power of two, 1 to {MOST} (MiB)"
        )


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
    for codec in recurrent_codecs():
        yield MixCodec(asdict(codec)["size"])
    if not recurrent_codecs():
        yield MixCodec()
