"""Made for this project and shipped with it: prose, structured text, images, sound.

Nobody can have trained on them before they were published. `README.md` says what they are and how
the synthetic ones were made; nothing is made when they are read.
"""

from collections.abc import Iterator
from pathlib import Path

from codelength import TEXT, Corpus, Sample, hookimpl
from codelength.api.corpus import read_file
from codelength.api.errors import CorpusError
from codelength_reading import check_installed, read_media

DATA = Path(__file__).parent / "data"


class Embedded(Corpus):
    """The files of one folder, in the order of their names."""

    licence = "CC0-1.0"
    source = "made for codelength"
    published = "2026-11"
    embedded = True

    def samples(self) -> Iterator[Sample]:
        self.check_available()
        files = sorted(DATA.joinpath(self.name).glob("[!.]*"))
        if not files:
            raise CorpusError(f"{DATA / self.name} is empty: install codelength again")
        for path in files:
            yield self._read(path)

    def places(self) -> list[Path]:
        return [DATA / self.name]

    def _read(self, path: Path) -> Sample:
        if self.kind == "text":
            return Sample(path.name, read_file(path), TEXT)
        return read_media(path, path.name)[0]


class Prose(Embedded):
    name = "prose"
    kind = "text"
    title = "English prose written for this corpus: stories, letters, a play, a manual"
    digest = "1032b15305c113dd89b127419e21a7c7f21f35e198c174804850a8f68830c7a5"


class Structured(Embedded):
    name = "structured"
    kind = "text"
    title = "tables, logs and markup as programs write them: CSV, JSON, XML"
    digest = "dff26c47bd7b5be492344dcc2d307145a5036a7c1159cbc9a27ca334a25dd028"


class Images(Embedded):
    name = "images"
    kind = "image"
    title = "synthetic pictures, decoded to pixels: gray and colour, 8 and 16 bits"
    digest = "f7b5e0b8bed0f26846ab0b13862f0a3adc79d8683342d9324937f24a9aa30366"

    def check_available(self) -> None:
        check_installed("imagecodecs", "imagecodecs", "image")


class Sound(Embedded):
    name = "sound"
    kind = "audio"
    title = "synthetic recordings, decoded to PCM: mono and stereo"
    digest = "eee221c23da1282338d4e39b6adc42b1c989c995b87d684ef2c3dcbccc7ceda0"

    def check_available(self) -> None:
        check_installed("soundfile", "soundfile", "audio")


@hookimpl
def codelength_corpora() -> list[Corpus]:
    return [Prose(), Structured(), Images(), Sound()]
