"""One table, two looks."""

from codelength.report.table import Column, Table

TABLE = Table(
    "fruit · by weight",
    [Column("name", "left", fixed=True), Column("weight\ng"), Column("remark", "left", wrap=True)],
    [["apple", "150", "red or green, and rather round"], ["kiwi|fruit", "7", "*hairy*"]],
    made="Weighed twice.",
    notes=["g: grams."],
)

PIPED = """\
fruit · by weight

            weight
name             g  remark
apple          150  red or green, and rather round
kiwi|fruit       7  *hairy*

g: grams.
"""

NARROW = """\
fruit · by weight

            weight
name             g  remark
apple          150  red or green, and rather
                    round
kiwi|fruit       7  *hairy*

g: grams.
"""

MARKDOWN = """\
### fruit · by weight

Weighed twice.

| name        | weight g | remark                         |
| ----------- | -------: | ------------------------------ |
| apple       |      150 | red or green, and rather round |
| kiwi\\|fruit |        7 | \\*hairy\\*                      |

g: grams.
"""


def test_a_pipe_gets_every_row_in_one_aligned_line() -> None:
    assert TABLE.text() == PIPED


def test_a_terminal_gets_prose_wrapped() -> None:
    assert TABLE.text(width=45) == NARROW


def test_markdown_aligns_numbers_and_escapes_what_it_would_take_for_markup() -> None:
    assert TABLE.markdown() == MARKDOWN


def wide(columns: int) -> Table:
    heads = [Column("codec", "left", fixed=True), *(Column(f"c{i}") for i in range(columns))]
    return Table("wide", heads, [["gzip", *(f"{i}00000" for i in range(1, columns + 1))]])


def test_a_table_too_wide_for_the_terminal_goes_on_below_with_its_names() -> None:
    text = wide(9).text(width=40)
    assert all(len(line) <= 40 for line in text.splitlines())
    assert text.count("gzip") == 3
    assert all(f"{i}00000" in text for i in range(1, 10))


def test_columns_move_together_before_a_table_is_broken() -> None:
    # 5 + 4 × 6 characters and four gaps: 37 with gaps of two, 33 with gaps of one
    assert wide(4).text(width=37).splitlines()[3] == "gzip   100000  200000  300000  400000"
    assert wide(4).text(width=33).splitlines()[3] == "gzip  100000 200000 300000 400000"
    assert wide(4).text(width=32).count("gzip") == 2


def test_nothing_is_cut_off_however_narrow_the_terminal() -> None:
    assert "a-very-long-name-indeed" in Table(
        "t", [Column("name", fixed=True), Column("x")], [["a-very-long-name-indeed", "1"]]
    ).text(width=10)


def test_a_table_without_rows_has_its_head() -> None:
    assert Table("empty", [Column("name", "left")], []).text() == "empty\n\nname\n"
