"""A comparison as JSON, with the cells that did not change."""

import msgspec
from msgspec import Struct

from codelength.compare.changes import Comparison, Pair, SpeedRatio, environments
from codelength.results.cell import Cell, Status

SCHEMA = 1
"""Raised when a field changes its meaning."""


class Side(Struct, omit_defaults=True):
    """A cell in one of the runs."""

    status: Status
    digest: str
    """Of the corpus slice."""
    coded: int | None = None
    blobs: str = ""
    reason: str = ""


class ComparedCell(Struct, omit_defaults=True):
    """A cell that both runs have. Speeds are only there if it is comparable."""

    codec: str
    corpus: str
    protocol: str
    limit: int | None
    a: Side
    b: Side
    comparable: bool
    encode: SpeedRatio | None = None
    decode: SpeedRatio | None = None


def to_json(comparison: Comparison) -> str:
    """Return indented JSON of everything that was compared, in the order of the first run."""
    document = {
        "schema": SCHEMA,
        "a": environments(comparison.before),
        "b": environments(comparison.after),
        "same_machine": comparison.is_same_machine,
        "differences": comparison.differences,
        "cells": [_to_compared(pair) for pair in comparison.pairs],
        "means": comparison.means,
        "only_a": [cell.key._asdict() for cell in comparison.only_before],
        "only_b": [cell.key._asdict() for cell in comparison.only_after],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=1).decode() + "\n"


def _to_compared(pair: Pair) -> ComparedCell:
    speeds = pair.speeds if pair.is_comparable else {}
    return ComparedCell(
        *pair.before.key,
        _to_side(pair.before),
        _to_side(pair.after),
        pair.is_comparable,
        speeds.get("encode"),
        speeds.get("decode"),
    )


def _to_side(cell: Cell) -> Side:
    coded = cell.coded_bytes if cell.ok else None
    return Side(cell.status, cell.slice.digest, coded, cell.blobs, cell.reason)
