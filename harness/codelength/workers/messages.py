"""What the two sides of a supervised process say to each other.

A message is MAGIC, the size of its body in eight bytes, and the body. A request is pickled: a
function and its arguments. Replies are MessagePack, read as the type that the function returns, so
that nothing a broken codec's process says is executed here.
"""

import socket
import time
from collections.abc import Callable
from functools import cache
from typing import Any, get_type_hints

import msgspec

MAGIC = b"\xc3\x28cl"
"""In front of each message; no text has it, because it is not UTF-8."""
LARGEST = 1 << 29
"""Bytes of the longest message that is read."""


class Nonsense(Exception):
    """What was read is no message; the text goes on from "the process …"."""


class Done(msgspec.Struct, frozen=True, tag="done"):
    """The function came back."""

    value: msgspec.Raw
    """MessagePack of what it returned."""


class Threw(msgspec.Struct, frozen=True, tag="threw"):
    """The function raised."""

    kinds: list[str]
    """The names of the exception's class and of its base classes."""
    reason: str
    exit_code: int
    """Of a CodelengthError; 3 for any other exception, whose traceback was printed."""


class Advanced(msgspec.Struct, frozen=True, tag="advanced"):
    """The function goes on, and is so far."""

    done: int


Reply = Done | Threw | Advanced

UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)
"""What reading MessagePack raises; ValueError for text that is not UTF-8."""

_reply: msgspec.msgpack.Decoder[Reply] = msgspec.msgpack.Decoder(Reply)
encode = msgspec.msgpack.Encoder().encode


class Channel:
    """Sends and receives messages over a socket."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection

    def send(self, body: bytes, deadline: float | None = None) -> None:
        """Raises TimeoutError at `deadline`, of time.monotonic(), or OSError if nobody listens."""
        self._socket.settimeout(_left(deadline))
        self._socket.sendall(MAGIC + len(body).to_bytes(8, "little"))
        self._socket.sendall(body)

    def receive(self, deadline: float | None = None) -> bytes:
        """The body of the next message.

        Raises TimeoutError at `deadline`, EOFError at the end, Nonsense.
        """
        start = self._read(len(MAGIC) + 8, deadline)
        if not start.startswith(MAGIC):
            raise Nonsense(f"wrote {start[:12]!r} where its answer belongs")
        size = int.from_bytes(start[len(MAGIC) :], "little")
        if size > LARGEST:
            raise Nonsense(f"has an answer of {size} bytes, more than {LARGEST}")
        return self._read(size, deadline)

    def close(self) -> None:
        """Ends the conversation."""
        self._socket.close()

    def _read(self, size: int, deadline: float | None) -> bytes:
        received = bytearray()
        while len(received) < size:
            self._socket.settimeout(_left(deadline))
            try:
                piece = self._socket.recv(min(size - len(received), 1 << 20))
            except ConnectionError:  # it went away with something unread
                piece = b""
            if not piece:
                raise EOFError
            received += piece
        return bytes(received)


def _left(deadline: float | None) -> float | None:
    if deadline is None:
        return None
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def read_reply(body: bytes) -> Reply:
    """Raises Nonsense."""
    try:
        return _reply.decode(body)
    except UNREADABLE as error:
        raise Nonsense(f"has an answer that cannot be read: {error}") from error


@cache
def reads(function: Callable[..., Any]) -> Callable[[bytes], Any]:
    """What reads the value that `function` returns, as its annotation has it.

    It raises one of UNREADABLE for another value.
    """
    return msgspec.msgpack.Decoder(get_type_hints(function)["return"]).decode
