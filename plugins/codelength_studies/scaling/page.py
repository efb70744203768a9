"""The report on fitted ladders: tables, pictures, sentences."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from codelength.report import Column, Table, format
from codelength.report.export.files import picture, put_page
from codelength_studies.scaling.bootstrap import Bootstrap
from codelength_studies.scaling.fit import Fit
from codelength_studies.scaling.plot import plot
from codelength_studies.scaling.reading import Fitted, identified, reading

PAGE = "scaling.md"

GUIDE = (
    "A ladder is a set of models of several sizes at several numbers of training steps; its rates "
    "are coded / raw bytes. The law CR(P, S) = a + b·P^−α + c·S^−β, with P parameters and S steps, "
    "is fitted by least squares and, robustly, under Huber's loss, with 95 % intervals from a "
    "bootstrap of residuals. The intervals take the form as given; the comparison of forms says "
    "whether they should. An exponent counts as identified if its interval spans no more than a "
    "factor of three and ends inside of the range that was searched, a floor if its interval "
    "leaves out zero."
)


def tables(fitted: Fitted) -> list[Table]:
    """The ladder, the law, the forms."""
    return [_rates(fitted), _law(fitted), _forms(fitted)]


def write(found: Sequence[Fitted], resamples: int, command: str, out: Path) -> Path:
    """Writes `out`/scaling.md and its plots; the path of the former. Raises OSError."""
    parts = ["# Scaling", GUIDE, f"Made by `{command}`, with {resamples:,} resamples."]
    for fitted in found:
        name, what = f"scaling-{fitted.ladder.corpus}", "the ladder and the fit"
        parts += [f"## {fitted.ladder.corpus}"]
        parts += [picture(out, name, what, partial(plot, fitted))]
        parts += [" ".join(reading(fitted))]
        parts += [table.markdown() for table in tables(fitted)]
    return put_page(out / PAGE, parts)


def _rates(fitted: Fitted) -> Table:
    ladder = fitted.ladder
    steps = np.unique(ladder.steps)
    rows = []
    for size in np.unique(ladder.parameters):
        row = [format.count(int(size))]
        for step in steps:
            here = [p for p in ladder.points if p.parameters == size and p.steps == step]
            marks = ["≈" * (p.how == "score") + format.percent(p.rate) for p in here]
            row.append(" ".join(marks) or format.NA)
        rows.append(row)
    columns = [Column("parameters", fixed=True)]
    columns += [Column(f"{format.count(int(step))}\nsteps") for step in steps]
    how = {
        "coded": "coded, decoded in another process and compared",
        "score": "≈: ideal code lengths, which are estimates",
        "published": "as published",
    }
    made = f"Coded / raw bytes in percent: {'; '.join(how[name] for name in ladder.how)}."
    return Table(f"Rates · {ladder.corpus}", columns, rows, made)


def _law(fitted: Fitted) -> Table:
    rows = [
        _row("least squares", fitted.plain, fitted.plain_spread),
        _row("robust (Huber)", fitted.robust, fitted.robust_spread),
    ]
    if fitted.published is not None and fitted.published_squares is not None:
        values = [format.significant(fitted.published[n]) for n in ("a", "b", "α", "c", "β")]
        rows.append(["as published", *values, f"{fitted.published_squares:.5f}"])
    columns = [Column("fit", "left", fixed=True)]
    columns += [Column(name) for name in ("a", "b", "α", "c", "β", "squares left")]
    made = (
        "CR(P, S) = a + b·P^−α + c·S^−β: value ± standard error [95 % interval of the bootstrap], "
        "? behind an exponent or floor that is not identified."
    )
    return Table(f"Law · {fitted.ladder.corpus}", columns, rows, made)


def _row(name: str, of: Fit, spread: Bootstrap) -> list[str]:
    errors = of.standard_errors
    row = [name]
    for key, value in of.law.items():
        low, high = spread.interval(key)
        doubt = "" if key in ("b", "c") or identified(spread, key) else " ?"
        row.append(
            f"{_number(value)} ± {_number(errors[key])} [{_number(low)}, {_number(high)}]{doubt}"
        )
    return [*row, f"{of.squares:.5f}"]


def _number(value: float) -> str:
    return "0" if abs(value) < 1e-6 else f"{value:.3g}".replace("e+0", "e").replace("e+", "e")


def _forms(fitted: Fitted) -> Table:
    ranked = fitted.rivals
    best = next((rival.aicc for rival in ranked if rival.aicc is not None), None)
    least = min(rival.bic for rival in ranked)
    rows = [
        [
            rival.form.name,
            rival.form.formula,
            str(rival.form.parameters),
            f"{rival.fit.squares:.5f}",
            format.NA if rival.aicc is None or best is None else f"{rival.aicc - best:.1f}",
            f"{rival.bic - least:.1f}",
            "yes" if rival.form.monotone else "no",
        ]
        for rival in ranked
    ]
    columns = [
        Column("form", "left", fixed=True),
        Column("formula", "left"),
        Column("numbers"),
        Column("squares left"),
        Column("AICc\nabove best"),
        Column("BIC\nabove best"),
        Column("monotone", "left"),
    ]
    made = (
        "Every form by least squares, the best by AICc first; a difference below 2 is none. Forms "
        "that are not monotone may turn upward with size or steps."
    )
    return Table(f"Forms · {fitted.ladder.corpus}", columns, rows, made)
