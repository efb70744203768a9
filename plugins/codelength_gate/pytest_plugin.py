"""The pytest plugin: tests a codec of one's own repository against a baseline.

    def test_squeeze_has_not_got_worse(codelength_baseline):
        codelength_baseline(Squeeze(level=9))

Fixture:
    codelength_baseline: a `Checker`; see `Checker.__call__`.
Settings:
    codelength_baseline: the baseline file, relative to rootdir.
    codelength_corpora: the corpora of a new baseline, as for `codelength run --corpora`.
Option:
    --codelength-update: accept what the codecs give now.

pytest loads this module in every project of an environment that has codelength, so it imports the
rest only when a test asks for the fixture.
"""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from codelength_gate.checker import Checker

FILE = "codelength-baseline.json"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the settings and the option."""
    parser.addini("codelength_baseline", "the baseline, relative to rootdir", default=FILE)
    parser.addini("codelength_corpora", "corpora of a new baseline; default: the embedded ones")
    parser.getgroup("codelength").addoption(
        "--codelength-update",
        action="store_true",
        help="accept what codecs give now: write the baseline of codelength_baseline",
    )


@pytest.fixture
def codelength_baseline(request: pytest.FixtureRequest) -> "Checker":
    """Call it with a codec: the test fails if the codec has got worse since the baseline was made.

    See `Checker.__call__`.
    """
    from codelength_gate.checker import Checker

    config = request.config
    path = config.rootpath / config.getini("codelength_baseline")
    update = config.getoption("codelength_update")
    return Checker(path, config.getini("codelength_corpora") or None, update)
