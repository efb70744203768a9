import pytest
from click.testing import CliRunner

from codelength.api.errors import UsageError
from codelength.cli import cli
from codelength.cli.leaderboard import command as leaderboard
from codelength.cli.options import Size
from codelength.cli.run import choose_limit
from codelength.cli.run import command as run
from codelength.report.keys import KEYS


@pytest.mark.parametrize(
    ("text", "size"),
    [("2048", 2048), ("2MB", 2_000_000), ("64KiB", 65_536), ("1.5 kB", 1500), ("1g", 10**9)],
)
def test_sizes_are_decimal_unless_they_say_otherwise(text, size):
    assert Size().convert(text, None, None) == size


@pytest.mark.parametrize("text", ["", "much", "-1", "0", "2 TBs"])
def test_what_is_no_size_is_refused(text):
    result = CliRunner().invoke(cli, ["run", "--limit", text])
    assert result.exit_code == 2
    assert "write it like 2048, 2MB or 64KiB" in result.output


def test_a_command_that_is_not_there_is_named_with_the_nearest_that_is():
    with pytest.raises(UsageError, match="no command 'rnu'; did you mean 'run'"):
        CliRunner().invoke(cli, ["rnu"], catch_exceptions=False)


def test_sort_offers_every_ranking_key():
    (sort,) = [parameter for parameter in leaderboard.params if parameter.name == "key"]
    assert list(sort.type.choices) == list(KEYS)


def test_all_is_no_limit_and_no_sample_first():
    (limit,) = [parameter for parameter in run.params if parameter.name == "limit"]
    given = limit.type.convert("all", limit, None)
    assert choose_limit(given, is_named=True) == (None, None)
    assert choose_limit(None, is_named=True)[1] is not None
