"""The libraries that decode files."""

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from codelength.api.errors import Unavailable


def check_installed(module: str, package: str, extra: str) -> None:
    """Raise Unavailable, with the command that mends it, unless `module` is installed."""
    if find_spec(module) is None:
        raise Unavailable(f"{package} is missing: python -m pip install 'codelength[{extra}]'")


def lossy_decoder() -> str:
    """Name what decodes lossy images: `Pillow 13.0.0`."""
    try:
        return f"Pillow {version('pillow')}"
    except PackageNotFoundError:
        return "no Pillow: read as files"
