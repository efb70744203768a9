"""The sets that compression is measured on, from a local mirror or downloaded on demand.

Nothing of them is shipped here: `sums.tsv` says what each file must be.
"""

from pathlib import Path

from codelength import Corpus, hookimpl
from codelength_standard import photos, sets, speech
from codelength_standard.remote import Remote

SETS = (
    sets.Enwik6,
    sets.Enwik8,
    sets.Enwik9,
    sets.Calgary,
    sets.Canterbury,
    sets.Silesia,
    sets.Json,
    sets.Logs,
    sets.Code,
    sets.Kodak,
    photos.Clic,
    photos.ImageNet,
    speech.LibriSpeech,
    sets.Music,
)


@hookimpl
def codelength_corpora(data: Path | None) -> list[Corpus]:
    return [*(corpus(data=data) for corpus in SETS), Remote()]
