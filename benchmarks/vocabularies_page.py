"""The page of `vocabularies.py`: what each vocabulary came to, a plot, and a sentence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from codelength.metrics import rates
from codelength.report import Column, Table, format
from codelength.results.cell import Cell, Environment
from codelength.results.files import write_file

GUIDE = (
    "One body of a transformer, trained with each vocabulary for the same number of floating-point "
    "operations, six for each symbol and each weight that it is multiplied with: two forward, four "
    "backward. The weights of the blocks count, and those of the head, which grow with the "
    "vocabulary; the table that symbols are looked up in does not, nor does attention between "
    "symbols. The tokenizers are byte-level BPEs, so that any bytes have symbols, made from the "
    "text that the models are trained on. Every window has as many symbols as stand for 2048 bytes "
    "of that text. A model of each was trained once: differences of a percent may be chance."
)
MODELS = (
    "Multiplied: weights that a symbol is multiplied with. Window: symbols that a model sees. "
    "Held out: bits a byte of windows of text that was not trained on, in float32. CPU minutes: of "
    "training. Prior: what a receiver must hold, int8 weights with their scales, and the tokenizer."
)
CODED = (
    "Every blob was decoded in another process and compared. Ideal: −Σ log2 p of the same symbols "
    "under the integer frequencies that the coder uses. Adjusted: with the prior as part of the "
    "message, at the size of the corpus and at 1 GB. Smaller is better."
)

PAID_OVER = 10_000_000
RATES = (2, 3, 4, 6, 8, 12, 16)


@dataclass(frozen=True)
class Model:
    """A trained model, and its card."""

    name: str
    vocabulary: int
    window: int
    card: Mapping[str, str]


@dataclass(frozen=True)
class Line:
    """A model on a corpus: what was coded, and what of that can be said without coding."""

    model: Model
    cell: Cell
    symbols: int
    ideal_bits: float

    @property
    def rate(self) -> float:
        """Coded bits a byte."""
        return 8 * self.cell.coded_bytes / self.cell.slice.bytes

    @property
    def symbols_per_byte(self) -> float:
        """What a tokenizer leaves to be coded."""
        return self.symbols / self.cell.slice.bytes

    @property
    def gap(self) -> float:
        """The part by which the blobs exceed the ideal code length."""
        return 8 * self.cell.coded_bytes / self.ideal_bits - 1


Lines = Sequence[Line]


def reading(by_corpus: Mapping[str, Lines]) -> str:
    """What follows from the figures, in a sentence."""
    sentence = "; ".join(_on(corpus, lines) for corpus, lines in by_corpus.items())
    return f"{sentence[0].upper()}{sentence[1:]}."


def _on(corpus: str, lines: Lines) -> str:
    best = min(lines, key=lambda line: line.rate)
    first, last = lines[0], lines[-1]
    fewest = min(lines, key=lambda line: line.symbols_per_byte)
    words = f"on {corpus} {best.model.name} takes the fewest bits a byte, {best.rate:.3f}"
    if best is not first:
        words += f" ({1 - best.rate / first.rate:.1%} below {first.model.name})"
    if best is not last:
        words += f", {last.model.name} {last.rate / best.rate - 1:.1%} more"
    if fewest is not first:
        each = fewest.rate / fewest.symbols_per_byte, first.rate / first.symbols_per_byte
        words += (
            f", {fewest.model.name} leaves {fewest.symbols_per_byte / first.symbols_per_byte:.0%} "
            f"of the symbols at {each[0] / each[1]:.1f} times the bits each"
        )
    least = min(lines, key=lambda line: rates.adjusted_ratio(line.cell, rates.GB) or 0.0)
    return f"{words}, and with the prior counted the least at 1 GB is that of {least.model.name}"


def models_table(lines: Lines) -> Table:
    """A row for each model."""
    columns = [
        Column("model", "left", fixed=True),
        Column("symbols"),
        Column("parameters"),
        Column("multiplied"),
        Column("window"),
        Column("symbols seen"),
        Column("MB seen"),
        Column("10^12 operations"),
        Column("CPU minutes"),
        Column("held out"),
        Column("weights"),
        Column("tokenizer"),
    ]
    rows = []
    for line in lines:
        model, card = line.model, line.model.card
        rows.append(
            [
                model.name,
                format.count(model.vocabulary),
                format.count(int(card["parameters"])),
                format.count(int(card["multiplied"])),
                format.count(model.window),
                format.count(int(card["symbols_seen"])),
                format.megabytes(int(card["bytes_seen"])),
                format.significant(float(card["flops"]) / 1e12),
                card["cpu_minutes"],
                card["held_out_bpb"].partition(" ")[0],
                format.count(line.cell.model_bytes["weights"]),
                format.count(line.cell.model_bytes["tokenizer"]),
            ]
        )
    return Table("Models", columns, rows, MODELS)


def coded_table(corpus: str, lines: Lines) -> Table:
    """A row for each model on a corpus."""
    columns = [
        Column("model", "left", fixed=True),
        Column("symbols\na byte"),
        Column("bits\na symbol"),
        Column("ideal\nbits a byte"),
        Column("coded\nbits a byte"),
        Column("coded − ideal"),
        Column("coded bytes"),
        Column("ratio\n%"),
        Column("adjusted\n%"),
        Column("adjusted\nat 1 GB %"),
    ]
    rows = [
        [
            line.model.name,
            f"{line.symbols_per_byte:.3f}",
            format.bits(line.rate / line.symbols_per_byte),
            format.bits(line.ideal_bits / line.cell.slice.bytes),
            format.bits(line.rate),
            f"{line.gap:+.2%}",
            format.count(line.cell.coded_bytes),
            format.percent(rates.ratio(line.cell)),
            format.percent(rates.adjusted_ratio(line.cell)),
            format.percent(rates.adjusted_ratio(line.cell, rates.GB)),
        ]
        for line in lines
    ]
    corpus_slice = lines[0].cell.slice
    limit = f", of the first {format.size(corpus_slice.limit)}" if corpus_slice.limit else ""
    size = f"{format.count(corpus_slice.bytes)} bytes{limit}"
    return Table(f"{corpus} · protocol {corpus_slice.protocol} · {size}", columns, rows)


def plot(by_corpus: Mapping[str, Lines]) -> bytes:
    """Rates, symbols a byte and rates with the prior, by vocabulary. SVG."""
    from matplotlib import style
    from matplotlib.figure import Figure

    from codelength.report.svg import COLOURS
    from codelength_studies.figure import STYLE, render_figure

    panels = {
        "bits a byte, coded — lower is better": lambda line: line.rate,
        "symbols a byte": lambda line: line.symbols_per_byte,
        f"bits a byte with the prior, over {format.size(PAID_OVER)}": lambda line: (
            8 * rates.adjusted_ratio(line.cell, PAID_OVER)
        ),
    }
    with style.context(["default", STYLE]):
        figure = Figure(figsize=(12, 4.4), dpi=100)
        figure.subplots_adjust(left=0.045, right=0.985, top=0.83, bottom=0.13, wspace=0.17)
        for axis, (title, value) in zip(figure.subplots(1, 3), panels.items(), strict=True):
            for colour, (corpus, lines) in zip(COLOURS, by_corpus.items(), strict=False):
                sizes = [line.model.vocabulary for line in lines]
                found = [value(line) for line in lines]
                axis.plot(sizes, found, "o-", color=colour, linewidth=1.4, label=corpus)
            axis.set_xscale("log")
            axis.set_xticks(sizes, [f"{size:,}" for size in sizes])
            if "symbols" in title:
                axis.set_ylim(bottom=0)
            else:
                axis.set_yscale("log")
                axis.set_yticks(RATES, RATES)
                axis.axhline(8, color="#9aa1ab", linewidth=1)
            axis.minorticks_off()
            axis.grid(True)
            axis.set_title(title, loc="left")
            axis.set_xlabel("vocabulary (log scale)")
        figure.text(0.045, 0.95, "One transformer, equal compute", fontsize=13, fontweight="bold")
        keys, names = axis.get_legend_handles_labels()
        figure.legend(
            keys, names, loc="upper right", bbox_to_anchor=(0.99, 1.0), ncols=len(names),
            frameon=False,
        )  # fmt: skip
        return render_figure(figure)


def write(
    by_corpus: Mapping[str, Lines], made: Sequence[Environment], notes: Sequence[str], out: Path
) -> Path:
    """Writes `out`/tokenizers.md and its plot; the path of the former. Raises OSError."""
    write_file(out / "plots" / "tokenizers.svg", plot(by_corpus))
    first = next(iter(by_corpus.values()))
    parts = [
        "# Tokenizers: bytes, and byte pairs of several sizes",
        GUIDE,
        "![rates, symbols and rates with the prior by vocabulary](plots/tokenizers.svg)",
        reading(by_corpus),
        models_table(first).markdown(2),
        CODED,
        *(coded_table(corpus, lines).markdown(2) for corpus, lines in by_corpus.items()),
        "## How",
        *notes,
        *(
            f"`{e.command}`, started {e.started}, codelength at commit `{e.commit}`, "
            f"{e.machine.get('processor', 'unknown processor')}, {e.threads} thread."
            for e in made
        ),
    ]
    path = out / "tokenizers.md"
    write_file(path, "\n\n".join(part.strip("\n") for part in parts) + "\n")
    return path
