"""The libraries that decode files, called so that a picture is in memory once or twice."""

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from io import BytesIO

from codelength.api.errors import Unavailable
from codelength.api.media import FileBytes, Image
from codelength_reading.decoded import Decoded, NotRepresentable

EXPANSION = 1100
"""Bytes of pixels for a byte of file at most. Deflate reaches 1,032; a header that claims more is
not believed, so that memory is bounded by the file."""
STRIP = 1 << 20
"""Bytes of pixels that are taken out of Pillow together."""

PILLOW_CHANNELS = {"1": 1, "L": 1, "P": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4}
"""Pillow's modes of at most 8 bits a channel."""


def check_installed(module: str, package: str, extra: str) -> None:
    """Raise Unavailable, with the command that mends it, unless `module` is installed."""
    if find_spec(module) is None:
        raise Unavailable(f"{package} is missing: python -m pip install 'codelength[{extra}]'")


def lossy_decoder() -> str:
    """Name what decodes lossy images: `imagecodecs 2026.3.6`."""
    try:
        return f"imagecodecs {version('imagecodecs')}"
    except PackageNotFoundError:
        return "no imagecodecs: read as files"


def check_size(file: FileBytes, media: Image) -> None:
    """Raise NotRepresentable if a header claims more pixels than a file can hold."""
    size = media.height * media.frame_size
    if size > EXPANSION * len(file) + (1 << 20):
        raise NotRepresentable(f"it claims {size} bytes of pixels in a file of {len(file)}")


def by_imagecodecs(
    function: str,
    file: FileBytes,
    what: str,
    carried: int,
    media: Image,
    is_lossy: bool = False,
    dropped: int = 0,
) -> Decoded:
    """Decode by a function of imagecodecs, right into what becomes the sample.

    Args:
        function: `png_decode`.
        file: It is read as a whole.
        what: As in `Decoded`.
        carried: As in `Decoded`.
        media: What the header says.
        is_lossy: As in `Decoded`.
        dropped: Channels that the library adds to those of `media`.
    """
    check_installed("imagecodecs", "imagecodecs", "image")
    check_size(file, media)
    import imagecodecs
    import numpy as np

    channels = media.channels + dropped
    depth = np.uint16 if media.depth == 16 else np.uint8
    shape = (media.height, media.width, *([channels] if channels > 1 else []))
    room = BytesIO()
    room.seek(media.height * media.width * channels * media.depth // 8 - 1)
    room.write(b"\0")
    with room.getbuffer() as view:
        pixels = np.frombuffer(view, depth).reshape(shape)
        try:
            getattr(imagecodecs, function)(bytes(file), out=pixels)
        except Exception as error:  # imagecodecs raises an exception of its own for each format
            raise NotRepresentable(f"imagecodecs does not read it: {error}") from error
        finally:
            del pixels
    data = room.getvalue()  # the same memory, as nobody writes to it any more
    if dropped:
        data = np.frombuffer(data, depth).reshape(shape)[..., :-dropped].tobytes()
    return Decoded(media, data, what, carried, lossy_decoder(), is_lossy)


def by_pillow(
    file: FileBytes,
    what: str,
    carried: int,
    is_lossy: bool = False,
    media: Image | None = None,
    scale: int = 1,
) -> Decoded:
    """Decode by Pillow.

    Args:
        file: The file.
        what: As in `Decoded`.
        carried: As in `Decoded`.
        is_lossy: As in `Decoded`.
        media: What the header says, if that is known; else what Pillow says of it.
        scale: What Pillow multiplies samples of few bits by.
    """
    check_installed("PIL", "pillow", "image")
    import PIL
    from PIL import Image as Pillow

    room = BytesIO()
    try:
        with file.path.open("rb") as stream, Pillow.open(stream) as image:
            frames = getattr(image, "n_frames", 1)
            if frames != 1:
                raise NotRepresentable(f"it has {frames} frames")
            if image.mode not in PILLOW_CHANNELS:
                raise NotRepresentable(f"Pillow reads it as pixels of mode {image.mode!r}")
            size = media or Image(*image.size, PILLOW_CHANNELS[image.mode])
            check_size(file, size)
            scale = 255 if image.mode == "1" else scale  # its samples are bits
            smaller = bytes(value // scale for value in range(256))
            rows = max(1, STRIP // max(1, size.frame_size))
            for top in range(0, image.height, rows):
                strip = image.crop((0, top, image.width, min(top + rows, image.height)))
                data = (strip.convert("L") if strip.mode == "1" else strip).tobytes()
                room.write(data.translate(smaller) if scale > 1 else data)
    except NotRepresentable:
        raise
    except Exception as error:  # Pillow has no common ancestor for what its decoders raise
        raise NotRepresentable(f"Pillow does not read it: {error}") from error
    data = room.getvalue()
    if len(data) != size.height * size.frame_size:
        raise NotRepresentable(f"its decoder gives {len(data)} bytes, its header says {size}")
    return Decoded(size, data, what, carried, f"Pillow {PIL.__version__}", is_lossy)
