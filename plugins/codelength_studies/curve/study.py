"""The curves of one codec, side by side: its corpora, each with its controls."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from codelength.results.cell import CorpusSlice
from codelength_studies.curve.gains import Gain, gain
from codelength_studies.curve.records import Control, Curve


@dataclass
class Panel:
    """A corpus under one codec."""

    slice: CorpusSlice
    curves: dict[Control, Curve] = field(default_factory=dict)

    @property
    def gains(self) -> dict[Control, Gain]:
        """The split of the gain for the data and for each control."""
        return {control: gain(curve) for control, curve in self.curves.items()}


@dataclass
class Study:
    """A codec on all corpora."""

    codec: str
    panels: list[Panel] = field(default_factory=list)

    @property
    def predicts(self) -> bool:
        """Whether there are ideal code lengths, and not coded bytes alone."""
        return any(c.bits is not None for panel in self.panels for c in panel.curves.values())


def studies(curves: Iterable[Curve]) -> Iterator[Study]:
    """Curves by codec and corpus, in the order in which they come first."""
    found: dict[str, dict[str, Panel]] = {}
    for curve in curves:
        panels = found.setdefault(curve.asked.codec, {})
        panel = panels.setdefault(curve.asked.slice.corpus, Panel(curve.asked.slice))
        panel.curves[curve.asked.control] = curve
    for codec, panels in found.items():
        yield Study(codec, list(panels.values()))
