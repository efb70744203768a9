"""Measuring: what there is to measure, and the workers that encode, decode and compare."""
