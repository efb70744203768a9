"""Where `SegmentedCodec` was before it became part of the harness."""

from codelength.segments import SegmentedCodec

__all__ = ["SegmentedCodec"]
