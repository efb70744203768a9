"""Runs: what is there to learn is learnt, and a killed one ends as if it had not been."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from codelength import UsageError  # noqa: E402
from codelength.testing import check_predictor  # noqa: E402
from codelength_exact.recurrent_shape import Shape  # noqa: E402
from codelength_recurrent import weights  # noqa: E402
from codelength_recurrent.predictor import RecurrentPredictor  # noqa: E402
from codelength_train.material import split_material  # noqa: E402
from codelength_train.muon import orthogonal  # noqa: E402
from codelength_train.recurrent import Recurrent  # noqa: E402
from codelength_train.run import Bound, Recipe, Run  # noqa: E402
from codelength_train.sizes import TransformerShape  # noqa: E402

RECURRENT = Shape(width=16, state=16, hidden=32, layers=1, orders=(2,), rows=64, columns=8)
TRANSFORMER = TransformerShape(width=16, heads=2, hidden=32, layers=1)
LETTERS = 8


def chain(size=400_000, seed=0):
    """Bytes of a source in which each letter's law depends on the letter before, and the bits a
    byte that this source has: Σ π(i) H(row i), π being what the chain settles at."""
    random = np.random.default_rng(seed)
    law = random.dirichlet(np.full(LETTERS, 0.3), LETTERS)
    drawn, bounds = random.random(size), law.cumsum(1)
    letters = np.zeros(size, np.uint8)
    for at in range(1, size):
        letters[at] = np.searchsorted(bounds[letters[at - 1]], drawn[at])
    settled = np.linalg.matrix_power(law, 1000)[0]
    return (letters + ord("a")).tobytes(), float(-(settled @ (law * np.log2(law)).sum(1)))


@pytest.fixture(scope="module")
def source():
    content, entropy = chain()
    return split_material([("chain", content)]), entropy


def recipe(**changes):
    usual = {
        "batch": 1,
        "short": 256,
        "rates": {"matrices": 0.03, "rest": 0.02, "tables": 0.03},
        "seed": 0,
        "bfloat16": False,
        "averaged": False,
    }
    return Recipe(**{**usual, **changes})


def subject(kind):
    torch.manual_seed(1)
    if kind == "recurrent":
        return Recurrent(RECURRENT)
    pytest.importorskip("transformers")
    from codelength_train.transformer import Transformer

    return Transformer(TRANSFORMER)


def run(kind, data, steps=6, **changes):
    return Run(subject(kind), data, recipe(**changes), Bound(steps=steps), "cpu")


@pytest.mark.parametrize("form", [(8, 24), (24, 8)])
def test_singular_values_come_close_to_one(form):
    singular = torch.linalg.svdvals(orthogonal(torch.randn(form)))
    assert singular.min() > 0.6
    assert singular.max() < 1.3


@pytest.mark.parametrize("kind", ["recurrent", "transformer"])
def test_a_known_source_is_learnt_to_within_a_twentieth_of_a_bit(source, kind):
    data, entropy = source
    trained = run(kind, data, steps=120)
    assert trained.advance() == pytest.approx(8)
    while trained.done < 1:
        trained.advance()
    assert entropy - 0.02 < trained.held_out(32) < entropy + 0.05


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("averaged", [False, True])
@pytest.mark.parametrize("kind", ["recurrent", "transformer"])
def test_a_killed_run_ends_as_if_it_had_not_been(source, tmp_path, kind, averaged):
    data, _ = source
    whole = run(kind, data, averaged=averaged)
    while whole.done < 1:
        whole.advance()
    killed = run(kind, data, averaged=averaged)
    for _ in range(3):
        killed.advance()
    killed.save(tmp_path / "checkpoint")
    killed.advance()  # is lost
    later = run(kind, data, averaged=averaged)
    later.load(tmp_path / "checkpoint")
    assert later.step == 3
    while later.done < 1:
        later.advance()
    assert same(later.state, whole.state)
    assert later.mean is None or same(later.mean, whole.mean)
    assert later.held_out(2) == whole.held_out(2)
    assert later.seen == whole.seen == 6 * 2048


def test_measuring_changes_nothing(source):
    data, _ = source
    watched, alone = (run("recurrent", data, averaged=True) for _ in range(2))
    for _ in range(3):
        watched.held_out(4)
        watched.advance()
        alone.advance()
    assert same(watched.state, alone.state)


def test_of_an_averaged_run_the_mean_of_its_last_steps_counts(source):
    data, _ = source
    averaged = run("recurrent", data, steps=40, averaged=True)
    seen = []
    while averaged.done < 1:
        averaged.advance()
        seen.append(averaged.module.head.bias.detach().clone())
    weights = np.ones(40)
    for step in range(40):  # each step takes a share of what the steps before it had
        share = min(1.0, 10 / (step + 1))
        weights[:step] *= 1 - share
        weights[step] = share
    expected = sum(weight * bias for weight, bias in zip(weights, seen, strict=True))
    assert torch.allclose(averaged.mean["head.bias"], expected, atol=1e-6)


def test_windows_grow_when_the_run_nears_its_end(source):
    data, _ = source
    sizes = []
    short = run("recurrent", data, steps=8)
    bits = short.subject.bits
    short.subject.bits = lambda batch: sizes.append(tuple(batch.shape)) or bits(batch)
    while short.done < 1:
        short.advance()
    assert sizes == [(8, 256)] * 6 + [(1, 2048)] * 2


def test_a_run_bounded_by_time_counts_its_own_seconds(source):
    data, _ = source
    timed = Run(subject("recurrent"), data, recipe(), Bound(minutes=1), "cpu")
    timed.seconds = 30.0
    assert timed.done == 0.5
    timed.seconds = 90.0
    assert timed.done == 1


def test_a_checkpoint_of_another_run_is_refused(source, tmp_path):
    data, _ = source
    run("recurrent", data).save(tmp_path / "checkpoint")
    other = split_material([("other", b"abcdefgh" * 8000)])
    for changed, told in [
        (run("recurrent", data, seed=5), "whose seed is 0, not 5"),
        (run("recurrent", other), "whose data is"),
        (run("transformer", data), "whose kind is recurrent, not transformer"),
    ]:
        with pytest.raises(UsageError, match=told):
            changed.load(tmp_path / "checkpoint")
    (tmp_path / "checkpoint").write_bytes(b"half a file")
    with pytest.raises(UsageError, match="is no checkpoint"):
        run("recurrent", data).load(tmp_path / "checkpoint")


@pytest.fixture(scope="module")
def trained(source, tmp_path_factory):
    """A model of each kind after a few steps, and what it needs for held-out bytes."""
    data, _ = source
    folder, found = tmp_path_factory.mktemp("trained"), {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("codelength_train.run.HELD_OUT_WINDOWS", 4)
        for kind, name in [("recurrent", "model.safetensors"), ("transformer", "model")]:
            short = run(kind, data, steps=30)
            while short.done < 1:
                short.advance()
            card = short.write(folder / name, {"size": "tiny"})
            found[kind] = folder / name, card, short.held_out(4)
    return found


def predictor(kind, path):
    if kind == "recurrent":
        return RecurrentPredictor(path)
    from codelength_hf.checkpoint import open_checkpoint
    from codelength_hf.predictor import ExactPredictor

    return ExactPredictor(open_checkpoint(str(path), None, False))


@pytest.mark.parametrize("kind", ["recurrent", "transformer"])
def test_the_exact_coder_needs_what_the_run_measured(source, trained, kind):
    path, _, held_out = trained[kind]
    law = predictor(kind, path)
    windows = [np.asarray(window) for window in source[0].held_out_windows(4)]
    bits, at = 0.0, [0] * len(windows)
    for index, rows in law.frequencies([law.tokenize(window.tobytes()) for window in windows]):
        symbols = windows[index][at[index] : at[index] + len(rows)]
        bits -= np.log2(rows[np.arange(len(rows)), symbols] / rows.sum(1)).sum()
        at[index] += len(rows)
    assert bits / sum(at) == pytest.approx(held_out, rel=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["recurrent", "transformer"])
def test_what_is_written_passes_the_conformance_kit(trained, kind):
    check_predictor(predictor(kind, trained[kind][0]))


def test_the_card_is_in_the_metadata(trained):
    from safetensors import safe_open

    path, card, _ = trained["recurrent"]
    assert weights.read(path).card == card
    assert card["parameters"] == str(
        sum(p.numel() for p in subject("recurrent").module.parameters())
    )
    folder, card, _ = trained["transformer"]
    with safe_open(folder / "model.safetensors", "numpy") as file:
        assert file.metadata() == card
    assert card["size"] == "tiny"
    assert card["steps"] == "30"
