"""Which speeds may be set beside each other: those of one machine, thread count and job count."""

from collections import defaultdict
from collections.abc import Iterable

from codelength.results.cell import Cell, Environment

PARALLEL = "‖"
CHANGING = {"load", "node"}
"""Facts in a machine's description that may differ although speeds may be compared."""


class Machines:
    """The environments of some runs, numbered in order of time, alike ones by the same number."""

    def __init__(self, runs: Iterable[str], environments: Iterable[Environment]) -> None:
        used = set(runs)
        known = {e.run: e for e in environments if e.run in used}
        self.environments = sorted(known.values(), key=lambda e: (e.started, e.run))
        self.unknown = sorted(used - known.keys())
        alike: dict[object, int] = {}
        self._marks = {
            e.run: f"{alike.setdefault(_likeness(e), len(alike) + 1)}{PARALLEL * (e.jobs > 1)}"
            for e in self.environments
        }

    @property
    def are_several(self) -> bool:
        """Whether there is more than one environment."""
        return len(set(self._marks.values())) + bool(self.unknown) > 1

    def mark(self, run: str) -> str:
        """`2`, or `2‖` where cells were timed beside each other; `?` without a record."""
        return self._marks.get(run, "?")

    def marks(self, cells: Iterable[Cell]) -> list[str]:
        """The different marks of those cells that have figures."""
        return sorted({self.mark(cell.run) for cell in cells if cell.ok})

    def differ(self, cells: Iterable[Cell]) -> bool:
        """Whether not all speeds and memory of `cells` may be compared, so that each is marked."""
        return len(self.marks(cells)) > 1

    def caution(self, cells: Iterable[Cell]) -> list[str]:
        """What a reader must know before comparing speeds; nothing if they are comparable."""
        cells = list(cells)
        marks, notes = self.marks(cells), []
        if len(marks) > 1:
            notes.append(
                f"env: measured in {len(marks)} environments ({', '.join(marks)}); speeds and "
                "memory compare only within one."
            )
        if any(mark.endswith(PARALLEL) for mark in marks):
            which = PARALLEL if len(marks) > 1 else "Speeds:"
            notes.append(f"{which} timed while other cells ran: slower than on a quiet machine.")
        if "?" in marks:
            which = "?" if len(marks) > 1 else "Speeds:"
            notes.append(f"{which} measured in an environment of which there is no record.")
        return [*notes, *_elsewhere(cells)]


def _elsewhere(cells: Iterable[Cell]) -> list[str]:
    """Which codecs computed on a device, and so were timed by another clock."""
    codecs: dict[str, dict[str, None]] = defaultdict(dict)
    for cell in cells:
        if cell.ok and cell.encode and cell.encode.device:
            codecs[cell.encode.device][cell.codec] = None
    return [
        f"{', '.join(names)}: computed on {device}; speeds are of wall time."
        for device, names in codecs.items()
    ]


def machine_facts(environment: Environment) -> dict[str, str]:
    """Return what has to be the same for two environments' speeds to be compared."""
    facts = {name: fact for name, fact in environment.machine.items() if name not in CHANGING}
    if "device" in facts:  # whichever of several
        facts["device"] = facts["device"].partition(" ")[0].partition(":")[0]
    return {**facts, "threads": str(environment.threads), "jobs": str(environment.jobs)}


def _likeness(environment: Environment) -> object:
    return tuple(sorted(machine_facts(environment).items()))
