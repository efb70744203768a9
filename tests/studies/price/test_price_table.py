"""Total sizes over the price of a parameter, against sums done by hand."""

from codelength.api.model_card import ModelCard
from codelength_studies.price.table import group_cells, highest_price, price_table
from factories import broken, cell


def test_totals_and_the_price_up_to_which_a_model_pays() -> None:
    model = {"weights": 90, "tokenizer": 10}
    lm = cell("lm", coded=200, model_bytes=model, card=ModelCard(parameters=160))
    silent = cell("silent", coded=250, model_bytes=model)
    (group,) = group_cells([cell("gzip", coded=400), lm, silent, broken("liar")])
    table = price_table(group, [2.0, 8.0])
    # 200 + 10 + 160 · 2 / 8 of 1000 bytes, and so on; 190 bytes saved are 9.5 bits a parameter
    assert table.rows == [
        ["lm", "20.00", "25.00", "37.00", "30.00", "9.50"],
        ["silent", "25.00", "n/a", "n/a", "35.00", "n/a"],
        ["gzip", "40.00", "40.00", "40.00", "40.00", "n/a"],
    ]


def test_a_model_that_saves_nothing_pays_at_no_price() -> None:
    lm = cell("lm", coded=500, model_bytes={"weights": 9}, card=ModelCard(parameters=9))
    assert highest_price(lm, 400) is None
    assert highest_price(lm, None) is None
