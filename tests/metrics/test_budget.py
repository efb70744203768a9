"""What a row takes of a budget, with sums worked out by hand."""

import click
import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from codelength.api.errors import UsageError
from codelength.api.spec import parse_duration
from codelength.cli.options import BUDGET, with_budget
from codelength.metrics.budget import Budget, check_budget
from codelength.metrics.price import Pricing, apply_price, decoder_key
from codelength.results.cell import Cell
from factories import broken, cell, corpus_slice, phase

PROSE = cell(of=corpus_slice("prose"), coded=400, encode=phase(2.0), decode=phase(0.5))
TABLES = cell(of=corpus_slice("tables"), coded=300, encode=phase(3.0), decode=phase(8.0, 5_000_000))
ROW = [PROSE, TABLES]


def used(cells: list[Cell], **limits: float) -> dict[str, float | None]:
    return {use.what: use.used for use in check_budget(cells, Budget(**limits))}  # type: ignore[arg-type]


def test_a_row_takes_the_sum_of_its_corpora_and_the_highest_peak():
    everything = used(ROW, size=1, time=1, memory=1)
    assert everything == {"size": 700, "time": 8.5, "memory": 5_000_000}


def test_the_model_and_the_decoder_count_once():
    model = [replace(c, model_bytes={"weights": 1000}) for c in ROW]
    assert used(model, total=1) == {"total": None}  # the decoder has no price
    pricing = Pricing("stored", decoders={decoder_key(PROSE): 50})
    assert used([apply_price(c, pricing) for c in model], total=1) == {"total": 1750}


def test_a_limit_is_kept_to_the_byte():
    (exact,), (over,) = (check_budget(ROW, Budget(size=size)) for size in (700, 699))
    assert exact.is_within
    assert not over.is_within
    assert str(over) == "size 700 B of 699 B"


def test_a_hole_is_never_within():
    for cells in ([PROSE, broken(of=corpus_slice("tables"))], []):
        uses = check_budget(cells, Budget(size=10**9, time=10**9, memory=10**12, total=10**12))
        assert [use.used for use in uses] == [None] * 4
        assert not any(use.is_within for use in uses)


def test_without_limits_nothing_is_asked():
    assert check_budget(ROW, Budget()) == []
    assert not Budget()
    assert Budget(time=1)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("10min", 600), ("1.5 h", 5400), ("0.5s", 0.5)]
)
def test_durations_as_people_write_them(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "ten", "5 days", "-3"])
def test_no_duration_is_one_line(text):
    with pytest.raises(UsageError, match="is no duration; write it like 90, 10min"):
        parse_duration(text)


def test_the_options_give_a_budget():
    found: list[Budget] = []

    @click.command()
    @with_budget
    def command(budget: Budget) -> None:
        found.append(budget)

    CliRunner().invoke(command, ["--max-total", "16MB", "--max-time", "10min"])
    CliRunner().invoke(command, [])
    assert found == [Budget(time=600, total=16_000_000), Budget()]
    assert list(BUDGET) == list(Budget.__dataclass_fields__)
