"""Fails when a codec gets worse: a small grid against a baseline that was accepted before.

Sizes, blobs and round trips are exact and block; times are advisory unless asked. The process that
times imports this package, so it imports nothing itself.
"""
