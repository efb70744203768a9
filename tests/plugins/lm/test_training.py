"""The trainer: gradients worked out elsewhere, data kept apart, runs that can be killed."""

import io
import tarfile

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from small_models import SHAPE  # noqa: E402

from codelength_lm import data, recurrent, train  # noqa: E402
from codelength_lm.muon import orthogonal  # noqa: E402
from codelength_lm.scan import recurrence, two_level  # noqa: E402
from codelength_lm.shape import SHAPES  # noqa: E402
from codelength_lm.weights import read  # noqa: E402


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Two that wait for each other on a busy machine are ten times slower."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """Forty files of two kinds."""
    path = tmp_path_factory.mktemp("text") / "text.tar"
    with tarfile.open(path, "w") as files:
        for number in range(40):
            folder = ("code_lua", "wikitext_gentoo")[number % 2]
            content = (f'file {number} says "a < b" & counts: ' * 300).encode()
            info = tarfile.TarInfo(f"text/{folder}/Page_{number}.mw")
            info.size = len(content)
            files.addfile(info, io.BytesIO(content))
    return path


@pytest.mark.parametrize("time", [1, 31, 32, 33, 100])
def test_both_scans_are_the_recurrence_and_have_its_gradient(time):
    random = torch.Generator().manual_seed(time)
    z = torch.rand(2, time, 5, generator=random, dtype=torch.float32)
    b = torch.randn(2, time, 5, generator=random)
    weight = torch.randn(2, time, 5, generator=random)
    r, expected = torch.zeros(2, 5), []
    inputs = [z.clone().requires_grad_(), b.clone().requires_grad_()]
    for at in range(time):
        r = r + inputs[0][:, at] * (inputs[1][:, at] - r)
        expected.append(r)
    (torch.stack(expected, 1) * weight).sum().backward()
    for scan in (recurrence, two_level):
        own = [z.clone().requires_grad_(), b.clone().requires_grad_()]
        states = scan(*own)
        assert torch.allclose(states, torch.stack(expected, 1), atol=1e-5)
        (states * weight).sum().backward()
        for mine, right in zip(own, inputs, strict=True):
            assert torch.allclose(mine.grad, right.grad, atol=1e-4)


def test_a_prediction_depends_on_what_was_before_and_on_nothing_else():
    model = recurrent.RecurrentModel(SHAPE)
    torch.nn.init.normal_(model.head.weight)
    one = torch.arange(60)[None]
    other = one.clone()
    other[0, 30:] = 7
    with torch.no_grad():
        assert torch.equal(model(one)[0, :31], model(other)[0, :31])
        assert not torch.equal(model(one)[0, 31], model(other)[0, 31])


@pytest.mark.parametrize("form", [(8, 24), (24, 8)])
def test_singular_values_come_close_to_one(form):
    singular = torch.linalg.svdvals(orthogonal(torch.randn(form)))
    assert singular.min() > 0.6
    assert singular.max() < 1.3


def test_wiki_pages_come_as_pages_of_an_export(archive):
    text = data.read(archive).training["other markup"].tobytes().decode()
    assert text.startswith("  <page>\n    <title>Page ")
    assert "says &quot;a &lt; b&quot; &amp; counts" in text
    assert text.endswith("  </page>\n")


def test_no_file_is_both_trained_on_and_held_out(archive):
    text = data.read(archive)
    parts = [
        {line for kind in part.values() for line in kind.tobytes().split(b"counts")}
        for part in (text.training, text.held_out)
    ]
    numbers = [{line.split(b"file ")[1][:3] for line in part if b"file " in line} for part in parts]
    assert all(numbers)
    assert not numbers[0] & numbers[1]


def test_windows_are_the_same_for_the_same_seed(archive):
    text = data.read(archive)
    one, other = (text.windows(4, 100, np.random.default_rng(5)) for _ in range(2))
    assert torch.equal(one, other)
    assert one.shape == (4, 100)


def recipe(**changes):
    usual = {
        "size": "0.2m", "minutes": None, "steps": 6, "batch": 1, "muon_lr": 0.02, "adam_lr": 0.01,
        "table_lr": 0.03, "seed": 0, "device": "cpu", "bfloat16": False,
    }  # fmt: skip
    return train.Recipe(**{**usual, **changes})


def test_a_killed_run_ends_as_if_it_had_not_been(archive, tmp_path, monkeypatch):
    monkeypatch.setitem(SHAPES, "0.2m", SHAPE)
    monkeypatch.setattr(train, "WINDOW", 256)
    text = data.read(archive)
    whole = train.Run(recipe(), text)
    losses = [whole.advance() for _ in range(6)]
    assert losses[0] == pytest.approx(8)
    assert losses[-1] < losses[0]
    killed = train.Run(recipe(), text)
    for _ in range(3):
        killed.advance()
    killed.save(tmp_path / "model.checkpoint")
    train.train(train.Run(recipe(), text), tmp_path / "model.safetensors", every=1000)
    written = read(tmp_path / "model.safetensors")
    for name, values in whole.weights({}).arrays.items():
        assert (written.arrays[name] == values).all(), name
    assert written.card["steps"] == "6"
    assert written.card["bytes_seen"] == str(6 * 256)
    assert float(written.card["held_out_bpb"].split()[0]) < 8


def test_a_run_bounded_by_time_counts_its_own_seconds(archive, monkeypatch):
    monkeypatch.setitem(SHAPES, "0.2m", SHAPE)
    run = train.Run(recipe(steps=None, minutes=1.0), data.read(archive))
    run.seconds = 30.0
    assert run.done == 0.5
    run.seconds = 90.0
    assert run.done == 1
