"""The two codecs that every other one is timed against.

On a shared machine the same work takes more CPU time at one moment than at another, mostly because
two hardware threads share a core: beside a busy neighbour, deflate, which waits for memory and for
branches anyway, takes a quarter longer, and a loop of byte code, which hardly waits, half again as
long, and other codecs something in between or beyond. So a ratio to a reference does not cancel a
neighbour. But how the two stand to each other shows whether there is one (`timing.state`), whatever
the clock rate.
"""

import zlib

TEXT = b"".join(b"%d bottles on the wall, %d to go\n" % (i, i * i % 997) for i in range(240))
LOOPED = 2000


def waiting() -> bytes:
    """Deflate: chains of a hash table, a branch for every byte."""
    return zlib.compress(TEXT, 6)


def working() -> bytes:
    """Each byte with a hash of all before it, in byte code."""
    state, out = 0, bytearray()
    for byte in TEXT[:LOOPED]:
        state = (state * 31 + byte) & 0xFFFF
        out.append(byte ^ (state & 0xFF))
    return bytes(out)
