"""Photographs of which nobody can say whether they are all: CLIC's and ImageNet's."""

from dataclasses import dataclass, field
from pathlib import Path

from codelength_reading import lossy_decoder
from codelength_standard.download import Download
from codelength_standard.folders import Folders, Part
from codelength_standard.places import named


@dataclass(frozen=True)
class Photos(Folders):
    """The images in one folder."""

    data: Path | None = field(default=None, repr=False)

    kind = "image"
    suffixes = (".png", ".jpg", ".jpeg")

    @property
    def label(self) -> str:
        files = self.files()
        if not files or len(files) == self.parts[0].count:
            return ""
        lossy = any(path.suffix.lower() != ".png" for path in files.values())
        count = "1 file" if len(files) == 1 else f"{len(files):,} files"
        by = f", JPEG decoded by {lossy_decoder()}" if lossy else ""
        return f"local selection: {count} ({named(list(files))}){by}"


class Clic(Photos):
    """The archive is the professional validation set of 2020.

    A mirror may hold other photographs of the challenge: then the label says how many, and that
    they are a selection.
    """

    name = "clic"
    title = "photographs of the Challenge on Learned Image Compression"
    licence = "Unsplash licence"
    source = "https://clic.compression.cc"
    citation = "Toderici et al.: CLIC 2020: Challenge on Learned Image Compression"
    published = "2020"
    parts = (
        Part(
            "clic",
            41,
            Download(
                "https://data.vision.ee.ethz.ch/cvl/clic/professional_valid_2020.zip",
                None,
                "md5:7111ee240435911db04dbc5f40d50272",
            ),
        ),
    )


class ImageNet(Photos):
    """JPEG files that the user provides; nothing is downloaded."""

    name = "imagenet"
    title = "photographs of ImageNet, decoded from JPEG"
    licence = "research use; rights remain with the photographers"
    source = "https://www.image-net.org"
    citation = "Russakovsky et al.: ImageNet Large Scale Visual Recognition Challenge. IJCV 2015"
    published = "2009"
    parts = (Part("imagenet"),)
    _bringing = (
        "ImageNet needs a registration, so nothing is downloaded; "
        "put its JPEG files into DIR/imagenet and give '--data DIR'"
    )
