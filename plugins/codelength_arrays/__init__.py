"""Codecs for arrays of numbers, told their type: Pcodec, Blosc, OpenZL, and Parquet.

Data without a hint are bytes to them. None is part of a run that names no codecs: `@arrays` asks
for all of them.
"""

from collections.abc import Iterable

from codelength import Codec, hookimpl
from codelength_arrays.codecs import Blosc, OpenZl, Parquet, Pcodec


@hookimpl
def codelength_codecs() -> Iterable[Codec]:
    return Pcodec(), Pcodec(12), Blosc(), Blosc(9, shuffle="bit"), OpenZl(), Parquet()
