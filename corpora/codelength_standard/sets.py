"""The sets whose files are listed: what each is, where it comes from, and how to cite it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Literal

from codelength import TEXT, Corpus, Sample
from codelength.api.corpus import Progress
from codelength_standard.download import Download
from codelength_standard.listed import Listed
from codelength_standard.places import Member, members

GITHUB = "https://raw.githubusercontent.com"
VISQOL = f"{GITHUB}/google/visqol/38d0b0163e441047d4429bf07ad09e5b9031d02c"
SIMDJSON = f"{GITHUB}/simdjson/simdjson-data/4197c425e857f0ec38e89822fdd0bd9ea21f4daf"
LOGHUB = f"{GITHUB}/logpai/loghub/dd61d0952749ee7963bde24220d1be5ede023033"
ZSTANDARD = f"{GITHUB}/indygreg/python-zstandard/4dac8f26dface12dd74eab69b9330abb5c22cbbe"
CANTERBURY = "https://corpus.canterbury.ac.nz/resources"
FREE = "freely distributed for compression research; no licence stated"


class Calgary(Listed):
    """The 14 files that published tables use.

    The other four of the archive (paper3 to paper6) are left out. Text and binary data are mixed,
    so the set counts as raw.
    """

    name = folder = "calgary"
    title = "Calgary corpus, 14 files of 1987: English, programs, a fax, seismic data"
    licence = FREE
    source = "https://corpus.canterbury.ac.nz/descriptions/#calgary"
    citation = "Bell, Witten, Cleary: Modeling for Text Compression. ACM Computing Surveys 21, 1989"
    published = "1989"
    archive = Download(
        f"{CANTERBURY}/calgary.tar.gz",
        1_070_276,
        "sha256:e109eebdc19c5cee533c58bd6a49a4be3a77cc52f84ba234a089148a4f2093b7",
    )
    whole = "0b4c987573721d8e83bb7a97fb69f361259e047ac429adac734c69469e3205f7"


@dataclass(frozen=True)
class Typed(Listed):
    """A set with texts whose lines end in CRLF, or in LF with `text=lf`."""

    text: Literal["lf"] | None = None

    crlf: ClassVar[tuple[str, ...]]
    """The files in which every line ends in CRLF."""

    @property
    def digest(self) -> str | None:  # type: ignore[override]
        return None if self.text else super().digest

    @property
    def label(self) -> str:
        ends = f"lines end in LF in {', '.join(self.crlf)}" if self.text else ""
        return "; ".join(filter(None, [super().label, ends]))

    @property
    def remark(self) -> str:  # type: ignore[override]
        if self.text:
            return ""
        return f"Lines end in CRLF in {', '.join(self.crlf)}; {self.name}:text=lf has LF there."

    def read(self, member: Member, path: Path) -> Sample:
        sample = super().read(member, path)
        if not self.text or member.name not in self.crlf:
            return sample
        return replace(sample, data=bytes(sample.data).replace(b"\r\n", b"\n"))


class Canterbury(Typed):
    """Text and binary data are mixed, so the set counts as raw."""

    crlf = ("alice29.txt", "lcet10.txt", "plrabn12.txt")

    name = folder = "canterbury"
    title = "Canterbury corpus, 11 files: English, HTML, C, Lisp, a spreadsheet, a fax"
    licence = FREE
    source = "https://corpus.canterbury.ac.nz/descriptions/#cantrbry"
    citation = "Arnold, Bell: A Corpus for the Evaluation of Lossless Compression. DCC 1997"
    published = "1997"
    archive = Download(
        f"{CANTERBURY}/cantrbry.tar.gz",
        739_071,
        "sha256:f140e8a5b73d3f53198555a63bfb827889394a42f20825df33c810c3d5e3f8fb",
    )
    whole = "734e782a6a173efd3019778ff93d992477e8a4d3ef03d85df472671d91422a7c"


class Silesia(Typed):
    """Text and binary data are mixed, so the set counts as raw."""

    crlf = ("dickens",)

    name = folder = "silesia"
    title = "Silesia corpus, 12 files of 6 to 51 MB: text, databases, programs, scans"
    licence = FREE
    source = "https://sun.aei.polsl.pl/~sdeor/index.php?page=silesia"
    citation = "Deorowicz: Universal Lossless Data Compression Algorithms. Thesis, Gliwice 2003"
    published = "2003"
    archive = Download(
        "https://sun.aei.polsl.pl/~sdeor/corpus/silesia.zip",
        68_182_744,
        "sha256:0626e25f45c0ffb5dc801f13b7c82a3b75743ba07e3a71835a41e3d9f63c77af",
    )


class Enwik(Listed):
    """One file of Wikipedia."""

    kind = "text"
    folder = "enwik"
    licence = "CC BY-SA 3.0 and GFDL"
    source = "https://mattmahoney.net/dc/textdata.html"
    citation = "Mahoney: Large Text Compression Benchmark. 2006"
    published = "2006-03-03"

    @property
    def members(self) -> tuple[Member, ...]:
        return tuple(member for member in members(self.folder) if member.name == self.name)


class Enwik8(Enwik):
    name = "enwik8"
    title = "the first 10^8 bytes of an English Wikipedia dump"
    archive = Download(
        "https://mattmahoney.net/dc/enwik8.zip",
        36_445_475,
        "sha256:547994d9980ebed1288380d652999f38a14fe291a6247c157c3d33d4932534bc",
    )


class Enwik9(Enwik):
    name = "enwik9"
    title = "the first 10^9 bytes of an English Wikipedia dump"
    archive = Download("https://mattmahoney.net/dc/enwik9.zip", 322_592_222)


class Enwik6(Enwik):
    """The first 10^6 bytes of enwik8, or a file of its own in a mirror."""

    name = "enwik6"
    title = "the first 10^6 bytes of an English Wikipedia dump"
    archive = Enwik8.archive
    whole = "870d31b6e5b7ee333f9651aed2201a596900af0d5caf6da696c391fe7e51eacd"

    def present(self) -> dict[Member, Path]:
        larger = Enwik8(self.data).present().values()
        return super().present() or {member: path for path in larger for member in self.members}

    def read(self, member: Member, path: Path) -> Sample:
        if path.name == member.name:
            return super().read(member, path)
        (enwik8,) = Enwik8(self.data).samples()
        return Sample(member.name, enwik8.data[: member.size], TEXT)

    def verify(self) -> Iterator[tuple[str, str | None]]:
        whole = all(path.name == member.name for member, path in self.present().items())
        return super().verify() if whole else Corpus.verify(self)

    def fetch(self, progress: Progress) -> None:
        if self.missing():
            Enwik8(self.data).fetch(progress)


class Kodak(Listed):
    name = folder = "kodak"
    kind = "image"
    title = "Kodak lossless true colour suite, 24 photographs of 768×512, 24 bits"
    licence = "released for unrestricted use"
    source = "https://r0k.us/graphics/kodak/"
    citation = "Eastman Kodak: PhotoCD PCD0992. Digital copies by R. Franzen, 1999"
    published = "1999"
    urls = {
        f"kodim{n:02}.png": f"https://r0k.us/graphics/kodak/kodak/kodim{n:02}.png"
        for n in range(1, 25)
    }
    whole = "3a242fa382e4b469bf98f135cb8ad9fbd14f75f07c15bbb7e41c743fa15a40c4"


class Music(Listed):
    name = folder = "music"
    kind = "audio"
    title = "castanets, a guitar, Ravel: 48 kHz stereo reference recordings of TCDAudio14"
    licence = "none stated for the recordings; distributed with google/visqol (Apache-2.0)"
    source = "https://github.com/google/visqol"
    citation = "Sloan et al.: Objective Assessment of Perceptual Audio Quality Using ViSQOLAudio. \
IEEE Transactions on Broadcasting 63, 2017"
    published = "2014"
    urls = {
        f"{name}.wav": f"{VISQOL}/testdata/conformance_testdata_subset/{name}.wav"
        for name in ("castanets48_stereo", "guitar48_stereo", "ravel48_stereo")
    }
    whole = "09b655bc7b691fed5d795c3ed8378f88330546e7ad837faef6c7db15263c5586"


class Json(Listed):
    name = folder = "json"
    kind = "text"
    title = "seven of simdjson's JSON documents: tweets, a map, catalogues"
    licence = "none stated; distributed with simdjson (Apache-2.0)"
    source = "https://github.com/simdjson/simdjson-data"
    citation = "Langdale, Lemire: Parsing Gigabytes of JSON per Second. VLDB Journal 28, 2019"
    published = "2014"
    urls = {
        f"{name}.json": f"{SIMDJSON}/jsonexamples/{name}.json"
        for name in (
            "apache_builds",
            "canada",
            "citm_catalog",
            "github_events",
            "instruments",
            "twitter",
            "update-center",
        )
    }
    whole = "805a01f00802367e2719769cb774503b7bda7b7343e99cf10f563da3ba6c3777"


class Logs(Listed):
    name = folder = "logs"
    kind = "text"
    title = "ten of loghub's system logs, 2,000 lines each"
    licence = "free for research and academic work, to be cited (loghub's LICENSE)"
    source = "https://github.com/logpai/loghub"
    citation = "Zhu et al.: Loghub: A Large Collection of System Log Datasets. ISSRE 2023"
    published = "2007"
    urls = {
        f"{name}_2k.log": f"{LOGHUB}/{name}/{name}_2k.log"
        for name in (
            "Android",
            "Apache",
            "BGL",
            "HDFS",
            "Hadoop",
            "Linux",
            "OpenSSH",
            "OpenStack",
            "Spark",
            "Zookeeper",
        )
    }
    whole = "6c2e8179bbce8c8dec50822e1d26cd87d4d93ec1a88b37b4d3671814c7dfe15a"


class Code(Listed):
    name = folder = "code"
    kind = "text"
    title = "the library zstd 1.5.7 in one C file, as python-zstandard builds it"
    licence = "BSD-3-Clause or GPL-2.0"
    source = "https://github.com/indygreg/python-zstandard"
    citation = "Collet, Meta Platforms: Zstandard 1.5.7. 2025"
    published = "2015"
    urls = {"zstd_amalgamated.c": f"{ZSTANDARD}/zstd/zstd.c"}
    whole = "2066dfa094b701730f29f2d130551c3dd7c0a1fa6f82359d96a583619803abef"
