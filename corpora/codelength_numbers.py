"""Arrays of real numbers, from the sample data that Matplotlib brings along.

They are small, and their digests say which bytes they are. One sample is one array; columns of a
table are arrays of their own.
"""

import gzip
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from codelength import Array, Corpus, Sample, Unavailable, hookimpl

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOLDER = Path("mpl-data", "sample_data")


@dataclass(frozen=True)
class Numbers(Corpus):
    """A file of Matplotlib's sample data."""

    kind: ClassVar[str] = "array"
    licence: ClassVar[str] = "Matplotlib's, for its sample data"
    source: ClassVar[str] = "https://github.com/matplotlib/matplotlib"
    published: ClassVar[str] = "2003"
    """When Matplotlib first appeared: none of its data is older."""
    file: ClassVar[str]

    @abstractmethod
    def arrays(self, path: Path) -> "Iterable[tuple[str, NDArray[Any]]]":
        """Read the arrays of a file, each with its name."""

    def samples(self) -> Iterator[Sample]:
        for name, array in self.arrays(self._path()):
            numbers = array.astype(array.dtype.newbyteorder("<"))
            media = Array(numbers.dtype.str, numbers.shape)
            yield Sample(f"{self.file}/{name}", numbers.tobytes(), media)

    def check_available(self) -> None:
        if find_spec("matplotlib") is None or not self._path().is_file():
            raise Unavailable(
                f"{self.name} is part of Matplotlib, which is not installed: "
                "python -m pip install 'codelength[plots]'"
            )

    def places(self) -> list[Path]:
        return [self._path()]

    def _path(self) -> Path:
        spec = find_spec("matplotlib")
        if spec is None or spec.origin is None:
            self.check_available()
            raise Unavailable("Matplotlib has no folder")
        return Path(spec.origin).parent / FOLDER / self.file


@dataclass(frozen=True)
class Elevation(Numbers):
    name: ClassVar[str] = "elevation"
    title: ClassVar[str] = "heights of a landscape at Jacksboro, 344 × 403 numbers of 16 bits"
    digest: ClassVar[str | None] = (
        "780b20c69e59fa4b22164f262b91b443baaf8017346e07d8a898c7e87cdad501"
    )
    file: ClassVar[str] = "jacksboro_fault_dem.npz"

    def arrays(self, path: Path) -> "Iterable[tuple[str, NDArray[Any]]]":
        import numpy as np

        with np.load(path) as file:
            yield "elevation", file["elevation"]


@dataclass(frozen=True)
class Topography(Numbers):
    name: ClassVar[str] = "topography"
    title: ClassVar[str] = "heights and depths of the earth, 91 × 120 floats of 32 bits"
    digest: ClassVar[str | None] = (
        "51be4f3daf8fe479a5b476e606f5011cf01a8690ad59995f972672a4317f871c"
    )
    file: ClassVar[str] = "topobathy.npz"

    def arrays(self, path: Path) -> "Iterable[tuple[str, NDArray[Any]]]":
        import numpy as np

        with np.load(path) as file:
            yield "topo", file["topo"]


@dataclass(frozen=True)
class Prices(Numbers):
    name: ClassVar[str] = "prices"
    title: ClassVar[str] = "five columns of 1,047 daily prices of a share, floats of 64 bits"
    digest: ClassVar[str | None] = (
        "f31fe87f43b0b353f5e048772a3da4972bbcb0b500411cef12981f36325a8c8d"
    )
    file: ClassVar[str] = "goog.npz"
    columns: ClassVar[tuple[str, ...]] = ("open", "high", "low", "close", "adj_close")

    def arrays(self, path: Path) -> "Iterable[tuple[str, NDArray[Any]]]":
        import numpy as np

        with np.load(path) as file:
            table = file["price_data"]
        for column in self.columns:
            yield column, table[column]


@dataclass(frozen=True)
class Volumes(Prices):
    name: ClassVar[str] = "volumes"
    title: ClassVar[str] = "1,047 daily numbers of shares that were traded, integers of 64 bits"
    digest: ClassVar[str | None] = (
        "3d1d8aa96a89843c45e64b6bf57516d740d35db6c14c2919e1a2fcc35e6470e0"
    )
    columns: ClassVar[tuple[str, ...]] = ("volume",)


@dataclass(frozen=True)
class Mri(Numbers):
    name: ClassVar[str] = "mri"
    title: ClassVar[str] = "a slice through a head, 256 × 256 numbers of 16 bits"
    digest: ClassVar[str | None] = (
        "8b1e4754699f3fc9112984e454661a2abd13e631c86b95e31f8881b2c61eb072"
    )
    file: ClassVar[str] = "s1045.ima.gz"

    def arrays(self, path: Path) -> "Iterable[tuple[str, NDArray[Any]]]":
        import numpy as np

        yield "slice", np.frombuffer(gzip.decompress(path.read_bytes()), ">u2").reshape(256, 256)


@hookimpl
def codelength_corpora() -> list[Corpus]:
    return [Elevation(), Topography(), Prices(), Volumes(), Mri()]
