"""Language models of Hugging Face as codecs: `hf:model=EleutherAI/pythia-70m,revision=step8000`, or
`hf:model=FOLDER`.

GPT-NeoX (Pythia), GPT-2, Llama and its relatives (Mistral, Qwen2 and Qwen3) run in integer
arithmetic, so that a blob decodes anywhere; with exact=false any causal model runs as it is, for
decoding on the same machine. Importing this module loads no model and no library.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from codelength import Codec, CorruptBlob, ModelCard, Sample, Unavailable, UsageError, hookimpl
from codelength.coding.predictor_codec import PredictorCodec, of_streams
from codelength.coding.seven_bits import SevenBits
from codelength.coding.varint import join_parts, read_varint, split_parts, varint
from codelength_exact import devices
from codelength_hf.byte_transformer import TransformerCodec, sizes_in_the_box

if TYPE_CHECKING:
    from codelength_hf.checkpoint import Checkpoint
    from codelength_hf.predictor import TransformerPredictor


@dataclass(frozen=True)
class TokenCodec(PredictorCodec):
    """`hf` but for its setting `bits`."""

    name: ClassVar[str] = "hf"
    needs: ClassVar[dict[str, str]] = {
        "constriction": "constriction",
        "numba": "numba",
        "safetensors": "codelength[hf]",
        "tokenizers": "codelength[hf]",
        "torch": "codelength[hf]",
    }
    by_default: ClassVar[bool] = False
    model: str | None = None
    revision: str | None = None
    window: int | None = None
    exact: bool = True
    pickle: bool | None = None

    def __post_init__(self) -> None:
        if self.window is not None and self.window < 2:
            raise UsageError(f"hf:window={self.window} cannot be: it is 2 tokens or more")

    def check_available(self) -> None:
        super().check_available()
        if self.exact:
            devices.check()
        elif find_spec("transformers") is None:
            raise Unavailable("hf:exact=false needs: python -m pip install 'codelength[hf]'")
        _ = self.checkpoint

    @property
    def checkpoint(self) -> "Checkpoint":
        """The files. Raises Unavailable."""
        if self.model is None:
            raise Unavailable(
                "hf needs a model: hf:model=FOLDER, or one of the hub as in "
                "hf:model=EleutherAI/pythia-70m"
            )
        from codelength_hf.checkpoint import checkpoint

        return checkpoint(self.model, self.revision, bool(self.pickle))

    @property
    def predictor(self) -> "TransformerPredictor":
        if self.exact:
            from codelength_hf.predictor import ExactPredictor

            return ExactPredictor(self.checkpoint, self.window)
        from codelength_hf.float_model import LockstepPredictor

        return LockstepPredictor(self.checkpoint, self.window)

    def model_samples(self) -> Iterator[Sample]:
        path = self.checkpoint.tokenizer
        yield Sample("weights", self.predictor.stored())
        yield Sample("tokenizer", b"" if path is None else path.read_bytes())

    @property
    def card(self) -> ModelCard | None:
        from codelength_hf.card import card

        return None if self.model is None else card(self.checkpoint, self.model)

    @property
    def portable(self) -> bool:
        return bool(self.exact)

    @property
    def versions(self) -> Mapping[str, str]:
        """The libraries, and for floating-point arithmetic all else that it depends on."""
        libraries = {name: version(name) for name in ("constriction", "numba", "tokenizers")}
        others = {k: v for k, v in self.requires.items() if k not in self.digests}
        return {**libraries, **others}

    @property
    def digests(self) -> Mapping[str, str]:
        if self.model is None:
            return {}
        return {"weights": f"sha256:{self.checkpoint.digest[:16]}"}

    @property
    def requires(self) -> Mapping[str, str]:
        if self.exact or self.model is None:
            return self.digests
        from codelength_hf.float_model import circumstances

        return {**circumstances(self.checkpoint), **self.digests}

    def encode_many(self, samples: Sequence[Sample]) -> list[bytes]:
        from codelength.coding.streams import encode

        predictor = self.predictor
        window = predictor.model.window
        apart = predictor.tokens.apart
        pairs = [apart(predictor.tokenize(bytes(sample.data))) for sample in samples]
        corpus_slice = [
            [symbols[at : at + window] for at in range(0, len(symbols), window)]
            for symbols, _ in pairs
        ]
        flat = [segment for segments in corpus_slice for segment in segments]
        streams = iter(encode(replace(predictor, fold=True), flat))
        return [
            self._joined(len(symbols), escaped, [next(streams) for _ in segments])
            for (symbols, escaped), segments in zip(pairs, corpus_slice, strict=True)
        ]

    def decode_many(self, blobs: Sequence[bytes]) -> list[bytes]:
        from codelength.coding.streams import decode

        predictor = self.predictor
        parts = [self._parts(blob) for blob in blobs]
        for part in parts:
            self._check(part.fingerprint)
        flat = [stream for part in parts for stream in part.streams]
        lengths = [length for part in parts for length in part.lengths]
        decoded = iter(decode(replace(predictor, fold=True), flat, lengths))
        tokens = predictor.tokens
        return [
            tokens.decode(tokens.together([next(decoded) for _ in part.streams], part.escaped))
            for part in parts
        ]

    def ledger(self, blob: bytes) -> Mapping[str, int]:
        part = self._parts(blob)
        entries = {"fingerprint": len(part.fingerprint), "escapes": len(part.escaped)}
        framing = len(blob) - sum(map(len, part.streams)) - sum(entries.values())
        given = {entry: size for entry, size in entries.items() if size}
        return {"length": framing, **of_streams(part.streams), **given}

    def _joined(self, symbols: int, escaped: bytes, streams: Sequence[bytes]) -> bytes:
        """A blob: the fingerprint, if any; how many symbols; escaped bytes behind their number, if
        the vocabulary lacks any; the stream of each segment, all but the last behind its size."""
        front = self._fingerprint() + varint(symbols)
        if self._has_escapes:
            front += varint(len(escaped)) + escaped
        return front + (join_parts(streams) if streams else b"")

    def _parts(self, blob: bytes) -> "Parts":
        """What `_joined` put together. Raises CorruptBlob."""
        start = 0 if self.exact else FINGERPRINT
        symbols, at = read_varint(blob, start)
        escaped, rest = b"", blob[at:]
        if self._has_escapes:
            escaped, rest = split_parts(rest, 2)
        window = self.predictor.model.window
        whole, last = divmod(symbols, window)
        count = whole + bool(last)
        if count > len(rest) + 1:
            raise CorruptBlob(f"{symbols} symbols in a blob of {len(blob)} bytes")
        lengths = [window] * whole + [last] * bool(last)
        if not symbols and rest:
            raise CorruptBlob(f"{len(rest)} bytes for no symbols")
        streams = split_parts(rest, count) if count else []
        return Parts(blob[:start], escaped, streams, lengths)

    def _fingerprint(self) -> bytes:
        if self.exact:
            return b""
        from codelength_hf.float_model import fingerprint

        return fingerprint(self.checkpoint)

    def _check(self, given: bytes) -> None:
        if not self.exact:
            from codelength_hf.float_model import check

            check(given, self.checkpoint)

    @property
    def _has_escapes(self) -> bool:
        from codelength_hf.tokens import tokens_of

        return bool(tokens_of(self.checkpoint).escapes)


@dataclass(frozen=True)
class HfCodec(SevenBits, TokenCodec):
    """A causal language model with a range coder. Long inputs are coded in segments of `window`
    tokens (by default the model's whole context), each of which starts anew."""

    bits: int | None = None
    """7, if the model is to see no more than that of each byte."""

    def __post_init__(self) -> None:
        SevenBits.__post_init__(self)
        TokenCodec.__post_init__(self)


class Parts(NamedTuple):
    """What a blob consists of; a stream has as many symbols as `lengths` says."""

    fingerprint: bytes
    escaped: bytes
    streams: list[bytes]
    lengths: list[int]


FINGERPRINT = 8
"""Bytes that tell where a blob of exact=false was coded."""


@hookimpl
def codelength_codecs() -> Iterable[Codec]:
    yield HfCodec()
    for size in sizes_in_the_box():
        yield TransformerCodec(size)
