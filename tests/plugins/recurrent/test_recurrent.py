"""The model in floating point: gradients worked out elsewhere, and nothing seen in advance."""

import pytest

torch = pytest.importorskip("torch")

from small_models import SHAPE  # noqa: E402

from codelength_recurrent import recurrent  # noqa: E402
from codelength_recurrent.scan import recurrence, two_level  # noqa: E402


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Two that wait for each other on a busy machine are ten times slower."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


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
