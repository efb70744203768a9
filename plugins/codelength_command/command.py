"""A command line with places to fill in, as `zpaq add {out}.zpaq {in} -method {level}`."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter

from codelength import UsageError

IN, OUT, HERE = "in", "out", "here"
"""The file that the program reads, the one that it writes, and the folder of the definition."""
FILLED = (IN, OUT, HERE)
"""Places that are filled for every command; the others are settings."""


@dataclass(frozen=True)
class Command:
    """A program and its arguments. No shell sees them: what fills a place stays in its argument."""

    words: tuple[str, ...]

    @classmethod
    def parsed(cls, text: str) -> "Command":
        """A command as it is typed, quotes and all. Raises UsageError."""
        try:
            words = tuple(shlex.split(text))
            for word in words:
                if any(spec or conversion for _, _, spec, conversion in Formatter().parse(word)):
                    raise ValueError("a place is a name in braces")
        except ValueError as error:
            raise UsageError(f"{text!r} is no command: {error}") from error
        if not words:
            raise UsageError("a command needs a program")
        return cls(words)

    @property
    def places(self) -> set[str]:
        """The names in braces."""
        parsed = (piece for word in self.words for piece in Formatter().parse(word))
        return {place for _, place, _, _ in parsed if place is not None}

    def file(self, place: str) -> str | None:
        """The name of the file that `{in}` or `{out}` stands for.

        With the suffix behind it, as in `{out}.zpaq`. None if the command has no such place and
        means a standard stream.
        """
        pattern = re.compile(rf"\{{{place}\}}((?:\.\w+)*)")
        suffixes = {suffix for word in self.words for suffix in pattern.findall(word)}
        if len(suffixes - {""}) > 1:
            raise UsageError(f"{{{place}}} is a file with one suffix, not {sorted(suffixes)}")
        return place + max(suffixes) if suffixes else None

    def filled(self, values: Mapping[str, object]) -> list[str]:
        """The arguments with every place filled."""
        return [word.format_map(values) for word in self.words]
