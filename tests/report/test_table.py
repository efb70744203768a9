"""One table, two looks."""

from codelength.report.table import Column, Table

TABLE = Table(
    "fruit · by weight",
    [Column("name", "left", fixed=True), Column("weight\ng"), Column("remark", "left", wrap=True)],
    [["apple", "150", "red or green, and rather round"], ["kiwi|fruit", "7", "*hairy*"]],
    method="Weighed twice.",
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


def test_a_table_that_must_fit_leaves_out_the_least_important_columns_and_names_them() -> None:
    columns = [Column("codec", "left", fixed=True), Column("ratio\n%")]
    columns += [Column("env", drop=2), Column("speed\nMB/s", drop=1)]
    table = Table("t", columns, [["gzip", "40.00", "12345", "98765"]])
    assert table.fit(None) is table
    assert table.fit(23) is table  # 4, 5, 5, 5 and three gaps of one: 22
    assert [column.head for column in table.fit(20).columns] == ["codec", "ratio\n%", "speed\nMB/s"]
    assert table.fit(5).rows == [["gzip", "40.00"]]
    assert table.fit(5).notes == ["Too wide for this terminal: env, speed MB/s."]
