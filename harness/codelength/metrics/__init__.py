"""What follows from measured cells: rates, prices, ranks, means. Nothing is rounded here.

A figure is None where a cell is not `ok` or its corpus is empty.
"""
