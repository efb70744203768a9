"""What the curves of a codec show, in one sentence that follows from their figures."""

from codelength.report import format
from codelength_studies.curve.gains import Gain, Interval, worth_of_order
from codelength_studies.curve.study import Panel, Study


def reading(study: Study) -> str:
    """One sentence for the reader of a plot."""
    parts = [part for panel in study.panels if (part := _panel(panel))]
    return f"{study.codec}: {'; '.join(parts)}." if parts else f"{study.codec}: no curve."


def _panel(panel: Panel) -> str:
    gains = panel.gains
    data = gains.get("data")
    if data is None:
        return ""
    words = f"on {panel.slice.corpus} "
    if data.context is not None and data.prior is not None:
        words += f"it {_known(data.prior)}, context {_context(data)}"
        random = gains.get("random weights")
        if random is not None and random.context is not None:
            words += f" (with the weights in random order it {_worth(random.context)})"
        words += ", and "
    return f"{words}in the end a byte costs {_bits(data.end)}{_shuffled(panel)}"


def _known(prior: Interval) -> str:
    if prior.zero:
        return "knows nothing of single bytes beforehand"
    if prior.value > 0:
        return f"knows {_bits(prior)} of the 8 bits of a byte beforehand"
    return f"expects other bytes, {_bits(prior, -1)} bits worse than knowing nothing"


def _context(data: Gain) -> str:
    assert data.context is not None
    where = "" if data.half is None else f", half of that by byte {round(data.half)}"
    return f"{_worth(data.context)}{where}"


def _worth(context: Interval) -> str:
    if context.zero:
        return "takes nothing off that could be told from zero"
    if context.value < 0:
        return f"adds {_bits(context, -1)} to the cost"
    return f"takes {_bits(context)} off"


def _shuffled(panel: Panel) -> str:
    mixed = panel.curves.get("shuffled bytes")
    if mixed is None:
        return ""
    order = worth_of_order(panel.curves["data"], mixed)
    if order.zero:
        return ", no less than with the bytes shuffled"
    if order.value < 0:
        return f", {_bits(order, -1)} more than with the bytes shuffled"
    return f", {_bits(order)} less than with the bytes shuffled"


def _bits(interval: Interval, sign: int = 1) -> str:
    return format.significant(sign * interval.value, 3)
