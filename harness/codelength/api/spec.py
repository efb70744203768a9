"""Names with settings, as people type them: `zstd:level=19,long=27`, `chunks:2048`, `path:a.txt`.

Whatever has a spec is a frozen dataclass with a `name`; its fields are the settings.
"""

import dataclasses
import re
from collections.abc import Iterable
from typing import Any, ClassVar, Protocol, TypeVar, get_type_hints

import msgspec

from codelength.api.errors import UsageError


class Named(Protocol):
    """A frozen dataclass with a name."""

    name: ClassVar[str]


T = TypeVar("T", bound=Named)

UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 2**10, "mi": 2**20, "gi": 2**30}


def parse_size(value: int | str) -> int:
    """Return a number of bytes, at least 1: `2048`, `"2MB"` (10^6), `"64KiB"` (2^10)."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmg]i?)?b?", str(value).strip().lower())
    size = int(float(match[1]) * UNITS[match[2] or ""]) if match else 0
    if size < 1:
        raise UsageError(f"{value!r} is no size; write it like 2048, 2MB or 64KiB")
    return size


SECONDS = {"": 1, "s": 1, "min": 60, "h": 3600}


def parse_duration(value: float | str) -> float:
    """Return a number of seconds above 0: `90`, `"10min"`, `"1.5h"`."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|min|h)?", str(value).strip().lower())
    seconds = float(match[1]) * SECONDS[match[2] or ""] if match else 0.0
    if not seconds:
        raise UsageError(f"{value!r} is no duration; write it like 90, 10min or 1.5h")
    return seconds


def split_specs(text: str) -> list[str]:
    """`"gzip,zstd:level=19,long=27,png"` → three specs.

    A piece with `=` and no name of its own goes on with the settings before it.
    """
    specs: list[str] = []
    for piece in filter(None, (piece.strip() for piece in text.split(","))):
        name, equals, _ = piece.partition("=")
        if specs and equals and ":" not in name:
            specs[-1] += f",{piece}" if ":" in specs[-1] else f":{piece}"
        else:
            specs.append(piece)
    return specs


def split_spec(spec: str) -> tuple[str, str]:
    """The name and the settings of one spec: `"zstd:level=19"` → `("zstd", "level=19")`."""
    name, _, settings = spec.partition(":")
    return name.strip(), settings


def build(cls: type[T], settings: str, **fixed: Any) -> T:
    """A `cls` with these settings; a value without a name sets the first field.

    `fixed` are fields that are not for the typist. A class with a method `from_settings` parses
    them itself. Raises UsageError, naming what `cls` takes.
    """
    parse = getattr(cls, "from_settings", None)
    if parse is not None:
        parsed: T = parse(settings)
        return parsed
    settings = settings.strip()
    fields = [f for f in dataclasses.fields(cls) if f.init and f.name not in fixed]  # type: ignore[arg-type]
    takes = [f.name for f in fields]
    values: dict[str, str] = {}
    only = len(takes) == 1 and not settings.startswith(f"{takes[0]}=")
    for piece in filter(None, [settings] if only else settings.split(",")):
        key, equals, value = piece.partition("=")
        if takes and (only or not equals):
            key, value = takes[0], piece
        if key not in takes:
            raise UsageError(f"{cls.name} has no setting {key!r}; it takes {_listing(takes)}")
        if key in values:
            raise UsageError(f"{cls.name}:{settings} sets {key!r} twice")
        values[key] = value
    none = dataclasses.MISSING
    required = [f.name for f in fields if f.default is none and f.default_factory is none]
    missing = [name for name in required if name not in values]
    if missing:
        raise UsageError(f"{cls.name} needs {_listing(missing)}, as in {cls.name}:{missing[0]}=…")
    types = get_type_hints(cls)
    try:
        converted = {
            key: msgspec.convert(value, types[key], strict=False) for key, value in values.items()
        }
        return cls(**converted, **fixed)
    except (msgspec.ValidationError, ValueError) as error:
        raise UsageError(f"{cls.name}:{settings} cannot be: {error}") from error


def to_printable(text: str) -> str:
    """Return an argument or a path with each byte that is not UTF-8 written as `\\xe9`."""
    return text.encode(errors="surrogateescape").decode(errors="backslashreplace")


def written(thing: Any) -> str:
    """The spec that builds `thing` again. A field that is None is one that was not set."""
    values = [
        f"{f.name}={str(value).lower() if isinstance(value, bool) else value}"
        for f in dataclasses.fields(thing)
        if f.init and f.repr and (value := getattr(thing, f.name)) is not None
    ]
    return f"{thing.name}:{','.join(values)}" if values else str(thing.name)


def _listing(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in names) or "none"
