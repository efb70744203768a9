"""The page on fitted ladders: charts, what they show in sentences, and the figures."""

import math
from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from codelength.report import Column, Table, format
from codelength.report.page import Heading, Prose, Section
from codelength_studies.page import StudyPage, make_chart
from codelength_studies.scaling.analysis import EQUAL, Analysis, Candidate
from codelength_studies.scaling.forms import POWER_SUM
from codelength_studies.scaling.ladder import Ladder
from codelength_studies.scaling.plot import draw

PAGE = "scaling.md"

GUIDE = (
    "A ladder is a set of models of several sizes at several numbers of training steps; its rates "
    "are coded / raw bytes. The form CR(P, S) = a + b·P^−α + c·S^−β, with P parameters and S "
    "steps, is fitted by least squares and, robustly, under Huber's loss. First comes what the "
    "form is worth: it is fitted to all sizes but the largest and predicts that one. Intervals of "
    "95 % are of a bootstrap of training runs, because checkpoints of one run share their errors; "
    "with one run (seed) of a size there are none. A number counts as identified if there are "
    "several runs, its interval spans no more than a factor of three (a floor's leaves out zero), "
    "the residuals have no pattern, and no form without it is as good."
)
NAMES = ("a", "b", "α", "c", "β")
OF = {"α": "the exponent of size α", "β": "the exponent of steps β", "a": "the floor a"}


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
    """Return the ladder, the fits, the forms and the axes."""
    shown = [rate_table(analysis.ladder), _fit_table(analysis), _form_table(analysis)]
    return [*shown, _axes_table(analysis)] if len(analysis.axes) > 1 else shown


def rate_table(ladder: Ladder) -> Table:
    """Return the rates: a row for each size and run, a column for each number of steps."""
    steps = np.unique(ladder.steps)
    rows = []
    for size, run in dict.fromkeys((p.parameters, p.run) for p in ladder.points):
        row = [format.count(size)]
        for step in steps:
            cell = [p for p in ladder.points if (p.parameters, p.run, p.steps) == (size, run, step)]
            marks = ["≈" * (p.how == "score") + format.percent(p.rate) for p in cell]
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
        [name, *(_number(fit.power_sum[key]) for key in NAMES), f"{fit.squares:.5f}"]
        for name, fit in (("least squares", analysis.plain), ("robust (Huber)", analysis.robust))
    ]
    bootstrap = analysis.bootstrap
    if bootstrap is not None:
        intervals = [_span(*bootstrap.interval(name)) for name in NAMES]
        rows.insert(1, ["95 % interval, by runs", *intervals, ""])
    if analysis.spans:
        spans = [_span(*analysis.spans[name]) for name in NAMES]
        rows.append(["leaving out one size", *spans, ""])
    if analysis.published is not None:
        values = [format.significant(analysis.published[name]) for name in NAMES]
        rows.append(["as published", *values, f"{analysis.published_squares:.5f}"])
    columns = [Column("fit", "left", fixed=True), *map(Column, (*NAMES, "squares left"))]
    how = (
        "CR(P, S) = a + b·P^−α + c·S^−β. Leaving out one size: the least and the greatest value of "
        "least squares; that is no interval."
    )
    notes = [] if bootstrap else ["One run (seed) of each size: no intervals."]
    return Table(f"Fit · {analysis.ladder.corpus}", columns, rows, how, notes)


def _span(low: float, high: float) -> str:
    return f"{_number(low)} to {_number(high)}"


def _points(rate: float) -> str:
    return f"{100 * rate:.2f}"


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
            _points(one.prediction.mean) if one.prediction else format.NA,
            "yes" if one.form.monotone else "no",
        ]
        for one in candidates
    ]
    columns = [
        Column("form", "left", fixed=True),
        Column("formula", "left"),
        *map(Column, ("numbers", "squares left", "AICc\nabove best", "BIC\nabove best")),
        Column("largest size\nmissed by"),
        Column("monotone", "left"),
    ]
    how = (
        "Every form by least squares, the best by AICc first; a difference below 2 is none. The "
        "criteria take checkpoints as independent. Largest size missed by: the mean distance in "
        "points from the rates of the largest size, which the form was not fitted to. Forms that "
        "are not monotone may turn upward with size or steps."
    )
    return Table(f"Forms · {analysis.ladder.corpus}", columns, rows, how)


def _axes_table(analysis: Analysis) -> Table:
    rows = [
        [
            axes.size,
            axes.time,
            *(_number(axes.fit.power_sum[name]) for name in ("a", "α", "β")),
            f"{axes.fit.squares:.5f}",
            _points(axes.prediction.mean) if axes.prediction else format.NA,
        ]
        for axes in analysis.axes
    ]
    columns = [Column("size by", "left", fixed=True), Column("training by", "left")]
    columns += map(Column, ("a", "α", "β", "squares left", "largest size\nmissed by"))
    how = (
        "The same form by least squares with other axes. Without embeddings: parameters outside of "
        "the tables of tokens. FLOPs: 6·N·D with N of these parameters and D tokens."
    )
    return Table(f"Axes · {analysis.ladder.corpus}", columns, rows, how)


def conclusions(analysis: Analysis) -> Iterator[str]:
    """Yield what the fit does and does not show, in sentences; the prediction comes first."""
    yield _on_prediction(analysis)
    yield _on_pattern(analysis)
    if analysis.bootstrap is None:
        yield _without_intervals(analysis)
    else:
        for name in ("α", "β", "a"):
            yield _on_number(analysis, name)
    yield _on_forms(analysis)
    if len(analysis.axes) > 1:
        yield _on_axes(analysis)
    if analysis.published is not None:
        yield _on_published(analysis)


def _on_prediction(analysis: Analysis) -> str:
    prediction = analysis.power_sum.prediction
    if prediction is None:
        return "There are too few sizes to hold out the largest, so nothing tells what it predicts."
    text = (
        f"Fitted to the sizes up to {format.count(prediction.before)}, the power sum misses the "
        f"rates of {format.count(prediction.size)} parameters by {_points(prediction.mean)} points "
        f"on average and by {_points(float(np.abs(prediction.errors).max()))} at most"
    )
    if prediction.carried is not None:
        worse = "no better than" if prediction.mean >= prediction.carried else "better than"
        text += (
            f", {worse} taking over the rates of {format.count(prediction.before)} "
            f"({_points(prediction.carried)})"
        )
    best = _best_predictor(analysis)
    if best is not None and best.prediction is not None and best.form is not POWER_SUM:
        text += f"; “{best.form.name}” misses them by {_points(best.prediction.mean)}"
    return text + "."


def _best_predictor(analysis: Analysis) -> Candidate | None:
    predicting = [one for one in analysis.candidates if one.prediction is not None]
    return min(
        predicting, key=lambda one: one.prediction.mean if one.prediction else 0, default=None
    )


def _on_pattern(analysis: Analysis) -> str:
    chance = analysis.pattern
    if chance is None:
        return "There are too few sizes to test whether the residuals have a pattern."
    what = (
        "the residuals drift with size and steps together"
        if analysis.bootstrap is None
        else "the form lies farther from the means of the runs than runs differ"
    )
    if analysis.has_pattern:
        return f"The form misses something: {what} (by chance p = {chance:.2g})."
    return f"The residuals show no pattern that chance does not give (p = {chance:.2g})."


def _without_intervals(analysis: Analysis) -> str:
    text = (
        "There is one run (seed) of each size, or it is not said which checkpoints are of one run: "
        "nothing tells how much runs differ, so no number has an interval and none is identified."
    )
    if analysis.spans:
        spans = [f"{name} lies between {_span(*analysis.spans[name])}" for name in ("α", "β", "a")]
        text += f" When one size is left out, {', '.join(spans)}.".replace(" to ", " and ")
    return text + "".join(_on_rivals(analysis, name) for name in ("α", "β", "a"))


def _on_number(analysis: Analysis, name: str) -> str:
    assert analysis.bootstrap is not None
    interval = _span(*analysis.bootstrap.interval(name))
    what, value = OF[name], _number(analysis.plain.power_sum[name])
    if analysis.is_identified(name):
        return f"{what.capitalize()} is {value} (95 % interval by runs: {interval})."
    return (
        f"{what.capitalize()} is not identified: {value}, 95 % interval by runs {interval}"
        f"{', if the form were right' if analysis.has_pattern else ''}."
        + _on_rivals(analysis, name)
    )


def _on_rivals(analysis: Analysis, name: str) -> str:
    """A sentence on each form without this number that the criteria do not speak against."""
    text = ""
    for other in analysis.rivals(name):
        worse = other.aicc - analysis.power_sum.aicc
        how = "better" if worse < -EQUAL else "no worse"
        text += f" Without {name}, “{other.form.name}”, {other.form.formula}, is {how} by AICc"
        text += f" ({worse:+.1f})."
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


def _on_axes(analysis: Analysis) -> str:
    names = {"parameters": "By all parameters", "without embeddings": "without embeddings"}
    parts = [
        f"{names[axes.size]} α is {_number(axes.fit.power_sum['α'])}, the floor "
        f"{_number(axes.fit.power_sum['a'])}, and {axes.fit.squares:.5f} squares are left"
        for axes in analysis.axes
        if axes.time == "steps"
    ]
    return f"{'; '.join(parts)}."


def _on_published(analysis: Analysis) -> str:
    theirs, ours = analysis.published_squares, analysis.plain.squares
    assert theirs is not None
    return (
        f"The published coefficients leave a residual sum of squares of {theirs:.4f} where least "
        f"squares leaves {ours:.4f}, {theirs / ours:.1f} times less."
    )
