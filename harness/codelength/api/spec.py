"""Names with settings, as people type them: `zstd:level=19,long=27`, `chunks:2048`, `path:a.txt`.

Whatever has a spec is a frozen dataclass with a `name`; its fields are the settings.
"""

import dataclasses
import re
from collections.abc import Iterable
from typing import Any, ClassVar, NamedTuple, Protocol, TypeVar, get_type_hints

import msgspec

from codelength.api.errors import UsageError


class Setting(NamedTuple):
    """What a field may be: `level: Annotated[int, Setting(1, 22, "more is smaller")] = 3`."""

    low: int | None = None
    high: int | None = None
    meaning: str = ""


class Named(Protocol):
    """A frozen dataclass with a name."""

    name: ClassVar[str]


T = TypeVar("T", bound=Named)

MANY = 1000
"""More codecs of a range than anybody wants."""

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


BRACES = r"\{[^{}]*,[^{}]*\}"
"""`{70m,160m}`"""


def split_pieces(text: str) -> list[str]:
    """Split at commas that are not between double quotes or braces, and take the quotes away.

    Quotes are around a whole name or value. Those within a name are part of it.
    """
    quoted = r'(?<![^:=,])"([^"]*)"(?=,|$)'
    pieces = re.finditer(rf"(?:{quoted}|{BRACES}|[^,])+", text)
    return [re.sub(quoted, r"\1", piece[0]) for piece in pieces]


def split_specs(text: str) -> list[str]:
    """`"gzip,zstd:level=19,long=27,png"` → three specs.

    A piece with `=` and no name of its own goes on with the settings before it. A comma between
    double quotes is part of a name: `path:"a, b.txt"`.
    """
    specs: list[str] = []
    for piece in filter(None, map(str.strip, split_pieces(text))):
        name, equals, _ = piece.partition("=")
        if specs and equals and ":" not in name:
            specs[-1] += f",{piece}" if ":" in specs[-1] else f":{piece}"
        else:
            specs.append(piece)
    return specs


def expand_spec(spec: str) -> list[str]:
    """`zstd:level=1..3` or `{1,2,3}` → a spec for each value. `1..19..6` takes every sixth."""
    if braces := re.search(BRACES, spec):
        start, end = spec[: braces.start()], spec[braces.end() :]
        return [one for v in braces[0][1:-1].split(",") for one in expand_spec(start + v + end)]
    found = re.search(r"(?<=[=:,])(-?\d+)\.\.(-?\d+)(?:\.\.(\d+))?(?=,|$)", spec)
    if found is None:
        return [spec]
    first, last, step = int(found[1]), int(found[2]), int(found[3] or 1)
    values = range(first, last + 1, step or 1)
    if not values or len(values) > MANY:
        raise UsageError(f"{found[0]} in {spec} is no range of 1 to {MANY} values, as in 1..19")
    start, end = spec[: found.start()], spec[found.end() :]
    return [one for value in values for one in expand_spec(f"{start}{value}{end}")]


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


def settings_of(cls: type) -> dict[str, Setting]:
    """What the fields of a class may be, as far as it says so."""
    hints = get_type_hints(cls, include_extras=True).items()
    found = {n: getattr(hint, "__metadata__", ()) for n, hint in hints}
    return {n: one for n, extras in found.items() for one in extras if isinstance(one, Setting)}


def check_settings(thing: Any) -> None:
    """Raise UsageError for a field that is not within its `Setting`."""
    for field, (low, high, _) in settings_of(type(thing)).items():
        value = getattr(thing, field)
        if value is None or low is None or high is None or low <= value <= high:
            continue
        raise UsageError(f"{thing.name} takes {field} {low} to {high}, not {value}")


def escape_bytes(text: str) -> str:
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
