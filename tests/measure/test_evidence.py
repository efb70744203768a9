"""What a cell may claim of other machines."""

from pathlib import Path

import pytest

from codelength.coding.predictor_codec import PredictorCodec
from codelength.plugins import Plugins
from codelength.results.cell import Evidence
from codelength.results.portability import evidence_of
from codelength.results.store import load

MODEL = """
from codelength import RAW, Codec, hookimpl

class Codec(Codec):
    name = "{name}"
    {body}
    def encode(self, data, media=RAW):
        return bytes(data)
    def decode(self, blob):
        return blob

@hookimpl
def codelength_codecs():
    return [Codec()]
"""
WEIGHTS = """
    @property
    def model_bytes(self):
        return {"weights": 1000}
"""


@pytest.fixture
def evidence(codelength, tmp_path):
    """What a run says of the codec in `plugin.py`."""

    def measure() -> Evidence | None:
        (tmp_path / "data").write_bytes(b"some text")
        common = ("--plugin", "plugin.py", "--corpora", "path:data", "--out", "out")
        codelength("run", "--codecs", "mine", *common)
        (cell,) = load(tmp_path / "out").current
        return cell.evidence

    return measure


def write(folder: Path, body: str) -> None:
    (folder / "plugin.py").write_text(MODEL.format(name="mine", body=body))


def test_a_codec_without_a_model_is_verified(evidence, tmp_path):
    write(tmp_path, "")
    assert evidence() is Evidence.VERIFIED


def test_a_model_that_says_nothing_is_verified_on_its_own_machine_only(evidence, tmp_path):
    write(tmp_path, WEIGHTS)
    assert evidence() is Evidence.SAME_MACHINE


def test_so_is_a_codec_with_a_predictor():
    entry = Plugins([str(Path(__file__).parents[1] / "oracle_predictor.py")]).codec("knowing")
    assert isinstance(entry.item, PredictorCodec)
    assert evidence_of(entry, entry.item.portable) is Evidence.SAME_MACHINE


def test_who_says_that_it_is_not_portable_is_believed(evidence, tmp_path):
    write(tmp_path, "portable = False")
    assert evidence() is Evidence.SAME_MACHINE


def test_who_says_that_it_is_portable_is_believed_once_the_kit_has_tried_it(
    evidence, codelength, tmp_path
):
    write(tmp_path, "portable = True" + WEIGHTS)
    assert evidence() is Evidence.SAME_MACHINE
    assert codelength("check-plugin", "plugin.py").returncode == 0
    assert evidence() is Evidence.VERIFIED
    write(tmp_path, "portable = True  # a new version of the plugin" + WEIGHTS)
    assert evidence() is Evidence.SAME_MACHINE


@pytest.mark.parametrize("variable", ["NUMBA_CPU_NAME", "ATEN_CPU_CAPABILITY", "OMP_NUM_THREADS"])
def test_the_kit_finds_a_codec_that_depends_on_the_processor(codelength, tmp_path, variable):
    write(tmp_path, "portable = True")
    decode = f"import os; return blob * (os.environ.get({variable!r}) in (None, '1'))"
    text = (tmp_path / "plugin.py").read_text()
    (tmp_path / "plugin.py").write_text(text.replace("return blob", decode))
    assert codelength("check-plugin", "plugin.py").returncode == 3
    assert not (tmp_path / "cache" / "tried.json").exists()
