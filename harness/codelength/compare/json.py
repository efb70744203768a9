"""A comparison as data: what `--json` writes, with the cells that did not change among them."""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from codelength.compare.averages import averages
from codelength.compare.changes import Comparison, Pair
from codelength.compare.speeds import Factor
from codelength.compare.surroundings import differences, environments, same_machine
from codelength.results.cell import Cell, Environment, Status

SCHEMA = 1
"""Raised when a field changes its meaning."""


class Time(Struct):
    """CPU time of B over that of A, and a 95% interval."""

    factor: float
    low: float
    high: float


class Changed(Struct):
    """A fact around the runs that is not the same; of these codecs, or of all."""

    what: str
    a: str
    b: str
    codecs: Sequence[str]


class Side(Struct, omit_defaults=True):
    """A cell in one of the runs."""

    status: Status
    digest: str
    """Of the corpus as cut."""
    coded: int | None = None
    blobs: str = ""
    reason: str = ""


class Compared(Struct, omit_defaults=True):
    """A cell that both have; times only where both are ok and coded the same bytes."""

    codec: str
    corpus: str
    protocol: str
    limit: int | None
    a: Side
    b: Side
    comparable: bool
    encode: Time | None = None
    decode: Time | None = None


class Alone(Struct):
    """A cell that only one has."""

    codec: str
    corpus: str
    protocol: str
    limit: int | None


class Mean(Struct):
    """Geometric means of ratios over the corpora that both have; null over a hole."""

    codec: str
    protocol: str
    limit: int | None
    done: int
    of: int
    a: float | None
    b: float | None
    encode: Time | None
    decode: Time | None


class Document(Struct):
    """All of it."""

    schema: int
    a: list[Environment]
    b: list[Environment]
    same_machine: bool
    differences: list[Changed]
    cells: list[Compared]
    means: list[Mean]
    only_a: list[Alone]
    only_b: list[Alone]


def document(compared: Comparison) -> Document:
    """Everything that was compared, in the order of the first run."""
    return Document(
        schema=SCHEMA,
        a=environments(compared.before),
        b=environments(compared.after),
        same_machine=same_machine(compared),
        differences=[Changed(d.what, d.before, d.after, d.codecs) for d in differences(compared)],
        cells=[_compared(pair) for pair in compared.pairs],
        means=[
            Mean(
                mean.codec,
                mean.protocol,
                mean.limit,
                mean.done,
                mean.of,
                mean.before,
                mean.after,
                _time((mean.factors or {}).get("encode")),
                _time((mean.factors or {}).get("decode")),
            )
            for mean in averages(compared)
        ],
        only_a=[_alone(cell) for cell in compared.only_before],
        only_b=[_alone(cell) for cell in compared.only_after],
    )


def encoded(made: Document) -> str:
    """As JSON, indented, for people and programs."""
    return msgspec.json.format(msgspec.json.encode(made), indent=1).decode() + "\n"


def _compared(pair: Pair) -> Compared:
    times = pair.factors if pair.comparable else {}
    return Compared(
        pair.codec,
        pair.slice.corpus,
        pair.slice.protocol,
        pair.slice.limit,
        _side(pair.before),
        _side(pair.after),
        pair.comparable,
        _time(times.get("encode")),
        _time(times.get("decode")),
    )


def _side(cell: Cell) -> Side:
    coded = cell.coded_bytes if cell.ok else None
    return Side(cell.status, cell.slice.digest, coded, cell.blobs, cell.reason)


def _alone(cell: Cell) -> Alone:
    return Alone(cell.codec, cell.slice.corpus, cell.slice.protocol, cell.slice.limit)


def _time(factor: Factor | None) -> Time | None:
    return Time(factor.value, factor.low, factor.high) if factor else None
