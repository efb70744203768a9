"""Who is ranked where, and what is said of those who are not."""

import pytest
from msgspec.structs import replace

from codelength.api.errors import UsageError
from codelength.api.model_card import ModelCard
from codelength.metrics.price import Pricing
from codelength.report.table import Bad, Bold, Table
from codelength.report.tables import ranking_table
from codelength.results.cell import Cell, Environment, Status
from factories import board_of, broken, cell, corpus_slice, environment, phase

LM = {"weights": 100}


def ranked(cells: list[Cell], key: str = "ratio", *environments: Environment) -> Table:
    return priced(cells, Pricing(), key, *environments)


def priced(
    cells: list[Cell], pricing: Pricing, key: str = "ratio", *environments: Environment
) -> Table:
    board = board_of(cells, environments or [environment()], pricing)
    (grid,) = board.grids
    (corpus,) = grid.slices
    return ranking_table(board, grid.part(corpus), key)


def column(table: Table, head: str) -> list[str]:
    heads = [column.title for column in table.columns]
    return [row[heads.index(head)] for row in table.rows]


def test_the_smallest_is_first_and_the_direction_is_printed() -> None:
    table = ranked([cell("a", coded=500), cell("b", coded=400), cell("c", coded=450)])
    assert column(table, "codec") == ["b", "c", "a"]
    assert column(table, "size %") == ["40.00", "45.00", "50.00"]
    assert column(table, "bpb") == ["3.200", "3.600", "4.000"]
    assert "by size, smaller is better" in table.title


def test_a_tie_is_printed_as_a_tie() -> None:
    table = ranked([cell("a", coded=400), cell("b", coded=400), cell("c", coded=401)])
    assert column(table, "#") == ["1=", "1=", "3"]


def test_ratios_that_only_print_alike_are_no_tie() -> None:
    of = corpus_slice(size=10**9)
    table = ranked([cell("a", of, 400_000_001), cell("b", of, 400_000_000)])
    assert column(table, "size %") == ["40.00", "40.00"]
    assert column(table, "#") == ["1", "2"]


def test_what_failed_is_at_the_bottom_with_its_status_and_no_figures() -> None:
    table = ranked([broken("a", status=Status.TIMEOUT), cell("b"), cell("c")])
    assert table.rows[-1][:2] == ["-", "a"]
    assert table.rows[-1][2] == "timeout"
    assert isinstance(table.rows[-1][2], Bad)
    assert set(table.rows[-1][3:]) == {"", "n/a"}


@pytest.mark.parametrize(
    ("key", "order"),
    [
        ("ratio", ["small", "slow", "fast"]),
        ("adjusted", ["slow", "fast", "small"]),
        ("encode", ["fast", "small", "slow"]),
        ("decode", ["small", "slow", "fast"]),
        ("memory", ["slow", "fast", "small"]),
    ],
)
def test_every_key_puts_its_best_on_top(key: str, order: list[str]) -> None:
    cells = [
        cell(
            "small", coded=100, model_bytes={"weights": 900}, encode=phase(2, 9), decode=phase(1, 9)
        ),
        cell("slow", coded=200, encode=phase(3, 1), decode=phase(2, 1)),
        cell("fast", coded=300, encode=phase(1, 5), decode=phase(3, 5)),
    ]
    assert column(ranked(cells, key), "codec") == order


def test_an_unknown_key_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean 'ratio'"):
        ranked([cell()], "ration")


def test_raw_and_adjusted_rates_stand_beside_each_other() -> None:
    table = ranked([cell("lm", coded=200, model_bytes={"weights": 100}), cell("gzip")])
    assert column(table, "size %") == ["20.00?", "40.00"]
    assert column(table, "adj % at N") == ["30.00", "40.00"]
    assert any("Charged: models as stored." in note for note in table.notes)


def test_another_price_is_named_and_ranked_by() -> None:
    cells = [cell("lm", coded=200, model_bytes=LM, card=ModelCard(parameters=150)), cell("gzip")]
    table = priced(cells, Pricing(16.0), "adjusted")
    assert column(table, "codec") == ["gzip", "lm"]  # 200 + 300 of 1000 bytes against 400
    assert column(table, "adj % at N") == ["40.00", "50.00"]
    assert any("Charged: weights at 16 bits a parameter." in note for note in table.notes)


def test_what_has_no_price_has_no_rank_by_it_and_is_named() -> None:
    cells = [cell("lm", coded=200, model_bytes=LM), cell("gzip")]
    table = priced(cells, Pricing(16.0), "adjusted")
    assert column(table, "#") == ["1", "-"]
    assert column(table, "adj % at N") == ["40.00", "n/a"]
    assert "No price known, so adj is n/a: lm." in table.notes


def test_a_model_that_may_have_seen_the_corpus_is_marked_with_a_footnote() -> None:
    of = corpus_slice(published="2006")
    seen, clean = ModelCard(until="2020"), ModelCard(until="2020", excludes=("prose",))
    cells = [
        cell("seen", of, 100, model_bytes=LM, card=seen),
        cell("clean", of, 200, model_bytes=LM, card=clean),
        cell("silent", of, 300, model_bytes=LM),
        cell("gzip", of, 400),
    ]
    table = ranked(cells)
    assert column(table, "size %") == ["10.00†", "20.00", "30.00?", "40.00"]
    first, second = [note for note in table.notes if note[0] in "†?"]
    assert first.startswith("† may have been trained on it")
    assert first.endswith("seen on prose.")
    assert second == "? nobody says whether it was trained on it: silent on prose."


def test_a_known_entropy_is_in_the_title_and_what_is_above_it_in_a_column() -> None:
    table = ranked([cell(of=corpus_slice(entropy=3.0), coded=400)])
    assert "true entropy 3.000 bpb" in table.title
    assert column(table, "excess bpb") == ["0.200"]


def test_the_published_protocol_shows_header_once_beside_the_honest_ratio() -> None:
    of = corpus_slice(protocol="paper", samples=5, header_once=True)
    table = ranked([cell("gzip", of), cell("lm", of, 300, model_bytes={"weights": 1})])
    assert column(table, "size %") == ["30.00?", "40.00"]
    assert column(table, "header once %") == ["n/a", "36.00"]


def test_partial_corpora_and_limits_are_in_the_title() -> None:
    table = ranked([cell(of=corpus_slice("silesia", label="partial: 6 of 12 files", limit=5000))])
    assert "partial: 6 of 12 files" in table.title
    assert "first 5,000 bytes" in table.title


def test_an_empty_corpus_is_said_to_be_one() -> None:
    table = ranked([cell(of=corpus_slice(size=0), coded=3)])
    assert column(table, "size %") == ["n/a"]
    assert any("no bytes" in note for note in table.notes)


def test_the_best_of_a_column_is_bold_and_a_copy_of_the_data_is_no_rival() -> None:
    cells = [
        cell("small", coded=100, encode=phase(9), decode=phase(9)),
        cell("quick", coded=300, encode=phase(1), decode=phase(9)),
        cell("store", coded=1000, encode=phase(0.1), decode=phase(0.1)),
    ]
    table = ranked(cells)
    bold = {
        head: [isinstance(value, Bold) for value in column(table, head)]
        for head in ("size %", "enc MB/s", "dec MB/s")
    }
    assert bold["size %"] == [True, False, False]
    assert bold["enc MB/s"] == [False, True, False]
    assert bold["dec MB/s"] == [False, False, False]  # both take as long


def test_sizes_are_set_beside_the_best_row_of_gzip() -> None:
    cells = [cell("xz", coded=200), cell("gzip:level=1", coded=500), cell("gzip:level=9")]
    assert column(ranked(cells), "× smaller than gzip") == ["2.00", "1.00", "0.80"]
    assert "× smaller than gzip" not in [c.title for c in ranked(cells[:1]).columns]


def test_speeds_of_different_machines_are_marked() -> None:
    here = environment()
    later = environment("run-2", started="2025-12-01", machine={**here.machine, "load": "9"})
    other = environment("run-3", started="2025-12-02", machine={"cpu": "Slow 1"})
    same = [cell("a"), cell("b", run="run-2")]
    assert "env" not in [c.head for c in ranked(same, "ratio", here, later).columns]
    mixed = [*same, cell("c", coded=500, run="run-3")]
    table = ranked(mixed, "ratio", here, later, other)
    assert column(table, "env") == ["1", "1", "2"]
    assert any("2 environments" in note for note in table.notes)


def test_parallel_timing_is_labelled() -> None:
    table = ranked([cell()], "ratio", environment(jobs=4))
    assert any("while other cells ran" in note for note in table.notes)
    mixed = ranked(
        [cell("a"), cell("b", coded=500, run="run-2")],
        "ratio",
        environment(),
        environment("run-2", jobs=4, started="2025-12-01"),
    )
    assert column(mixed, "env") == ["1", "2‖"]


def test_a_run_without_a_record_is_marked() -> None:
    table = ranked([cell("a"), cell("b", coded=500, run="lost")])
    assert column(table, "env") == ["1", "?"]


def test_what_a_device_computed_is_timed_by_the_wall() -> None:
    there = replace(phase(), device="cuda", wall=[[5.0]])
    table = ranked([cell("a"), cell("b", coded=500, encode=there)])
    assert any(note.startswith("b: computed on cuda") for note in table.notes)
    assert column(table, "enc MB/s") == ["0.0020", "0.00020"]
