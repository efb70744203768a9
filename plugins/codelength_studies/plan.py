"""What a study measures: its codecs, and its corpora as a protocol cuts them."""

from collections.abc import Callable, Iterator, Sequence

from codelength.api.codec import Codec
from codelength.api.errors import CorpusError, UsageError
from codelength.api.media import Sample
from codelength.api.protocol import Protocol
from codelength.api.sampling import Limit
from codelength.cli.options import ALL
from codelength.measure.plan import Plan, Target, read_slice, survey
from codelength.plugins import Plugins, Registered


def plan_study(
    plugins: Plugins,
    codecs: Sequence[Registered[Codec]],
    corpora: str,
    protocols: Sequence[Registered[Protocol]],
    limit: Limit,
    reading: Callable[[str], None],
) -> Plan:
    """Read every corpus once and return the targets that every codec meets.

    Args:
        corpora: A comma-separated list.
        limit: What of each corpus is measured: a sample, its head, or all.
        reading: Is called with the name of each corpus before it is read.

    Raises:
        UsageError: There is nothing to measure.
        Unavailable: A codec or a corpus is not here.
        CorpusError: A corpus cannot be read, or is not what it should be.
    """
    selected = plugins.select_corpora(corpora)
    for codec in codecs:
        codec.item.check_available()
    for corpus in selected:
        corpus.item.check_available()
    if not codecs or not selected or not protocols:
        raise UsageError(
            "nothing to measure; 'codelength list codecs' and 'codelength list corpora' show what "
            "there is"
        )
    targets = survey(selected, protocols, None if limit == ALL else limit, reading)
    for target in targets:
        if target.problem:
            raise CorpusError(target.problem)
    return Plan(plugins, codecs, targets)


def samples_of(plan: Plan, target: Target) -> Iterator[Sample]:
    """Read the samples of a target."""
    return read_slice(plan.plugins, target.slice)
