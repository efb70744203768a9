"""The pieces of a corpus that curves are measured on, and their controls."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from codelength.api.errors import UsageError
from codelength.api.media import RAW, Sample


@dataclass(frozen=True)
class Piece:
    """A run of bytes from a corpus."""

    sample: Sample
    cluster: int
    """The number of the file, picture or speaker that it comes from."""

    @property
    def data(self) -> bytes:
        """The bytes."""
        return bytes(self.sample.data)


def take_pieces(samples: Iterable[Sample], length: int, count: int) -> list[Piece]:
    """Return at most `count` pieces of `length` bytes, from all over the samples.

    Raises:
        UsageError: There are fewer than two, which show no spread.
    """
    whole = [
        (sample, start)
        for sample in samples
        for start in range(0, len(sample.data) - length + 1, length)
    ]
    if len(whole) < 2:
        raise UsageError(
            f"fewer than two pieces of {length} bytes; take a smaller --length, or another corpus"
        )
    taken = np.unique(np.linspace(0, len(whole) - 1, min(count, len(whole))).round().astype(int))
    clusters: dict[str, int] = {}
    return [
        Piece(
            sample.split(start, start + length),
            clusters.setdefault(sample.cluster, len(clusters)),
        )
        for sample, start in (whole[i] for i in taken)
    ]


def choose_foreign(clusters: list[int]) -> list[int]:
    """Return for each piece the number of another one, of another file where there is one."""
    count = len(clusters)
    foreign = []
    for n, cluster in enumerate(clusters):
        others = [(n + count // 2 + step) % count for step in range(count)]
        foreign.append(next((m for m in others if clusters[m] != cluster), others[0]))
    return foreign


def shuffle_bytes(sample: Sample, seed: int, number: int) -> Sample:
    """Return the same bytes in random order: what is left is how often each occurs."""
    order = np.random.default_rng([seed, number]).permutation(len(sample.data))
    return _with_data(sample, np.frombuffer(bytes(sample.data), np.uint8)[order].tobytes())


def draw_surrogate(sample: Sample, order: int, seed: int, number: int) -> Sample:
    """Return random bytes in which every run of `order` + 1 bytes occurs as often as before.

    The bytes are a random Eulerian path through the graph whose nodes are the runs of `order` bytes
    (Altschul & Erickson 1985): the last edge out of each node belongs to a random tree that leads
    to the last node (Wilson's algorithm), the other edges come in random order.
    """
    data = bytes(sample.data)
    if order == 0:
        return shuffle_bytes(sample, seed, number)
    if len(data) <= order:
        return sample
    random = np.random.default_rng([seed, number])
    nodes = [data[i : i + order] for i in range(len(data) - order + 1)]
    edges: dict[bytes, list[bytes]] = {}
    for node, following in pairwise(nodes):
        edges.setdefault(node, []).append(following)
    final = nodes[-1]
    last: dict[bytes, int] = {}
    in_tree = {final}
    for start in edges:
        node = start
        while node not in in_tree:
            last[node] = int(random.integers(len(edges[node])))
            node = edges[node][last[node]]
        node = start
        while node not in in_tree:
            in_tree.add(node)
            node = edges[node][last[node]]
    for node, followers in edges.items():
        end = [] if node == final else [followers.pop(last[node])]
        edges[node] = [followers[i] for i in random.permutation(len(followers))] + end
    node, drawn = nodes[0], bytearray(nodes[0])
    used = dict.fromkeys(edges, 0)
    while used.get(node, 0) < len(edges.get(node, ())):
        used[node] += 1
        node = edges[node][used[node] - 1]
        drawn.append(node[-1])
    return _with_data(sample, bytes(drawn))


def _with_data(sample: Sample, data: bytes) -> Sample:
    return Sample(sample.name, data, sample.media if sample.media.frame_size > 1 else RAW)
