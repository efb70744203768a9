"""What the engine and a worker say to each other: JSON lines, one message each."""

import msgspec

from codelength.api.model_card import ModelCard
from codelength.results.cell import CorpusSlice, Phase, Status


class Setup(msgspec.Struct, frozen=True, tag="setup"):
    """First to the worker: which codec, and where to find it."""

    codec: str
    plugins: list[str]
    """Entry points to load; the others stay out of the process."""
    files: list[str]
    data: str | None
    memory: int | None
    """Bytes that the worker may allocate."""


class Task(msgspec.Struct, frozen=True, tag="task"):
    """One direction of one cell. Blobs go by the file `scratch`, batch by batch."""

    slice: CorpusSlice
    scratch: str
    decode: bool


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The codec is there."""

    versions: dict[str, str]
    digests: dict[str, str]
    portable: bool
    model_bytes: dict[str, int]
    card: ModelCard | None


class Beat(msgspec.Struct, frozen=True, tag="beat"):
    """So many raw bytes of the task are done."""

    bytes: int


class Encoded(msgspec.Struct, frozen=True, tag="encoded"):
    """All samples of the cell are in the scratch file."""

    phase: Phase
    coded_bytes: int
    groups: list[tuple[int, int]]
    ledger: dict[str, int]
    header_bytes: int
    blobs: str


class Decoded(msgspec.Struct, frozen=True, tag="decoded"):
    """All samples came out as they went in."""

    phase: Phase


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """The task, or the setup, came to nothing."""

    status: Status
    reason: str


Order = Setup | Task
Answer = Ready | Beat | Encoded | Decoded | Failed

encode = msgspec.json.Encoder().encode
read_order = msgspec.json.Decoder(Order).decode
read_answer = msgspec.json.Decoder(Answer).decode
