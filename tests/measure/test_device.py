"""The device of a run. PyTorch's `cpu:0` stands for one: what it does there are the operations of
any device, where the processor without a number has compiled loops."""

import pytest
from click.testing import CliRunner

from codelength import Unavailable
from codelength.cli import cli
from codelength.coding.device import VARIABLE
from codelength.metrics.rates import encode_speed
from codelength.plugins import Plugins
from codelength.results.store import load

pytest.importorskip("torch")

LEARNED = ["recurrent:size=0.2m", "transformer:size=0.2m"]
TEXT = b"the cat sat on the mat and the dog sat on the cat\n" * 4


@pytest.mark.parametrize("spec", LEARNED)
def test_no_byte_depends_on_the_device(monkeypatch, spec):
    codec = Plugins().codec(spec).item
    here = codec.encode(TEXT[:40])
    monkeypatch.setenv(VARIABLE, "cpu:0")
    codec.check_available()
    assert codec.encode(TEXT[:40]) == here
    assert codec.decode(here) == TEXT[:40]


@pytest.mark.parametrize("spec", LEARNED)
@pytest.mark.parametrize("device", ["nowhere", "cuda:99"])
def test_a_device_that_is_not_there_is_named(monkeypatch, spec, device):
    monkeypatch.setenv(VARIABLE, device)
    with pytest.raises(Unavailable, match=rf"^--device {device}: PyTorch cannot compute there: .+"):
        Plugins().codec(spec).item.check_available()


def test_an_option_reaches_all_processes_and_the_results(monkeypatch, tmp_path):
    monkeypatch.setenv(VARIABLE, "cpu")  # and is restored behind the option
    path = tmp_path / "text"
    path.write_bytes(TEXT)
    asked = ["run", "--codecs", "gzip,recurrent:size=0.2m", "--corpora", f"path:{path}"]
    asked += ["--device", "cpu:0", "--out", str(tmp_path / "out")]
    ran = CliRunner().invoke(cli, asked)
    assert ran.exit_code == 0, ran.output
    results = load(tmp_path / "out")
    (environment,) = results.environments.values()
    assert environment.machine["device"] == "cpu:0"
    gzip, learned = results.current
    assert [gzip.encode.device, gzip.decode.device] == ["", ""]
    assert [learned.encode.device, learned.decode.device] == ["cpu:0", "cpu:0"]
    assert gzip.encode.times == gzip.encode.cpu
    assert learned.encode.times == learned.encode.wall
    assert encode_speed(learned) == learned.slice.bytes / learned.encode.seconds / 1e6
    assert "recurrent:size=0.2m: computed on cpu:0; speeds are of wall time" in ran.output


def test_what_the_device_lacks_leaves_out_the_models_alone(codelength, tmp_path):
    path = tmp_path / "text"
    path.write_bytes(TEXT)
    asked = ["run", "--codecs", "gzip,recurrent:size=0.2m", "--corpora", f"path:{path}"]
    ran = codelength(*asked, "--device", "nowhere", "--out", "out")
    assert ran.returncode == 3
    (gzip,) = load(tmp_path / "out").current
    assert gzip.ok
    assert "recurrent:size=0.2m" in ran.stdout + ran.stderr
    assert "--device nowhere: " in ran.stdout + ran.stderr
