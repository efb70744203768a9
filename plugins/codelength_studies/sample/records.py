"""Continuations on disk, finished or as far as they were drawn."""

from hashlib import sha256

from codelength.results.cell import Struct
from codelength_studies.journal import Key, data_digest, distribution_digest

FILE = "samples.jsonl"


class Settings(Struct, frozen=True):
    """What makes a continuation what it is."""

    codec: str
    versions: dict[str, str]
    prompt: str
    """The digest of the prompt."""
    bytes: int
    """How many to draw."""
    seed: int
    temperature: float
    context: int
    """Bytes that a codec without predictor sees."""
    starts: int
    """Contexts over which its code lengths are averaged."""
    code: str = ""
    """The digest of the code; unknown in records of old versions."""

    @property
    def key(self) -> Key:
        """What a continuation with these settings is about."""
        drawn = (self.bytes, self.seed, self.temperature, self.context, self.starts)
        distribution = distribution_digest(self.codec, self.versions, self.code)
        return Key(distribution, data_digest(self.prompt, *drawn))


class Continuation(Struct, frozen=True):
    """A continuation, or as much of it as there was when it was stored."""

    settings: Settings
    symbols: list[int]
    text: bytes
    bits: float
    """What the symbols cost under the distribution that they were drawn from, at temperature 1."""
    cpu_seconds: float
    method: str
    """How the code lengths came about."""

    @property
    def key(self) -> Key:
        """What the continuation is about."""
        return self.settings.key

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to draw."""
        return len(self.text) >= self.settings.bytes


def digest_prompt(prompt: bytes) -> str:
    """Return what tells prompts apart."""
    return sha256(prompt).hexdigest()
