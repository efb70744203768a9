"""Where to write the names of points so that they cover neither each other nor the points."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

TURNS = 16
RADII = (5.0, 12.0, 20.0, 30.0, 42.0, 58.0, 78.0, 102.0)
SWEEPS = 8
MARKER = 5.0
PAD = 1.5
STEPS = np.linspace(0.15, 0.85, 6)


def place(
    points: Array,
    sizes: Array,
    bounds: tuple[float, float, float, float],
    curves: Sequence[Array] = (),
) -> Array:
    """The lower left corners of the labels.

    `points` and `sizes` (width, height) are (n, 2); all in the same unit, about a screen pixel;
    `bounds` is (left, bottom, right, top); `curves` are lines, (m, 2), better left uncovered.

    Each label in turn moves to the cheapest place around its point, until none wants to move: no
    chance is involved.
    """
    places = [_ring(point, size) for point, size in zip(points, sizes, strict=True)]
    ink = np.concatenate([np.empty((0, 2)), *map(_dotted, curves)])
    fixed = [
        _standing(ring, size, points, ink, bounds) for ring, size in zip(places, sizes, strict=True)
    ]
    # Crowded points choose first.
    crowd = [int((np.abs(points - point).max(axis=1) < RADII[-1]).sum()) for point in points]
    turn = sorted(range(len(points)), key=lambda i: (-crowd[i], *points[i]))
    chosen = [0] * len(points)
    settled: list[int] = []
    for sweep in range(SWEEPS):
        moved = False
        for i in turn:
            others = [j for j in settled if j != i]
            boxes = _boxes([places[j][chosen[j]] for j in others], sizes[others])
            lines = _lines(points[others], boxes)
            costs = fixed[i] + _costs(points[i], places[i], sizes[i], boxes, lines)
            best = int(np.argmin(costs))
            moved |= best != chosen[i] or sweep == 0
            chosen[i] = best
            if sweep == 0:
                settled.append(i)
        if not moved:
            break
    return np.array([places[i][chosen[i]] for i in range(len(points))]).reshape(-1, 2)


def nearest(point: Array, corner: Array, size: Array) -> Array:
    """The place on a label's edge where the line from its point should end."""
    return np.clip(point, corner, corner + size)


def _ring(point: Array, size: Array) -> Array:
    """Corners of the labels that touch circles around the point, the nearest circle first."""
    corners = []
    for radius in RADII:
        for turn in range(TURNS):
            angle = 2 * np.pi * turn / TURNS
            way = np.array([np.cos(angle), np.sin(angle)])
            # The label's centre goes out until its box is `radius` away.
            centre = point + way * radius + np.clip(way * 2, -1, 1) * size / 2
            corners.append(centre - size / 2)
    return np.array(corners)


def _boxes(corners: Sequence[Array], sizes: Array) -> Array:
    """(n, 4): left, bottom, right, top."""
    low = np.array(corners).reshape(-1, 2)
    return np.concatenate([low - PAD, low + sizes.reshape(-1, 2) + PAD], axis=1)


def _lines(points: Array, boxes: Array) -> Array:
    """Places along the lines from points to their labels: (n, 2)."""
    ends = np.clip(points, boxes[:, :2], boxes[:, 2:])
    along = points[:, None] + (ends - points)[:, None] * STEPS[:, None]
    return along.reshape(-1, 2)


def _dotted(curve: Array) -> Array:
    """A line as points a few units apart."""
    pieces = [curve[:1]]
    for start, end in pairwise(curve):
        many = max(1, int(np.hypot(*(end - start)) / 4))
        pieces.append(start + (end - start) * np.linspace(0, 1, many + 1)[1:, None])
    return np.concatenate(pieces)


def _standing(
    corners: Array, size: Array, points: Array, ink: Array, bounds: tuple[float, ...]
) -> Array:
    """What each place costs by what never moves: points, lines, the edges of the panel."""
    low, high = corners, corners + size
    marks = np.concatenate([points - MARKER, points + MARKER], axis=1)
    outside = np.maximum(0, np.array(bounds[:2]) - low) + np.maximum(0, high - np.array(bounds[2:]))
    covered = 6 * _overlap(low, high, marks) + 2.5 * _inside(ink, low, high)
    return np.asarray(covered + 500 * outside.sum(axis=1))


def _costs(point: Array, corners: Array, size: Array, boxes: Array, lines: Array) -> Array:
    """What each place costs by the other labels, and by its distance."""
    low, high = corners, corners + size
    ends = np.clip(point, low, high)
    own = point + (ends - point)[:, None] * STEPS[:, None]
    through = np.zeros(len(corners))
    if len(boxes):
        within = (own[:, :, None] >= boxes[:, :2]) & (own[:, :, None] <= boxes[:, 2:])
        through = within.all(axis=-1).sum(axis=(1, 2)).astype(float)
    level = np.abs((low + high)[:, 1] / 2 - point[1]) < 4
    return np.asarray(
        20 * _overlap(low, high, boxes)
        + 60 * (through + _inside(lines, low, high))
        + 2.2 * np.hypot(*(ends - point).T)
        - 6 * (level & (low[:, 0] > point[0]))
    )


def _overlap(low: Array, high: Array, boxes: Array) -> Array:
    """The area that each of the places shares with all boxes together."""
    if not len(boxes):
        return np.zeros(len(low))
    width = np.minimum(high[:, None, 0], boxes[:, 2]) - np.maximum(low[:, None, 0], boxes[:, 0])
    height = np.minimum(high[:, None, 1], boxes[:, 3]) - np.maximum(low[:, None, 1], boxes[:, 1])
    return np.asarray((np.maximum(0, width) * np.maximum(0, height)).sum(axis=1))


def _inside(lines: Array, low: Array, high: Array) -> Array:
    within = (lines >= low[:, None]) & (lines <= high[:, None])
    return np.asarray(within.all(axis=-1).sum(axis=1).astype(float))
