"""What stands behind a row: whether its blobs were decoded, where they can be, and whether the
receiver must hold trained weights."""

from collections.abc import Iterable
from enum import StrEnum
from math import ceil

from codelength.metrics import WEIGHTS
from codelength.results.cell import Cell, Status
from codelength.results.score import Score

HEX = 12


class Evidence(StrEnum):
    """The weakest first is never ranked above a stronger one: see `ranked`."""

    VERIFIED = "verified"
    """Every blob was decoded by another process and compared."""
    SAME_MACHINE = "same-machine"
    """So it was, but it decodes only where it was encoded: no one else can check it."""
    ESTIMATE = "estimate"
    """Nothing was decoded: an ideal code length, printed with ≈."""

    @property
    def ranked(self) -> bool:
        """Whether it has a place: an estimate stands below all that was decoded."""
        return self is not Evidence.ESTIMATE


def evidence(cell: Cell) -> Evidence:
    """What a cell that is `ok` shows. The run leaves a `decode` phase in each cell that it
    decoded; a codec says in its versions that it decodes on the same machine only."""
    if cell.decode is None:
        return Evidence.ESTIMATE
    return Evidence.SAME_MACHINE if _same_machine(cell) else Evidence.VERIFIED


def estimate(score: Score) -> Cell:
    """What `codelength score` found, as a cell: nothing was decoded, so it is an estimate. Its law
    stands for codec, settings, libraries and weights."""
    return Cell(
        codec=score.codec,
        slice=score.slice,
        status=Status.OK,
        run=score.run,
        versions={"law": score.law[:HEX]},
        coded_bytes=ceil(score.bits / 8),
        model_bytes=score.model_bytes,
    )


def learned(cells: Iterable[Cell]) -> bool:
    """Whether the codec comes with trained weights."""
    return any(WEIGHTS in cell.model_bytes or WEIGHTS in cell.versions for cell in cells)


def _same_machine(cell: Cell) -> bool:
    return cell.versions.get("decodes") == Evidence.SAME_MACHINE
