"""LibriSpeech: recordings by the thousand, of which a mirror may hold some."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from codelength_standard.download import Download
from codelength_standard.folders import Folders, Part


def _speech(name: str, count: int, size: int, sha256: str) -> Part:
    url = f"https://www.openslr.org/resources/12/{name}.tar.gz"
    return Part(f"librispeech/{name}", count, Download(url, size, f"sha256:{sha256}"))


SPEECH = {
    "dev-clean": _speech(
        "dev-clean",
        2703,
        337_926_286,
        "76f87d090650617fca0cac8f88b9416e0ebf80350acb97b343a85fa903728ab3",
    ),
    "test-clean": _speech(
        "test-clean",
        2620,
        346_663_984,
        "39fde525e59672dc6d1551919b1478f724438a95aa55f874b576be21967e6c23",
    ),
    "test-other": _speech(
        "test-other",
        2939,
        328_757_843,
        "d09c181bba5cf717b3dee7d4d592af11a3ee3a09e08ae025c5506f6ebe961c29",
    ),
    "train-clean-100": _speech(
        "train-clean-100",
        28_539,
        6_387_309_499,
        "d4ddd1d5a6ab303066f14971d768ee43278a5f2a0aa43dc716b0e64ecbbbf6e2",
    ),
}
"""The archives' SHA-256 are the ones that torchaudio checks."""


@dataclass(frozen=True)
class LibriSpeech(Folders):
    """Without a part: the two clean sets and test-other, not the training set."""

    part: Literal["dev-clean", "test-clean", "test-other", "train-clean-100"] | None = None
    data: Path | None = field(default=None, repr=False)

    name = "librispeech"
    kind = "audio"
    title = "LibriSpeech, English audiobooks: 16 kHz, 16 bits, mono"
    licence = "CC BY 4.0"
    source = "https://www.openslr.org/12"
    citation = "Panayotov et al.: Librispeech: An ASR Corpus Based on Public Domain Audio Books. \
ICASSP 2015"
    published = "2015"
    suffixes = (".flac",)

    @property
    def parts(self) -> tuple[Part, ...]:
        chosen = (self.part,) if self.part else ("dev-clean", "test-clean", "test-other")
        return tuple(SPEECH[part] for part in chosen)

    def name_of(self, path: Path, folder: Path) -> str:
        """By part and utterance: the folders of speakers and chapters may be there or not."""
        return f"{folder.name}/{path.name}"

    def cluster_of(self, name: str) -> str:
        """By speaker: `test-other/1688-142285-0000.flac` → `1688`."""
        return name.rpartition("/")[2].partition("-")[0]
