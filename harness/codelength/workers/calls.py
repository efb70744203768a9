"""What a worker does for its supervisor: calls functions, and says what became of them."""

import os
import pickle
import socket
import sys
import traceback
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from codelength.api.errors import CodelengthError
from codelength.workers.messages import Advanced, Channel, Done, Threw, encode, reads

_channels: list[Channel] = []
"""The one to the supervisor of this process, if it has one."""


def report_progress(done: int) -> None:
    """Tell whoever waits for the function that runs now how far it is, in units of its own."""
    for channel in _channels:
        channel.send(encode(Advanced(done)))


def serve(connection: socket.socket) -> None:
    """Answer requests until the supervisor closes its end."""
    connection.set_inheritable(False)
    channel = Channel(connection)
    _channels.append(channel)
    if sys.platform != "win32":
        os.register_at_fork(after_in_child=_channels.clear)
    while True:
        try:
            request = channel.receive()
        except EOFError:
            return
        reply = _reply(request)
        if not _channels:  # a codec has forked this process, and only its parent may answer
            os._exit(1)
        channel.send(encode(reply))


def _reply(request: bytes) -> Done | Threw:
    try:
        task: partial[Any] = pickle.loads(request)
        value = encode(task())
        reads(task.func)(value)  # a codec may give a number where no such number can be
        return Done(msgspec.Raw(value))
    except (CodelengthError, TimeoutError) as error:
        return Threw(_kinds(error), str(error), getattr(error, "exit_code", 3))
    except Exception as error:
        traceback.print_exception(error)
        return Threw(_kinds(error), describe_error(error), 3)


def _kinds(error: Exception) -> list[str]:
    return [kind.__name__ for kind in type(error).__mro__]


def describe_error(error: Exception) -> str:
    """Put an exception into one line, with the place that raised it.

    If a library could not be imported, the line begins with its name.
    """
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    line = " ".join(f"{type(error).__name__}: {error}".split())
    library = _broken_library(error)
    what = f"{library} is installed and cannot be imported: " if library else ""
    return what + line[:300].removesuffix(":") + place


def _broken_library(error: Exception) -> str:
    """Return the name of the first library that raised while it was imported; empty if none did."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        name = str(frame.f_globals.get("__name__")).partition(".")[0]
        if frame.f_code.co_name == "<module>" and not name.startswith(("codelength", "__main__")):
            return "" if name in sys.stdlib_module_names else name
    return ""
