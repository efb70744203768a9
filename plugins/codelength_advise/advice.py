"""What the figures say: the smallest, the front, and what a type or a model gains."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from codelength.report import format
from codelength.report.board import Board, Grid, Part
from codelength.report.page import PlainPage, Prose, Records, Section
from codelength.report.readings import sizes_by_file, suffix_of
from codelength.report.table import Bold, Column, Table

QUICK = 100e6
"""Bytes a second of CPU time from which on decoding is called quick."""
WORTH = 0.01
"""A gain below this share is not worth a sentence."""


@dataclass(frozen=True)
class Choice:
    """A codec on one view of the data."""

    codec: str
    corpus: str
    size: float
    """Coded bytes for each byte on disk."""
    is_estimate: bool
    encode: float | None
    """Raw bytes a second of CPU time."""
    decode: float | None
    memory: float | None
    model_bytes: int
    is_decoded: bool

    @property
    def percent(self) -> str:
        """The size, with ≈ if only a sample was measured."""
        return ("≈" if self.is_estimate else "") + format.percent(self.size)


@dataclass(frozen=True)
class Advice:
    """What a board says to someone who has to choose."""

    board: Board
    untried: Sequence[str] = ()
    """The codecs for which there was no time."""

    @cached_property
    def choices(self) -> list[Choice]:
        """Every codec on every view, the smallest first."""
        found = [c for corpus in self._grid.slices for c in self._choices(self._grid.part(corpus))]
        return sorted(found, key=lambda choice: choice.size)

    @property
    def front(self) -> list[Choice]:
        """Those that no other one beats in both size and speed of decoding, the smallest first."""
        front: list[Choice] = []
        for choice in self.choices:
            if choice.decode and (not front or choice.decode > (front[-1].decode or 0)):
                front.append(choice)
        return front

    def sentences(self) -> Iterator[str]:
        """The advice, a sentence for each question."""
        choices = self.choices
        best = choices[0]
        on = "" if best.is_estimate else ", measured on everything"
        yield f"Smallest: {_named(best)}, {best.percent}% of the bytes on disk{on}."
        quick = [choice for choice in choices if (choice.decode or 0) >= QUICK]
        if quick and quick[0] is not best:
            yield (
                f"Smallest of those that decode 100 MB/s: {_named(quick[0])}, {quick[0].percent}%."
            )
        yield from self._type_gain()
        yield from self._model_gain()
        if self.untried:
            yield f"No time was left for {', '.join(self.untried)}; --budget gives more."

    def by_suffix(self) -> list[tuple[str, int, int, Choice, float]]:
        """Suffix, number of files, bytes on disk, and the smallest choice with its size for them.

        The suffix with the most bytes first. Where only a sample was measured, each file counts as
        its part of the sample does.
        """
        files: dict[str, dict[str, int]] = {}
        coded: dict[str, dict[Choice, float]] = {}
        for choice in self.choices:
            readings = self._grid.readings.get(choice.corpus, ())
            cells = self._grid.part(choice.corpus).row_cells(choice.codec)
            for place, (raw, size) in sizes_by_file(cells[0], readings).items():
                file = readings[place]
                suffix = suffix_of(file.name)
                files.setdefault(suffix, {})[file.name] = file.on_disk
                sums = coded.setdefault(suffix, {})
                sums[choice] = sums.get(choice, 0.0) + size * (file.measured / raw if raw else 1)
        found = []
        for suffix, known in files.items():
            on_disk = sum(known.values())
            best = min(coded[suffix], key=lambda c: (round(coded[suffix][c]), c.is_decoded))
            if on_disk:
                share = coded[suffix][best] / on_disk
                found.append((suffix, len(known), on_disk, best, share))
        return sorted(found, key=lambda row: -row[2])

    def _type_gain(self) -> Iterator[str]:
        decoded = next((choice for choice in self.choices if choice.is_decoded), None)
        plain = next((choice for choice in self.choices if not choice.is_decoded), None)
        if not decoded or not plain:
            return
        gain = 1 - decoded.size / plain.size
        if gain > WORTH:
            yield (
                f"Told what the files hold, {decoded.codec} takes {decoded.percent}%; as plain "
                f"bytes the smallest is {plain.codec} with {plain.percent}%."
            )
        else:
            yield (
                f"To decode the files first gains nothing: {decoded.percent}% by {decoded.codec}, "
                f"and {plain.percent}% for the files as they are."
            )

    def _model_gain(self) -> Iterator[str]:
        learned = next((choice for choice in self.choices if choice.model_bytes), None)
        other = next((choice for choice in self.choices if not choice.model_bytes), None)
        if not learned or not other:
            return
        saved = other.size - learned.size
        if saved <= WORTH * other.size:
            yield f"A language model gains nothing here: {learned.codec} takes {learned.percent}%."
            return
        yield (
            f"A model gains {format.percent(saved / other.size)}% over {other.codec}: "
            f"{learned.codec} takes {learned.percent}%. The receiver has to hold its "
            f"{format.size(learned.model_bytes)}, which pays from "
            f"{format.size(learned.model_bytes / saved)} of such data on."
        )

    @cached_property
    def _grid(self) -> Grid:
        """All of the data, with estimates from samples; of samples alone, those."""
        grids = self.board.grids
        samples = [grid.sample for grid in grids]
        return next(grid for grid in grids if grid not in samples)

    def _choices(self, part: Part) -> Iterator[Choice]:
        (corpus,) = part.corpora
        files = [file for file in self._grid.readings.get(corpus, ()) if file.taken_as]
        on_disk, measured = sum(f.on_disk for f in files), sum(f.measured for f in files)
        scale = measured / on_disk if on_disk else 1.0
        for name in part.rows:
            ratio = part.value(name, "ratio")
            cells = part.row_cells(name)
            if ratio is None or not cells:
                continue
            yield Choice(
                name,
                corpus,
                ratio * scale,
                name in part.estimates or cells[0].slice.draw is not None,
                _bytes_a_second(part.value(name, "encode")),
                _bytes_a_second(part.value(name, "decode")),
                part.value(name, "memory"),
                sum(size or 0 for size in cells[0].model_bytes.values()),
                self._grid.is_decoded(corpus),
            )


def _bytes_a_second(speed: float | None) -> float | None:
    return None if speed is None else speed * 1e6


def to_page(advice: Advice, names: str) -> PlainPage:
    """Make the page: the sentences, the front, how to repeat it; then every codec."""
    front = advice.front
    codecs = ",".join(dict.fromkeys(choice.codec for choice in front))
    repeat = f"codelength run --corpora {names} --codecs {codecs} --limit all"
    sentences = list(advice.sentences())
    files = next(iter(advice.board.grids)).slices
    measured = ", ".join(f"{format.size(of.bytes)} of {name}" for name, of in files.items())
    suffixes = advice.by_suffix()
    sections: list[Section] = [
        _table("Nothing is both smaller and quicker to decode than these", front),
        *([_suffix_table(suffixes)] if len(suffixes) > 1 else []),
        Prose(f"To measure these on everything: `{repeat}`"),
    ]
    heads = ("codec", "view", "size", "estimate", "encode", "decode", "memory", "model_bytes")
    rows = [
        (c.codec, c.corpus, c.size, c.is_estimate, c.encode, c.decode, c.memory, c.model_bytes)
        for c in advice.choices
    ]
    document = {
        "title": "Advice",
        "advice": sentences,
        "repeat": repeat,
        "choices": [dict(zip(heads, row, strict=True)) for row in rows],
    }
    every = _table("Every codec", advice.choices)
    return PlainPage(
        "Advice",
        " ".join([*sentences, f"Measured: {measured}."]),
        sections,
        document,
        Records(heads, rows),
        [every],
    )


def _table(title: str, choices: Sequence[Choice]) -> Table:
    several = len({choice.is_decoded for choice in choices}) > 1
    columns = [
        Column("codec", "left"),
        *([Column("told", "left", drop=1)] if several else []),
        Column("% of\non disk"),
        Column("enc\nMB/s"),
        Column("dec\nMB/s"),
        Column("mem\nMB"),
        Column("model", drop=2),
    ]
    best = min((choice.size for choice in choices), default=0.0)
    rows = [
        [
            choice.codec,
            *(["what it is" if choice.is_decoded else "bytes"] if several else []),
            Bold(choice.percent) if choice.size == best else choice.percent,
            format.significant(choice.encode and choice.encode / 1e6),
            format.significant(choice.decode and choice.decode / 1e6),
            format.megabytes(choice.memory),
            format.size(choice.model_bytes) if choice.model_bytes else "",
        ]
        for choice in choices
    ]
    return Table(title, columns, rows, notes=["≈: of a sample, in pairs with the others."])


def _suffix_table(rows: Sequence[tuple[str, int, int, Choice, float]]) -> Table:
    columns = [
        Column("files", "left"),
        Column("number"),
        Column("bytes"),
        Column("smallest by", "left"),
        Column("told", "left"),
        Column("% of\non disk"),
    ]
    shown = [
        [
            suffix or "none",
            format.count(number),
            format.size(on_disk),
            choice.codec,
            "what it is" if choice.is_decoded else "bytes",
            ("≈" if choice.is_estimate else "") + format.percent(size),
        ]
        for suffix, number, on_disk, choice, size in rows
    ]
    return Table("By suffix", columns, shown)


def _named(choice: Choice) -> str:
    return choice.codec + (", told what the files hold" if choice.is_decoded else "")
