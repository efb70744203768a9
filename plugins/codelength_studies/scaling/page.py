"""The page on fitted ladders: charts, what they show in sentences, and the figures."""

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import numpy as np

from codelength.report import Column, Table, format
from codelength.report.page import Heading, Prose, Section
from codelength_studies.page import StudyPage, make_chart
from codelength_studies.scaling.analysis import EQUAL, Analysis, Bootstrap
from codelength_studies.scaling.fit import Fit
from codelength_studies.scaling.forms import POWER_SUM
from codelength_studies.scaling.ladder import Ladder
from codelength_studies.scaling.plot import draw

PAGE = "scaling.md"

GUIDE = (
    "A ladder is a set of models of several sizes at several numbers of training steps; its rates "
    "are coded / raw bytes. The form CR(P, S) = a + b·P^−α + c·S^−β, with P parameters and S "
    "steps, is fitted by least squares and, robustly, under Huber's loss, with 95 % intervals from "
    "a bootstrap of residuals. The intervals take the form as given; the comparison of forms says "
    "whether they should. An exponent counts as identified if its interval spans no more than a "
    "factor of three and ends inside of the range that was searched, a floor if its interval "
    "leaves out zero."
)
WITHOUT = {"α": ("log size, power of steps", "steps only"), "a": ("no floor",), "β": ("size only",)}
"""Forms that do without a number of the power sum."""


def page(analyses: Sequence[Analysis], resamples: int, command: str) -> StudyPage:
    """Return the page on these ladders."""
    sections: list[Section] = [Prose(f"Made by `{command}`, with {resamples:,} resamples.")]
    for one in analyses:
        corpus = one.ladder.corpus
        sections += [
            Heading(corpus),
            make_chart(f"scaling-{corpus}", "The ladder and its fit.", partial(draw, one)),
            Prose(" ".join(conclusions(one))),
            *tables(one),
        ]
    return StudyPage("Scaling", GUIDE, sections)


def tables(analysis: Analysis) -> list[Table]:
    """Return the ladder, the fits and the forms."""
    return [rate_table(analysis.ladder), _fit_table(analysis), _form_table(analysis)]


def rate_table(ladder: Ladder) -> Table:
    """Return the rates: a row for each size, a column for each number of steps."""
    steps = np.unique(ladder.steps)
    rows = []
    for size in np.unique(ladder.parameters):
        row = [format.count(int(size))]
        for step in steps:
            points = [p for p in ladder.points if p.parameters == size and p.steps == step]
            marks = ["≈" * (p.how == "score") + format.percent(p.rate) for p in points]
            row.append(" ".join(marks) or format.NA)
        rows.append(row)
    columns = [Column("parameters", fixed=True)]
    columns += [Column(f"{format.count(int(step))}\nsteps") for step in steps]
    words = {
        "coded": "coded, decoded in another process and compared",
        "score": "≈: ideal code lengths, which are estimates",
        "published": "as published",
    }
    how = f"Coded / raw bytes in percent: {'; '.join(words[name] for name in ladder.how)}."
    return Table(f"Rates · {ladder.corpus}", columns, rows, how)


def _fit_table(analysis: Analysis) -> Table:
    rows = [
        _fit_row("least squares", analysis.plain, analysis.plain_bootstrap),
        _fit_row("robust (Huber)", analysis.robust, analysis.robust_bootstrap),
    ]
    names = ("a", "b", "α", "c", "β")
    if analysis.published is not None:
        values = [format.significant(analysis.published[name]) for name in names]
        rows.append(["as published", *values, f"{analysis.published_squares:.5f}"])
    columns = [Column("fit", "left", fixed=True), *map(Column, (*names, "squares left"))]
    how = (
        "CR(P, S) = a + b·P^−α + c·S^−β: value ± standard error [95 % interval of the bootstrap], "
        "? behind an exponent or floor that is not identified."
    )
    return Table(f"Fit · {analysis.ladder.corpus}", columns, rows, how)


def _fit_row(name: str, fit: Fit, bootstrap: Bootstrap) -> list[str]:
    row, errors = [name], fit.standard_errors
    for key, value in fit.power_sum.items():
        low, high = bootstrap.interval(key)
        doubt = "" if key in ("b", "c") or bootstrap.identifies(key) else " ?"
        row.append(
            f"{_number(value)} ± {_number(errors[key])} [{_number(low)}, {_number(high)}]{doubt}"
        )
    return [*row, f"{fit.squares:.5f}"]


def _number(value: float) -> str:
    return "0" if abs(value) < 1e-6 else f"{value:.3g}".replace("e+0", "e").replace("e+", "e")


def _form_table(analysis: Analysis) -> Table:
    candidates = analysis.candidates
    best, least = candidates[0].aicc, min(one.bic for one in candidates)
    rows = [
        [
            one.form.name,
            one.form.formula,
            str(one.form.parameters),
            f"{one.fit.squares:.5f}",
            format.NA if math.isinf(one.aicc) else f"{one.aicc - best:.1f}",
            f"{one.bic - least:.1f}",
            "yes" if one.form.monotone else "no",
        ]
        for one in candidates
    ]
    columns = [
        Column("form", "left", fixed=True),
        Column("formula", "left"),
        *map(Column, ("numbers", "squares left", "AICc\nabove best", "BIC\nabove best")),
        Column("monotone", "left"),
    ]
    how = (
        "Every form by least squares, the best by AICc first; a difference below 2 is none. Forms "
        "that are not monotone may turn upward with size or steps."
    )
    return Table(f"Forms · {analysis.ladder.corpus}", columns, rows, how)


def conclusions(analysis: Analysis) -> Iterator[str]:
    """Yield what the fit does and does not show, in sentences."""
    yield _on_exponent(analysis, "α", "size")
    yield _on_exponent(analysis, "β", "steps")
    yield _on_floor(analysis)
    yield _on_forms(analysis)
    if analysis.published is not None:
        yield _on_published(analysis, analysis.published)


def _on_exponent(analysis: Analysis, name: str, of: str) -> str:
    low, high = analysis.robust_bootstrap.interval(name)
    value = analysis.robust.power_sum[name]
    span = f"{format.significant(low, 2)} to {format.significant(high, 2)}"
    if analysis.robust_bootstrap.identifies(name):
        return (
            f"The exponent of {of} {name} is {format.significant(value, 2)}, and 95 % of the "
            f"resamples lie within {span}."
        )
    factor = f", a factor of {format.significant(high / low, 2)}" if low > 0 else ""
    return (
        f"The exponent of {of} {name} is not identified: 95 % of the resamples lie within "
        f"{span}{factor}." + _forms_without(analysis, name)
    )


def _on_floor(analysis: Analysis) -> str:
    low, high = analysis.robust_bootstrap.interval("a")
    span = f"{100 * low:.1f} to {100 * high:.1f} %"
    if analysis.robust_bootstrap.identifies("a"):
        value = analysis.robust.power_sum["a"]
        return f"The floor a is {100 * value:.1f} % (95 % of resamples: {span})."
    value, error = analysis.plain.power_sum["a"], analysis.plain.standard_errors["a"]
    return (
        f"Whether there is a floor is not known: 95 % of the resamples lie within {span}, and by "
        f"least squares it is {100 * value:.1f} % with a standard error of {100 * error:.1f}."
        + _forms_without(analysis, "a")
    )


def _forms_without(analysis: Analysis, name: str) -> str:
    """A sentence on each form without this number that the criteria do not speak against."""
    by_name = {one.form.name: one for one in analysis.candidates}
    text = ""
    for other in WITHOUT[name]:
        worse = by_name[other].aicc - by_name[POWER_SUM.name].aicc
        if worse <= EQUAL:
            how = "better" if worse < -EQUAL else "no worse"
            text += f" “{other}”, {by_name[other].form.formula}, is {how} by AICc ({worse:+.1f})."
    return text


def _on_forms(analysis: Analysis) -> str:
    ranked = [one for one in analysis.candidates if math.isfinite(one.aicc)]
    if not ranked:
        return "There are too few points to compare forms."
    best = ranked[0]
    near = [one.form.name for one in ranked[1:] if one.aicc - best.aicc <= EQUAL]
    text = f"Of the forms, AICc prefers “{best.form.name}”, {best.form.formula}"
    text += f", about equal with {', '.join(f'“{name}”' for name in near)}" if near else ""
    full = next((one for one in ranked if one.form is POWER_SUM), None)
    if full is not None and full is not best:
        factor = full.fit.squares / best.fit.squares if best.fit.squares else math.inf
        text += (
            f"; the power sum is {full.aicc - best.aicc:.1f} worse, and leaves {factor:.1f} times "
            "the squares"
        )
    if not best.form.monotone:
        text += (
            ". That form lets size and steps depend on each other, or the rate turn upward: the "
            "exponents of a power sum describe this ladder and predict no other"
        )
    return text + "."


def _on_published(analysis: Analysis, published: Mapping[str, float]) -> str:
    theirs, ours = analysis.published_squares, analysis.plain.squares
    assert theirs is not None
    intervals = {name: analysis.plain_bootstrap.interval(name) for name in ("α", "β", "a")}
    outside = [
        name for name, (low, high) in intervals.items() if not low <= published[name] <= high
    ]
    where = (
        f"outside of the 95 % interval lies {', '.join(outside)}"
        if outside
        else "all of α, β and a lie within the 95 % intervals, as do many others"
    )
    return (
        f"The published coefficients leave a residual sum of squares of {theirs:.4f} where least "
        f"squares leaves {ours:.4f}, {theirs / ours:.1f} times less; {where}."
    )
