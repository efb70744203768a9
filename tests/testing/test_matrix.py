"""`codelength check-plugin --matrix`: what differs between settings is found and named."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from click.testing import CliRunner

from codelength import Predictor, PredictorCodec, Stepper
from codelength.cli.check_plugin import command
from codelength.coding.range_coder import IntArray
from codelength.testing.matrix import DEVICE, matrix_checks, settings

HERE = settings()
AT = 9


class Steps(Stepper):
    """Frequencies that change in the tenth step, where basic instructions are asked for."""

    def __init__(self, streams: int) -> None:
        self.rows, self.step = np.full((streams, 256), 3, np.int32), 0

    def frequencies(self) -> IntArray:
        rows = self.rows.copy()
        if self.step == AT and os.environ.get("NUMBA_CPU_NAME") == "generic":
            rows[:, :200] += 1
        return rows

    def advance(self, symbols: IntArray) -> None:
        self.step += 1

    def keep(self, streams: int) -> None:
        self.rows = self.rows[:streams]


@dataclass(frozen=True)
class Unsteady(Predictor):
    name: ClassVar[str] = "unsteady"

    def stepper(self, lengths: Sequence[int]) -> Stepper:
        return Steps(len(lengths))


@dataclass(frozen=True)
class UnsteadyCodec(PredictorCodec):
    name: ClassVar[str] = "unsteady"
    portable: ClassVar[bool] = True
    versions: ClassVar[Mapping[str, str]] = {"unsteady": "1"}

    @property
    def predictor(self) -> Predictor:
        return Unsteady()


@dataclass(frozen=True)
class Bound(UnsteadyCodec):
    portable: ClassVar[bool] = False


@pytest.mark.slow
def test_the_first_symbol_that_differs_is_named():
    results = {result.check: result.problem for result in matrix_checks(UnsteadyCodec())}
    failed = {check for check, problem in results.items() if problem}
    assert failed == {"plain instructions, 4 at a time", "plain instructions, 1 at a time"}
    assert len(results) == 2 * len(HERE)
    assert all(f"symbol {AT}, " in results[check] for check in failed)


def test_a_codec_that_is_bound_to_a_machine_declines():
    [result] = matrix_checks(Bound())
    assert result.problem is None
    assert "portable" in result.declined


def test_settings_begin_with_this_machine_and_have_one_device(monkeypatch):
    monkeypatch.setenv(DEVICE, "cuda:7")
    first, *others = settings()
    assert (first.threads, first.variables) == (1, {})
    assert {setting.name for setting in others} >= {"3 threads", "plain instructions"}
    assert [s.variables[DEVICE] for s in others if DEVICE in s.variables] in ([], ["cuda:7"])


@pytest.mark.slow
def test_a_codec_of_this_project_passes_from_the_command_line():
    done = CliRunner().invoke(command, ["order2", "--matrix"], standalone_mode=False)
    assert done.return_value == 0
    assert f"{2 * len(HERE)} checks, none failed" in done.output
