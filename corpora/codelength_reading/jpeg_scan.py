"""Whether a JPEG is whole: reads its codes as a decoder does (ITU-T T.81, annexes F and G).

Decoders make a picture of nearly anything. Where bits are lost or changed they go on with zeros,
and neither Pillow nor imagecodecs says so. Here each scan must have the codes of all its blocks,
and nothing else.
"""

import re
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from codelength.coding.compiled import compiled
from codelength_reading.decoded import NotRepresentable

Table = NDArray[np.int16]
"""(65536,): by the next 16 bits, 256·length + value of the code that they begin with, or −1."""

RESTART = re.compile(rb"\xff+([\xd0-\xd7])")
NO_CODE, TOO_MANY, TOO_SHORT = -1, -2, -3
PROBLEMS = {
    NO_CODE: "has bits that are no code",
    TOO_MANY: "has a block of more than 64 numbers",
    TOO_SHORT: "breaks off before its last block",
}
NO_TABLE = np.full(1 << 16, -1, np.int16)
PADDING = bytes(8)


class Component(NamedTuple):
    """What a frame says of a component: its sampling."""

    across: int
    down: int


class Scan(NamedTuple):
    """What a scan says of itself."""

    first: int
    last: int
    """Of the 64 numbers of each block."""
    high: int
    """Bits of each that came before, in units of their own; 0 if these are the first."""


class Bits(NamedTuple):
    """The codes between two restarts."""

    data: NDArray[np.uint8]
    """With bytes behind them."""
    size: int
    """How many bits they are."""


class Frame:
    """A picture whose scans come one after the other."""

    def __init__(self) -> None:
        self.width = self.height = 0
        self.components: dict[int, Component] = {}
        """By its number."""
        self.interval = 0
        """Units between two restarts; 0 for none."""
        self._is_progressive = False
        self._across = self._down = 1
        self._tables: dict[int, Table] = {}
        self._seen: dict[int, NDArray[np.uint64]] = {}
        """By component, (blocks,): which of the 64 numbers are not zero, a bit each."""
        self._begun: set[int] = set()

    def begin(self, head: bytes, is_progressive: bool) -> None:
        """Read a frame header. Raises NotRepresentable."""
        if self.components or len(head) < 9 or len(head) != 6 + 3 * head[5] or head[0] != 8:
            raise NotRepresentable("its frame is of a kind that is not read here")
        self.height, self.width = int.from_bytes(head[1:3]), int.from_bytes(head[3:5])
        self._is_progressive = is_progressive
        parts = [head[at : at + 3] for at in range(6, len(head), 3)]
        self.components = {n: Component(sampling >> 4, sampling & 15) for n, sampling, _ in parts}
        all_parts = self.components.values()
        self._across = max(part.across for part in all_parts)
        self._down = max(part.down for part in all_parts)
        is_sampled = all(part.across and part.down for part in all_parts)
        if not self.height or not self.width or len(all_parts) != len(parts) or not is_sampled:
            raise NotRepresentable("its header does not say how large it is")

    @property
    def is_begun(self) -> bool:
        """Whether every component has been in a scan."""
        return len(self._begun) == len(self.components)

    def define(self, segment: bytes) -> None:
        """Read a segment of Huffman tables. Raises NotRepresentable."""
        while segment:
            counts, segment, place = segment[1:17], segment[17:], segment[0]
            table, code, at = np.full(1 << 16, -1, np.int16), 0, 0
            for length, count in enumerate(counts, 1):
                for value in segment[at : at + count]:
                    size = 1 << (16 - length)
                    table[code : code + size] = length << 8 | value
                    code += size
                at += count
            if len(counts) < 16 or at > len(segment) or code > 1 << 16:
                raise NotRepresentable("its Huffman tables are damaged")
            self._tables[place], segment = table, segment[at:]

    def check_scan(self, head: bytes, data: bytes) -> None:
        """Read the codes of a scan. Raises NotRepresentable if they are not those of its blocks."""
        if not head or len(head) != 4 + 2 * head[0]:
            raise NotRepresentable("a scan has a damaged header")
        numbers, places = head[1 : 1 + 2 * head[0] : 2], head[2 : 2 + 2 * head[0] : 2]
        first, last, high = head[1 + 2 * head[0] :]
        scan = Scan(first, last, high >> 4) if self._is_progressive else Scan(0, 63, 0)
        known = bool(numbers) and set(numbers) <= set(self.components)
        if not known or not first <= last <= 63 or (first and len(numbers) > 1):
            raise NotRepresentable("a scan has a damaged header")
        components = [self.components[number] for number in numbers]
        self._begun |= set(numbers)
        if len(components) == 1:
            blocks = [1]
            across, down = self._blocks_of(components[0])
            units = across * down
        else:
            blocks = [c.across * c.down for c in components]
            units = -(-self.width // (8 * self._across)) * -(-self.height // (8 * self._down))
        tables = [
            tuple(self._tables.get(which, NO_TABLE) for which in (place >> 4, 16 | place & 15))
            for place in places
        ]
        pieces, restarts = RESTART.split(data)[::2], RESTART.findall(data)
        step = self.interval or units
        expected = [bytes([0xD0 + n % 8]) for n in range(-(-units // step) - 1)]
        if restarts != expected:
            raise NotRepresentable("it is damaged: a scan lacks restarts, or has too many")
        for number, piece in enumerate(pieces):
            codes = piece.rstrip(b"\xff").replace(b"\xff\0", b"\xff")
            bits = Bits(np.frombuffer(codes + PADDING, np.uint8), len(codes) * 8)
            start, stop = number * step, min(number * step + step, units)
            if scan.first == 0:
                dc, ac = (_repeat([table[which] for table in tables], blocks) for which in (0, 1))
                end = read_blocks(bits, start, stop, dc, ac, scan)
            else:
                seen = self._seen.setdefault(numbers[0], np.zeros(units, np.uint64))
                end = read_numbers(bits, start, stop, tables[0][1], seen, scan)
            if end < 0:
                raise NotRepresentable(f"it is damaged: a scan {PROBLEMS[end]}")
            if left := len(codes) - -(-end // 8):
                raise NotRepresentable(f"it is damaged: a scan has {left} bytes too many")

    def _blocks_of(self, component: Component) -> tuple[int, int]:
        across = -(-self.width * component.across // self._across)
        down = -(-self.height * component.down // self._down)
        return -(-across // 8), -(-down // 8)


def _repeat(tables: list[Table], blocks: list[int]) -> NDArray[np.int16]:
    """Return the table of each block of a unit: (blocks, 65536)."""
    pairs = zip(tables, blocks, strict=True)
    return np.stack([table for table, count in pairs for _ in range(count)])


@compiled
def next_bits(data: NDArray[np.uint8], at: int) -> int:
    """Return the 16 bits at a place."""
    byte = at >> 3
    bits = int(data[byte]) << 16 | int(data[byte + 1]) << 8 | int(data[byte + 2])
    return bits >> (8 - (at & 7)) & 0xFFFF


@compiled
def read_blocks(
    bits: Bits, start: int, stop: int, dc: NDArray[np.int16], ac: NDArray[np.int16], scan: Scan
) -> int:
    """Read the codes of units, of all numbers of their blocks or of the first alone.

    Args:
        bits: The codes.
        start: The first unit.
        stop: The one behind the last.
        dc: A table for each block of a unit, for the first number: (blocks, 65536).
        ac: The same for the others.
        scan: What the scan says of itself.

    Returns:
        The bits that were read; below 0 what is wrong.
    """
    at = 0
    for _ in range(start, stop):
        for block in range(len(dc)):
            if scan.high:
                at += 1
            else:
                code = int(dc[block, next_bits(bits.data, at)])
                if code < 0 or code & 255 > 16:
                    return NO_CODE
                at += (code >> 8) + (code & 255)
            place = 1
            while place <= scan.last:
                if at >= bits.size:
                    return TOO_SHORT
                code = int(ac[block, next_bits(bits.data, at)])
                if code < 0:
                    return NO_CODE
                zeros, size = code >> 4 & 15, code & 15
                at += (code >> 8) + size
                if size == 0 and zeros < 15:
                    break
                place += zeros + 1
                if place > 64:
                    return TOO_MANY
            if at > bits.size:
                return TOO_SHORT
    return at


@compiled
def read_numbers(
    bits: Bits, start: int, stop: int, table: Table, seen: NDArray[np.uint64], scan: Scan
) -> int:
    """Read the codes of some numbers of one component's blocks, or of one bit more of each.

    Args:
        bits: The codes.
        start: The first block.
        stop: The one behind the last.
        table: Of the codes.
        seen: (blocks,): which numbers are not zero; those that become so are added.
        scan: What the scan says of itself.

    Returns:
        As `read_blocks` does.
    """
    at, run = 0, 0
    for block in range(start, stop):
        place, known = scan.first, seen[block]
        while run == 0 and place <= scan.last:
            if at >= bits.size:
                return TOO_SHORT
            code = int(table[next_bits(bits.data, at)])
            if code < 0:
                return NO_CODE
            zeros, size = code >> 4 & 15, code & 15
            at += code >> 8
            if size == 0 and zeros < 15:
                run = (1 << zeros) + (next_bits(bits.data, at) >> (16 - zeros))
                at += zeros
                break
            place, added = pass_over(known, place, zeros, scan)
            at += size + added
            if size:
                if place > scan.last or (scan.high and size != 1):
                    return TOO_MANY
                seen[block] |= np.uint64(1) << np.uint64(place)
            place += 1
        if run:
            run -= 1
            at += pass_over(known, place, 64, scan)[1]
        if at > bits.size:
            return TOO_SHORT
    return at if run == 0 else TOO_SHORT


@compiled
def pass_over(known: np.uint64, place: int, zeros: int, scan: Scan) -> tuple[int, int]:
    """Return the place behind so many numbers that are zero, and the bits of others before it."""
    added = 0
    while place <= scan.last:
        if scan.high and known >> np.uint64(place) & np.uint64(1):
            added += 1
        elif zeros == 0:
            break
        else:
            zeros -= 1
        place += 1
    return place, added
