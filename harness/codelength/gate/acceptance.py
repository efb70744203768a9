"""Makes a baseline: what a grid gives now becomes what it has to give."""

from msgspec.structs import replace

from codelength.gate.baseline import SCHEMA, Baseline, Grid, accepted
from codelength.gate.grid import GridWatch, measure
from codelength.gate.outcome import Outcome
from codelength.gate.timing import Timer, conditions
from codelength.gate.verdicts import findings
from codelength.plugins import Plugins
from codelength.results.cell import Status


def accept(
    grid: Grid,
    plugins: Plugins,
    watch: GridWatch,
    timed: bool,
    timeout: float,
) -> tuple[Baseline, Outcome]:
    """What the grid gives now, and whether it may be a baseline: only with exit code 0, for which
    every cell has to be ok or declined by its codec, and one at least ok. Raises Untimed."""
    measured = measure(grid, plugins, timeout, watch)
    e = measured.environment
    sound = (cell for cell in measured.cells if cell.ok or cell.status is Status.UNSUPPORTED)
    cells = {cell.place: cell for cell in map(accepted, sound)}
    made = Baseline(
        schema=SCHEMA,
        made={"started": e.started, "codelength": e.codelength, "commit": e.commit},
        timed=conditions(),
        grid=grid,
        cells=[cells[place] for place in grid.places if place in cells],
    )
    found = findings(made, measured.cells, measured.missing)
    outcome = Outcome(found, e, log=measured.log)
    if timed and outcome.exit_code == 0:
        made = replace(made, paces=Timer(grid, measured, timeout).paces(watch))
    return made, outcome
