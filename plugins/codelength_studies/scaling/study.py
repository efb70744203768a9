"""Everything that is to be found out about a ladder."""

from collections.abc import Mapping

from codelength_studies.scaling.bootstrap import bootstrap
from codelength_studies.scaling.compare import rivals
from codelength_studies.scaling.fit import fit, fit_robustly
from codelength_studies.scaling.points import Ladder
from codelength_studies.scaling.reading import Fitted


def study(
    ladder: Ladder, resamples: int, seed: int = 0, published: Mapping[str, float] | None = None
) -> Fitted:
    """Both fits with their bootstraps, and the other forms. Raises UsageError for a ladder of too
    few points."""
    plain, robust = fit(ladder), fit_robustly(ladder)
    return Fitted(
        ladder,
        plain,
        robust,
        bootstrap(ladder, plain, False, resamples, seed),
        bootstrap(ladder, robust, True, resamples, seed),
        rivals(ladder),
        published,
    )
