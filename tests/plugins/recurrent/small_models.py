"""Models with random weights, small enough to make by the hundred."""

import numpy as np
from hypothesis import strategies as st

from codelength_exact.recurrent_shape import BEGIN, Shape
from codelength_recurrent.weights import Weights, of_parameters

SHAPE = Shape(width=16, state=24, hidden=40, layers=2, orders=(2, 3), rows=32, columns=8)


@st.composite
def shapes(draw: st.DrawFn) -> Shape:
    """Widths that are no multiples of a vector's, with tables and without."""
    sizes = st.integers(1, 40)
    orders = draw(st.sampled_from([(), (2,), (1, 3), (2, 3, 4, 5)]))
    rows, columns = (draw(st.integers(1, 50)), draw(st.integers(1, 12))) if orders else (0, 0)
    return Shape(
        draw(sizes), draw(sizes), draw(sizes), draw(st.integers(0, 3)), orders, rows, columns
    )


def parameters(shape: Shape, seed: int = 0, size: float = 1.0) -> dict[str, np.ndarray]:
    """Parameters by the names of `recurrent.RecurrentModel`; `size` makes logits large."""
    random = np.random.default_rng(seed)
    width, state, hidden = shape.width, shape.state, shape.hidden
    shapes: dict[str, tuple[int, ...]] = {"byte.weight": (BEGIN + 1, width)}
    if shape.orders:
        shapes["tables.weight"] = (len(shape.orders) * shape.rows, shape.columns)
        shapes["lookup.weight"] = (width, shape.looked_up)
    for layer in range(shape.layers):
        name = f"blocks.{layer}."
        shapes[name + "gate"] = (state,)
        shapes[name + "now.weight"] = shapes[name + "before.weight"] = (3 * state, width)
        shapes[name + "out.weight"] = (width, state)
        shapes[name + "up.weight"] = (hidden, width)
        shapes[name + "down.weight"] = (width, hidden)
    shapes["head.weight"], shapes["head.bias"] = (256, width), (256,)
    return {
        name: (size * random.standard_normal(form) / np.sqrt(form[-1])).astype(np.float32)
        for name, form in shapes.items()
    }


def weights(shape: Shape = SHAPE, seed: int = 0, size: float = 1.0) -> Weights:
    """The same, quantised."""
    return of_parameters(shape, parameters(shape, seed, size), {"seed": str(seed)})
