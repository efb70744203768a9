"""Exact integer arithmetic that the learned codecs share."""
