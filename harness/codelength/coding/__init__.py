"""Predictors as codecs: the range coder, segments, code lengths."""
