"""What a fit does and does not say, in sentences that follow from its figures."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from codelength.report import format
from codelength_studies.scaling.bootstrap import Bootstrap
from codelength_studies.scaling.compare import EQUAL, Rival
from codelength_studies.scaling.fit import Fit
from codelength_studies.scaling.forms import EXPONENTS, POWER_SUM
from codelength_studies.scaling.points import Ladder

FACTOR = 3.0
"""An exponent whose interval spans more than this factor is not identified."""
NOTHING = 1e-4
"""A floor below this, in coded bytes for each raw byte, is none."""

WITHOUT = {"α": ("log size, power of steps", "steps only"), "a": ("no floor",), "β": ("size only",)}
"""Forms that do without a number of the power sum."""


@dataclass(frozen=True)
class Fitted:
    """All that was found out about a ladder."""

    ladder: Ladder
    plain: Fit
    robust: Fit
    plain_spread: Bootstrap
    robust_spread: Bootstrap
    rivals: Sequence[Rival]
    published: Mapping[str, float] | None = None
    """A power sum that somebody else has fitted to the same points."""

    @property
    def published_squares(self) -> float | None:
        """The residual sum of squares that theirs leaves."""
        law = self.published
        if law is None:
            return None
        sizes = law["b"] * self.ladder.parameters ** -law["α"]
        steps = law["c"] * self.ladder.steps ** -law["β"]
        residuals = self.ladder.rates - law["a"] - sizes - steps
        return float(residuals @ residuals)


def identified(spread: Bootstrap, name: str) -> bool:
    """Whether the resamples agree on a number: on an exponent within FACTOR and off the ends of
    the range searched, on the floor that there is one."""
    low, high = spread.interval(name)
    if name == "a":
        return low > NOTHING
    inside = low > EXPONENTS[0] * 1.01 and high < EXPONENTS[1] * 0.99
    return inside and high <= FACTOR * low


def reading(fitted: Fitted) -> Iterator[str]:
    """The sentences."""
    yield from (_exponent(fitted, name, of) for name, of in (("α", "size"), ("β", "steps")))
    yield _floor(fitted)
    yield _best(fitted)
    if fitted.published is not None:
        yield _published(fitted)


def _exponent(fitted: Fitted, name: str, of: str) -> str:
    low, high = fitted.robust_spread.interval(name)
    value = fitted.robust.law[name]
    span = f"{format.significant(low, 2)} to {format.significant(high, 2)}"
    if identified(fitted.robust_spread, name):
        return (
            f"The exponent of {of} {name} is {format.significant(value, 2)}, and 95 % of the "
            f"resamples lie within {span}."
        )
    others = [_support(fitted, form) for form in WITHOUT[name]]
    why = f": 95 % of the resamples lie within {span}"
    why += f", a factor of {format.significant(high / low, 2)}" if low > 0 else ""
    return f"The exponent of {of} {name} is not identified{why}." + "".join(filter(None, others))


def _support(fitted: Fitted, name: str) -> str:
    """A sentence on a simpler form, if the criteria do not speak against it."""
    found = {rival.form.name: rival for rival in fitted.rivals}
    full, simple = found.get(POWER_SUM.name), found.get(name)
    if full is None or simple is None or full.aicc is None or simple.aicc is None:
        return ""
    worse = simple.aicc - full.aicc
    if worse > EQUAL:
        return ""
    how = "better" if worse < -EQUAL else "no worse"
    return f" “{name}”, {simple.form.formula}, is {how} by AICc ({worse:+.1f})."


def _floor(fitted: Fitted) -> str:
    low, high = fitted.robust_spread.interval("a")
    error = fitted.plain.standard_errors["a"]
    value = fitted.plain.law["a"]
    span = f"{100 * low:.1f} to {100 * high:.1f} %"
    if identified(fitted.robust_spread, "a"):
        return f"The floor a is {100 * fitted.robust.law['a']:.1f} % (95 % of resamples: {span})."
    return (
        f"Whether there is a floor is not known: 95 % of the resamples lie within {span}, and by "
        f"least squares it is {100 * value:.1f} % with a standard error of {100 * error:.1f}."
        + _support(fitted, "no floor")
    )


def _best(fitted: Fitted) -> str:
    ranked = [rival for rival in fitted.rivals if rival.aicc is not None]
    if not ranked:
        return "There are too few points to compare forms."
    best = ranked[0]
    near = [r.form.name for r in ranked[1:] if r.aicc - best.aicc <= EQUAL]  # type: ignore[operator]
    text = f"Of the forms, AICc prefers “{best.form.name}”, {best.form.formula}"
    text += f", about equal with {', '.join(f'“{name}”' for name in near)}" if near else ""
    full = next((rival for rival in ranked if rival.form is POWER_SUM), None)
    if full is not None and full is not best:
        gap = full.aicc - best.aicc  # type: ignore[operator]
        share = best.fit.squares / full.fit.squares if full.fit.squares else 1.0
        text += f"; the power sum is {gap:.1f} worse, and leaves {1 / share:.1f} times the squares"
    if not best.form.monotone and best.form.name not in near:
        text += (
            ". That form lets size and steps depend on each other, or the rate turn upward: "
            "exponents of a plain sum describe this ladder and are no law"
        )
    return text + "."


def _published(fitted: Fitted) -> str:
    theirs, ours = fitted.published_squares, fitted.plain.squares
    assert fitted.published is not None
    assert theirs is not None
    outside = [
        name
        for name in ("α", "β", "a")
        if not fitted.plain_spread.interval(name)[0]
        <= fitted.published[name]
        <= fitted.plain_spread.interval(name)[1]
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
