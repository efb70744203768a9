"""The setting `bits` of a codec: whether its model sees seven bits of each byte, or all."""

from codelength import UsageError
from codelength.coding.coder import Coder


def with_bits(coder: Coder, bits: int | None) -> Coder:
    """Returns `coder` for a codec's setting `bits`: it sees seven bits of each byte, or all."""
    if bits != 7:
        return coder
    from codelength_exact.seven_bits import SevenBits

    return SevenBits(coder)


def check_bits(name: str, bits: int | None) -> None:
    """Raises UsageError for a setting `bits` that is not 7 or 8."""
    if bits not in (None, 7, 8):
        raise UsageError(f"{name}:bits={bits} cannot be: it is 7 or 8")
